"""Parts that galaxies of several components share: a bulge, frequencies along axes, soft spots.

A round Gaussian is a product of one along x and one along y, and so is its transform. The sum
of many is then a product of two small matrices, whatever the grid: the kernel `spots.c`.
"""

from typing import NamedTuple

import numpy as np

from skybench.generators.arrays import Complexes, Floats
from skybench.generators.native.library import kernel
from skybench.generators.sky.fourier import Grid
from skybench.generators.sky.stamps import Sources


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

VISIBLE = 4.5
"""Standard deviations from the centre at which a Gaussian is dark."""


class Spots(NamedTuple):
    """Gaussians of each of m sources, as (m, n) arrays: place about its centre in pixels."""

    flux: Floats
    x: Floats
    y: Floats
    sigma: Floats


def transform(spots: Spots, on: Grid) -> Complexes:
    """Return the transforms (m, ky, kx) of the sums, centred on the sources.

    exp(-(k sigma)^2 / 2 - i k (x, y)) for each spot, times its flux.
    """
    gaussians = np.stack(spots, axis=2)
    count, each, side = *spots.x.shape, on.kx.size
    padded = -(-side // _LANES) * _LANES
    transforms = np.empty((count, on.ky.size, side), dtype=np.complex128)
    work = np.empty(2 * each * (padded + side), dtype=np.float32)
    kernel("spots")(gaussians, count, float(on.kx[1]), side - 1, work, transforms.view(np.float64))
    return transforms


def extent(spots: Spots) -> Floats:
    """Return the radius in pixels beyond which each sum is dark."""
    return np.asarray((np.hypot(spots.x, spots.y) + VISIBLE * spots.sigma).max(axis=1))
