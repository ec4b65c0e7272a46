"""Cutouts of Gaussian galaxies under a Gaussian PSF, to be told apart."""

import numpy as np

from skybench.learning.realism.cutouts import Cutouts


def galaxies(count, seed, *, fwhm=4.0, noise=1.0, side=32, sky=0.0, **more):
    random = np.random.default_rng(seed)
    y, x = np.indices((side, side)) - side // 2
    width = np.hypot(fwhm / 2.3548, random.uniform(0.5, 2, count))[:, None, None]
    ratio, turned, peak = (
        random.uniform(low, high, count)[:, None, None]
        for low, high in ((0.5, 1), (0, np.pi), (10, 60))
    )
    along = x * np.cos(turned) + y * np.sin(turned)
    across = y * np.cos(turned) - x * np.sin(turned)
    light = peak * np.exp(-0.5 * (along**2 + (across / ratio) ** 2) / width**2)
    pixels = light + random.normal(0, noise, (count, side, side)) + np.reshape(sky, (-1, 1, 1))
    return Cutouts.of(pixels, name=f"sample {seed}", **more)
