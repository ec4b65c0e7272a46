"""Stars: pixel-integrated Moffats, one by one in GalSim, together in ours."""

import numpy as np

from harness import Work, row

SIDE = 28


def parameters(count):
    """Return FWHM, beta and position of stars near the middle of the image."""
    random = np.random.default_rng(1)
    return {
        "flux": np.ones(count),
        "psf_fwhm": random.uniform(2, 4, count),
        "psf_beta": random.uniform(2, 5, count),
        "source_x": random.uniform(13, 14, count),
        "source_y": random.uniform(13, 14, count),
    }


@row(
    "Moffat stars 28x28, FWHM and beta vary",
    peer="GalSim drawImage",
    needed=200,
    items=2000,
    note="""A compiled kernel: derivatives at the centre beyond the inner 7x7 pixels, and the flow
    through the pixels' borders within. The floor is numpy's logarithm and exponential.""",
)
def moffat_stars(items):
    """Draw stars as `sky` recipes do, laid onto images."""
    from skybench.generators.sky import stamps
    from skybench.generators.sky.star import Star

    stars, some = parameters(items), min(items, 40)
    images, scratch = np.zeros((items, SIDE, SIDE)), np.full((64, SIDE, SIDE), 2.0)

    def ours():
        stamps.add(images, np.arange(items), Star.draw(stars, (SIDE, SIDE)))
        return items

    def peer():
        for one in range(some):
            _draw(stars, one)
        return some

    def error():
        images[:] = 0
        ours()
        truth = np.stack([_draw(stars, one, tight=True) for one in range(some)])
        wrong = np.abs(images[:some] - truth).max(axis=(1, 2)) / truth.max(axis=(1, 2))
        return wrong.max()

    def floor():
        for _ in range(0, items, len(scratch)):
            np.exp(-np.log1p(scratch))
        return items

    return Work(ours=ours, peer=peer, error=error, floor=floor)


def _draw(stars, one, tight=False):
    import galsim

    settings = {"folding_threshold": 1e-4, "maxk_threshold": 1e-5} if tight else {}
    if tight:
        settings |= {"kvalue_accuracy": 1e-7, "maximum_fft_size": 20000, "stepk_minimum_hlr": 30}
    psf = galsim.Moffat(
        beta=stars["psf_beta"][one],
        fwhm=stars["psf_fwhm"][one],
        gsparams=galsim.GSParams(**settings),
    )
    at = galsim.PositionD(stars["source_x"][one] + 1, stars["source_y"][one] + 1)
    return psf.drawImage(nx=SIDE, ny=SIDE, scale=1, center=at, dtype=float).array
