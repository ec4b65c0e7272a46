"""The elementary functions of the kernels: their errors over all of their range, at every level."""

import numpy as np
import pytest
from scipy.special import erf

from skybench.generators.native.library import kernel

pytestmark = pytest.mark.usefixtures("each_level")


def ulps(found, exact):
    """Return errors in units of the last place of what should have been found."""
    return np.abs(found - exact).astype(float) / np.spacing(np.abs(exact).astype(found.dtype))


def of(name, x):
    result = np.empty_like(x)
    kernel(name)(x, result)
    return result


def test_the_exponential_is_right_to_one_ulp(rng):
    x = np.concatenate([rng.uniform(-708, 709, 20000), rng.uniform(-1, 1, 20000), [0, 709, -708]])
    assert ulps(of("exponential", x), np.exp(x.astype(np.longdouble))).max() < 1.01


def test_the_exponential_ends_in_nothing_and_does_not_overflow():
    found = of("exponential", np.array([-1e300, -708.1, 1e300, 0.0]))
    assert found.tolist() == [0.0, 0.0, of("exponential", np.array([709.0]))[0], 1.0]


def test_the_logarithm_is_right_to_one_ulp(rng):
    x = np.concatenate([np.exp(rng.uniform(-700, 700, 20000)), rng.uniform(0.5, 2, 20000), [1.0]])
    assert ulps(of("logarithm", x), np.log(x.astype(np.longdouble))).max() < 1.01


def test_sine_and_cosine_are_right_to_the_last_place_of_one(rng):
    x = np.concatenate([rng.uniform(-1e6, 1e6, 20000), rng.uniform(-10, 10, 20000), [0.0]])
    sine, cosine = np.empty_like(x), np.empty_like(x)
    kernel("sine_cosine")(x, sine, cosine)
    exact = x.astype(np.longdouble)
    assert np.abs(sine - np.sin(exact)).max() < 1.7e-16
    assert np.abs(cosine - np.cos(exact)).max() < 1.7e-16


def test_the_error_function_is_right_to_the_last_places_of_one(rng):
    x = np.concatenate([rng.uniform(-7, 7, 20000), rng.uniform(-0.1, 0.1, 2000), [0, 1e9, -1e9]])
    assert np.abs(of("error_function", x) - erf(x)).max() < 6e-16


def test_angles_are_right_in_all_quarters(rng):
    y, x = np.concatenate(
        [rng.normal(size=(2, 20000)), np.exp(rng.uniform(-300, 300, (2, 9000)))], 1
    )
    y, x = np.append(y, [0, 0, 1, -1, 0, 1e-300]), np.append(x, [1, -1, 0, 0, 0, 1e-300])
    found = np.empty_like(x)
    kernel("angle")(y, x, found)
    exact = np.arctan2(y.astype(np.longdouble), x.astype(np.longdouble))
    assert np.abs(found - exact).max() < 5e-16


def test_single_precision_is_right_to_one_ulp(rng):
    x = rng.uniform(-87, 88, 40000).astype(np.float32)
    assert ulps(of("exponential_single", x), np.exp(x.astype(float))).max() < 1.01
    x = np.exp(rng.uniform(-80, 80, 40000)).astype(np.float32)
    assert ulps(of("logarithm_single", x), np.log(x.astype(float))).max() < 1.01


@pytest.fixture
def rng():
    return np.random.default_rng(20261127)
