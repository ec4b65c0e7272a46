"""An elliptical galaxy: a Sersic profile, sheared to its axis ratio and turned to its angle."""

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from skybench.generators.distributions import LogUniform, Uniform
from skybench.generators.sky import cusp, fourier, moffat, sersic
from skybench.generators.sky.profile import SkyProfile
from skybench.generators.sky.stamps import Sources, Stamps, reach

Floats = NDArray[np.float64]
Complexes = NDArray[np.complex128]

_DROPPED = 5e-4
"""Share of the flux that may be cut off on an image larger than the galaxy."""

_WRAPPED = 1e-4
"""Share of the flux that may wrap around the stamp: it spreads, so the peak sees less."""

_PSF_OUTSIDE = 1e-3


def taper_step(
    sources: Sources, size: Floats, index: Floats, shape: tuple[int, int]
) -> NDArray[np.int64]:
    """Return the step of the taper outside which nothing of the profile is visible.

    The profile ends where its flux does, or where even its minor axis has left the
    image's corner by two widths of the PSF, which carries light back inwards.
    """
    corner = np.hypot(*reach(sources, shape)) + 2 * sources["psf_fwhm"]
    seen = corner / (sources["axis_ratio"] * size)
    return sersic.taper_step(np.minimum(sersic.enclosing_radius(index, _DROPPED), seen))


def dark_radius(size: Floats, index: Floats, step: NDArray[np.int64]) -> Floats:
    """Return the radius in pixels beyond which the tapered profile is dark along any axis."""
    tapered = sersic.TAPER * sersic.taper_radius(step)
    return size * np.minimum(tapered, sersic.enclosing_radius(index, _WRAPPED))


def psf_extent(sources: Sources) -> Floats:
    """Return the radius of the PSF's visible wings, 0 without a PSF."""
    return moffat.enclosing_radius(sources["psf_fwhm"], sources["psf_beta"], _PSF_OUTSIDE)


def ellipse(
    on: fourier.Grid, size: Floats, index: Floats, step: NDArray[np.int64], shape: Sources
) -> Floats:
    """Return the transforms of unit-flux Sersic ellipses centred on the origin.

    Parameters
    ----------
    on : Grid
    size, index : (m,) arrays
        Half-light radius along the major axis in pixels, Sersic index.
    step : (m,) array
        Taper step, from `sersic.taper_step`.
    shape : Sources
        ``axis_ratio`` and ``position_angle``.
    """
    q = shape["axis_ratio"]
    angle = np.deg2rad(shape["position_angle"])
    cos, sin = np.cos(angle), np.sin(angle)
    transforms = np.empty((size.size, on.ky.size, on.kx.size))
    for one in range(size.size):
        major = (size[one] * cos[one]) * on.kx + ((size[one] * sin[one]) * on.ky)[:, None]
        minor = (q[one] * size[one] * -sin[one]) * on.kx
        minor = minor + ((q[one] * size[one] * cos[one]) * on.ky)[:, None]
        squared = major**2 + minor**2
        squared[0, 0] = np.exp(-40.0)
        table = sersic.transform_table(float(index[one]), int(step[one]))
        transforms[one] = table(np.log(squared) / 2)
    return transforms


def _spectrum(sources: Sources, on: fourier.Grid, x: Floats, y: Floats) -> Complexes:
    along_y, along_x = fourier.shift(on, x, y)
    step = sources["_step"].astype(np.int64)
    profile = ellipse(on, sources["half_light_radius"], sources["sersic_index"], step, sources)
    return np.asarray(profile * sources["flux"][:, None, None] * along_y * along_x)


def draw(sources: Sources, shape: tuple[int, int]) -> Iterator[Stamps]:
    """Yield the stamps of elliptical galaxies."""
    size = sources["half_light_radius"]
    step = taper_step(sources, size, sources["sersic_index"], shape)
    extent = dark_radius(size, sources["sersic_index"], step) + psf_extent(sources)
    stamps = fourier.draw(sources | {"_step": step.astype(np.float64)}, extent, shape, _spectrum)
    yield from cusp.sharpen(stamps, sources)


PROFILE = SkyProfile(
    name="sersic",
    code=2,
    summary="Elliptical galaxy: a Sersic profile of any index from 0.5 to 6.",
    formula="I(r) = exp(-b r^(1/n)) / (2 pi n q b^(-2n) Gamma(2n)), P(2n, b) = 1/2",
    reference="Sersic (1968); Graham & Driver (2005), PASA 22, 118, equations 1 and 4",
    accuracy="7e-6 of the peak and 6e-5 of the flux against GalSim",
    defaults={
        "flux": LogUniform(distribution="log_uniform", low=5e3, high=1e5),
        "half_light_radius": LogUniform(distribution="log_uniform", low=2, high=6),
        "sersic_index": Uniform(distribution="uniform", low=0.5, high=6),
        "axis_ratio": Uniform(distribution="uniform", low=0.3, high=1),
        "position_angle": Uniform(distribution="uniform", low=0, high=180),
    },
    draw=draw,
)
