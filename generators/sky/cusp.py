"""Galaxies without a PSF, where no Fourier grid can follow the cusp.

With a PSF the high frequencies of a cusp are gone before the grid ends; without one, a
steep profile has power at every frequency. Pixels are then integrated in real space by a Gauss
rule, and those near the centre exactly. By Green's theorem the flux in a pixel is an integral
along its border: with E(m) the flux within the elliptical radius m and theta the angle on the
circularised profile,

    flux = 1 / (2 pi) * closed integral of E(m) dtheta,    E(m) = P(2n, b m^(1/n)).
"""

from collections.abc import Iterator

import numpy as np
from scipy.special import gammainc

from skybench.generators.arrays import Floats, Integers
from skybench.generators.native.library import kernel
from skybench.generators.sky import fourier, sersic_profile, wings
from skybench.generators.sky.stamps import (
    STEP,
    WHOLE,
    Pixels,
    Sources,
    Stamps,
    nearest_pixel,
    windows,
)

RADIUS = 5
"""Pixels around the centre that are integrated exactly."""

_DROPPED = 1e-5
"""Share of the flux that may be cut off on an image larger than the galaxy."""

_BLOCK = 1 << 22
"""Pixels of the stamps that are held at once: 16 MB."""

_unblurred = kernel("unblurred")

_NODES, _WEIGHTS = np.polynomial.legendre.leggauss(40)


def draw(galaxies: Sources, shape: tuple[int, int]) -> Iterator[Stamps]:
    """Yield the stamps of galaxies without PSF, of which `wings.known` has told the rest."""
    index, size = galaxies["sersic_index"], galaxies["half_light_radius"]
    extent = size * sersic_profile.enclosing_radius(index, _DROPPED)
    sides = fourier.fitting(2 * (extent + RADIUS) + STEP)
    sides = np.where(sides < max(shape), sides, WHOLE)
    # Beyond the exact pixels an isophote is RADIUS q wide.
    points = np.clip(np.ceil(0.6 / galaxies["axis_ratio"]), 3, 12).astype(np.int64)
    for side, count in np.unique(np.stack([sides, points], axis=1), axis=0).tolist():
        members = np.flatnonzero((sides == side) & (points == count))
        at_once = max(1, _BLOCK // (shape[0] * shape[1] if side == WHOLE else side**2))
        for first in range(0, members.size, at_once):
            some = members[first : first + at_once]
            chosen = {name: values[some] for name, values in galaxies.items()}
            yield _integrated(chosen, some, side, shape, count)


def _integrated(
    galaxies: Sources, members: Integers, side: int, shape: tuple[int, int], points: int
) -> Stamps:
    at = windows(galaxies, np.full(members.shape, side), shape, STEP)
    height, width = int(at.height[0]), int(at.width[0])
    pixels = np.empty((members.size, height, width), dtype=np.float32)
    nodes, weights = np.polynomial.legendre.leggauss(points)
    _unblurred(
        wings.columns(galaxies), at.x0, at.y0, height, width, np.concatenate([nodes, weights]) / 2,
        np.empty(2 * width), np.empty(width, dtype=np.float32), pixels,
    )  # fmt: skip
    for one in range(members.size):
        galaxy = {name: float(values[one]) for name, values in galaxies.items()}
        x, y = (int(nearest_pixel(np.asarray(galaxy[f"source_{axis}"]))) for axis in "xy")
        core = _core(galaxy, x - galaxy["source_x"], y - galaxy["source_y"])
        low, left = y - int(at.y0[one]) - RADIUS, x - int(at.x0[one]) - RADIUS
        _overlay(pixels[one], galaxy["flux"] * core, left, low)
    return Stamps(members, at.x0, at.y0, pixels)


def _overlay(image: Pixels, part: Floats, left: int, low: int) -> None:
    """Replace what of the image the part covers."""
    (h, w), (ny, nx) = part.shape, image.shape
    xa, xb, ya, yb = max(left, 0), min(left + w, nx), max(low, 0), min(low + h, ny)
    if xa < xb and ya < yb:
        image[ya:yb, xa:xb] = part[ya - low : yb - low, xa - left : xb - left]


def _core(galaxy: dict[str, float], dx: float, dy: float) -> Floats:
    """Return the share of the flux in the pixels around the one at (dx, dy) off the centre."""
    border = np.arange(-RADIUS - 0.5, RADIUS + 1, dtype=np.float64)
    x, y = np.asarray(border + dx), np.asarray(border + dy)
    angle, q = np.deg2rad(galaxy["position_angle"]), galaxy["axis_ratio"]
    cos, sin = np.cos(angle), np.sin(angle)
    # The squared elliptical radius is xx x^2 + 2 xy x y + yy y^2.
    form = cos**2 + (sin / q) ** 2, cos * sin * (1 - 1 / q**2), sin**2 + (cos / q) ** 2
    along_x = _sweep(galaxy, x, y, *form)
    along_y = _sweep(galaxy, y, x, *reversed(form))
    return along_x[1:] - along_x[:-1] + (along_y[1:] - along_y[:-1]).T


def _sweep(
    galaxy: dict[str, float], points: Floats, at: Floats, along: float, cross: float, across: float
) -> Floats:
    """Return the integrals of E dtheta / 2 pi, (line, part), between points on lines ``at``.

    On a line, m = h cosh t with h the least m: dtheta is dt / cosh t, smooth however near
    to the centre the line passes.
    """
    width = np.maximum(np.abs(at), 1e-12) / along * np.sqrt(along * across - cross**2)
    least = width * np.sqrt(along) / galaxy["half_light_radius"]
    t = np.arcsinh((points + (cross / along * at)[:, None]) / width[:, None])
    middle, half = (t[:, 1:] + t[:, :-1]) / 2, (t[:, 1:] - t[:, :-1]) / 2
    cosh = np.cosh(middle[:, :, None] + half[:, :, None] * _NODES)
    n = galaxy["sersic_index"]
    within = gammainc(
        2 * n, sersic_profile.b_n(np.asarray(n)) * (least[:, None, None] * cosh) ** (1 / n)
    )
    swept = half * ((within / cosh) @ _WEIGHTS)
    return np.asarray(np.sign(at)[:, None] * swept / (2 * np.pi))
