"""Images of the sky by points of light: a truth that shares nothing with the engine but formulas.

A source is many points of light at Gauss-Legendre nodes. Each is laid on the nodes of a fine
lattice by polynomials of degree seven, and what a node gives to a pixel is exact: the flux of a
Moffat in a square is, by the divergence theorem, an integral along its borders of

    e(r) = E(r) / (2 pi r^2),    E(r) = 1 - (1 + r^2 / a^2)^(1 - beta).

Slow and plain: no table, no transform of a profile or of a PSF, no periodic image of anything.
"""

from typing import NamedTuple

import numpy as np
from scipy.signal import fftconvolve
from scipy.special import gamma, gammaincinv

_STENCIL = np.arange(-3, 5)
_NODES, _WEIGHTS = np.polynomial.legendre.leggauss(8)
_FEW_NODES, _FEW_WEIGHTS = np.polynomial.legendre.leggauss(4)
_TWO_PI = 2 * np.pi


class Points(NamedTuple):
    """Places in pixels and the flux at each, (n,)."""

    x: np.ndarray
    y: np.ndarray
    flux: np.ndarray


def together(parts):
    """Return the points of several lights."""
    return Points(*(np.concatenate(column) for column in zip(*parts, strict=True)))


# What a pixel sees


def star(x, y, fwhm, beta, shape):
    """Return (ny, nx) shares of a star's flux, at a place in pixels; exact."""
    radius = scale_radius(fwhm, beta)
    columns, rows = (
        np.arange(size + 1) - 0.5 - at for size, at in zip(shape[::-1], (x, y), strict=True)
    )
    across = _flow(columns, rows, radius, beta)
    up = _flow(rows, columns, radius, beta)
    return np.diff(across, axis=0).T + np.diff(up, axis=0)


def _flow(distances, ends, radius, beta):
    """Return what flows through pieces of the lines at some distances, (line, piece)."""
    w = np.hypot(distances, radius / 2)[:, None]
    turned = np.arcsinh(ends / w)
    total = np.zeros((len(distances), len(ends) - 1))
    for quarter in range(4):
        span = np.diff(turned) / 8
        v = turned[:, :-1] + span * (2 * quarter + 1)
        for node, weight in zip(_NODES, _WEIGHTS, strict=True):
            at = v + span * node
            r2 = distances[:, None] ** 2 + (w * np.sinh(at)) ** 2
            total += weight * span * w * np.cosh(at) * _enclosed(r2, radius, beta)
    return distances[:, None] * total


def _enclosed(r2, radius, beta):
    """Return E(r) / (2 pi r^2)."""
    r2 = r2 + 1e-300
    return -np.expm1((1 - beta) * np.log1p(r2 / radius**2)) / (_TWO_PI * r2)


def scale_radius(fwhm, beta):
    """Return the a of a Moffat."""
    return fwhm / (2 * np.sqrt(np.expm1(np.log(2) / beta)))


def seen(points, fwhm, beta, shape):
    """Return the image (ny, nx) of points through a Moffat of a FWHM above 0 and the pixel."""
    fine = 2 * int(np.clip(np.ceil(5 / fwhm), 2, 16))
    reach = max(24, *shape)
    near = np.ones(points.x.size, dtype=bool)
    for at, size in ((points.x, shape[1]), (points.y, shape[0])):
        near &= (at > 2 - reach) & (at < size + reach - 3)
    laid = _laid(Points(*(column[near] for column in points)), fine, reach, shape)
    kernel = _kernel(fine, reach + max(shape), fwhm, beta)
    image = fftconvolve(laid, kernel, mode="same")
    image = image[reach * fine :: fine, reach * fine :: fine][: shape[0], : shape[1]]
    return image + _from_afar(Points(*(column[~near] for column in points)), fwhm, beta, shape)


def _laid(points, fine, reach, shape):
    """Return the lattice (y, x) that polynomials of degree seven lay points on."""
    rows, columns = (fine * (size + 2 * reach) for size in shape)
    (column, across), (row, along) = (_weights((at + reach) * fine) for at in (points.x, points.y))
    lattice = np.zeros(rows * columns)
    for j, v in zip(_STENCIL, along, strict=True):
        for i, u in zip(_STENCIL, across, strict=True):
            place = (row + j) * columns + column + i
            lattice += np.bincount(place, points.flux * u * v, minlength=lattice.size)
    return lattice.reshape(rows, columns)


def _weights(at):
    below = np.floor(at).astype(np.intp)
    t = at - below
    return below, [
        np.prod([(t - m) / (n - m) for m in _STENCIL if m != n], axis=0) for n in _STENCIL
    ]


def _kernel(fine, far, fwhm, beta):
    """Return the flux in a pixel at lags of -far to far, (y, x), steps of 1 / fine."""
    half, radius = fine // 2, scale_radius(fwhm, beta)
    lines = np.arange(far * fine + half + 1) / fine
    # From the middle to corners: two borders pass the middle, and nothing flows through those.
    ends = lines[:-1, None] + (_FEW_NODES + 1) / (2 * fine)
    flow = np.stack(
        [
            (_enclosed(line**2 + ends**2, radius, beta) @ _FEW_WEIGHTS) * line / (2 * fine)
            for line in lines
        ]
    )
    edge = np.concatenate([np.zeros((lines.size, 1)), np.cumsum(flow, axis=1)], axis=1)
    corner = edge + edge.T
    lags = np.arange(-far * fine, far * fine + 1)
    low, high = lags - half, lags + half

    def at(rows, columns):
        signs = np.sign(rows)[:, None] * np.sign(columns)
        return signs * corner[np.abs(rows)][:, np.abs(columns)]

    return at(high, high) - at(low, high) - at(high, low) + at(low, low)


def _from_afar(points, fwhm, beta, shape):
    """Return what wings bring from points far outside, by polynomials over the image."""
    if not points.x.size:
        return 0.0
    order, radius = 8, scale_radius(fwhm, beta)
    angle = np.pi * (np.arange(order) + 0.5) / order
    (rows, up), (columns, across) = (
        ((size - 1) / 2 * (1 + np.cos(angle)), _polynomials(order, size)) for size in shape
    )
    values = np.empty((order, order))
    for j, row in enumerate(rows):
        for i, column in enumerate(columns):
            r2 = (points.x - column) ** 2 + (points.y - row) ** 2
            values[j, i] = points.flux @ (1 + r2 / radius**2) ** -beta
    return up @ values @ across.T * (beta - 1) / (np.pi * radius**2)


def _polynomials(order, size):
    """Return the weights (pixel, node) of Chebyshev's interpolation."""
    angle = np.pi * (np.arange(order) + 0.5) / order
    place = np.linspace(-1, 1, size) if size > 1 else np.zeros(1)
    terms = np.cos(np.arange(order) * np.arccos(place)[:, None])
    terms[:, 0] /= 2
    return 2 / order * terms @ np.cos(np.arange(order)[:, None] * angle)


# Light


def polar(light, galaxy, *, resolution, inner=1e-7, outer=1e4, twist=0.0, harmonics=0, far=None):
    """Return the points of a light on ellipses about a place.

    Parameters
    ----------
    light : callable
        Of radius (node, 1), over the half-light radius, and azimuth (node, azimuth) in the plane
        that the ellipses are circles in: brightness, whose integral over that plane is the flux.
    galaxy : mapping
        ``x``, ``y``, ``half_light_radius``, ``axis_ratio``, ``position_angle``.
    resolution : float
        Pixels in which the PSF changes.
    inner, outer : float
        Radii between which there is light.
    twist, harmonics : float
        Turns of a pattern: the phase it gains in an e-fold of radius and around the middle.
    far : float
        Pixels beyond which PSFs are smooth.
    """
    size = galaxy["half_light_radius"]
    parts = []
    for low, high in _panels(size, inner, outer, resolution, twist, far):
        u = (low + high) / 2 + (high - low) / 2 * _NODES
        radius, weight = np.exp(u)[:, None], ((high - low) / 2 * _WEIGHTS)[:, None]
        wide = min(size * radius.max(), far)
        count = int(32 + 2 * harmonics + 18 * wide / resolution)
        azimuth = _TWO_PI * (np.arange(count) + 0.25) / count
        flux = light(radius, azimuth) * radius**2 * weight * _TWO_PI / count
        x, y = on_sky(galaxy, radius, azimuth)
        parts.append(Points(x.ravel(), y.ravel(), np.broadcast_to(flux, x.shape).ravel()))
    return together(parts)


def _panels(size, inner, outer, resolution, twist, far):
    """Yield pieces of the logarithm of the radius, short where the PSF or a pattern asks it."""
    most = min(0.4, 5 / max(twist, 1e-9))
    low, end = np.log(inner), np.log(outer)
    while low < end:
        pixels = size * np.exp(low)
        step = 1.25 * resolution if pixels < far else 0.3 * pixels
        high = min(low + most, end, np.log(np.exp(low) + step / size))
        yield low, high
        low = high


def on_sky(galaxy, radius, azimuth):
    """Return the places of points in the plane of a disc."""
    angle, size = np.deg2rad(galaxy["position_angle"]), galaxy["half_light_radius"]
    major = size * radius * np.cos(azimuth)
    minor = size * galaxy["axis_ratio"] * radius * np.sin(azimuth)
    return (
        galaxy["x"] + np.cos(angle) * major - np.sin(angle) * minor,
        galaxy["y"] + np.sin(angle) * major + np.cos(angle) * minor,
    )


def sersic(radius, index):
    """Return the brightness of unit flux and half-light radius, in circles."""
    b = gammaincinv(2 * index, 0.5)
    central = b ** (2 * index) / (_TWO_PI * index * gamma(2 * index))
    return central * np.exp(-b * radius ** (1 / index))


def gaussians(flux, x, y, sigma, *, resolution):
    """Return the points of round Gaussians."""
    radius, weight = np.polynomial.laguerre.laggauss(12)
    parts = []
    for f, at_x, at_y, s in zip(flux, x, y, sigma, strict=True):
        count = int(24 + 30 * s / resolution)
        azimuth = _TWO_PI * np.arange(count)[:, None] / count
        r = s * np.sqrt(2 * radius)
        light = np.broadcast_to(f * weight / count, (count, r.size))
        parts.append(
            Points(
                (at_x + r * np.cos(azimuth)).ravel(),
                (at_y + r * np.sin(azimuth)).ravel(),
                light.ravel(),
            )
        )
    return together(parts)


def adaptive(brightness, window, *, resolution, tolerance, depth=16):
    """Return points in cells that are halved until their sixteen points tell their light.

    Parameters
    ----------
    brightness : callable
        Flux in a square pixel, at (x, y).
    window : (x0, y0, x1, y1)
    resolution : float
        Widest cell in pixels.
    tolerance : float
        Flux by which a cell may err.
    """
    sides = [int(np.ceil((b - a) / min(resolution, 1))) for a, b in (window[::2], window[1::2])]
    x, y = (
        (a + (np.arange(n) + 0.5) * (b - a) / n)
        for n, (a, b) in zip(sides, (window[::2], window[1::2]), strict=True)
    )
    wide, high = (window[2] - window[0]) / sides[0], (window[3] - window[1]) / sides[1]
    x, y = (axis.ravel() for axis in np.meshgrid(x, y))
    cells = _cells(brightness, x, y, wide, high)
    parts = []
    for _ in range(depth):
        quarters = [
            _cells(brightness, x + i * wide / 4, y + j * high / 4, wide / 2, high / 2)
            for i in (-1, 1)
            for j in (-1, 1)
        ]
        lost = np.abs(sum(q.flux.sum(axis=1) for q in quarters) - cells.flux.sum(axis=1))
        done = lost <= tolerance
        parts += [Points(*(column[done].ravel() for column in q)) for q in quarters]
        wide, high = wide / 2, high / 2
        cells = Points(
            *(np.concatenate([c[~done] for c in col]) for col in zip(*quarters, strict=True))
        )
        if not cells.x.size:
            break
        x, y = cells.x.mean(axis=1), cells.y.mean(axis=1)
    parts.append(Points(*(column.ravel() for column in cells)))
    return together(parts)


def _cells(brightness, x, y, wide, high):
    """Return the sixteen points of cells, (cell, 16)."""
    i, j = (axis.ravel() for axis in np.meshgrid(_FEW_NODES / 2, _FEW_NODES / 2))
    weight = np.outer(_FEW_WEIGHTS, _FEW_WEIGHTS).ravel() / 4 * wide * high
    at_x, at_y = x[:, None] + wide * i, y[:, None] + high * j
    return Points(at_x, at_y, brightness(at_x, at_y) * weight)
