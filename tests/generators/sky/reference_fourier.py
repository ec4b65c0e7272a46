"""Convolution through Fourier space as plain sums in double precision: what fourier.c computes."""

import numpy as np

from skybench.generators.arrays import Complexes, Floats, Integers
from skybench.generators.sky import fourier, moffat, sersic_profile
from skybench.generators.sky.stamps import Sources


def ellipse(
    on: fourier.Grid, size: Floats, index: Floats, step: Integers, shape: Sources
) -> Floats:
    """Return the (m, ky, kx) transforms of unit-flux Sersic ellipses centred on the origin.

    Parameters
    ----------
    on : Grid
    size, index : (m,) arrays
        Half-light radius along the major axis in pixels, Sersic index.
    step : (m,) array
        Steps of the taper, `sersic_profile.UNTAPERED` for none.
    shape : Sources
        ``axis_ratio`` and ``position_angle``.
    """
    transforms = []
    for one, angle in enumerate(np.deg2rad(shape["position_angle"])):
        along = np.cos(angle) * on.kx + np.sin(angle) * on.ky[:, None]
        across = np.cos(angle) * on.ky[:, None] - np.sin(angle) * on.kx
        k = size[one] * np.hypot(along, shape["axis_ratio"][one] * across)
        log_k = np.log(np.maximum(k, 1e-30)).reshape(1, -1)
        table = sersic_profile.transforms(int(step[one]))
        values = table.evaluate(np.log(index[one : one + 1]), log_k)
        transforms.append(values.reshape(k.shape))
    return np.stack(transforms)


def convolved(
    transforms: Floats | Complexes, place: Floats, psf: tuple[float, float], size: int, shape
) -> Floats:
    """Return the image (y, x) of a source at (x, y), seen through PSF and pixel.

    The real part of the sum of all waves, those of kx > 0 twice, for those of -kx.

    Parameters
    ----------
    transforms : (2 K + 1, K + 1) array
        ky from 0 to K, then from -K to -1.
    place : (x, y)
    psf : (fwhm, beta)
        A FWHM of 0 is none.
    size : int
        Side of the periodic grid.
    shape : (ny, nx)
    """
    last = transforms.shape[1] - 1
    kx = 2 * np.pi / size * np.arange(last + 1)
    ky = np.concatenate([kx, -kx[:0:-1]])
    light = transforms * transfer(np.hypot(kx, ky[:, None]), *psf)
    light = light * np.sinc(kx / (2 * np.pi)) * np.sinc(ky / (2 * np.pi))[:, None]
    light = light * np.where(kx > 0, 2, 1)
    along_x = np.exp(1j * kx * (np.arange(shape[1]) - place[0])[:, None])
    along_y = np.exp(1j * ky * (np.arange(shape[0]) - place[1])[:, None])
    return np.asarray((along_y @ light @ along_x.T).real / size**2)


def transfer(k: Floats, fwhm: float, beta: float) -> Floats:
    """Return the transform of a Moffat at frequencies, 1 without a PSF."""
    if fwhm == 0:
        return np.ones_like(k)
    x = np.maximum(k, 1e-9) * moffat.scale_radius(np.asarray(fwhm), np.asarray(beta))
    values = np.exp(moffat._log_transform(np.asarray(beta - 1), x))
    return np.where(k > 0, values, 1)
