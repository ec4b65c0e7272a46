"""The weak-lensing spectrum, against CAMB and against integrals done another way."""

import numpy as np
import pytest
from astropy.cosmology import FlatLambdaCDM
from scipy.integrate import quad, solve_ivp
from sphere.reference_spectrum import CAMB, DEGREES

from skybench.generators.sphere import convergence_field

H0_OVER_C = 1 / 2997.92458


def independent(omega_m, sigma8, source_redshift, degree):
    """Integrate over comoving distance in Mpc/h by adaptive quadrature."""
    # Without radiation; h = 1 makes astropy's Mpc our Mpc/h.
    cosmology = FlatLambdaCDM(H0=100, Om0=omega_m, Tcmb0=0)

    def shape(k):  # k in h/Mpc
        return k**0.965 * convergence_field.transfer(np.asarray(k * 0.7), omega_m) ** 2

    def variance(log_k):
        k = np.exp(log_k)
        x = 8 * k
        window = 3 * (np.sin(x) - x * np.cos(x)) / x**3
        return k**3 * shape(k) * window**2 / (2 * np.pi**2)

    excess = (omega_m / 0.225) ** 0.022
    norm = sigma8**2 * excess / quad(variance, np.log(1e-4), np.log(50), limit=500)[0]
    end = cosmology.comoving_distance(source_redshift).value

    def step(z):
        chi, a = cosmology.comoving_distance(z).value, 1 / (1 + z)
        growth = convergence_field.growth(np.asarray(a), omega_m)
        kernel = ((1 - chi / end) * growth / a) ** 2
        speed = 1 / (H0_OVER_C * np.sqrt(omega_m * (1 + z) ** 3 + 1 - omega_m))
        return kernel * norm * shape((degree + 0.5) / chi) * speed

    return 2.25 * omega_m**2 * H0_OVER_C**4 * quad(step, 1e-6, source_redshift)[0]


@pytest.mark.parametrize("cosmology", CAMB)
def test_the_spectrum_is_that_of_a_boltzmann_code(cosmology):
    omega_m, source_redshift = cosmology
    ours = convergence_field.spectrum(omega_m, 0.8, source_redshift, DEGREES)
    usual = 0.1 <= omega_m <= 0.4
    np.testing.assert_allclose(ours * 1e8, CAMB[cosmology], rtol=0.03 if usual else 0.05)


@pytest.mark.parametrize("cosmology", [(0.3, 0.8, 1.5), (0.2, 1.0, 0.6), (1.0, 0.5, 3.0)])
@pytest.mark.parametrize("degree", [2, 60, 1000])
def test_the_spectrum_is_its_integral(cosmology, degree):
    ours = convergence_field.spectrum(*cosmology, np.array([float(degree)]))[0]
    assert ours == pytest.approx(independent(*cosmology, degree), rel=2e-3)


def test_without_a_constant_structure_grows_with_the_scale_factor():
    scale = np.array([0.1, 0.5, 1.0])
    np.testing.assert_allclose(convergence_field.growth(scale, 1.0), scale, rtol=1e-12)


def test_a_constant_slows_growth_as_the_literature_has_it():
    # Growth by today over an Einstein-de Sitter universe is 0.78 for 0.3 (Carroll et al. 1992).
    early = convergence_field.growth(np.array([1e-3]), 0.3)[0] / 1e-3
    assert 1 / early == pytest.approx(0.78, abs=0.01)


@pytest.mark.parametrize("omega_m", [0.05, 0.3, 0.7])
def test_growth_is_the_solution_of_its_equation(omega_m):
    # D'' + (3 / a + dlnH / da) D' = 3/2 omega_m D / (a^5 E^2), from D = a early on.
    def slope(a, state):
        square = omega_m / a**3 + 1 - omega_m
        drag = 3 / a - 1.5 * omega_m / (a**4 * square)
        return [state[1], 1.5 * omega_m * state[0] / (a**5 * square) - drag * state[1]]

    scale = np.array([0.1, 0.3, 0.6, 1.0])
    path = solve_ivp(slope, (1e-3, 1), [1e-3, 1], t_eval=scale, rtol=1e-10, atol=1e-14).y[0]
    found = convergence_field.growth(scale, omega_m)
    np.testing.assert_allclose(found, path / path[-1], rtol=1e-6)


def test_the_transfer_function_is_1_at_large_scales_and_falls():
    k = np.logspace(-6, 4, 50)  # 1 / Mpc
    values = convergence_field.transfer(k, 0.3)
    assert values[0] == pytest.approx(1, abs=1e-3)
    assert (np.diff(values) < 0).all()


def test_sound_leaves_peaks_a_sound_horizon_apart():
    # Baryons heard last at 1020 and the horizon of sound is 150 Mpc (Eisenstein & Hu 1998,
    # equation 26: 44.5 ln(9.83 / w) / sqrt(1 + 10 (f w)^0.75), w = 0.3 0.49, f = 0.157).
    horizon = 44.5 * np.log(9.83 / 0.147) / np.sqrt(1 + 10 * (0.157 * 0.147) ** 0.75)
    k = np.linspace(0.08, 0.25, 2000)
    values = np.log(convergence_field.transfer(k, 0.3))
    wiggles = values - np.polyval(np.polyfit(np.log(k), values, 4), np.log(k))
    peaks = k[1:-1][(wiggles[1:-1] > wiggles[:-2]) & (wiggles[1:-1] > wiggles[2:])]
    assert np.diff(peaks).mean() == pytest.approx(2 * np.pi / horizon, rel=0.05)


def test_power_goes_with_the_square_of_sigma8():
    multipoles = np.arange(2.0, 30)
    one, two = (convergence_field.spectrum(0.3, s, 1.5, multipoles) for s in (0.5, 1.0))
    np.testing.assert_allclose(two, 4 * one)
    assert (convergence_field.spectrum(0.3, 0.0, 1.5, multipoles) == 0).all()
