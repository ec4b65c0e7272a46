"""Arcs: a Gaussian across, an opening along, and all of their flux."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.signal import fftconvolve
from scipy.special import erf

from skybench.generators import LensedArc
from skybench.generators.sky import rays

BUDGET = 1e-3


def make(**changes):
    """Return an arc in which everything is given, so that a test states what it changes."""
    return LensedArc(
        **{
            "flux": 1e4,
            "arc_radius": 11.0,
            "arc_width": 2.0,
            "arc_opening": 90.0,
            "arc_direction": 30.0,
            "fwhm": 2.5,
            "beta": 6.0,
            "x": 30.3,
            "y": 33.6,
        }
        | changes
    )


def render(source, shape=(64, 64)):
    return source.render(shape).values


def apart(image, reference):
    """Return the largest difference over the peak."""
    return np.abs(image - reference).max() / reference.max()


@settings(deadline=None, max_examples=12)
@given(st.floats(0.5, 12), st.floats(0.3, 8), st.floats(5, 360), st.floats(-400, 400))
def test_an_arc_holds_its_flux(radius, width, opening, direction):
    arc = make(arc_radius=radius, arc_width=width, arc_opening=opening, arc_direction=direction)
    assert render(arc, (80, 80)).sum() == pytest.approx(1e4, rel=BUDGET)
    assert render(replace(arc, fwhm=0.0), (80, 80)).sum() == pytest.approx(1e4, rel=BUDGET)


def test_it_is_as_wide_as_it_says():
    image = render(make(arc_radius=25, arc_opening=360, arc_width=5, fwhm=0, x=40, y=40), (81, 81))
    # Along +x from the centre the ring is a Gaussian: half the peak at 2.5 pixels off it.
    profile = image[40, 40:]
    half = np.interp(2.5, np.arange(12), profile[25:37]) / profile[25]
    assert half == pytest.approx(0.5, abs=0.02)


def test_its_ends_lie_where_it_opens_to():
    arc = make(arc_radius=25, arc_opening=90, arc_direction=45, arc_width=2, fwhm=0, x=20, y=20)
    image = render(arc)
    y, x = np.indices(image.shape) - 20
    near = np.abs(np.hypot(x, y) - 25) < 1.5
    angle = np.rad2deg(np.arctan2(y, x))
    ends = [image[near & (np.abs(angle - end) < 2)].mean() for end in (0, 90)]
    middle = image[near & (np.abs(angle - 45) < 20)].mean()
    np.testing.assert_allclose(ends, middle / 2, rtol=0.05)
    assert image[near & (angle < -10)].max() < 1e-2 * middle


def test_a_full_opening_is_a_ring_without_ends():
    ring = make(arc_opening=360, x=31.5, y=31.5)
    image = render(ring)
    assert apart(np.rot90(image), image) < BUDGET
    assert apart(render(replace(ring, arc_direction=77.0)), image) < BUDGET


def test_a_quarter_turn_turns_the_image():
    arc = make()
    turned = replace(arc, x=63 - arc.y, y=arc.x, arc_direction=arc.arc_direction + 90)
    assert apart(render(turned), np.rot90(render(arc), -1)) < BUDGET


def brute_force(arc, size=40, fine=16, margin=12):
    """Return the image by the formula of the module alone, on a fine grid."""
    offsets = (np.arange((size + 2 * margin) * fine) + 0.5) / fine - margin - 0.5
    dx, dy = offsets - arc.x, (offsets - arc.y)[:, None]
    sigma, radius = arc.arc_width / np.sqrt(8 * np.log(2)), arc.arc_radius
    phi = np.arctan2(dy, dx) - np.deg2rad(arc.arc_direction)
    phi = (phi + np.pi) % (2 * np.pi) - np.pi
    width = np.sqrt(2) * min(sigma / radius, 1)
    u = np.deg2rad(arc.arc_opening) / 2 / width
    turns = [(phi + 2 * np.pi * k) / width for k in (-2, -1, 0, 1, 2)]
    light = sum(erf(u + v) + erf(u - v) for v in turns)
    light = light * np.exp(-((np.hypot(dx, dy) - radius) ** 2) / (2 * sigma**2))
    light *= arc.flux / light.sum()
    if arc.fwhm:
        a = arc.fwhm / (2 * np.sqrt(2 ** (1 / arc.beta) - 1))
        lag = np.arange(-margin * fine, margin * fine + 1) / fine
        moffat = (1 + (lag**2 + lag[:, None] ** 2) / a**2) ** -arc.beta
        light = fftconvolve(light, moffat * (arc.beta - 1) / (np.pi * a**2) / fine**2, mode="same")
    cut = light[margin * fine : -margin * fine, margin * fine : -margin * fine]
    return cut.reshape(size, fine, size, fine).sum(axis=(1, 3))


def test_wide_wings_carry_light_off_the_image():
    arc = make(fwhm=2.5, beta=1.5, x=18.3, y=19.6)
    image, expected = render(arc, (40, 40)), brute_force(arc, fine=6, margin=45)
    assert apart(image, expected) < BUDGET
    assert image.sum() == pytest.approx(expected.sum(), rel=2e-4)


@settings(deadline=None, max_examples=10)
@given(st.just(0.0) | st.floats(1, 8), st.floats(1.05, 20), st.floats(0.1, 30), st.floats(0.05, 20))
def test_no_light_is_negative(fwhm, beta, radius, width):
    image = render(make(fwhm=fwhm, beta=beta, arc_radius=radius, arc_width=width), (40, 40))
    assert np.isfinite(image).all()
    assert image.min() >= 0


@pytest.mark.parametrize("fwhm", [0.0, 1.0, 2.5])
@pytest.mark.parametrize(
    "changes",
    [
        {},
        {"arc_width": 1.0, "arc_opening": 200},
        {"arc_radius": 2, "arc_width": 4, "arc_opening": 60},
    ],
)
def test_images_agree_with_the_formula_on_a_fine_grid(fwhm, changes):
    arc = make(fwhm=fwhm, x=18.3, y=19.6, **changes)
    assert apart(render(arc, (40, 40)), brute_force(arc)) < BUDGET


@pytest.mark.parametrize("fwhm", [0.0, 2.5])
@pytest.mark.parametrize(
    "changes",
    [
        {"arc_width": 0.05},
        {"arc_width": 100},
        {"arc_radius": 500},
        {"arc_radius": 1e-3},
        {"arc_opening": 1},
        {"x": -100},
        {"arc_radius": 400, "arc_opening": 360, "arc_width": 0.05},
    ],
)
def test_finer_cells_change_little_at_the_ends_of_the_domains(monkeypatch, fwhm, changes):
    arc = make(fwhm=fwhm, **changes)
    image = render(arc)
    assert np.isfinite(image).all()
    monkeypatch.setattr(rays, "TOLERANCE", rays.TOLERANCE / 30)
    finer = render(arc)
    assert np.abs(image - finer).max() <= BUDGET * max(finer.max(), 1e-3)
