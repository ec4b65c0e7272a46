"""A ring galaxy: a bright ring around a faint gap and a round core, as Hoag's object.

The light of the ring is log-normal in the elliptical radius r, in units of the ring's:

    I(r) = exp(-(ln r)^2 / 2 w^2) / ((2 pi)^(3/2) w q r^2),

so that its flux is 1 and its half-light radius 1 exactly, for any width w, and its centre dark.
Rings of collisional galaxies have such one-sided profiles (Madore et al. 2009, ApJS 181, 572);
the core is a Sersic profile. A ring may be lopsided and ragged (`asymmetry`). The ring's transform
depends on k times its radius and on w,

    F(k) = (2 pi w^2)^(-1/2) integral of exp(-t^2 / 2 w^2) J0(k e^t) dt,

a table in two variables by the fast Hankel transform (Hamilton 2000, MNRAS 312, 257); that of its
harmonic cos(m theta - delta) is (-i)^m cos(m psi - delta) times the same with J_m.
"""

from collections.abc import Iterator
from functools import lru_cache

import numpy as np
from scipy.fft import fht
from scipy.special import ndtri

from skybench.generators.arrays import Complexes, Floats
from skybench.generators.declaration import parameter
from skybench.generators.distributions import log_uniform, uniform
from skybench.generators.sky import asymmetry, components, fourier
from skybench.generators.sky.bulge_disc import BulgeDisc
from skybench.generators.sky.sersic import Sersic
from skybench.generators.sky.sky_object import BLUE, SkyObject, Smooth
from skybench.generators.sky.stamps import Sources, Stamps
from skybench.generators.variable import Interval

_STEP = 0.001
_NODES = 16384
_LOG_K = _STEP * np.arange(0.5 - _NODES / 2, _NODES / 2)
"""Logarithms of k times the radius of the ring: far below and above what a grid holds."""

_WIDTHS = np.geomspace(0.045, 0.55, 128)
_WRAPPED = 1e-4
"""Share of the flux that may lie beyond the stamp."""

_MOST_RAGS = 4
"""Periods around a ring that its irregular harmonics have, at most."""


class Ring(SkyObject):
    """Ring galaxy: a ring of log-normal profile around a gap and a Sersic core."""

    code = 4
    formula = "I(r) = exp(-(ln r)^2 / 2 w^2) / ((2 pi)^(3/2) w q r^2), r in radii of the ring"
    reference = "Madore, Nelson & Petrillo (2009), ApJS 181, 572"
    accuracy = "the formula at points of light, seen one by one through the PSF and the pixel"
    example = "Ring(flux=6e4, half_light_radius=14, axis_ratio=0.8).render((64, 64))"
    colour = BLUE
    smooth = Smooth(BulgeDisc)

    flux: float = parameter(default=log_uniform(1e4, 1e5))
    half_light_radius: float = parameter(default=uniform(6, 10))
    axis_ratio: float = parameter(default=uniform(0.5, 1))
    position_angle: float = parameter(default=uniform(0, 180))
    bulge_fraction: float = parameter(default=uniform(0.15, 0.45))
    bulge_radius_ratio: float = parameter(default=uniform(0.15, 0.3))
    bulge_sersic_index: float = parameter(default=uniform(1, 3))
    bulge_axis_ratio: float = parameter(default=uniform(0.7, 1))
    ring_width: float = parameter(
        "width of a ring: standard deviation of ln r of its light",
        units=None,
        domain=Interval(0.05, 0.5),
        default=uniform(0.12, 0.25),
    )
    lopsidedness: float = asymmetry.lopsidedness()
    lopsidedness_angle: float = asymmetry.lopsidedness_angle()
    raggedness: float = asymmetry.raggedness()
    ragged_seed: float = asymmetry.ragged_seed()

    @staticmethod
    def draw(sources: Sources, shape: tuple[int, int]) -> Iterator[Stamps]:
        """Yield the stamps of the rings, then those of the cores."""
        outermost = np.exp(ndtri(1 - _WRAPPED) * sources["ring_width"])
        dark = sources["half_light_radius"] * outermost
        uneven = asymmetry.uneven(sources)
        for members, spectrum in ((~uneven, _spectrum), (uneven, _uneven_spectrum)):
            own = np.flatnonzero(members)
            some = {name: values[own] for name, values in sources.items()}
            for stamps in fourier.draw(some, dark[own], shape, spectrum, centred=True):
                yield stamps._replace(members=own[stamps.members])
        yield from Sersic.draw(components.bulge(sources), shape)


def transform(log_k: Floats, width: float, order: int = 0) -> Floats:
    """Return the transform of a ring of unit flux and radius, at logarithms of k.

    That of a harmonic of its azimuth is of another ``order``, and without the factor (-i)^order.

    Between tabulated widths the four nearest are interpolated by a cubic.
    """
    place = np.log(width / _WIDTHS[0]) / np.log(_WIDTHS[1] / _WIDTHS[0])
    first = int(np.clip(np.floor(place) - 1, 0, _WIDTHS.size - 4))
    a, b, c, d = (place - first - i for i in range(4))
    rows = _transforms(order)[first : first + 4]
    table = (-b * c * d * rows[0] + 3 * a * c * d * rows[1]) / 6
    table += (-3 * a * b * d * rows[2] + a * b * c * rows[3]) / 6
    at = np.clip((log_k - _LOG_K[0]) / _STEP, 0, _NODES - 1.001)
    below = at.astype(np.intp)
    return np.asarray(table[below] + (at - below) * (table[below + 1] - table[below]))


@lru_cache(maxsize=_MOST_RAGS + 1)
def _transforms(order: int) -> Floats:
    """Return the transforms for the tabulated widths."""
    w = _WIDTHS[:, None]
    log_r = _LOG_K
    light = np.exp(-(log_r**2) / (2 * w**2)) / ((2 * np.pi) ** 1.5 * w * np.exp(log_r))
    # fht returns the integral of a(r) J0(k r) k dr; with a = r I it is k / 2 pi times F.
    return np.asarray(2 * np.pi * fht(light, _STEP, mu=float(order)) / np.exp(_LOG_K))


def _uneven_spectrum(sources: Sources, on: fourier.Grid, x: Floats, y: Floats) -> Complexes:
    """Return the transforms of rings with harmonics of their azimuth."""
    major, minor = components.along_axes(on, sources["position_angle"])
    minor = minor * sources["axis_ratio"][:, None, None]
    rings = _spectrum(sources, on, x, y).astype(np.complex128)
    for one, (number, amplitude, phase) in enumerate(zip(*_harmonics(sources), strict=True)):
        k, psi = np.hypot(major[one], minor[one]), np.arctan2(minor[one], major[one])
        log_k = np.log(np.maximum(sources["half_light_radius"][one] * k, 1e-6))
        disc = sources["flux"][one] * (1 - sources["bulge_fraction"][one])
        there = np.flatnonzero(amplitude)
        orders = number[there].astype(int).tolist()
        for m, a, delta in zip(orders, amplitude[there], phase[there], strict=True):
            table = transform(log_k, float(sources["ring_width"][one]), m)
            rings[one] += disc * a * (-1j) ** m * np.cos(m * psi - delta) * table
    return rings


def _harmonics(sources: Sources) -> tuple[Floats, Floats, Floats]:
    """Return orders, amplitudes and phases of the harmonics of rings: lopsidedness, then rags."""
    side, ragged = (asymmetry.column(sources, n)[:, None] for n in ("lopsidedness", "raggedness"))
    number, _, phase = asymmetry.rags(sources, 2, _MOST_RAGS)
    heading = np.deg2rad(asymmetry.column(sources, "lopsidedness_angle"))[:, None]
    each = (1 - side) * ragged / asymmetry.RAGS * np.ones_like(number)
    return (
        np.hstack([np.ones_like(side), number]),
        np.hstack([side, each]),
        np.hstack([heading, phase]),
    )


def _spectrum(sources: Sources, on: fourier.Grid, x: Floats, y: Floats) -> Floats:
    major, minor = components.along_axes(on, sources["position_angle"])
    minor = minor * sources["axis_ratio"][:, None, None]
    size = sources["half_light_radius"][:, None, None]
    log_k = np.log(np.maximum(size**2 * (major**2 + minor**2), 1e-12)) / 2
    rings = np.empty_like(log_k)
    for one, width in enumerate(sources["ring_width"]):
        rings[one] = transform(log_k[one], float(width))
    flux = sources["flux"] * (1 - sources["bulge_fraction"])
    return np.asarray(rings * flux[:, None, None])
