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
    from skybench.survey.cutouts import cutouts
    from skybench.survey.frame import Frame
    from skybench.survey.inject import inject

    random = np.random.default_rng(1)
    count, side = min(items, 200), 1024
    image = random.normal(0, 5, (3, side, side))
    frame = Frame.of(
        image,
        ivar=np.full(image.shape, 0.04),
        psf=[4.5, 4.0, 3.8],
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
