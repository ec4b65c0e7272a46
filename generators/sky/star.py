"""A star: a point of light, seen through the PSF and the pixel."""

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from skybench.generators.arrays import Floats, Integers
from skybench.generators.declaration import parameter
from skybench.generators.distributions import log_uniform, truncated_normal
from skybench.generators.sky import fourier, moffat
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

_DROPPED = 1e-4
"""Share of the flux that may fall outside the stamp on a large image."""

_MESH_BEYOND = 64
"""Widest stamp that holds all of a star; a wider one's wings are laid on the mesh."""

_RADII = 8.0 * 2.0 ** (np.arange(28) / 3)

_BLOCK = 1 << 16


class Star(SkyObject):
    """Point source, seen as the PSF: a Moffat integrated over the pixel."""

    code = 1
    formula = "I(r) = (beta - 1) / (pi a^2) (1 + r^2 / a^2)^-beta, FWHM = 2a sqrt(2^(1/beta) - 1)"
    reference = "Moffat (1969), A&A 3, 455"
    accuracy = "1e-4 of the peak and 2e-4 of the flux against GalSim at tight settings"
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
        if wings.size:
            values = _on_mesh({name: v[wings] for name, v in chosen.items()}, shape)
            yield Stamps(light[wings], 0 * wings, 0 * wings, values, STEP)
        for side in np.unique(sides).tolist():
            members = np.flatnonzero(sides == side)
            width, height = (length if side == WHOLE else side for length in reversed(shape))
            step = max(1, _BLOCK // (width * height))
            for first in range(0, members.size, step):
                some = members[first : first + step]
                yield _block(
                    {name: v[some] for name, v in chosen.items()},
                    light[some],
                    meshed[some],
                    side,
                    shape,
                )


def _sides(sources: Sources, shape: tuple[int, int]) -> tuple[Integers, NDArray[np.bool_]]:
    """Return the side of the stamp of each star, and whether its wings are on the mesh."""
    far = np.maximum(*reach(sources, shape))
    end = moffat.enclosing_radius(sources["psf_fwhm"], sources["psf_beta"], _DROPPED)
    needed = fourier.fitting(2 * np.minimum(end, far) + STEP)
    smooth = fourier.fitting(2 * _mesh_radius(sources) + STEP)
    meshed = (needed > _MESH_BEYOND) & (smooth < needed) & (smooth < max(shape))
    sides = np.where(meshed, smooth, needed)
    return np.where((sides >= max(shape)) & ~meshed, WHOLE, sides), meshed


def _mesh_radius(sources: Sources) -> Floats:
    """Return the radius beyond which a cubic on the mesh follows the wings to 1e-4."""
    beta = np.minimum(sources["psf_beta"], 50)[:, None]
    a = moffat.scale_radius(sources["psf_fwhm"][:, None], beta)
    wing = moffat.surface((_RADII / a) ** 2, a, beta)
    wrong = wing * np.expm1(np.minimum((2 * STEP * beta / _RADII) ** 4 / 400, 50))
    peak = 1 / (2 * np.pi * (a**2 / (2 * (beta - 1)) + 1 / 12))
    enough = wrong < 1e-4 * np.minimum(peak, 10 / _RADII**2)
    enough[:, -1] = True
    return np.asarray(_RADII[np.argmax(enough, axis=1)])


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
    beta = sources["psf_beta"]
    pixels = moffat.integrate(dx, dy, moffat.scale_radius(sources["psf_fwhm"], beta), beta)
    pixels *= sources["flux"][:, None, None]
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
    beta = sources["psf_beta"][:, None, None]
    a = moffat.scale_radius(sources["psf_fwhm"][:, None, None], beta)
    squared = ((dx**2)[:, None, :] + (dy**2)[:, :, None]) / a**2
    return np.asarray(sources["flux"][:, None, None] * moffat.surface(squared, a, beta))
