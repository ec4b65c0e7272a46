"""The wings of galaxies in numpy: what the kernels of wings.h and galaxies.c compute, to be read.

See `skybench.generators.sky.wings` for what they are.
"""

from functools import lru_cache

import numpy as np
from numpy.typing import NDArray
from scipy.special import gammaincc

from skybench.generators.arrays import Floats
from skybench.generators.sky import moffat, sersic_profile, wings
from skybench.generators.sky.cut_psf import WIDE
from skybench.generators.sky.stamps import Sources, Windows

TOLERANCE = 1e-4
"""Error of the wings, over the peak, that the radius is chosen for."""

_FLUX = 10.0
"""The same for their flux: error a squared radius over that."""

_RADII = 4.0 * 2.0 ** (np.arange(28) / 3)

_INSIDE = np.maximum(_RADII - 12, 0.1)

_LEAK = 0.1
"""Weight of a node that far inside, in the light outside."""

_MESH = 8.0
"""Pixels between nodes that the wings are to be smooth on."""

_NODES = 5
"""Nodes along an axis of the light of the copies."""

_CHEBYSHEV = np.cos(np.pi * (np.arange(_NODES) + 0.5) / _NODES)

_COPIES = np.array([(i, j) for j in (-1, 0, 1) for i in (-1, 0, 1) if (i, j) != (0, 0)]).T

_ANGLES = np.pi * (np.arange(32) + 0.5) / 32
_COS, _SIN = np.cos(_ANGLES), np.sin(_ANGLES)

_RULE = np.polynomial.legendre.leggauss(16)


def _strictness(sources: Sources) -> Floats:
    """Return (m, 1) by how much better the flux is known: more so under wide wings."""
    return np.where(sources["psf_beta"] < WIDE, 8.0, 1.0)[:, None]


def light(sources: Sources, dx: Floats, dy: Floats) -> Floats:
    """Return f at (m, points) offsets from the sources, in electrons a pixel.

    Profiles that taper off have no wings: ``_tapered`` is 1 for them.
    """
    return np.asarray(_profile(sources, dx, dy) + _psf(sources, dx, dy))


def _profile(sources: Sources, dx: Floats, dy: Floats) -> Floats:
    n, scale = sources["sersic_index"], sources["half_light_radius"]
    b = sources["_b"]
    squared = _quadratic([c / scale**2 for c in _form(sources)], dx, dy)
    np.log(np.maximum(squared, 1e-30, out=squared), out=squared)
    squared /= 2 * n[:, None]
    np.exp(squared, out=squared)
    squared *= -b[:, None]
    np.exp(squared, out=squared)
    centre = np.exp(-sersic_profile.log_norm(n, b)) / (sources["axis_ratio"] * scale**2)
    squared *= (sources["flux"] * centre * (1 - sources["_tapered"]))[:, None]
    return squared


def _psf(sources: Sources, dx: Floats, dy: Floats) -> Floats:
    fwhm, beta = sources["psf_fwhm"], sources["psf_beta"]
    a = moffat.scale_radius(np.where(fwhm > 0, fwhm, 1.0), beta)
    squared = (dx**2 + dy**2) / (a**2)[:, None]
    wing = moffat.surface(squared, a[:, None], beta[:, None])
    return np.asarray(wing * (sources["flux"] * (fwhm > 0))[:, None])


def _form(sources: Sources) -> tuple[Floats, Floats, Floats]:
    """Return xx, xy, yy: the squared elliptical radius is xx x^2 + 2 xy x y + yy y^2."""
    angle, q = np.deg2rad(sources["position_angle"]), sources["axis_ratio"]
    cos, sin = np.cos(angle), np.sin(angle)
    return cos**2 + (sin / q) ** 2, cos * sin * (1 - q**-2), sin**2 + (cos / q) ** 2


def _quadratic(form: list[Floats], dx: Floats, dy: Floats) -> Floats:
    xx, xy, yy = (c[:, None] for c in form)
    return np.asarray(dx * (xx * dx + 2 * xy * dy) + yy * dy**2)


def radius(sources: Sources) -> Floats:
    """Return the radius in pixels beyond which the wings tell all, to `TOLERANCE`.

    What they neglect, over the profile's own light at a radius r along its major axis:
    the blur of the PSF, the light that it has scattered away, and the mesh.
    """
    n, scale, q, fwhm = (
        sources[name][:, None]
        for name in ("sersic_index", "half_light_radius", "axis_ratio", "psf_fwhm")
    )
    beta = np.minimum(sources["psf_beta"], 50)[:, None]
    a = moffat.scale_radius(np.where(fwhm > 0, fwhm, 1e-3), beta)
    b = sources["_b"][:, None]
    log_norm = sersic_profile.log_norm(n, b) + np.log(q * scale**2)
    exponent, inner = (b * (r / scale) ** (1 / n) for r in (_RADII, _INSIDE))
    slope = exponent / n
    # A profile that falls faster than any wing is not blurred by a share, but manifold.
    blur = 0.4 * fwhm**2 * (slope**2 + slope / q**2) / _RADII**2
    lost = moffat.share_outside(_RADII, a, beta)
    wrong = np.exp(-exponent - log_norm) * (np.expm1(np.minimum(blur, 50)) + lost)
    # The mesh carries light outwards by some of its steps.
    mesh = (_MESH * np.maximum(slope, 1) / (q * _RADII)) ** 4 / 400
    wrong += _LEAK * np.exp(-inner - log_norm) * np.minimum(mesh, 1)
    spread = (beta * scale / _RADII) ** 2
    wrong += moffat.surface((_RADII / a) ** 2, a, beta) * np.expm1(np.minimum(spread, 50))
    mesh = (2 * _MESH * beta / _RADII) ** 4 / 400
    wrong += _LEAK * moffat.surface((_INSIDE / a) ** 2, a, beta) * np.minimum(mesh, 1)
    flux = _FLUX / _RADII**2 / _strictness(sources)
    bad = wrong > TOLERANCE * np.minimum(wings.least_peak(sources)[:, None], flux)
    last = bad.shape[1] - np.argmax(bad[:, ::-1], axis=1)
    place = np.minimum(np.where(bad.any(axis=1), last, 0), _RADII.size - 1)
    return np.asarray(_RADII[place])


def copies(sources: Sources, windows: Windows, sizes: NDArray[np.int64]) -> Floats:
    """Return (m, node, node) light that the copies of sources shed upon stamps.

    The eight nearest copies are summed; all others together shed a uniform light.
    """
    x, y = (
        (origin - sources[name])[:, None] + (length - 1)[:, None] / 2 * (1 + _CHEBYSHEV)
        for name, origin, length in (
            ("source_x", windows.x0, windows.width),
            ("source_y", windows.y0, windows.height),
        )
    )
    shape = sizes.size, _COPIES.shape[1], _NODES, _NODES
    dx, dy = (
        np.broadcast_to(at + sizes[:, None, None, None] * turn[:, None, None], shape)
        for at, turn in ((x[:, None, None, :], _COPIES[0]), (y[:, None, :, None], _COPIES[1]))
    )
    dx, dy = dx.reshape(shape[0], -1), dy.reshape(shape[0], -1)
    shed = _profile(sources, dx, dy)
    some = np.flatnonzero(_shines(sources, sizes))
    if some.size:
        shed[some] += _psf(
            {name: values[some] for name, values in sources.items()}, dx[some], dy[some]
        )
    shed = shed.reshape(shape)
    share = outside(sources, np.asarray(1.5 * sizes))
    total = np.asarray(sources["flux"] * share / sizes**2)[:, None, None]
    for one in range(shape[1]):
        total = total + shed[:, one]
    return np.asarray(total)


def _shines(sources: Sources, sizes: NDArray[np.int64]) -> NDArray[np.bool_]:
    """Return whether the PSF's wings are bright enough to be seen of a copy."""
    one = np.zeros((sizes.size, 1))
    bright = _psf(sources, sizes[:, None] / 2, one)[:, 0]
    seen = bright > 0.01 * TOLERANCE * wings.least_peak(sources) * sources["flux"]
    return np.asarray(seen | (sources["psf_beta"] < WIDE))


def spread(nodes: Floats, shape: tuple[int, int]) -> Floats:
    """Return (m, y, x): the polynomial through the nodes of `copies`."""
    return _polynomials(shape[0]) @ nodes @ _polynomials(shape[1]).T


def _places(length: int) -> Floats:
    return np.asarray((length - 1) / 2 * (1 + _CHEBYSHEV))


@lru_cache(maxsize=64)
def _polynomials(length: int) -> Floats:
    """Return (pixel, node) weights of Lagrange's interpolation between Chebyshev's nodes."""
    places, pixels = _places(max(length, 2)), np.arange(length)[:, None]
    columns = []
    for k in range(_NODES):
        others = np.delete(places, k)
        columns.append(np.prod((pixels - others) / (places[k] - others), axis=1))
    return np.stack(columns, axis=1)


def outside(sources: Sources, half: Floats) -> Floats:
    """Return the share of the flux of both wings outside of boxes of the given half sides.

    With E(m) the share within an elliptical radius, the profile's is the mean of 1 - E over
    the angle on the circularised profile, at the m where that direction leaves the box.
    """
    n, b = sources["sersic_index"][:, None], sources["_b"][:, None]
    q, angle = sources["axis_ratio"][:, None], np.deg2rad(sources["position_angle"])[:, None]
    x, y = np.cos(angle), np.sin(angle)
    along_x, along_y = np.abs(_COS * x - q * _SIN * y), np.abs(_COS * y + q * _SIN * x)
    m = (half / sources["half_light_radius"])[:, None] / np.maximum(along_x, along_y)
    total = _ordered_sum(gammaincc(2 * n, b * m ** (1 / n))) / _ANGLES.size
    return total * (1 - sources["_tapered"]) + _psf_outside(sources, half)


def _psf_outside(sources: Sources, half: Floats) -> Floats:
    fwhm, beta = sources["psf_fwhm"], sources["psf_beta"][:, None]
    a = moffat.scale_radius(np.where(fwhm > 0, fwhm, 1.0)[:, None], beta)
    nodes, weights = _RULE
    share = moffat.share_outside(half[:, None] / np.cos((nodes + 1) * np.pi / 8), a, beta)
    return _ordered_sum(weights / 2 * share) * (fwhm > 0)


def _ordered_sum(values: Floats) -> Floats:
    """Return sums of rows, whose order of additions no other row changes."""
    total = values[:, 0].copy()
    for column in values.T[1:]:
        total += column
    return total


_UNEVEN = 0.03
"""Relative error of the uniform light that stands for all copies but the nearest."""


def even_sizes(sources: Sources, sizes: NDArray[np.int64], length: int) -> NDArray[np.int64]:
    """Return the smallest grid on which the light of far copies may be taken for uniform."""
    # The copies of a needle are lines: they are brighter than a round one's, and less even.
    rounded = np.maximum(sources["axis_ratio"], 0.3)
    uneven = _UNEVEN * (rounded / sources["axis_ratio"])[:, None] ** 2
    scale = sources["half_light_radius"] * np.sqrt(rounded)
    n = sources["sersic_index"][:, None]
    share = gammaincc(2 * n, sources["_b"][:, None] * (1.5 * sizes / scale[:, None]) ** (1 / n))
    fwhm, beta = sources["psf_fwhm"][:, None], sources["psf_beta"][:, None]
    a = moffat.scale_radius(np.where(fwhm > 0, fwhm, 1e-9), beta)
    share += moffat.share_outside(1.5 * sizes, a, beta) * (fwhm > 0)
    wrong = uneven * share / sizes**2
    peak = wings.least_peak(sources)[:, None]
    flux = 2 / np.minimum(length, sizes) ** 2 / _strictness(sources)
    enough = wrong < TOLERANCE * np.minimum(peak, flux)
    enough[:, -1] = True
    return np.asarray(sizes[np.argmax(enough, axis=1)])
