"""The light that a disc blocks: areas, limb darkening, contacts, and batman."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.integrate import quad
from series.light_curve import reference_eclipse
from series.light_curve.reference_light_curves import brightness

from skybench.generators.series.light_curve.passage import blocked


def share(separation, radius_ratio, u1=0.0, u2=0.0):
    """Return the blocked share for one disc."""
    return float(
        blocked(*(np.array([x], dtype=float) for x in (separation, radius_ratio, u1, u2)))[0]
    )


def lens_area(d, k):
    """Return the area in which a unit disc and one of radius k overlap, over pi."""
    if d >= 1 + k:
        return 0.0
    if d <= abs(1 - k):
        return min(1.0, k * k)
    a = np.arccos((d * d + 1 - k * k) / (2 * d))
    b = np.arccos((d * d + k * k - 1) / (2 * d * k))
    kite = np.sqrt((1 + k - d) * (d + k - 1) * (d + 1 - k) * (d + 1 + k)) / 2
    return (a + k * k * b - kite) / np.pi


@settings(max_examples=200, deadline=None)
@given(d=st.floats(0, 3), k=st.floats(0, 3))
def test_a_uniform_star_loses_the_area_that_overlaps(d, k):
    assert share(d, k) == pytest.approx(lens_area(d, k), abs=1e-11)


@pytest.mark.parametrize("k", [0.01, 0.1, 0.5])
def test_the_depth_in_the_middle_is_the_square_of_the_radius_ratio(k):
    assert share(0, k) == pytest.approx(k * k, rel=1e-12)


@pytest.mark.parametrize(("k", "u1", "u2"), [(0.1, 0.4, 0.25), (0.6, 0.1, 0.9), (0.3, 1.0, 0.0)])
def test_a_central_disc_blocks_the_light_within_its_radius(k, u1, u2):
    def ring(r):
        return 2 * r * brightness(np.sqrt(1 - r * r), u1, u2)

    light, total = quad(ring, 0, k)[0], quad(ring, 0, 1)[0]
    assert share(0, k, u1, u2) == pytest.approx(light / total, rel=1e-10)


@settings(max_examples=30, deadline=None)
@given(
    d=st.floats(0.01, 1.5), k=st.floats(0.02, 1.2), u1=st.floats(0, 0.6), u2=st.floats(-0.2, 0.4)
)
def test_limb_darkening_is_integrated_over_the_disc(d, k, u1, u2):
    assert share(d, k, u1, u2) == pytest.approx(reference_eclipse.share(d, k, u1, u2), abs=1e-9)


@pytest.mark.parametrize("k", [0.0, 0.1, 0.5, 1.0, 2.0])
@pytest.mark.parametrize("touch", ["inside", "outside", "centre", "edge"])
def test_contacts_are_no_error(k, touch):
    d = {"inside": abs(1 - k), "outside": 1 + k, "centre": 0.0, "edge": k}[touch]
    values = blocked(*(np.full(3, x) for x in (d, k, 0.4, 0.2)))
    near = share(d + 1e-9, k, 0.4, 0.2)
    assert values == pytest.approx(near, abs=1e-6)
    assert ((values >= 0) & (values <= 1 + 1e-12)).all()


def test_a_larger_disc_hides_the_star():
    assert share(0.3, 1.5, 0.4, 0.2) == pytest.approx(1, abs=1e-14)


@pytest.mark.parametrize("k", [0.01, 0.1, 0.3, 0.9])
@pytest.mark.parametrize("u", [(0, 0), (0.4, 0.25), (0.1, 0.8)])
def test_it_is_batmans(k, u):
    batman = pytest.importorskip("batman")
    separation = np.linspace(0, 1.2 + k, 700)
    model = batman.TransitParams()
    model.t0, model.per, model.rp, model.a, model.inc = 0, 10, k, 15.0, 90
    model.ecc, model.w, model.u, model.limb_dark = 0, 90, list(u), "quadratic"
    times = np.arcsin(separation / 15) * 10 / (2 * np.pi)
    theirs = 1 - batman.TransitModel(model, times).light_curve(model)
    ours = blocked(separation, *(np.full(700, x) for x in (k, *u)))
    np.testing.assert_allclose(ours, theirs, rtol=0, atol=5e-7)
