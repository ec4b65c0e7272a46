"""Cutouts of real frames with simulated sources, beside the rate of the reference."""

import numpy as np

from harness import Timed, Work, row

REFERENCE = 0.17
"""Cutouts of 64x64 in g, r and z, a second and core: what is recorded, not measured here."""


@row(
    "cutouts 64x64 in g, r, z of injected frames",
    peer="the recorded rate of obiwan",
    needed=1000,
    items=600,
    note="""Places, light, photon noise, weights and cutouts, from frames in memory; the reference's
    0.17 a second is recorded, not run beside ours, and its runs may do more than these.""",
)
def injected_cutouts(items):
    """Inject galaxies under Moffats of three bands, and cut them out."""
    return injected(items, [4.5, 4.0, 3.8])


@row(
    "cutouts 64x64 in g, r, z under PSFs that vary, as PSFEx has them",
    peer="the recorded rate of obiwan",
    needed=1000,
    items=600,
    note="""As above, under an image of 63x63 a band that follows a polynomial of degree 2: each
    source has three of its own.""",
)
def injected_under_images(items):
    """Inject galaxies under images of three bands that vary over the frame, and cut them out."""
    from skybench.generators import Star
    from skybench.survey.psf import ImagePsf

    def model(fwhm):
        star, wide = (Star(flux=1, fwhm=f).render((63, 63)).values for f in (fwhm, 1.1 * fwhm))
        terms = np.array([0.0, 1.0, 0.5, 0.3, 0.7, 0.2])[:, None, None]
        basis = star * (np.arange(6) == 0)[:, None, None] + terms * (wide - star)
        zero, scale = (512.0, 512.0), (512.0, 512.0)
        return ImagePsf(basis=basis / star.sum(), degree=2, zero=zero, scale=scale)

    return injected(items, [model(fwhm) for fwhm in (4.5, 4.0, 3.8)])


def injected(items, psf):
    """Return the work of injecting galaxies into frames of three bands."""
    from skybench.survey.cutouts import cutouts
    from skybench.survey.frame import Frame
    from skybench.survey.inject import inject

    random = np.random.default_rng(1)
    count, side = min(items, 200), 1024
    image = random.normal(0, 5, (3, side, side))
    frame = Frame.of(
        image,
        ivar=np.full(image.shape, 0.04),
        psf=psf,
        bands=("g", "r", "z"),
        zeropoint=28.0,
        gain=4.0,
    )
    galaxies = {
        "half_light_radius": random.uniform(2, 6, count),
        "sersic_index": random.uniform(0.8, 4, count),
        "axis_ratio": random.uniform(0.3, 1, count),
        "position_angle": random.uniform(0, 180, count),
    } | {f"magnitude_{band}": random.uniform(20, 24, count) for band in "grz"}

    def ours():
        done = 0
        for first in range(0, items, count):
            made = inject(frame, catalogue=galaxies, seed=first, separation=20, border=32)
            done += cutouts(made).sizes["sample"]
        return done

    return Work(ours=ours, peer=lambda: Timed(1, 1 / REFERENCE))
