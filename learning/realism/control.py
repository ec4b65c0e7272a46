"""The positive control: fakes as they would be under a PSF that is a tenth broader.

A Gaussian broadens light and noise alike, and the noise alone would give that away. So noise is
added whose spectrum is what the Gaussian took: together it has the spectrum that it had, and light
alone tells.
"""

from dataclasses import replace

import numpy as np

from skybench.generators.arrays import Floats, Singles
from skybench.learning.realism.cutouts import Cutouts
from skybench.learning.realism.statistics import Light, light_of, noise_correlation

BROADER = 1.1
"""FWHM of the wrong PSF over the right one."""

_FWHM = 2 * np.sqrt(2 * np.log(2))
_MOST_CORRELATED = 0.5
"""Of neighbours, that a correlation of nothing beyond them can have."""


def broadened(cutouts: Cutouts, psf_fwhm: float, seed: int) -> Cutouts:
    """Return cutouts under a broader PSF, with noise of the power and correlation that they had.

    Parameters
    ----------
    cutouts : Cutouts
    psf_fwhm : float
        Of the PSF that they have, pixels.
    seed : int
        Of the added noise.
    """
    random = np.random.default_rng([seed, 1])
    sigma = psf_fwhm * np.sqrt(BROADER**2 - 1) / _FWHM
    images = [_broadened(plane, sigma, random) for plane in np.moveaxis(cutouts.images, 1, 0)]
    return replace(cutouts, images=np.stack(images, axis=1))


def _broadened(planes: Singles, sigma: float, random: np.random.Generator) -> Singles:
    seen = light_of(planes)
    ny, nx = planes.shape[1:]
    ky, kx = _frequencies(ny, nx)
    kept = np.exp(-0.5 * sigma**2 * (ky**2 + kx**2))
    near = _true_correlation(seen, random)
    added = _noise(planes.shape, near, 1 - kept**2, random)
    light = np.fft.irfft2(np.fft.rfft2(seen.image) * kept, s=(ny, nx))
    both = light + added * _true_noise(seen, near)[:, None, None] + seen.sky[:, None, None]
    return np.asarray(np.where(seen.is_missing, np.nan, both), np.float32)


def _frequencies(ny: int, nx: int) -> tuple[Floats, Floats]:
    return 2 * np.pi * np.fft.fftfreq(ny)[:, None], 2 * np.pi * np.fft.rfftfreq(nx)


def _noise(
    shape: tuple[int, ...], near: float, share: Floats | float, random: np.random.Generator
) -> Floats:
    """Return noise of unit power and a correlation of neighbours, a share of it by frequency."""
    ky, kx = _frequencies(*shape[1:])
    spectrum = (1 + 2 * near * np.cos(ky)) * (1 + 2 * near * np.cos(kx))
    power = np.sqrt(np.maximum(share * spectrum, 0))
    found = np.fft.irfft2(np.fft.rfft2(random.normal(size=shape)) * power, s=shape[1:])
    return np.asarray(found)


def _true_correlation(seen: Light, random: np.random.Generator) -> float:
    """Return the correlation of neighbours that is measured as that of the sky is.

    The sky's level and its clips, which are found on the pixels themselves, take some of it.
    """
    told = float(np.clip(np.median(noise_correlation(seen)), 0, _MOST_CORRELATED))
    made = light_of(_noise(seen.image.shape, told, 1.0, random).astype(np.float32))
    again = float(np.median(noise_correlation(made)))
    return float(np.clip(2 * told - again, 0, _MOST_CORRELATED))


def _true_noise(seen: Light, near: float) -> Floats:
    """Return the noises less what of their scatter is that of measuring them.

    A median deviation of N normal numbers has a variance of 1.36 / N, more where neighbours agree:
    added as it is measured, noise would scatter more than before, which trees would see.
    """
    middle, scatter = np.median(seen.noise), np.var(seen.noise)
    pixels = np.maximum(seen.is_sky.sum(axis=(1, 2)), 1).mean()
    by_chance = 1.36 * middle**2 / pixels * (1 + 2 * near**2) ** 2
    kept = max(0.0, 1 - by_chance / max(scatter, 1e-30))
    return np.asarray(middle + np.sqrt(kept) * (seen.noise - middle))
