"""Adaptive integration of a brightness over the plane: fine where it varies, coarse where not.

The plane is divided into cells of eight pixels. A cell is quartered for as long as nine
Gauss-Legendre points could err on its light by more than matters; what is left is light at
points, whose number depends on the source and hardly on the pixels.
"""

from typing import NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray

from skybench.generators.arrays import Floats

Owners = NDArray[np.intp]

ROOT = 8
"""Side in pixels of the first cells: the side of every stamp is a multiple of it."""

DEPTH = 30
"""Levels at most: the last cells are 1e-8 pixels wide."""

TOLERANCE = 3e-3
"""Bound on the error of a cell, over the light of the brightest pixel.

A bound that few cells come near to: images then err by some 2e-4 of the peak.
"""

_DARK = 1e-3
"""Light of a cell that is left out, over the tolerance."""

_WIDEST = 0.8
"""Side over the FWHM of the PSF beyond which the points of a cell could be told apart."""

_FINE = 0.125
"""Side in pixels of cells whose points are close enough for any PSF; without, a pixel is."""

_NODES, _WEIGHTS = np.polynomial.legendre.leggauss(3)
_X, _Y = (axis.reshape(-1, 1) / 2 for axis in np.meshgrid(_NODES, _NODES))
_SHARE = np.outer(_WEIGHTS, _WEIGHTS).reshape(-1, 1) / 4

_RULE = 31500.0
"""Sixth power of u over the relative error of three Gauss points on exp(u x), |x| < 1."""

_FOUR = 16
"""Sides of the cell that may be one point that a cell may have to be four."""

_FAINTEST = 1e-200
"""Light below which the shape of a cell is of no interest."""


class Light(Protocol):
    """Brightness on the sky of some sources; positions in pixels from the source."""

    def brightness(self, owner: Owners, x: Floats, y: Floats) -> Floats:
        """Return the flux per square pixel at points, (..., n) for owners (n,)."""

    def roughness(self, owner: Owners, x: Floats, y: Floats, half: float) -> tuple[Floats, Floats]:
        """Return the highest brightness in cells, and how much of it nine points may miss.

        Parameters
        ----------
        owner, x, y : (n,) arrays
            Centres of the cells.
        half : float
            Half of their side.
        """


class Frame(NamedTuple):
    """The plane: its side, where the sources are, and between what bounds light is wanted."""

    size: int
    x: Floats
    y: Floats
    left: Floats
    right: Floats
    low: Floats
    high: Floats


class Points(NamedTuple):
    """Light at points, (n,), or at the nine points of cells, flux (9, n)."""

    owner: Owners
    x: Floats
    y: Floats
    flux: Floats


def gauss_error(slope: Floats, curving: Floats) -> Floats:
    """Return the relative error of three Gauss points, at most 1.

    The j-th derivative of ln I over half a cell is taken as slope (j - 1)! curving^(j - 1), as
    of a power of the distance; that of I then is slope (slope + curving) ... (slope +
    (j - 1) curving), and the rule errs by the sixth.
    """
    growth = slope
    for j in range(1, 6):
        growth = growth * (slope + j * curving)
    return np.minimum(growth / _RULE, 1)


def integrate(light: Light, frame: Frame, peak: Floats, fwhm: Floats, merge: float) -> Points:
    """Return points that carry the light of the sources, ordered by level within a source.

    Parameters
    ----------
    light : Light
    frame : Frame
    peak : (m,) array
        At most the flux in the brightest pixel, for the scale of errors.
    fwhm : (m,) array
        Of the PSF, in pixels.
    merge : float
        Side in pixels up to which all light of a cell may be put into its centre.
    """
    widest = np.where(fwhm > 0, np.maximum(_WIDEST * fwhm, _FINE), 1.0)
    owner, x, y = _roots(frame)
    side, found = float(ROOT), []
    for level in range(DEPTH):
        dx, dy = x - frame.x[owner], y - frame.y[owner]
        brightest, lost = light.roughness(owner, dx, dy, side / 2)
        allowed = TOLERANCE * peak[owner] / side**2
        split = (np.where(side > widest[owner], brightest, lost) > allowed) & (level + 1 < DEPTH)
        keep = np.flatnonzero(~split & (brightest > _DARK * allowed))
        flux = light.brightness(owner[keep], dx[keep] + side * _X, dy[keep] + side * _Y)
        cells = Points(owner[keep], x[keep], y[keep], flux * (_SHARE * side**2))
        found.append(_fewer(cells, side, merge))
        owner, x, y = _quarters(owner[split], x[split], y[split], side)
        side /= 2
        if not owner.size:
            break
    return Points(*(np.concatenate(column) for column in zip(*found, strict=True)))


def _roots(frame: Frame) -> tuple[Owners, Floats, Floats]:
    middles = np.arange(ROOT / 2, frame.size, ROOT) - 0.5
    columns = _touched(middles, frame.left, frame.right)
    rows = _touched(middles, frame.low, frame.high)
    owner, row, column = np.nonzero(rows[:, :, None] & columns[:, None, :])
    return owner, middles[column], middles[row]


def _touched(middles: Floats, first: Floats, last: Floats) -> NDArray[np.bool_]:
    above = middles + ROOT / 2 > first[:, None]
    return np.asarray(above & (middles - ROOT / 2 < last[:, None]))


def _quarters(owner: Owners, x: Floats, y: Floats, side: float) -> tuple[Owners, Floats, Floats]:
    step = side / 4
    x = (x[:, None] + step * np.array([-1.0, 1, -1, 1])).ravel()
    y = (y[:, None] + step * np.array([-1.0, -1, 1, 1])).ravel()
    return np.repeat(owner, 4), x, y


def _fewer(cells: Points, side: float, merge: float) -> Points:
    """Return as few points as tell the light of cells: one, four, or all nine."""
    if side <= merge:
        total = cells.flux[0]
        for flux in cells.flux[1:]:
            total = total + flux
        return cells._replace(flux=total)
    if side <= _FOUR * merge:
        return _paired(cells, side)
    x, y = cells.x + side * _X, cells.y + side * _Y
    return Points(np.tile(cells.owner, 9), x.ravel(), y.ravel(), cells.flux.ravel())


def _paired(cells: Points, side: float) -> Points:
    """Return four points for the nine of each cell: same light, centroid and second moments."""
    flux = cells.flux
    total, x1, x2 = _moments(flux[0::3], flux[1::3], flux[2::3])
    _, y1, y2 = _moments(flux[0:3], flux[3:6], flux[6:9])
    xy = _NODES[2] ** 2 / 4 * (flux[0] - flux[2] - flux[6] + flux[8])
    shown = np.maximum(total, _FAINTEST)
    step_x, step_y = (np.sqrt(np.maximum(second / shown, 1e-6)) for second in (x2, y2))
    lean_x, lean_y, twist = x1 / step_x, y1 / step_y, xy / (step_x * step_y)
    quarters = [
        (x, y, total + x * lean_x + y * lean_y + x * y * twist) for x in (-1, 1) for y in (-1, 1)
    ]
    return Points(
        np.tile(cells.owner, 4),
        np.concatenate([cells.x + x * side * step_x for x, _, _ in quarters]),
        np.concatenate([cells.y + y * side * step_y for _, y, _ in quarters]),
        np.concatenate([light / 4 for _, _, light in quarters]),
    )


def _moments(low: Floats, middle: Floats, high: Floats) -> tuple[Floats, Floats, Floats]:
    """Return the light and its first and second moment about the centre, in sides."""
    ends = [(side[0] + side[1]) + side[2] for side in (low, high)]
    total = (middle[0] + middle[1]) + middle[2] + ends[0] + ends[1]
    node = _NODES[2] / 2
    return total, node * (ends[1] - ends[0]), node**2 * (ends[0] + ends[1])
