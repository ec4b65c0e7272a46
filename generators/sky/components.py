"""Parts that galaxies of several components share: a bulge, frequencies along axes, soft spots.

A round Gaussian is a product of one along x and one along y, and so is its transform. The sum
of many is then a product of two small matrices, whatever the grid: the kernel `spots.c`.
"""

from collections.abc import Iterator
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from skybench.generators.arrays import Floats
from skybench.generators.native.library import kernel
from skybench.generators.sky import fourier
from skybench.generators.sky.fourier import Grid
from skybench.generators.sky.stamps import Sources, Stamps


def sersic_part(sources: Sources, **changes: Floats) -> Sources:
    """Return sources of the profile ``sersic``: those given, with some parameters changed."""
    return sources | changes


def bulge(sources: Sources) -> Sources:
    """Return the bulges of disc or ring galaxies as sources of the profile ``sersic``.

    Flux and half-light radius are shares of the galaxy's; a bulge without its own
    ``bulge_axis_ratio`` has that of its disc.
    """
    return sersic_part(
        sources,
        flux=sources["flux"] * sources["bulge_fraction"],
        half_light_radius=sources["half_light_radius"] * sources["bulge_radius_ratio"],
        sersic_index=sources["bulge_sersic_index"],
        axis_ratio=sources["bulge_axis_ratio"],
    )


def along_axes(on: Grid, position_angle: Floats) -> tuple[Floats, Floats]:
    """Return the frequencies along the major and the minor axis of each source.

    Parameters
    ----------
    on : Grid
    position_angle : (m,) array
        In degrees.

    Returns
    -------
    two (m, ky, kx) arrays, radians a pixel
    """
    angle = np.deg2rad(position_angle)[:, None, None]
    cos, sin = np.cos(angle), np.sin(angle)
    ky = on.ky[:, None]
    return cos * on.kx + sin * ky, cos * ky - sin * on.kx


_LANES = 16
"""Frequencies that the kernel sums side by side."""

_spots = kernel("spots")

VISIBLE = 4.5
"""Standard deviations from the centre at which a Gaussian is dark."""


class Spots(NamedTuple):
    """Gaussians of each of m sources, as (m, n) arrays: place about its centre in pixels."""

    flux: Floats
    x: Floats
    y: Floats
    sigma: Floats


def transform(spots: Spots, on: Grid) -> NDArray[np.complex64]:
    """Return the transforms (m, ky, kx) of the sums, centred on the sources, as complex64.

    exp(-(k sigma)^2 / 2 - i k (x, y)) for each spot, times its flux.
    """
    transforms = np.zeros((len(spots.x), on.ky.size, on.kx.size), dtype=np.complex64)
    add(spots, on, transforms)
    return transforms


def add(spots: Spots, on: Grid, transforms: NDArray[np.complex64]) -> None:
    """Add the transforms of the sums to complex64 ones, in place."""
    gaussians = np.stack(spots, axis=2)
    each, side = spots.x.shape[1], on.kx.size
    padded = -(-side // _LANES) * _LANES
    _spots(
        gaussians, len(gaussians), float(on.kx[1]), side - 1,
        np.empty(2 * each * (padded + side), dtype=np.float32),
        np.empty(2 * each + 1, dtype=np.int64), transforms.view(np.float32),
    )  # fmt: skip


def extent(spots: Spots) -> Floats:
    """Return the radius in pixels beyond which each sum is dark."""
    return np.asarray((np.hypot(spots.x, spots.y) + VISIBLE * spots.sigma).max(axis=1))


def draw(spots: Spots, sources: Sources, shape: tuple[int, int]) -> Iterator[Stamps]:
    """Yield the stamps of sums about sources, whose place and PSF are read."""
    every = sources | {"_spots": np.stack(spots, axis=2)}
    yield from fourier.draw(every, extent(spots), shape, _spectrum, centred=True)


def _spectrum(sources: Sources, on: Grid, x: Floats, y: Floats) -> NDArray[Any]:
    return transform(Spots(*np.moveaxis(sources["_spots"], 2, 0)), on)
