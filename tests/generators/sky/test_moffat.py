"""The Moffat profile: its transform and its wings, for every exponent that is allowed."""

from itertools import pairwise

import numpy as np
import pytest
from scipy.integrate import quad
from scipy.special import j0

from skybench.generators.sky import moffat


@pytest.mark.parametrize("beta", [2.5, 3.0, 4.765, 49.0, 70.0, 100.0])
@pytest.mark.parametrize("ka", [1e-3, 0.03, 0.4, 2.0])
def test_the_transform_is_that_of_the_profile(beta, ka):
    # In units of the scale radius, cut where the wings hold less than 1e-9 of the flux.
    edge = float(moffat.enclosing_radius(np.float64(1), np.float64(beta), 1e-9))
    edge /= float(moffat.scale_radius(np.float64(1), np.float64(beta)))

    def ring(r):
        return 2 * (beta - 1) * (1 + r * r) ** -beta * j0(ka * r) * r

    parts = np.linspace(0, min(edge, 100 * np.pi / ka), 30)
    exact = sum(quad(ring, *part)[0] for part in pairwise(parts))
    assert float(moffat.transform_table(beta)(np.log(ka))) == pytest.approx(exact, abs=1e-5)


@pytest.mark.parametrize("beta", [1.0001, 1.5, 3.0, 100.0])
def test_the_transform_falls_from_the_whole_flux(beta):
    values = moffat.transform_table(beta).values
    assert np.isfinite(values).all()
    assert (np.diff(values) <= 1e-12).all()
    assert values[0] <= 1


@pytest.mark.parametrize("beta", [1.5, 3.0, 100.0])
def test_the_enclosing_radius_leaves_the_share_outside(beta):
    radius = moffat.enclosing_radius(np.array(3.0), np.array(beta), 1e-2)
    a = moffat.scale_radius(np.array(3.0), np.array(beta))
    assert (1 + (radius / a) ** 2) ** (1 - beta) == pytest.approx(1e-2)


def test_wings_without_end_are_no_error():
    fwhm, beta = np.array([0.0, 3.0]), np.array([1.0001, 1.0001])
    radius = moffat.enclosing_radius(fwhm, beta, 1e-4)
    assert radius[0] == 0
    assert radius[1] > 1e20
