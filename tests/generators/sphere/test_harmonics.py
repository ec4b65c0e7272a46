"""The spherical harmonic transform: single harmonics, rotations, healpy, high degrees."""

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from scipy.special import sph_harm_y
from sphere import reference_harmonics

from skybench.generators.native import compiling, library
from skybench.generators.sphere import harmonics, healpix


def angles(nside):
    longitude, latitude = healpix.coordinates(nside)
    return np.deg2rad(90 - latitude), np.deg2rad(longitude)


def single(lmax, degree, order, value=1.0):
    coefficients = np.zeros((1, harmonics.coefficient_count(lmax)), dtype=complex)
    coefficients[0, harmonics.start(lmax, order) + degree - order] = value
    return coefficients


def random_coefficients(rows, lmax, seed=1):
    rng = np.random.default_rng(seed)
    values = rng.normal(size=(2, rows, harmonics.coefficient_count(lmax)))
    coefficients = values[0] + 1j * values[1]
    coefficients[:, : lmax + 1].imag = 0
    return coefficients


def test_the_lowest_harmonics_are_those_of_the_textbook():
    # Y_00 = 1 / sqrt(4 pi), Y_10 = sqrt(3 / 4 pi) cos theta,
    # Y_11 = -sqrt(3 / 8 pi) sin theta e^(i phi); a real map holds a_lm Y_lm twice, as 2 Re.
    theta, phi = angles(4)
    expected = {
        (0, 0): np.full(theta.size, 1 / np.sqrt(4 * np.pi)),
        (1, 0): np.sqrt(3 / (4 * np.pi)) * np.cos(theta),
        (1, 1): -2 * np.sqrt(3 / (8 * np.pi)) * np.sin(theta) * np.cos(phi),
    }
    for (degree, order), values in expected.items():
        ours = harmonics.synthesis(single(8, degree, order), 4, 8)[0]
        np.testing.assert_allclose(ours, values, atol=1e-14)


@pytest.mark.parametrize(("degree", "order"), [(5, 3), (16, 16), (31, 30), (32, 1), (32, 32)])
@pytest.mark.parametrize("value", [1.0, 1j])
def test_one_coefficient_gives_its_harmonic(degree, order, value):
    ours = harmonics.synthesis(single(32, degree, order, value), 16, 32)[0]
    theta, phi = angles(16)
    expected = 2 * (value * sph_harm_y(degree, order, theta, phi)).real
    np.testing.assert_allclose(ours, expected, atol=1e-12)


@pytest.mark.parametrize(
    ("nside", "lmax"), [(1, 0), (1, 1), (1, 2), (2, 5), (8, 3), (8, 30), (64, 128), (128, 383)]
)
def test_maps_are_those_of_healpy(nside, lmax):
    healpy = pytest.importorskip("healpy")
    coefficients = random_coefficients(2, lmax)
    ours = harmonics.synthesis(coefficients, nside, lmax)
    theirs = np.array([healpy.alm2map(c, nside, lmax=lmax) for c in coefficients])
    np.testing.assert_allclose(ours, theirs, atol=1e-10 * np.abs(theirs).max())


def test_high_degrees_neither_underflow_nor_lose_their_norm():
    # The reference: the integral of lambda_lm^2 over z is 1 / 2 pi, by Gauss-Legendre exact up to
    # 2 l = 1023 with 512 nodes. Near the poles lambda_mm is 1e-1000 and less.
    lmax = 500
    nodes, weights = np.polynomial.legendre.leggauss(lmax + 2)
    for orders in (range(3), range(250, 253), range(lmax - 1, lmax + 1)):
        table = reference_harmonics.legendre(lmax, orders, nodes, np.sqrt(1 - nodes**2))
        norms = (table**2 * weights).sum(axis=-1) * 2 * np.pi
        for i, order in enumerate(orders):
            np.testing.assert_allclose(norms[i, order - orders.start :], 1, atol=1e-10)
            assert (norms[i, : order - orders.start] == 0).all()


@pytest.mark.usefixtures("each_level")
@given(
    nside=st.sampled_from([1, 2, 4, 8, 16, 32]),
    beyond=st.floats(0, 1),
    rows=st.integers(1, harmonics.TILE + 2),
    seed=st.integers(0, 1000),
)
@settings(
    max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
def test_the_kernel_is_the_reference(nside, beyond, rows, seed):
    lmax = int(beyond * (3 * nside - 1))
    coefficients = random_coefficients(rows, lmax, seed)
    ours = harmonics.synthesis(coefficients, nside, lmax)
    truth = reference_harmonics.synthesis(coefficients, nside, lmax)
    np.testing.assert_allclose(ours, truth, atol=1e-12 * np.abs(truth).max())


@pytest.mark.parametrize("order", [0, 300, 700, 1023])
def test_near_the_poles_high_orders_end_in_nothing_and_come_back(order):
    healpy = pytest.importorskip("healpy")
    coefficients = single(1024, 1024, order)
    ours = harmonics.synthesis(coefficients, 512, 1024)[0]
    theirs = healpy.alm2map(coefficients[0], 512, lmax=1024)
    np.testing.assert_allclose(ours, theirs, atol=1e-11 * np.abs(theirs).max())


def test_every_level_has_the_same_bits(monkeypatch):
    coefficients = random_coefficients(3, 150)
    maps = {}
    for level in compiling.levels()[: compiling.levels().index(library.level()) + 1]:
        monkeypatch.setenv("SKYBENCH_CPU", level)
        library.forget()
        maps[level] = harmonics.synthesis(coefficients, 64, 150).tobytes()
    monkeypatch.undo()
    library.forget()
    assert len(set(maps.values())) == 1


def test_the_kernel_refuses_sizes_that_do_not_fit():
    on, few = healpix.rings(2), np.zeros(4)
    north = (on.z[:4], on.sine[:4], on.longitude[:4])
    with pytest.raises(ValueError, match="synthesise_rings refused its sizes"):
        harmonics._synthesise_rings(few, *north, on.count, on.first, few, few, 1, 4)
    far = np.full(7, 1000)
    coefficients, scratch = np.zeros(2), np.zeros(24)
    with pytest.raises(ValueError, match="synthesise_rings refused its sizes"):
        harmonics._synthesise_rings(coefficients, *north, on.count, far, few, scratch, 1, 0)


@pytest.mark.parametrize("nside", [1, 4, 16])
def test_a_quarter_turn_moves_every_ring_by_a_quarter(nside):
    # a_lm -> a_lm e^(-i m 90 deg) turns the map about z; every ring has 4 k pixels.
    lmax = 2 * nside
    coefficients = random_coefficients(1, lmax)
    m = np.concatenate([np.full(lmax + 1 - order, order) for order in range(lmax + 1)])
    still = harmonics.synthesis(coefficients, nside, lmax)[0]
    turned = harmonics.synthesis(coefficients * (-1j) ** m, nside, lmax)[0]
    on = healpix.rings(nside)
    for first, count in zip(on.first, on.count, strict=True):
        ring = slice(first, first + count)
        np.testing.assert_allclose(turned[ring], np.roll(still[ring], count // 4), atol=1e-11)


def test_one_pixel_of_the_belt_is_one_step_of_longitude():
    nside, lmax = 8, 16
    coefficients = random_coefficients(1, lmax)
    m = np.concatenate([np.full(lmax + 1 - order, order) for order in range(lmax + 1)])
    still = harmonics.synthesis(coefficients, nside, lmax)[0]
    step = np.exp(-2j * np.pi * m / (4 * nside))
    turned = harmonics.synthesis(coefficients * step, nside, lmax)[0]
    on = healpix.rings(nside)
    belt = slice(on.first[nside - 1], on.first[3 * nside - 1] + 4 * nside)
    rows = still[belt].reshape(-1, 4 * nside)
    np.testing.assert_allclose(
        turned[belt].reshape(rows.shape), np.roll(rows, 1, axis=1), atol=1e-11
    )


def test_transforms_add_up():
    one, other = random_coefficients(1, 20, seed=1), random_coefficients(1, 20, seed=2)
    together = harmonics.synthesis(one + 2 * other, 8, 20)
    apart = harmonics.synthesis(one, 8, 20) + 2 * harmonics.synthesis(other, 8, 20)
    np.testing.assert_allclose(together, apart, atol=1e-12)


def test_a_map_does_not_depend_on_those_drawn_along():
    coefficients = random_coefficients(2 * harmonics.TILE + 3, 32)
    whole = harmonics.synthesis(coefficients, 16, 32)
    for rows in (slice(0, 1), slice(5, 12), slice(harmonics.TILE, None)):
        assert (harmonics.synthesis(coefficients[rows], 16, 32) == whole[rows]).all()
