"""Flocculent spirals: patches and knots that move light around and never add any."""

import numpy as np
import pytest
from sky import reference_arms

from skybench.generators import FlocculentSpiral, Spiral
from skybench.generators.sky import arms, components, flocculent_spiral, knots

ARMS = {
    "flux": 1e4,
    "half_light_radius": 7.0,
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
    "arm_contrast": 0.3,
    "arm_sharpness": 2.0,
    "fwhm": 2.5,
}


def make(**changes):
    """Return a galaxy in which everything is given, so that a test states what it changes."""
    patches = {
        "arm_patchiness": 0.9,
        "knot_count": 12,
        "knot_fraction": 0.1,
        "knot_radius_ratio": 0.05,
        "pattern_seed": 7,
    }
    return FlocculentSpiral(**(ARMS | patches | changes))


def render(source, shape=(48, 48)):
    return source.render(shape).values


def parameters(source):
    return {name: np.array([v]) for name, v in source.parameters((64, 64)).items()}


def test_without_patches_and_knots_it_is_a_spiral():
    plain = render(Spiral(**ARMS))
    np.testing.assert_allclose(
        render(make(arm_patchiness=0, knot_count=0)), plain, atol=3e-4 * plain.max()
    )
    np.testing.assert_allclose(
        render(make(arm_patchiness=0, knot_fraction=0)), plain, atol=3e-4 * plain.max()
    )


@pytest.mark.parametrize("changes", [{}, {"arm_count": 3, "arm_contrast": 0}, {"knot_count": 64}])
def test_flux_is_kept_and_light_never_negative(changes):
    smooth = render(make(arm_patchiness=0, knot_count=0, arm_contrast=0), (161, 161))
    image = render(make(**changes), (161, 161))
    assert image.sum() == pytest.approx(smooth.sum(), rel=1e-3)
    assert image.sum() == pytest.approx(1e4, rel=1e-3)
    assert image.min() > -1e-4 * image.max()
    assert np.abs(image - smooth).max() > 0.05 * smooth.max()


def test_patches_have_no_light_in_the_mean_around_the_disc():
    source = make(axis_ratio=1, arm_contrast=0.4, arm_patchiness=1)
    sources = parameters(source)
    waves = flocculent_spiral._waves(sources | flocculent_spiral._patterns(sources))
    own = [arms.Waves(*numbers) for numbers in zip(*(part[0] for part in waves), strict=True)]
    azimuth = np.linspace(0, 2 * np.pi, 720, endpoint=False)
    for radius in (0.5, 1.0, 2.0):
        moved = sum(reference_arms.pattern(wave, radius, azimuth) for wave in own)
        assert abs(moved.mean()) < 1e-9
        # Never more is taken than there is.
        assert moved.min() > -1
        assert moved.std() > 0.3


def test_the_pattern_follows_from_the_seed_alone():
    image = render(make(pattern_seed=7))
    np.testing.assert_array_equal(render(make(pattern_seed=7)), image)
    other = render(make(pattern_seed=8))
    assert np.abs(other - image).max() > 0.02 * image.max()


def test_a_quarter_turn_turns_the_image():
    image = render(make(), (91, 91))
    turned = render(make(position_angle=115.0), (91, 91))
    np.testing.assert_allclose(turned, np.rot90(image, -1), atol=1e-5 * image.max())


def test_the_other_hand_is_the_mirror_image():
    image = render(make(), (49, 49))
    mirrored = render(make(arm_handedness=-1, arm_angle=-40.0, position_angle=-25.0), (49, 49))
    np.testing.assert_allclose(mirrored, image[::-1], atol=1e-6 * image.max())


@pytest.mark.parametrize(
    "changes",
    [
        {},
        {"fwhm": 1.2},
        {"pitch_angle": 5, "axis_ratio": 0.2},
        {"pitch_angle": 70, "pattern_seed": 3},
        {"axis_ratio": 0.05, "arm_count": 1, "arm_handedness": -1},
    ],
)
def test_images_agree_with_the_formula_at_many_points(monkeypatch, changes):
    source = make(arm_patchiness=1, bulge_fraction=0, knot_count=0, **changes)
    image = render(source, (32, 32))
    monkeypatch.setattr(arms, "transform", reference_arms.transform)
    reference = render(source, (32, 32))
    assert np.abs(image - reference).max() < 2e-4 * reference.max()
    assert (image != reference).any()


# Knots


def test_knots_hold_their_share_of_the_disc():
    sources = parameters(make())
    spots = knots.knots(sources, 16)
    assert spots.flux.shape == (1, 16)
    assert (spots.flux > 0).sum() == 12
    assert spots.flux.sum() == pytest.approx(1e4 * 0.85 * 0.1)
    assert spots.flux.max() / spots.flux[spots.flux > 0].min() < 20
    np.testing.assert_allclose(spots.sigma, 0.35)


def test_knots_lie_on_the_arms_as_often_as_the_contrast_says():
    source = make(arm_contrast=1, knot_count=64, axis_ratio=1, position_angle=0)
    sources = parameters(source)
    spots = knots.knots(sources, 64)
    galaxy = {n: v[:, None] for n, v in sources.items()}
    radius = np.hypot(spots.x, spots.y) / galaxy["half_light_radius"]
    azimuth = np.arctan2(spots.y, spots.x)
    assert ((radius > 0.4) & (radius < 2.5)).all()
    shape = (galaxy[f"arm_{name}"] for name in ("winding", "bulge_ratio", "radius_ratio"))
    crest = np.deg2rad(40) - arms.arm_phase(radius, *shape)
    # Off the crest by 0.6 / (2 sqrt(2)) = 0.21 radians, one standard deviation.
    off = (azimuth - crest + np.pi / 2) % np.pi - np.pi / 2
    assert np.sqrt((off**2).mean()) == pytest.approx(0.21, rel=0.25)


def test_the_number_of_knots_changes_no_place():
    few, many = (knots.knots(parameters(make(knot_count=n)), 16) for n in (9, 16))
    np.testing.assert_array_equal(few.x[:, :9], many.x[:, :9])
    assert isinstance(few, components.Spots)
