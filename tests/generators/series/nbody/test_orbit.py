"""Kepler's equation, and orbits in space."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from skybench.generators.series.nbody import orbit


@given(
    mean=st.floats(-20, 20),
    eccentricity=st.one_of(st.floats(0, 0.99), st.just(0.99)),
)
def test_keplers_equation_is_solved(mean, eccentricity):
    anomaly = orbit.eccentric_anomaly(np.array([mean]), np.array([eccentricity]))
    back = anomaly - eccentricity * np.sin(anomaly)
    assert np.abs(np.remainder(back - mean + np.pi, 2 * np.pi) - np.pi).max() < 1e-12


def test_keplers_equation_near_the_pericentre_of_the_narrowest_ellipse():
    mean = np.logspace(-12, np.log10(3.14), 4000)
    anomaly = orbit.eccentric_anomaly(mean, np.full_like(mean, 0.99))
    np.testing.assert_allclose(anomaly - 0.99 * np.sin(anomaly), mean, rtol=0, atol=1e-13)


def test_an_orbit_starts_where_its_elements_say():
    # At the pericentre: distance a (1 - e), speed sqrt(M / a) sqrt((1 + e) / (1 - e)).
    one = np.array([1.0])
    vectors = orbit.relative(3 * one, 2 * one, 0.5 * one, 0 * one, 90 * one)
    np.testing.assert_allclose(vectors.position[:, 0], [0, 1, 0], atol=1e-15)
    np.testing.assert_allclose(vectors.velocity[:, 0], [-np.sqrt(1.5 * 3), 0, 0], atol=1e-15)


@pytest.mark.parametrize("mean_anomaly", [0, 77, 180, 301])
def test_energy_and_angular_momentum_are_those_of_the_elements(mean_anomaly):
    # E = -M / 2a and L = sqrt(M a (1 - e^2)), a unit reduced mass.
    one = np.array([1.0])
    vectors = orbit.relative(1.7 * one, 2.5 * one, 0.8 * one, mean_anomaly * one, 33 * one)
    position, velocity = vectors.position[:, 0], vectors.velocity[:, 0]
    energy = velocity @ velocity / 2 - 1.7 / np.sqrt(position @ position)
    assert energy == pytest.approx(-1.7 / 5)
    spin = np.cross(position, velocity)
    np.testing.assert_allclose(spin, [0, 0, np.sqrt(1.7 * 2.5 * 0.36)], atol=1e-14)


def test_turns_are_counter_clockwise():
    x, y = np.array([[1.0], [0], [0]]), np.array([[0.0], [1], [0]])
    quarter = np.array([np.pi / 2])
    np.testing.assert_allclose(orbit.about_z(x, quarter), y, atol=1e-15)
    np.testing.assert_allclose(orbit.about_x(y, quarter)[:, 0], [0, 0, 1], atol=1e-15)


def test_the_centre_of_mass_rests_at_the_origin():
    random = np.random.default_rng(0)
    mass = random.uniform(1, 3, (4, 6))
    state = orbit.centred(
        orbit.State(random.normal(size=(4, 3, 6)), random.normal(size=(4, 3, 6)), mass)
    )
    for vectors in state[:2]:
        np.testing.assert_allclose((mass[:, None] * vectors).sum(axis=0), 0, atol=1e-14)
