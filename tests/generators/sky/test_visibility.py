"""How well sources are seen, and sources that are drawn until they are."""

import numpy as np
import pytest
import xarray as xr

from skybench.generators.generate import generate_as_stored
from skybench.generators.recipe_file import recipe_from
from skybench.generators.sky.images import expected
from skybench.generators.sky.noise import inverse_variance, observe
from skybench.generators.sky.objects import SKY_OBJECTS
from skybench.generators.sky.visibility import smoothed

SKY, READ = 400.0, 10.0
VARIANCE = SKY + READ**2 + 1 / 12


def recipe(sources, **changes):
    """Return a recipe of one source a sample near the middle of the image."""
    content = {
        "name": "seen",
        "task": "regression",
        "targets": ["flux"],
        "samples": 400,
        "image": {"shape": [64, 64]},
        "psf": {"fwhm": 6.0, "profile": "gaussian"},
        "noise": {"sky_level": SKY, "read_noise": READ},
        "scene": {"placement": {"margin": 30}},
        "visibility": {},
        "sources": sources,
    }
    return recipe_from(content | changes)


def seen(ds, name="signal_to_noise"):
    return ds[name].values[:, 0].astype(float)


@pytest.mark.parametrize("flux", [300.0, 3e4])
def test_a_star_has_the_signal_to_noise_of_half_its_light(flux):
    # A Gaussian of sigma s has half its light within pi (2 ln 2) s^2 pixels, which count F / 2.
    ds = generate_as_stored(recipe({"star": {"profile": "star", "flux": flux}}), 0, 4)
    sigma = 6.0 / np.sqrt(8 * np.log(2))
    area = 2 * np.pi * np.log(2) * sigma**2
    assert seen(ds) == pytest.approx(flux / 2 / np.sqrt(area * VARIANCE + flux / 2), rel=0.01)


def test_a_faint_star_is_seen_as_by_the_best_filter():
    # F / sqrt(4 pi s^2 V) for a Gaussian on white noise (King 1983, PASP 95, 163), with no twin.
    ds = generate_as_stored(recipe({"star": {"profile": "star", "flux": 200.0}}), 0, 4)
    sigma = 6.0 / np.sqrt(8 * np.log(2))
    best = 200.0 / np.sqrt(4 * np.pi * sigma**2 * VARIANCE)
    assert seen(ds, "feature_signal_to_noise") == pytest.approx(best, rel=0.02)


def test_a_galaxy_is_measured_within_its_half_light_ellipse():
    own = {"flux": 2e3, "half_light_radius": 9.0, "sersic_index": 1.0, "axis_ratio": 0.5}
    galaxy = {"galaxy": {"profile": "sersic", **own}}
    ds = generate_as_stored(recipe(galaxy, psf={"fwhm": 0.0}), 0, 4)
    # A hundredth of an exponential disc lies beyond this image.
    pixels = np.pi * 0.5 * 9.0**2
    assert seen(ds) == pytest.approx(1e3 / np.sqrt(pixels * VARIANCE + 1e3), rel=0.03)


def test_the_feature_is_seen_as_the_best_test_on_noisy_images_sees_it():
    spec = recipe({"ring": {"profile": "ring", "flux": 4e3}})
    one = generate_as_stored(spec, 0, 1)
    light = expected(one, (64, 64))
    feature = light - expected(smoothed(one), (64, 64))
    template = feature * inverse_variance(light, one, spec.noise)
    many = one.isel(sample=np.zeros(3000, int)).assign_coords(sample_id=("sample", np.arange(3000)))
    images = observe(np.repeat(light, 3000, axis=0), many, spec.noise, 1)
    spread = (images * template).sum(axis=(1, 2)).std()
    # The error of a standard deviation of 3,000 numbers is 1.3 %.
    found = (feature * template).sum() / spread
    assert found == pytest.approx(seen(one, "feature_signal_to_noise")[0], rel=0.04)


@pytest.mark.parametrize("name", SKY_OBJECTS)
def test_twice_the_light_in_the_dark_is_twice_the_signal_to_noise(name):
    kind = SKY_OBJECTS[name]
    fluxes = [n for n in kind.defaults if kind.variables[n].units == "electron"]
    by_flux = [
        generate_as_stored(recipe({name: {"profile": name, **dict.fromkeys(fluxes, f)}}), 0, 6)
        for f in (1.0, 2.0)
    ]
    for figure in ("signal_to_noise", "feature_signal_to_noise"):
        faint, bright = (seen(ds, figure) for ds in by_flux)
        assert (faint > 0).all()
        assert bright == pytest.approx(2 * faint, rel=4e-3)


@pytest.mark.parametrize(
    ("profile", "parameters"),
    [
        ("spiral", {"arm_contrast": 0.0}),
        ("barred_spiral", {"bar_fraction": 0.0}),
        ("barred_lenticular", {"bar_fraction": 0.0}),
        ("lenticular", {"plateau_fraction": 0.0}),
        ("dusty_edge_on", {"dust_optical_depth": 0.0}),
        ("edge_on", {"inclination": 40.0}),
    ],
)
def test_who_lacks_the_feature_has_none_to_be_seen(profile, parameters):
    ds = generate_as_stored(recipe({"it": {"profile": profile, **parameters}}), 0, 4)
    assert (seen(ds, "feature_signal_to_noise") == 0).all()
    assert (seen(ds) > 0).all()


def test_a_galaxy_that_is_not_resolved_is_no_galaxy_to_see():
    shape = {"sersic_index": 1.0, "axis_ratio": 0.9}
    small, large = (
        generate_as_stored(
            recipe({"it": {"profile": "sersic", "flux": 1e4, **shape, "half_light_radius": size}}),
            0,
            4,
        )
        for size in (0.1, 6.0)
    )
    assert (seen(small, "feature_signal_to_noise") < 0.2).all()
    assert (seen(large, "feature_signal_to_noise") > 20).all()


def test_bands_add_in_quadrature_and_empty_slots_have_none():
    spec = {"galaxy": {"profile": "sersic", "flux": 3e3}}
    several = {
        "task": "multilabel",
        "targets": [],
        "sources": spec | {"star": {"profile": "star", "flux": 1e3}},
        "scene": {"count": {"distribution": "choice", "values": [0, 1, 2]}},
    }
    # Bands of names that mean nothing do not differ.
    one, three = (
        generate_as_stored(recipe(**several, image={"shape": [48, 48], "bands": b}), 0, 20)
        for b in (["a"], ["a", "b", "c"])
    )
    for figure in ("signal_to_noise", "feature_signal_to_noise"):
        assert (np.isnan(three[figure].values) == (three.kind.values == 0)).all()
        ratio = (three[figure] / one[figure]).where(three.kind != 0, np.sqrt(3))
        assert ratio.values == pytest.approx(np.sqrt(3), rel=1e-3)


SPIRALS = {
    "spiral": {
        "profile": "spiral",
        "flux": {"distribution": "log_uniform", "low": 300, "high": 2e4},
    },
    "galaxy": {"profile": "sersic", "flux": 1e3},
}


def classified(visibility, **changes):
    own = {"task": "classification", "targets": [], "visibility": visibility}
    return recipe(SPIRALS, **(own | changes))


def test_sources_are_drawn_again_until_they_are_seen():
    plain, asked = (
        generate_as_stored(classified(v), 0, 200)
        for v in ({}, {"least": 2, "sources": ["spiral"], "attempts": 6})
    )
    spiral = asked.kind.values[:, 0] == SKY_OBJECTS["spiral"].code
    before, after = (seen(ds, "feature_signal_to_noise") for ds in (plain, asked))
    kept = ~spiral | (before >= 2)
    assert 0.2 < kept[spiral].mean() < 0.8
    # Who is seen, or need not be, stays as it was, and everyone stays in place.
    parameters = [n for n in plain.coords if "sample" in plain[n].dims]
    xr.testing.assert_identical(
        plain[parameters].isel(sample=kept), asked[parameters].isel(sample=kept)
    )
    assert (plain.source_x == asked.source_x).all()
    assert (after >= before).all()
    assert (after[spiral] >= 2).mean() > 0.75


@pytest.mark.parametrize("scale", [0, 0.33, 2])
def test_who_is_seen_is_judged_at_the_whole_noise(scale):
    # So rungs that scale the noise hold the same sources; what is recorded is of their own noise.
    asked = {"least": 2, "sources": ["spiral"], "attempts": 6}
    whole, scaled = (
        generate_as_stored(classified(asked, noise={"scale": own}), 0, 60) for own in (1, scale)
    )
    figures = ["signal_to_noise", "feature_signal_to_noise"]
    parameters = [n for n in whole.coords if "sample" in whole[n].dims and n not in figures]
    for name in parameters:
        np.testing.assert_array_equal(whole[name].values, scaled[name].values, name)
    assert (seen(scaled) > seen(whole)).all() == (scale < 1)


def test_the_light_is_that_of_the_attempt_taken():
    ds = generate_as_stored(
        classified({"least": 8}, image={"shape": [64, 64], "expected": True}), 0, 9
    )
    again = expected(ds, (64, 64))
    assert np.abs(ds.expected.values - again).max() < 2e-4 * again.max()


def test_if_no_attempt_is_seen_the_best_is_taken():
    by_attempts = [
        seen(
            generate_as_stored(classified({"least": 1e5, "attempts": n}), 0, 30),
            "feature_signal_to_noise",
        )
        for n in (1, 2, 4)
    ]
    assert (np.diff(by_attempts, axis=0) >= 0).all()
    assert (by_attempts[2] > by_attempts[0]).mean() > 0.5


@pytest.mark.parametrize("bands", [{}, {"bands": ["g", "r"]}])
def test_a_row_depends_on_itself_alone(bands):
    spec = classified({"least": 6}, image={"shape": [64, 64]} | bands)
    whole = generate_as_stored(spec, 0, 40)
    xr.testing.assert_identical(whole.isel(sample=slice(17, 23)), generate_as_stored(spec, 17, 23))


def test_visibility_alone_moves_nothing_and_can_be_left_unrecorded():
    plain = generate_as_stored(classified({}), 0, 30)
    without = recipe_from(
        {k: v for k, v in classified({}).model_dump(mode="json").items() if k != "visibility"}
    )
    bare = generate_as_stored(without, 0, 30)
    xr.testing.assert_identical(
        plain.drop_vars(["signal_to_noise", "feature_signal_to_noise"]), bare
    )
    assert "visibility" not in without.model_dump()
    unrecorded = generate_as_stored(classified({"record": False, "least": 4}), 0, 30)
    assert "feature_signal_to_noise" not in unrecorded
    assert (unrecorded.flux != bare.flux).any()


@pytest.mark.parametrize(
    ("visibility", "message"),
    [
        ({"record": False}, "nothing is recorded and nothing asked for"),
        ({"least": 5, "sources": ["spirals"]}, "visibility.sources: unknown source 'spirals'"),
        ({"least": -1}, "least"),
    ],
)
def test_a_visibility_that_makes_no_sense_is_refused(visibility, message):
    with pytest.raises(ValueError, match=message):
        classified(visibility)
