"""Red noise: its variance and its memory, at any instants."""

import numpy as np
import pytest

from skybench.generators.series.light_curve.observation import damped_walk


def walks(times, amplitude=0.5, timescale=2.0, stars=20_000):
    normal = np.random.default_rng(0).normal(size=(stars, len(times)))
    columns = (np.full(stars, x) for x in (amplitude, timescale))
    return damped_walk(normal, np.broadcast_to(times, normal.shape), *columns)


def test_its_variance_is_the_same_throughout_and_its_memory_exponential():
    times = np.array([0.0, 0.3, 1.5, 1.6, 9.0])
    covariance = np.cov(walks(times).T)
    known = 0.25 * np.exp(-np.abs(times[:, None] - times) / 2)
    # 20,000 stars: an error of 0.25 sqrt(2 / 20000) = 0.0025.
    np.testing.assert_allclose(covariance, known, atol=0.012)


def test_more_instants_between_do_not_change_its_statistics():
    few, many = walks(np.array([0.0, 1.0])), walks(np.linspace(0, 1, 41))
    one, other = np.cov(few[:, 0], few[:, -1])[0, 1], np.cov(many[:, 0], many[:, -1])[0, 1]
    assert one == pytest.approx(other, abs=0.012)


def test_an_amplitude_of_zero_switches_it_off():
    assert not walks(np.array([0.0, 1.0]), amplitude=0.0).any()


def test_instants_that_coincide_share_their_value():
    walk = walks(np.array([1.0, 1.0]))
    np.testing.assert_array_equal(walk[:, 0], walk[:, 1])
