"""A star: a point of light, seen through the PSF and the pixel.

A star is drawn pixel by pixel to where next to nothing is left of it. Where wide wings would take
far more of a large image than that, they are interpolated from nodes 8 pixels apart, beyond a
radius from which on a cubic follows them.
"""

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from skybench.generators.arrays import Floats, Integers
from skybench.generators.declaration import parameter
from skybench.generators.distributions import log_uniform, truncated_normal
from skybench.generators.sky import moffat
from skybench.generators.sky.sky_object import SkyObject
from skybench.generators.sky.stamps import (
    STEP,
    WHOLE,
    Sources,
    Stamps,
    interpolate,
    nearest_pixel,
    nodes,
    reach,
    windows,
)

_DROPPED = 1e-5
"""Share of the flux that may fall outside the stamp on a large image."""

_FAINTEST = 1e-8
"""Light that may fall outside of it, over the light at the star."""

_RELATIVE, _ABSOLUTE = 1e-3, 1e-7
"""Errors of interpolated light: over itself, and over the light at the star."""

_NEAREST = 2.0 * STEP
"""Pixels about a star where the nodes' light does not matter: its stamp makes up for it."""

_BLOCK = 1 << 17


class Star(SkyObject):
    """Point source, seen as the PSF: a Moffat integrated over the pixel."""

    code = 1
    formula = "I(r) = (beta - 1) / (pi a^2) (1 + r^2 / a^2)^-beta, FWHM = 2a sqrt(2^(1/beta) - 1)"
    reference = "Moffat (1969), A&A 3, 455"
    accuracy = "the exact flux of a Moffat in each pixel, by the divergence theorem"
    example = "Star(flux=2e4, fwhm=3).render((32, 32))"
    colour = truncated_normal(0.7, 0.4, -0.3, 1.6)

    flux: float = parameter(default=log_uniform(1e3, 1e5))

    @staticmethod
    def draw(sources: Sources, shape: tuple[int, int]) -> Iterator[Stamps]:
        """Yield pixel-integrated Moffats; without a PSF all light falls into one pixel."""
        point = np.flatnonzero(sources["psf_fwhm"] == 0)
        if point.size:
            x0, y0 = (nearest_pixel(sources[f"source_{axis}"][point]) for axis in "xy")
            yield Stamps(point, x0, y0, sources["flux"][point, None, None])
        light = np.flatnonzero(sources["psf_fwhm"] > 0)
        chosen = {name: values[light] for name, values in sources.items()}
        sides, meshed = _sides(chosen, shape)
        wings = np.flatnonzero(meshed)
        for some in _blocks(wings, (shape[0] // STEP + 4) * (shape[1] // STEP + 4)):
            values = _on_mesh({name: v[some] for name, v in chosen.items()}, shape)
            yield Stamps(light[some], 0 * some, 0 * some, values, STEP)
        for side in np.unique(sides).tolist():
            width, height = (length if side == WHOLE else side for length in reversed(shape))
            for some in _blocks(np.flatnonzero(sides == side), width * height):
                own = {name: v[some] for name, v in chosen.items()}
                yield _block(own, light[some], meshed[some], side, shape)


def _blocks(members: NDArray[np.intp], pixels: int) -> Iterator[NDArray[np.intp]]:
    """Yield members in blocks whose stamps stay in the cache."""
    step = max(1, _BLOCK // pixels)
    for first in range(0, members.size, step):
        yield members[first : first + step]


def _sides(sources: Sources, shape: tuple[int, int]) -> tuple[Integers, NDArray[np.bool_]]:
    """Return the side of the stamp of each star, and whether its wings are on the mesh."""
    end = np.minimum(_end_radius(sources), np.maximum(*reach(sources, shape)))
    needed = _fitting(2 * end + STEP)
    smooth = _fitting(2 * _mesh_radius(sources) + STEP)
    meshed = (smooth < needed) & (smooth < max(shape))
    sides = np.where(meshed, smooth, needed)
    return np.where((sides >= max(shape)) & ~meshed, WHOLE, sides), meshed


def _fitting(length: Floats) -> Integers:
    """Return the sides of stamps that hold lengths: few different ones, multiples of `STEP`."""
    unit = np.maximum(STEP, 2 ** (np.frexp(length)[1].astype(np.int64) - 3))
    return np.asarray(unit * np.ceil(length / unit).astype(np.int64))


def _end_radius(sources: Sources) -> Floats:
    """Return the radius beyond which a star is left out."""
    fwhm, beta = sources["psf_fwhm"], sources["psf_beta"]
    faint = moffat.scale_radius(fwhm, beta) * np.sqrt(np.expm1(-np.log(_FAINTEST) / beta))
    return np.asarray(np.maximum(moffat.enclosing_radius(fwhm, beta, _DROPPED), faint))


def _mesh_radius(sources: Sources) -> Floats:
    """Return the radius beyond which a cubic on the mesh follows the wings.

    Of a wing that falls as r^-p it misses 3/128 p (p + 1) (p + 2) (p + 3) (STEP / r)^4, at the
    nearest node that it takes.
    """
    beta = np.minimum(sources["psf_beta"], 50)
    power = 2 * beta
    missed = 3 / 128 * power * (power + 1) * (power + 2) * (power + 3) * STEP**4.0
    relative = (missed / _RELATIVE) ** 0.25
    a = moffat.scale_radius(sources["psf_fwhm"], beta)
    # The light over that at the star is (r / a)^-p.
    absolute = (missed * a**power / _ABSOLUTE) ** (1 / (power + 4))
    return np.asarray(np.maximum(relative, absolute) + _NEAREST)


def _block(
    sources: Sources,
    members: NDArray[np.intp],
    meshed: NDArray[np.bool_],
    side: int,
    shape: tuple[int, int],
) -> Stamps:
    at = windows(sources, np.full(members.shape, side), shape, STEP)
    dx = (at.x0 - sources["source_x"])[:, None] + np.arange(at.width[0])
    dy = (at.y0 - sources["source_y"])[:, None] + np.arange(at.height[0])
    pixels = moffat.integrate(dx, dy, *_profile(sources))
    wings = np.flatnonzero(meshed)
    if wings.size:
        chosen = {name: v[wings] for name, v in sources.items()}
        mesh = _on_mesh(chosen, (side, side), at.x0[wings], at.y0[wings])
        pixels[wings] -= interpolate(mesh, (side, side))
    return Stamps(members, at.x0, at.y0, pixels)


def _on_mesh(
    sources: Sources, shape: tuple[int, int], x0: Integers | int = 0, y0: Integers | int = 0
) -> Floats:
    """Return the light of stars at the nodes of stamps."""
    dx = nodes(shape[1]) + (x0 - sources["source_x"])[:, None]
    dy = nodes(shape[0]) + (y0 - sources["source_y"])[:, None]
    return moffat.integrate(dx, dy, *_profile(sources), _NEAREST)


def _profile(sources: Sources) -> tuple[Floats, Floats, Floats]:
    """Return scale radii, exponents and fluxes."""
    beta = sources["psf_beta"]
    return moffat.scale_radius(sources["psf_fwhm"], beta), beta, sources["flux"]
