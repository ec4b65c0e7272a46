"""The pixel integrals of native/stars.c in numpy, in double precision throughout."""

import numpy as np
from numpy.polynomial.legendre import leggauss

CORE = 3
WIDE = 8

_NODES, _WEIGHTS = leggauss(40)


def integrate(dx, dy, fwhm, beta, flux):
    """Return (y, x) fluxes of a Moffat in pixels whose centres are dx and dy off it."""
    radius = fwhm / (2 * np.sqrt(np.expm1(np.log(2) / beta)))
    pixels = smooth(dx, dy[:, None], radius, beta)
    if fwhm < WIDE:
        x, y = (np.flatnonzero(_near(at)) for at in (dx, dy))
        if x.size and y.size:
            pixels[np.ix_(y, x)] = flow(dx[x], dy[y], radius, beta, fwhm)
    return flux * pixels


def _near(offsets):
    """Return which pixels are at most CORE beside the one that the star is in."""
    return np.abs(np.floor(offsets - offsets[0] + 0.5) - np.floor(0.5 - offsets[0])) <= CORE


def smooth(x, y, radius, beta):
    """Return means of pixels by the derivatives of second and fourth order at their centres.

    With h the side, the mean of f is f + h^2/24 (f_xx + f_yy) + h^4/1920 (f_xxxx + f_yyyy)
    + h^4/576 f_xxyy, and f is a function of r^2.
    """
    rr = x**2 + y**2
    q = 1 / (radius**2 + rr)
    first = beta * q
    second = first * (beta + 1) * q
    third = second * (beta + 2) * q
    fourth = third * (beta + 3) * q
    mean = 1 + (4 * rr * second - 4 * first) / 24
    mean += second * (24 / 1920 + 4 / 576) - third * rr * (48 / 1920 + 8 / 576)
    mean += fourth * (16 * (x**4 + y**4) / 1920 + 16 * x**2 * y**2 / 576)
    peak = (beta - 1) / (np.pi * radius**2)
    return peak * np.exp(-beta * np.log1p(rr / radius**2)) * np.maximum(mean, 0)


def flow(x, y, radius, beta, fwhm):
    """Return the flow of E(r) / (2 pi r) along r through the borders of pixels."""
    columns, rows = (np.append(at - 0.5, at[-1] + 0.5) for at in (x, y))
    across = np.stack([_through(at, rows, radius, beta, fwhm) for at in columns])
    up = np.stack([_through(at, columns, radius, beta, fwhm) for at in rows])
    return np.diff(across, axis=0).T + np.diff(up, axis=0)


def _through(distance, ends, radius, beta, fwhm):
    w = np.hypot(distance, fwhm / 2)
    turned = np.arcsinh(ends / w)
    half = np.diff(turned) / 2
    v = turned[:-1, None] + half[:, None] * (_NODES + 1)
    rr = distance**2 + (w * np.sinh(v)) ** 2 + 1e-300
    values = -np.expm1((1 - beta) * np.log1p(rr / radius**2)) / rr * w * np.cosh(v)
    return distance / (2 * np.pi) * (values @ _WEIGHTS) * half
