"""Deflection by an isothermal ellipsoid with shear: known answers, and lenstronomy."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from lenstronomy.LensModel.lens_model import LensModel
from lenstronomy.Util.param_util import phi_q2_ellipticity, shear_polar2cartesian

from skybench.generators.sky import sie

EDGE = np.random.default_rng(5).uniform(-20, 20, (2, 500))


def lens(einstein_radius=9.0, axis_ratio=0.7, angle=0.4, shear=0.0, shear_angle=0.0):
    values = einstein_radius, axis_ratio, angle, shear, shear_angle
    return sie.Lens(*(np.asarray(value, dtype=np.float64) for value in values))


@pytest.mark.parametrize("axis_ratio", [0.05, 0.3, 0.7, 0.99])
@pytest.mark.parametrize("angle", [0.0, 0.6, 2.5])
def test_it_agrees_with_lenstronomy(axis_ratio, angle):
    x, y = EDGE
    e1, e2 = phi_q2_ellipticity(angle, axis_ratio)
    gamma1, gamma2 = shear_polar2cartesian(1.1, 0.12)
    peer = LensModel(["SIE", "SHEAR"])
    own = {"theta_E": 9.0, "e1": e1, "e2": e2}
    theirs = peer.alpha(x, y, [own, {"gamma1": gamma1, "gamma2": gamma2}])
    ours = sie.deflection(x, y, lens(9, axis_ratio, angle, 0.12, 1.1))
    # Its SIE is softened by 1e-10 and limits the ellipticity: 1e-6 of the Einstein radius.
    np.testing.assert_allclose(ours, theirs, atol=2e-5)


def test_a_circle_deflects_by_its_einstein_radius():
    x, y = EDGE
    ours = sie.deflection(x, y, lens(9, axis_ratio=1))
    np.testing.assert_allclose(ours, 9 * EDGE / np.hypot(x, y), rtol=1e-7, atol=1e-7)


def test_the_limit_of_a_circle_is_continuous():
    for axis_ratio in (1 - 1e-9, 1 - 1e-8, 1 - 1e-7, 1 - 1e-6):
        near = sie.deflection(*EDGE, lens(9, axis_ratio))
        np.testing.assert_allclose(near, sie.deflection(*EDGE, lens(9, 1)), atol=9e-5)


@settings(deadline=None, max_examples=25)
@given(st.floats(0.05, 1), st.floats(0, 3.2), st.floats(0, 0.5), st.floats(0.5, 20))
def test_its_divergence_is_twice_the_convergence(axis_ratio, angle, shear, radius):
    model = lens(9, axis_ratio, angle, shear, 0.7)
    step = 1e-5 * radius
    x, y = radius * np.cos(1.0), radius * np.sin(1.0)
    right, left = (sie.deflection(x + d, y, model)[0] for d in (step, -step))
    above, below = (sie.deflection(x, y + d, model)[1] for d in (step, -step))
    divergence = (right - left + above - below) / (2 * step)
    along, across = sie.turned(x, y, -angle)
    kappa = 9 / (2 * np.sqrt(axis_ratio * along**2 + across**2 / axis_ratio))
    assert divergence == pytest.approx(2 * kappa, rel=1e-5)


@pytest.mark.parametrize("axis_ratio", [0.1, 0.5, 1.0])
def test_kappa_averages_1_within_the_einstein_ellipse(axis_ratio):
    # By Gauss's theorem the flux of alpha through the border of q x^2 + y^2 / q = theta_E^2 is
    # twice the mean of kappa times the area, pi theta_E^2.
    t = (np.arange(20000) + 0.5) * 2 * np.pi / 20000
    x, y = 9 * np.cos(t) / np.sqrt(axis_ratio), 9 * np.sin(t) * np.sqrt(axis_ratio)
    alpha_x, alpha_y = sie.deflection(x, y, lens(9, axis_ratio, angle=0))
    outwards = alpha_x * 9 * np.cos(t) * np.sqrt(axis_ratio)
    outwards += alpha_y * 9 * np.sin(t) / np.sqrt(axis_ratio)
    mean = outwards.mean() * 2 * np.pi / (2 * np.pi * 9**2)
    assert mean == pytest.approx(1, rel=1e-6)


def test_shear_stretches_along_its_angle():
    model = lens(0, 1, 0, shear=0.2, shear_angle=np.deg2rad(30))
    x, y = np.cos(np.deg2rad(30)), np.sin(np.deg2rad(30))
    alpha = sie.deflection(np.asarray(x), np.asarray(y), model)
    # beta = (1 - 0.2) theta along it, so the image is 1 / 0.8 as long as the source.
    np.testing.assert_allclose(alpha, (0.2 * x, 0.2 * y), atol=1e-12)


def test_nothing_is_deflected_at_the_centre():
    centre = np.zeros(1)
    for axis_ratio in (0.05, 0.7, 1.0):
        assert not np.any(sie.deflection(centre, centre, lens(9, axis_ratio)))
