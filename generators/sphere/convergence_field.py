"""A field of weak lensing: the convergence of matter in front of a plane, for a cosmology.

Linear theory in a flat universe of cold dark matter, baryons and a cosmological constant, in
Limber's approximation, with distances in c / H0 = 2998 Mpc/h:

    C_l = 9/4 Omega_m^2 * integral_0^xs dx (1 - x / xs)^2 / a^2 * P((l + 1/2) / x, a)

and P(k, a) ~ k^n T(k)^2 D(a)^2, with the transfer function T of Eisenstein & Hu (1998), the
growth D of Heath (1977), and its amplitude given by sigma8.
"""

import math
from functools import lru_cache
from typing import NamedTuple

import numpy as np

from skybench.generators.arrays import Floats, Parameters
from skybench.generators.declaration import parameter
from skybench.generators.distributions import uniform
from skybench.generators.sphere.sphere_field import ACCURACY, FIRST, SphereField
from skybench.generators.variable import Interval

HUBBLE = 0.7
SPECTRAL_INDEX = 0.965
BARYON_FRACTION = 0.157
"""Of the matter, whatever its density: 0.02237 / 0.1424 (Planck 2018, A&A 641, A6)."""

_MICROWAVES = 2.7255 / 2.7
_HUBBLE_LENGTH = 2997.92458 / HUBBLE
"""In Mpc."""

_SPHERE = 8 / HUBBLE
"""In Mpc."""

_NODES, _WEIGHTS = np.polynomial.legendre.leggauss(96)
_LOG_K = np.linspace(np.log(1e-5), np.log(1e2), 1000)

_FITTED, _FIT = 0.225, 0.022
"""Next to other scales, the fit of T has (omega_m / 0.225)^0.022 times as much variance in spheres
of 8 Mpc/h as CAMB: found for omega_m from 0.05 to 1."""


class _Sound(NamedTuple):
    """What baryons do to the transfer function (Eisenstein & Hu 1998), lengths in Mpc."""

    equality: float
    horizon: float
    silk: float
    cold_slope: float
    cold_suppression: float
    amplitude: float
    node: float
    envelope: float


def _sound(matter: float) -> _Sound:
    """Return the scales for a density omega_m h^2 (equations 2 to 7, 11, 12, 14, 15, 23, 24)."""
    fraction, baryons = BARYON_FRACTION, BARYON_FRACTION * matter
    cold = 1 - fraction
    redshift = 2.5e4 * matter * _MICROWAVES**-4
    equality = 0.0746 * matter * _MICROWAVES**-2
    drag = _drag_redshift(matter, baryons)
    loaded, early = (31.5e3 * baryons * _MICROWAVES**-4 / z for z in (drag, redshift))
    passed = (math.sqrt(1 + loaded) + math.sqrt(loaded + early)) / (1 + math.sqrt(early))
    horizon = 2 / (3 * equality) * math.sqrt(6 / early) * math.log(passed)
    first = (46.9 * matter) ** 0.670 * (1 + (32.1 * matter) ** -0.532)
    second = (12.0 * matter) ** 0.424 * (1 + (45.0 * matter) ** -0.582)
    height = 0.944 / (1 + (458 * matter) ** -0.708)
    bend = cold ** ((0.395 * matter) ** -0.0266) - 1
    since = _growth_since_drag((1 + redshift) / (1 + drag))
    return _Sound(
        equality=equality,
        horizon=horizon,
        silk=1.6 * baryons**0.52 * matter**0.73 * (1 + (10.4 * matter) ** -0.95),
        cold_slope=first**-fraction * second ** (-(fraction**3)),
        cold_suppression=1 / (1 + height * bend),
        amplitude=2.07 * equality * horizon * (1 + loaded) ** -0.75 * since,
        node=8.41 * matter**0.435,
        envelope=0.5 + fraction + (3 - 2 * fraction) * math.hypot(17.2 * matter, 1),
    )


def _drag_redshift(matter: float, baryons: float) -> float:
    """Return when baryons are released from the radiation (equation 4)."""
    first = 0.313 * matter**-0.419 * (1 + 0.607 * matter**0.674)
    second = 0.238 * matter**0.223
    released = 1291 * matter**0.251 / (1 + 0.659 * matter**0.828)
    return float(released * (1 + first * baryons**second))


def _growth_since_drag(y: float) -> float:
    """Return G of equation 15, for y = (1 + z_equality) / (1 + z_drag)."""
    root = math.sqrt(1 + y)
    return y * (-6 * root + (2 + 3 * y) * math.log((root + 1) / (root - 1)))


def transfer(wavenumber: Floats, omega_m: float) -> Floats:
    """Return the transfer function of matter (Eisenstein & Hu 1998, equations 2 to 24).

    Parameters
    ----------
    wavenumber : array
        In 1 / Mpc, not in h / Mpc.
    omega_m : float
        Matter density over the critical, of which `BARYON_FRACTION` are baryons.
    """
    at, k = _sound(omega_m * HUBBLE**2), wavenumber
    q = k / (13.41 * at.equality)
    shared = 1 / (1 + (k * at.horizon / 5.4) ** 4)
    cold = shared * _pressureless(q, 1, at.cold_suppression)
    cold += (1 - shared) * _pressureless(q, at.cold_slope, at.cold_suppression)
    shifted = k * at.horizon / np.cbrt(1 + (at.node / (k * at.horizon)) ** 3)
    damped = np.exp(-((k / at.silk) ** 1.4)) / (1 + (at.envelope / (k * at.horizon)) ** 3)
    baryons = _pressureless(q, 1, 1) / (1 + (k * at.horizon / 5.2) ** 2) + at.amplitude * damped
    baryons *= np.sinc(shifted / np.pi)
    return np.asarray(BARYON_FRACTION * baryons + (1 - BARYON_FRACTION) * cold)


def _pressureless(q: Floats, slope: float, suppression: float) -> Floats:
    """Return the transfer function without sound (equations 19 and 20)."""
    log = np.log(math.e + 1.8 * suppression * q)
    return np.asarray(log / (log + (14.2 / slope + 386 / (1 + 69.9 * q**1.08)) * q**2))


def growth(scale: Floats, omega_m: float) -> Floats:
    """Return the growth of structure relative to today (Heath 1977, MNRAS 179, 351).

    D ~ H(a) times the integral of da / (a H)^3 from 0 on.
    """
    return _growing(np.asarray(scale), omega_m) / _growing(np.ones(()), omega_m)


def _growing(scale: Floats, omega_m: float) -> Floats:
    # With a' = a u^2 the integral is a^(5/2) times that of a smooth function of u.
    u = (_NODES + 1) / 2
    steps = u**4 * (omega_m + (1 - omega_m) * (scale[..., None] * u**2) ** 3) ** -1.5
    rate = np.sqrt(omega_m + (1 - omega_m) * scale**3)
    return np.asarray(scale * rate * (steps * _WEIGHTS).sum(axis=-1))


def _unnormalised(wavenumber: Floats, omega_m: float) -> Floats:
    return np.asarray(wavenumber**SPECTRAL_INDEX * transfer(wavenumber, omega_m) ** 2)


def _variance(omega_m: float) -> float:
    """Return the variance in spheres of 8 Mpc/h of the spectrum before it is normalised."""
    k = np.exp(_LOG_K)
    x = k * _SPHERE
    # The transform of a sphere; its series where the closed form cancels.
    closed = 3 * (np.sin(x) - x * np.cos(x)) / x**3
    window = np.where(x < 1e-2, 1 - x**2 / 10, closed)
    steps = k**3 * _unnormalised(k, omega_m) * window**2 / (2 * np.pi**2)
    return float(steps.sum() * (_LOG_K[1] - _LOG_K[0]) * (_FITTED / omega_m) ** _FIT)


def spectrum(omega_m: float, sigma8: float, source_redshift: float, multipoles: Floats) -> Floats:
    """Return C_l of the convergence of a plane at a redshift."""
    redshift = source_redshift * (_NODES + 1) / 2
    scale = 1 / (1 + redshift)
    slowness = 1 / np.sqrt(omega_m / scale**3 + 1 - omega_m)
    step = source_redshift / 2 * _WEIGHTS * slowness
    distance, farthest = _distances(redshift, source_redshift, omega_m)
    kernel = ((1 - distance / farthest) * growth(scale, omega_m) / scale) ** 2 * step
    wavenumber = (multipoles + 0.5) / (distance[:, None] * _HUBBLE_LENGTH)
    powers = _unnormalised(wavenumber, omega_m) / _HUBBLE_LENGTH**3
    amplitude = 2.25 * omega_m**2 * sigma8**2 / _variance(omega_m)
    return np.asarray(amplitude * (kernel[:, None] * powers).sum(axis=0))


def _distances(redshift: Floats, farthest: float, omega_m: float) -> tuple[Floats, float]:
    """Return the comoving distances to some redshifts, and to the farthest, in c / H0."""
    ends = np.append(redshift, farthest)
    z = ends[:, None] * (_NODES + 1) / 2
    slowness = 1 / np.sqrt(omega_m * (1 + z) ** 3 + 1 - omega_m)
    distances = ends / 2 * (slowness * _WEIGHTS).sum(axis=1)
    return distances[:-1], float(distances[-1])


@lru_cache(maxsize=256)
def _spectrum_of_unit_sigma8(omega_m: float, source_redshift: float, lmax: int) -> Floats:
    """Return C_l from `FIRST` to lmax, kept for recipes whose universes are few."""
    return spectrum(omega_m, 1.0, source_redshift, np.arange(FIRST, lmax + 1, dtype=np.float64))


class ConvergenceField(SphereField):
    """Weak-lensing convergence of a flat LambdaCDM universe in linear theory, as a Gaussian field.

    Baryons are 0.157 of the matter; their pressure and acoustic peaks are in it. Not in it are
    nonlinear growth, which adds power above l of about 100 and ends the field's Gaussianity,
    neutrinos with mass, and the full sky's factor (l (l + 1))^2 / (l + 1/2)^4 on Limber's
    approximation, 0.92 at l = 2 and 0.98 at 4.
    """

    code = 3
    former_names = ("convergence",)
    formula = (
        "C_l = 9/4 Ω_m² ∫ dx (1 - x/x_s)² / a² P((l + ½)/x, a), "
        "P ~ k^0.965 T(k)² D(a)² normalised by sigma8, h = 0.7, 0.157 of the matter baryons; "
        "linear growth only"
    )
    reference = (
        "Bartelmann & Schneider 2001, Phys. Rep. 340, 291 (convergence); "
        "Eisenstein & Hu 1998, ApJ 496, 605 (T); Heath 1977, MNRAS 179, 351 (D)"
    )
    accuracy = f"{ACCURACY}; CAMB's linear theory in Limber's approximation"
    example = "ConvergenceField(omega_m=0.3, sigma8=0.8, seed=1).render(nside=64, fwhm=3)"

    omega_m: float = parameter(
        "matter density over the critical",
        units=None,
        domain=Interval(0.05, 1),
        default=uniform(0.2, 0.4),
    )
    sigma8: float = parameter(
        "rms of linear matter fluctuations in spheres of 8 Mpc/h today",
        units=None,
        domain=Interval(0, 5),
        default=uniform(0.7, 0.95),
    )
    source_redshift: float = parameter(
        "redshift of the lensed plane", units=None, domain=Interval(0.1, 10), default=1.5
    )

    @staticmethod
    def power(parameters: Parameters, multipoles: Floats) -> Floats:
        """Return C_l of each sample's cosmology, (m, l)."""
        lmax = int(multipoles[-1])
        pairs = zip(*(parameters[n].tolist() for n in ("omega_m", "source_redshift")), strict=True)
        unit = [_spectrum_of_unit_sigma8(*pair, lmax) for pair in pairs]
        sigma8 = parameters["sigma8"][:, None]
        return np.asarray(sigma8**2 * np.reshape(unit, (-1, multipoles.size)))
