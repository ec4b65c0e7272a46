"""A star: a point of light, seen through the PSF and the pixel."""

from collections.abc import Iterator

import numpy as np

from skybench.generators.distributions import LogUniform
from skybench.generators.sky import moffat
from skybench.generators.sky.profile import SkyProfile
from skybench.generators.sky.stamps import GRIDS, Sources, Stamps, nearest_pixel, reach

_DROPPED = 1e-4
"""Share of the flux that may fall outside the stamp on a large image."""

_BLOCK = 1 << 16


def draw(sources: Sources, shape: tuple[int, int]) -> Iterator[Stamps]:
    """Yield pixel-integrated Moffats; without a PSF all light falls into one pixel."""
    fwhm = sources["psf_fwhm"]
    point = np.flatnonzero(fwhm == 0)
    if point.size:
        x0, y0 = (nearest_pixel(sources[f"source_{axis}"][point]) for axis in "xy")
        yield Stamps(point, x0, y0, sources["flux"][point, None, None])
    radius = moffat.enclosing_radius(fwhm, sources["psf_beta"], _DROPPED)
    needed = 2 * np.minimum(radius, np.maximum(*reach(sources, shape)))
    sides = np.asarray(GRIDS)[np.minimum(np.searchsorted(GRIDS, needed), len(GRIDS) - 1)]
    for side in np.unique(sides[fwhm > 0]):
        members = np.flatnonzero((sides == side) & (fwhm > 0))
        step = max(1, _BLOCK // int(side) ** 2)
        for first in range(0, members.size, step):
            some = members[first : first + step]
            yield from _block({k: v[some] for k, v in sources.items()}, some, int(side), shape)


def _block(
    sources: Sources, members: np.ndarray, side: int, shape: tuple[int, int]
) -> Iterator[Stamps]:
    (x0, width), (y0, height) = (
        _window(sources[f"source_{axis}"], side, length)
        for axis, length in zip("xy", reversed(shape), strict=True)
    )
    dx = x0[:, None] + np.arange(width) - sources["source_x"][:, None]
    dy = y0[:, None] + np.arange(height) - sources["source_y"][:, None]
    beta = sources["psf_beta"]
    pixels = moffat.integrate(dx, dy, moffat.scale_radius(sources["psf_fwhm"], beta), beta)
    yield Stamps(members, x0, y0, sources["flux"][:, None, None] * pixels)


def _window(position: np.ndarray, side: int, length: int) -> tuple[np.ndarray, int]:
    """Return where the stamps begin along an axis: around the source, or the whole image."""
    if side >= length:
        return np.zeros(position.size, dtype=np.int64), length
    return nearest_pixel(position) - side // 2, side


PROFILE = SkyProfile(
    name="star",
    code=1,
    summary="Point source, seen as the PSF: a Moffat integrated over the pixel.",
    formula="I(r) = (beta - 1) / (pi a^2) (1 + r^2 / a^2)^-beta, FWHM = 2a sqrt(2^(1/beta) - 1)",
    reference="Moffat (1969), A&A 3, 455",
    example="Star(flux=2e4, fwhm=3).render((32, 32))",
    accuracy="7e-6 of the peak and 6e-5 of the flux against GalSim",
    defaults={"flux": LogUniform(distribution="log_uniform", low=1e3, high=1e5)},
    draw=draw,
)
