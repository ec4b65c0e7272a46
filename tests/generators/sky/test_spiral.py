"""Spirals: arms along the curve of Ringermacher and Mead, light where it belongs."""

from functools import partial

import numpy as np
import pytest
from accuracy.sky import of_points, spiral
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.ndimage import map_coordinates
from scipy.signal import fftconvolve
from scipy.special import i0
from sky import reference_arms

from skybench.generators import Sersic, Spiral
from skybench.generators.sky import arms

pitches = st.floats(3, 60)
bulge_ratios = st.floats(0.3, 5)
scales = st.floats(0.2, 3)


def make(**changes):
    """Return a spiral in which everything is given, so that a test states what it changes."""
    return Spiral(
        **{
            "flux": 1e4,
            "half_light_radius": 6.0,
            "axis_ratio": 0.7,
            "position_angle": 25.0,
            "bulge_fraction": 0.15,
            "bulge_radius_ratio": 0.25,
            "bulge_sersic_index": 2.0,
            "arm_count": 2,
            "pitch_angle": 22.0,
            "arm_bulge_ratio": 1.1,
            "arm_radius_ratio": 1.0,
            "arm_angle": 40.0,
            "arm_handedness": 1,
            "arm_contrast": 0.9,
            "arm_sharpness": 2.0,
            "fwhm": 2.5,
        }
        | changes
    )


def render(source, shape=(48, 48)):
    return source.render(shape).values


# The curve


@settings(deadline=None)
@given(st.floats(0.05, 20), st.floats(0.1, 10), bulge_ratios, scales)
def test_the_phase_inverts_the_published_formula(radius, winding, bulge_ratio, scale):
    phi = float(arms.arm_phase(np.asarray(radius), winding, bulge_ratio, scale))
    inverse = scale / np.log(bulge_ratio * np.tan(phi / (2 * winding)))
    # Far inside, the phase no longer tells radii apart: it is within rounding of its limit.
    if np.exp(scale / radius) < 1e6:
        assert inverse == pytest.approx(radius, rel=1e-6)
    assert phi <= winding * np.pi


@settings(deadline=None)
@given(pitches, bulge_ratios, scales)
def test_the_arms_have_the_pitch_that_was_asked_for(pitch, bulge_ratio, scale):
    winding = float(arms.winding_of(np.asarray(pitch), np.asarray(bulge_ratio), np.asarray(scale)))
    assert arms.pitch_of(winding, bulge_ratio, scale) == pytest.approx(pitch)
    # tan P = dr / (r dphi), by differences about r = 1; the phase falls outwards.
    step = 1e-5
    phi = arms.arm_phase(np.array([1 - step, 1 + step]), winding, bulge_ratio, scale)
    measured = np.rad2deg(np.arctan(2 * step / (phi[0] - phi[1])))
    assert measured == pytest.approx(pitch, rel=1e-5)


def test_the_winding_is_recorded_beside_the_pitch():
    source = make(pitch_angle=22.0, arm_bulge_ratio=1.1, arm_radius_ratio=1.0)
    winding = float(source.render().arm_winding)
    assert arms.pitch_of(winding, 1.1, 1.0) == pytest.approx(22)


@pytest.mark.parametrize("handedness", [1, -1])
@pytest.mark.parametrize("arm_count", [1, 2, 3])
def test_the_arms_of_the_image_follow_the_curve(handedness, arm_count):
    size, half = 40.0, 90
    source = make(
        half_light_radius=size,
        axis_ratio=1,
        position_angle=0,
        bulge_fraction=0,
        arm_handedness=handedness,
        arm_count=arm_count,
        fwhm=2,
    )
    image = render(source, (2 * half + 1, 2 * half + 1))
    radius = np.linspace(0.5, 2, 16)
    theta = np.linspace(0, 2 * np.pi, 720, endpoint=False)
    x, y = (half + size * radius[:, None] * f(theta) for f in (np.cos, np.sin))
    rings = map_coordinates(image, [y, x], order=3)
    # The m-th harmonic of each ring has its crest where the arm is.
    crest = -np.angle(rings @ np.exp(-1j * arm_count * theta)) / arm_count
    winding = float(source.render().arm_winding)
    phi = arms.arm_phase(radius, winding, source.arm_bulge_ratio, source.arm_radius_ratio)
    expected = np.deg2rad(source.arm_angle) - handedness * phi
    apart = 2 * np.pi / arm_count
    difference = (crest - expected + apart / 2) % apart - apart / 2
    assert np.abs(difference).max() < 0.02
    # A handedness of +1 turns counter-clockwise outwards.
    turned = np.diff(np.unwrap(crest * arm_count)) / arm_count
    assert (turned * handedness > 0).all()


# The light


@pytest.mark.parametrize("arm_count", [1, 2, 4])
def test_arms_add_no_light(arm_count):
    smooth, armed = (
        render(make(arm_contrast=contrast, arm_count=arm_count), (161, 161)) for contrast in (0, 1)
    )
    assert armed.sum() == pytest.approx(smooth.sum(), rel=5e-4)
    assert armed.sum() == pytest.approx(1e4, rel=1e-3)
    assert np.abs(armed - smooth).max() > 0.02 * smooth.max()


def test_a_spiral_without_arms_is_a_disc_and_a_bulge():
    shape = {"axis_ratio": 0.7, "position_angle": 25.0, "fwhm": 2.5}
    disc = Sersic(flux=8500, half_light_radius=6, sersic_index=1, **shape)
    bulge = Sersic(flux=1500, half_light_radius=1.5, sersic_index=2, **shape)
    image = render(make(arm_contrast=0))
    np.testing.assert_allclose(image, render(disc) + render(bulge), atol=5e-5 * image.max())


@pytest.mark.parametrize("position", [(23.5, 23.5), (20.3, 26.9), (23.0, 24.51)])
def test_the_centre_is_honoured(position):
    x, y = position[0] + 40, position[1] + 40
    image = render(make(x=x, y=y), (128, 128))
    rows, columns = np.indices(image.shape)
    # Two equal arms opposite each other leave the centroid at the centre.
    assert (image * columns).sum() / image.sum() == pytest.approx(x, abs=5e-3)
    assert (image * rows).sum() / image.sum() == pytest.approx(y, abs=5e-3)


def test_the_other_hand_is_the_mirror_image():
    image = render(make(), (49, 49))
    mirrored = make(arm_handedness=-1, arm_angle=-40.0, position_angle=-25.0)
    np.testing.assert_allclose(render(mirrored, (49, 49)), image[::-1], atol=1e-6 * image.max())


@pytest.mark.parametrize("arm_count", [1, 2, 3, 5])
def test_a_turn_from_arm_to_arm_changes_nothing(arm_count):
    image, turned = (
        render(make(arm_count=arm_count, arm_angle=angle)) for angle in (40, 40 + 360 / arm_count)
    )
    np.testing.assert_allclose(turned, image, atol=1e-9 * image.max())


@pytest.mark.parametrize(("arm_count", "quarters"), [(2, 2), (4, 1)])
def test_a_face_on_image_repeats_from_arm_to_arm(arm_count, quarters):
    image = render(make(arm_count=arm_count, axis_ratio=1), (49, 49))
    np.testing.assert_allclose(np.rot90(image, quarters), image, atol=1e-6 * image.max())
    other = np.rot90(render(make(arm_count=3, axis_ratio=1), (49, 49)), quarters)
    assert np.abs(other - render(make(arm_count=3, axis_ratio=1), (49, 49))).max() > 1


def brute_force(source, size, fine=16):
    """Return the disc with its arms by the formulas alone, on a fine grid in real space."""
    margin = 16
    offsets = (np.arange((size + 2 * margin) * fine) + 0.5) / fine - margin - 0.5
    dx, dy = offsets - source.x, (offsets - source.y)[:, None]
    angle = np.deg2rad(source.position_angle)
    major = np.cos(angle) * dx + np.sin(angle) * dy
    minor = (np.cos(angle) * dy - np.sin(angle) * dx) / source.axis_ratio
    radius = np.hypot(major, minor) / source.half_light_radius
    theta = np.arctan2(minor, major)
    b, sharpness = 1.6783469900166605, source.arm_sharpness
    scale = source.axis_ratio * source.half_light_radius**2
    disc = np.exp(-b * radius) * b**2 / (2 * np.pi * scale)
    winding = float(source.render().arm_winding)
    phi = 2 * winding * np.arctan(np.exp(1 / radius) / source.arm_bulge_ratio)
    crest = np.deg2rad(source.arm_angle) - source.arm_handedness * phi
    arms = np.exp(sharpness * np.cos(source.arm_count * (theta - crest))) / i0(sharpness) - 1
    fade = 1 - np.exp(-((radius / 0.4) ** 4))
    light = disc * (1 + source.arm_contrast * fade * arms) * source.flux
    a = source.fwhm / (2 * np.sqrt(2 ** (1 / source.beta) - 1))
    lag = np.arange(-12 * fine, 12 * fine + 1) / fine
    moffat = (1 + (lag**2 + lag[:, None] ** 2) / a**2) ** -source.beta
    moffat *= (source.beta - 1) / (np.pi * a**2) / fine**2
    blurred = fftconvolve(light, moffat, mode="same")
    cut = blurred[margin * fine : -margin * fine, margin * fine : -margin * fine]
    return cut.reshape(size, fine, size, fine).mean(axis=(1, 3))


@pytest.mark.parametrize(
    "changes",
    [
        {},
        {"arm_count": 3, "axis_ratio": 0.5, "half_light_radius": 4.5, "pitch_angle": 15},
        {"arm_handedness": -1, "pitch_angle": 33, "position_angle": 140, "arm_sharpness": 4},
    ],
)
def test_images_agree_with_the_formulas_on_a_fine_grid(changes):
    # Without a bulge, whose cusp a grid in real space cannot hold; a PSF of beta 6 ends within
    # the margin.
    source = make(bulge_fraction=0, x=15.3, y=16.1, beta=6, **changes)
    image, reference = render(source, (32, 32)), brute_force(source, 32)
    assert np.abs(image - reference).max() < 1e-3 * reference.max()


@pytest.mark.parametrize(
    "changes",
    [
        {},
        {"fwhm": 1.0, "arm_count": 1, "pitch_angle": 10},
        {"arm_count": 1, "pitch_angle": 3},
        {"arm_count": 1, "pitch_angle": 8, "axis_ratio": 0.3},
        {"arm_count": 1, "pitch_angle": 8, "axis_ratio": 0.05, "position_angle": 90},
        {"arm_count": 1, "pitch_angle": 20, "axis_ratio": 0.05, "arm_sharpness": 20},
        {"arm_count": 3, "pitch_angle": 15, "arm_sharpness": 20},
        {"arm_count": 8, "pitch_angle": 30, "arm_sharpness": 20, "half_light_radius": 12},
        {"arm_count": 1, "pitch_angle": 85, "arm_sharpness": 0.05},
        {"arm_bulge_ratio": 0.01, "pitch_angle": 30},
        {"arm_bulge_ratio": 100.0, "pitch_angle": 30},
        {"arm_bulge_ratio": 100.0, "arm_radius_ratio": 10.0, "pitch_angle": 40},
        {"arm_radius_ratio": 0.01, "arm_count": 1, "pitch_angle": 40},
        {"half_light_radius": 0.5, "arm_count": 1},
        {"half_light_radius": 1, "axis_ratio": 0.2, "fwhm": 4},
        {"half_light_radius": 20, "arm_count": 1, "x": -8.0, "y": 40.0},
    ],
)
def test_the_corners_of_the_domain_agree_with_the_formula(monkeypatch, changes):
    source = make(bulge_fraction=0, arm_contrast=1, **changes)
    image = render(source, (32, 32))
    # Tightly wound arms turn by hundreds of radians, large ones have many points around them.
    radii = 6000 if "arm_bulge_ratio" in changes else 2000
    azimuths = 512 if source.half_light_radius > 10 else 160
    reference = partial(reference_arms.transform, radii=radii, azimuths=azimuths)
    monkeypatch.setattr(arms, "transform", reference)
    expected = render(source, (32, 32))
    assert np.abs(image - expected).max() < 3e-4 * expected.max()
    assert (image != expected).any()
    assert image.min() > -1e-5 * image.max()


def test_under_a_psf_with_wide_wings_no_copy_sheds_light_that_is_seen():
    place = {"fwhm": 2.83332, "beta": 1.5, "x": 2.0, "y": 16.4641, "position_angle": 45.0}
    shape = {"half_light_radius": 1.0, "axis_ratio": 0.05, "bulge_radius_ratio": 1.0}
    arms = {"bulge_sersic_index": 0.3, "arm_contrast": 1.0, "arm_sharpness": 0.1, "seed": 1035}
    # Against points of light, seen one by one: 7e-3 of the peak where copies are as near as ever.
    assert of_points(spiral)(Spiral(**place, **shape, **arms), side=16) < 4e-4
