"""Frames and catalogues that the tests of injection share."""

import numpy as np

from skybench.survey.frame import Frame

SIGMA = 5.0


def make_frame(side=200, bands=("g", "r"), **more):
    """Return sky with a masked corner, a masked star and rows without weight."""
    random = np.random.default_rng(7)
    image = random.normal(300, SIGMA, (len(bands), side, side))
    ivar = np.full(image.shape, SIGMA**-2)
    mask = np.zeros((side, side), np.int16)
    mask[:40, :40], mask[100:120, 100:120] = 1, 4
    ivar[0, 150:160, :] = 0
    given = {"psf": 4.0, "zeropoint": 28.0, "gain": 4.0, "pixel_scale_arcsec": 0.26} | more
    return Frame.of(image, ivar=ivar, mask=mask, bands=bands, **given)


def make_galaxies(count=6, magnitude=20.0, bands=("g", "r")):
    table = {
        "half_light_radius": np.full(count, 3.0),
        "sersic_index": np.full(count, 1.0),
        "axis_ratio": np.linspace(0.4, 0.9, count),
        "position_angle": np.linspace(0, 150, count),
    }
    return table | {f"magnitude_{b}": np.full(count, magnitude) for b in bands}
