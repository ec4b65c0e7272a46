"""What `rays.c`, `lensed.c` and `arc.c` do, in numpy: the readable truth.

Cells of all sources are taken together, level by level; the kernels take those of one source,
depth first. Light is the same, and sums of it are in another order.
"""

from typing import NamedTuple

import numpy as np
from scipy.special import erf

from skybench.generators.sky import rays

ROOT = 8
DEPTH = 30
NODES, WEIGHTS = np.polynomial.legendre.leggauss(3)
X, Y = (axis.reshape(-1, 1) / 2 for axis in np.meshgrid(NODES, NODES))
SHARE = np.outer(WEIGHTS, WEIGHTS).reshape(-1, 1) / 4


class Points(NamedTuple):
    """Light at points, (n,), or at the nine points of cells, flux (9, n)."""

    owner: np.ndarray
    x: np.ndarray
    y: np.ndarray
    flux: np.ndarray


def gauss_error(slope, curving):
    """Return the relative error of three Gauss points, at most 1.

    The j-th derivative of ln I over half a cell is taken as slope (j - 1)! curving^(j - 1), as
    of a power of the distance; that of I then is slope (slope + curving) ... (slope +
    (j - 1) curving), and the rule errs by the sixth.
    """
    growth = slope
    for j in range(1, 6):
        growth = growth * (slope + j * curving)
    return np.minimum(growth / 31500, 1)


class LensedSersic:
    """Galaxies behind isothermal ellipsoids, from the numbers of `lensed.light`."""

    def __init__(self, numbers):
        columns = tuple(numbers.T)
        self.lens, self.axes = columns[:6], (columns[6:11], columns[11:16])
        self.profile = columns[16:]

    def brightness(self, owner, x, y):
        """Return the flux per square pixel at points relative to the lens."""
        cos, sin, e, q2 = (column[owner] for column in self.lens[:4])
        along, across = cos * x + sin * y, cos * y - sin * x
        slant = e / np.sqrt(np.maximum(q2 * along**2 + across**2, 1e-36))
        along, across = np.arctan(slant * along), np.arctanh(slant * across)
        squared = np.full(x.shape, 1e-36)
        for axis in self.axes:
            by_x, by_y, by_along, by_across, offset = (column[owner] for column in axis)
            squared += (by_x * x + by_y * y - by_along * along - by_across * across - offset) ** 2
        return self._sersic(owner, squared)[0]

    def _sersic(self, owner, squared):
        """Return the brightness at squared radii m^2, and -d ln I / d ln m."""
        half_index, log_b, central = (column[owner] for column in self.profile[:3])
        exponent = np.exp(half_index * np.log(squared) + log_b)
        return central * np.exp(-exponent), 2 * half_index * exponent

    def roughness(self, owner, x, y, half):
        """Describe cells by the piece of the source that they map to.

        Where that is clear of the centre of the galaxy, the growth of I along x and y tells
        how well nine points do; elsewhere the steepest part that a cell may hold does.
        """
        piece = self._piece(owner, x, y)
        bent = half / np.maximum(piece.psi, half / 2)
        reach, radius = self._reach(owner, piece, half, bent), np.sqrt(piece.squared)
        nearest = np.maximum(radius - reach, np.minimum(reach, 1) / 2)
        brightest, steep = self._sersic(owner, nearest**2)
        rough = gauss_error(steep * reach / nearest, np.maximum(reach / nearest, bent))
        typical, steep = self._sersic(owner, piece.squared)
        curving = np.maximum(half * np.sqrt(piece.norm) / radius, bent)
        smooth = gauss_error(steep * half * piece.growth, curving)
        clear = reach < 0.7 * radius
        return brightest, np.where(clear, typical * smooth, brightest * rough)

    def _piece(self, owner, x, y):
        cos, sin, e, q2 = (column[owner] for column in self.lens[:4])
        along, across = cos * x + sin * y, cos * y - sin * x
        r2 = np.maximum(along**2 + across**2, 1e-36)
        psi = np.sqrt(np.maximum(q2 * along**2 + across**2, 1e-36))
        slant = e / psi
        turn_along, turn_across = np.arctan(slant * along), np.arctanh(slant * across)
        squared, norm = np.full(x.shape, 1e-36), np.zeros(x.shape)
        grow_x, grow_y = np.zeros(x.shape), np.zeros(x.shape)
        for axis in self.axes:
            by_x, by_y, by_along, by_across, offset = (column[owner] for column in axis)
            p = by_x * x + by_y * y - by_along * turn_along - by_across * turn_across - offset
            # The deflection is the same all along a radius; across it changes by 2 kappa.
            bend = slant / r2 * (by_across * along - by_along * across)
            p_x, p_y = by_x + bend * y, by_y - bend * x
            squared += p**2
            norm += p_x**2 + p_y**2
            grow_x += p * p_x
            grow_y += p * p_y
        growth = np.maximum(np.abs(grow_x), np.abs(grow_y)) / squared
        return _Piece(psi, squared, norm, growth)

    def _reach(self, owner, piece, half, bent):
        """Return at least how far on the source, in its radii, a cell reaches from its middle."""
        mass, shear = (column[owner] for column in self.lens[4:])
        twice_kappa = mass / np.maximum(piece.psi - np.sqrt(2) * half, 0.1 * half)
        most = np.sqrt(2) * (shear + np.maximum(1, twice_kappa - 1)) / self.profile[3][owner]
        local = np.minimum(1.1 * np.sqrt(piece.norm) * (1 + 2 * bent), most)
        return np.asarray(half * np.where(bent < 0.25, local, most))


class _Piece(NamedTuple):
    """What points map to.

    psi of the lens; on the galaxy m^2, the squared Frobenius norm of the Jacobian of p, and
    the greater of d ln m / dx and d ln m / dy.
    """

    psi: np.ndarray
    squared: np.ndarray
    norm: np.ndarray
    growth: np.ndarray


class Arcs:
    """Stretches of rings, from the numbers of `lensed_arc`."""

    def __init__(self, numbers):
        names = ("radius", "sigma", "direction", "half", "central", "fading")
        for name, column in zip(names, numbers.T, strict=True):
            setattr(self, name, column)

    def brightness(self, owner, x, y):
        """Return the flux per square pixel at points relative to the centre of the ring."""
        phi = self._phi(owner, x, y)
        return self._at(owner, np.hypot(x, y) - self.radius[owner], phi)

    def _phi(self, owner, x, y):
        """Return the angle from the middle of the arc, 0 to pi."""
        phi = np.arctan2(y, x) - self.direction[owner]
        return np.abs(phi - 2 * np.pi * np.round(phi / (2 * np.pi)))

    def _at(self, owner, off, phi):
        width = np.sqrt(2) * self.fading[owner]
        half = self.half[owner]
        along = np.zeros(phi.shape)
        for turn in (-2 * np.pi, 0, 2 * np.pi):
            along += erf((half + phi + turn) / width) + erf((half - phi - turn) / width)
        across = np.exp(-((off / self.sigma[owner]) ** 2) / 2)
        return np.asarray(self.central[owner] / 2 * across * along)

    def roughness(self, owner, x, y, half):
        """Describe cells by their distance from the middle of the arc."""
        sigma, r = self.sigma[owner], np.hypot(x, y)
        reach = np.sqrt(2) * half
        off = np.maximum(np.abs(r - self.radius[owner]) - reach, 0)
        turn = np.where(r > reach, reach / np.maximum(r, reach), np.pi)
        phi = np.maximum(self._phi(owner, x, y) - 1.6 * turn, 0)
        brightest = self._at(owner, off, phi)
        # A Gaussian's derivatives, bounded by those of a power; the ends fade as steeply.
        scale = np.minimum(sigma, self.fading[owner] * np.maximum(r, half / 2))
        beyond = r * np.maximum(phi - self.half[owner], 0)
        slope = 1.4 * half * (1 / scale + off / sigma**2 + beyond / scale**2)
        # About the centre of the ring the angle takes all values.
        lost = np.where(r < 2 * reach, 1, gauss_error(slope, 0.8 * half / scale))
        return brightest, brightest * lost


def integrate(light, frame, size, merge):
    """Return points that carry the light of the sources, on their stamps."""
    source_x, source_y, left, right, low, high, allowances, widest, from_x, from_y = frame.table().T
    owner, x, y = roots(size, left, right, low, high)
    side, found = float(ROOT), []
    for level in range(DEPTH):
        dx, dy = x - source_x[owner], y - source_y[owner]
        brightest, lost = light.roughness(owner, dx, dy, side / 2)
        allowed = allowances[owner] / side**2
        split = (np.where(side > widest[owner], brightest, lost) > allowed) & (level + 1 < DEPTH)
        keep = np.flatnonzero(~split & (brightest > 1e-3 * allowed))
        flux = light.brightness(owner[keep], dx[keep] + side * X, dy[keep] + side * Y)
        cells = Points(owner[keep], x[keep], y[keep], flux * (SHARE * side**2))
        found.append(fewer(cells, side, merge))
        owner, x, y = quarters(owner[split], x[split], y[split], side)
        side /= 2
        if not owner.size:
            break
    points = Points(*(np.concatenate(column) for column in zip(*found, strict=True)))
    return points._replace(x=points.x + from_x[points.owner], y=points.y + from_y[points.owner])


def roots(size, left, right, low, high):
    middles = np.arange(ROOT / 2, size, ROOT) - 0.5
    columns, rows = touched(middles, left, right), touched(middles, low, high)
    owner, row, column = np.nonzero(rows[:, :, None] & columns[:, None, :])
    return owner, middles[column], middles[row]


def touched(middles, first, last):
    above = middles + ROOT / 2 > first[:, None]
    return above & (middles - ROOT / 2 < last[:, None])


def quarters(owner, x, y, side):
    step = side / 4
    x = (x[:, None] + step * np.array([-1.0, 1, -1, 1])).ravel()
    y = (y[:, None] + step * np.array([-1.0, -1, 1, 1])).ravel()
    return np.repeat(owner, 4), x, y


def fewer(cells, side, merge):
    """Return as few points as tell the light of cells: one, four, or all nine."""
    if side <= merge:
        return cells._replace(flux=cells.flux.sum(axis=0))
    if side > 16 * merge:
        return nine(cells, side)
    light, positive = four(cells, side)
    kept = Points(*(column[..., ~positive] for column in cells))
    return Points(*map(np.concatenate, zip(light, nine(kept, side), strict=True)))


def nine(cells, side):
    x, y = cells.x + side * X, cells.y + side * Y
    return Points(np.tile(cells.owner, 9), x.ravel(), y.ravel(), cells.flux.ravel())


def four(cells, side):
    """Return four points for the nine of each cell, and where all four have light.

    They have the same light, centroid and second moments.
    """
    flux, total = cells.flux, cells.flux.sum(axis=0)
    shown = np.maximum(total, 1e-200)
    x1, y1, x2, y2, xy = ((w * flux).sum(axis=0) for w in (X, Y, X**2, Y**2, X * Y))
    step_x, step_y = (np.sqrt(np.maximum(second / shown, 1e-6)) for second in (x2, y2))
    lean_x, lean_y, twist = x1 / step_x, y1 / step_y, xy / (step_x * step_y)
    positive = np.abs(lean_x) + np.abs(lean_y) + np.abs(twist) <= total
    quarters = [
        (x, y, total + x * lean_x + y * lean_y + x * y * twist) for x in (-1, 1) for y in (-1, 1)
    ]
    points = Points(
        np.tile(cells.owner[positive], 4),
        np.concatenate([(cells.x + x * side * step_x)[positive] for x, _, _ in quarters]),
        np.concatenate([(cells.y + y * side * step_y)[positive] for _, y, _ in quarters]),
        np.concatenate([light[positive] / 4 for _, _, light in quarters]),
    )
    return points, positive


LIGHTS = {rays.LENSED: LensedSersic, rays.ARC: Arcs}


def pixels(light, frame, size):
    """Return the light in each pixel of stamps."""
    points = integrate(LIGHTS[light.kind](light.numbers), frame, size, 1.0)
    stamps = np.zeros((len(light.numbers), size, size))
    row, column = (np.floor(at + 0.5).astype(int) for at in (points.y, points.x))
    np.add.at(stamps, (points.owner, row, column), points.flux)
    return stamps


def lattices(light, frame, size, side, merge):
    """Return the light of sources on periodic lattices, spread by cubic B-splines."""
    points = integrate(LIGHTS[light.kind](light.numbers), frame, size, merge)
    found = np.zeros((len(light.numbers), side, side))
    column, across = spline(points.x % size * side / size)
    row, along = spline(points.y % size * side / size)
    for j in range(4):
        for i in range(4):
            place = points.owner, (row + j) % side, (column + i) % side
            np.add.at(found, place, points.flux * along[j] * across[i])
    return found


def spline(at):
    """Return the first of four nodes, and the cubic B-spline on each."""
    below = np.floor(at)
    t = at - below
    weights = (1 - t) ** 3, 4 - 6 * t**2 + 3 * t**3, 1 + 3 * (t + t**2 - t**3), t**3
    return below.astype(int) - 1, np.stack(weights) / 6
