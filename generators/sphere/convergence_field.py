"""A field of weak lensing: the convergence of matter in front of a plane, for a cosmology.

Linear theory in a flat universe of matter and a cosmological constant, in Limber's
approximation, with distances in c / H0 = 2998 Mpc/h:

    C_l = 9/4 Omega_m^2 * integral_0^xs dx (1 - x / xs)^2 / a^2 * P((l + 1/2) / x, a)

and P(k, a) ~ k^n T(k)^2 D(a)^2, with the transfer function T of Bardeen et al. (1986), the
growth D of Carroll, Press & Turner (1992), and its amplitude given by sigma8.
"""

import numpy as np

from skybench.generators.arrays import Floats, Parameters
from skybench.generators.declaration import parameter
from skybench.generators.distributions import uniform
from skybench.generators.sphere.sphere_field import ACCURACY, SphereField
from skybench.generators.variable import Interval

HUBBLE = 0.7
SPECTRAL_INDEX = 0.965

_HUBBLE_LENGTH = 2997.92458
_SPHERE = 8 / _HUBBLE_LENGTH
_NODES, _WEIGHTS = np.polynomial.legendre.leggauss(48)
_LOG_K = np.linspace(np.log(1e-4), np.log(1e2), 400) + np.log(_HUBBLE_LENGTH)


def transfer(wavenumber: Floats, omega_m: float) -> Floats:
    """Return the transfer function of cold dark matter (Bardeen et al. 1986, equation G3).

    Parameters
    ----------
    wavenumber : array
        In units of H0 / c.
    omega_m : float
        Matter density over the critical; its shape parameter is omega_m h.
    """
    q = wavenumber / _HUBBLE_LENGTH / (omega_m * HUBBLE)
    bend = 1 + 3.89 * q + (16.1 * q) ** 2 + (5.46 * q) ** 3 + (6.71 * q) ** 4
    return np.asarray(np.log1p(2.34 * q) / (2.34 * q) * bend**-0.25)


def growth(scale: Floats, omega_m: float) -> Floats:
    """Return the growth of structure relative to today (Carroll et al. 1992, equation 29)."""
    today = _growth_suppression(np.asarray(omega_m))
    then = _growth_suppression(omega_m / (omega_m + (1 - omega_m) * scale**3))
    return np.asarray(scale * then / today)


def _growth_suppression(matter: Floats) -> Floats:
    constant = 1 - matter
    bend = matter ** (4 / 7) - constant + (1 + matter / 2) * (1 + constant / 70)
    return np.asarray(2.5 * matter / bend)


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
    return float(steps.sum() * (_LOG_K[1] - _LOG_K[0]))


def spectrum(omega_m: float, sigma8: float, source_redshift: float, multipoles: Floats) -> Floats:
    """Return C_l of the convergence of a plane at a redshift."""
    redshift = source_redshift * (_NODES + 1) / 2
    scale = 1 / (1 + redshift)
    slowness = 1 / np.sqrt(omega_m / scale**3 + 1 - omega_m)
    step = source_redshift / 2 * _WEIGHTS * slowness
    distance, farthest = _distances(redshift, source_redshift, omega_m)
    kernel = ((1 - distance / farthest) * growth(scale, omega_m) / scale) ** 2 * step
    powers = _unnormalised((multipoles + 0.5) / distance[:, None], omega_m)
    amplitude = 2.25 * omega_m**2 * sigma8**2 / _variance(omega_m)
    return np.asarray(amplitude * (kernel[:, None] * powers).sum(axis=0))


def _distances(redshift: Floats, farthest: float, omega_m: float) -> tuple[Floats, float]:
    """Return the comoving distances to some redshifts, and to the farthest, in c / H0."""
    ends = np.append(redshift, farthest)
    z = ends[:, None] * (_NODES + 1) / 2
    slowness = 1 / np.sqrt(omega_m * (1 + z) ** 3 + 1 - omega_m)
    distances = ends / 2 * (slowness * _WEIGHTS).sum(axis=1)
    return distances[:-1], float(distances[-1])


class ConvergenceField(SphereField):
    """Weak-lensing convergence of a flat LambdaCDM universe, as a Gaussian field."""

    code = 3
    former_names = ("convergence",)
    formula = (
        "C_l = 9/4 Ω_m² ∫ dx (1 - x/x_s)² / a² P((l + ½)/x, a), "
        "P ~ k^0.965 T(k)² D(a)² normalised by sigma8, h = 0.7"
    )
    reference = (
        "Bartelmann & Schneider 2001, Phys. Rep. 340, 291 (convergence); "
        "Bardeen et al. 1986, ApJ 304, 15 (T); Carroll, Press & Turner 1992, ARA&A 30, 499 (D)"
    )
    accuracy = ACCURACY
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
        names = ("omega_m", "sigma8", "source_redshift")
        rows = zip(*(parameters[name].tolist() for name in names), strict=True)
        spectra = [
            spectrum(matter, sigma, redshift, multipoles) for matter, sigma, redshift in rows
        ]
        return np.array(spectra).reshape(-1, multipoles.size)
