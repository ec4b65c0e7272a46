"""What the packaged recipes of surveys promise: how faint sources are, and what each holds."""

import numpy as np
import pytest
import xarray as xr

from skybench.generators.generate import generate_as_stored
from skybench.generators.recipe_file import load_recipe
from skybench.generators.sky import background
from skybench.generators.sky.visibility import measured

SAMPLES = 200


@pytest.fixture(scope="module")
def survey_grz():
    return generate_as_stored("survey_grz", 0, SAMPLES)


def of_classes(dataset, name):
    """Return a parameter of the first source, class by class."""
    values = dataset[name].values[:, 0].astype(float)
    return [values[dataset.label.values == code] for code in range(dataset.sizes["class"])]


def signal_to_noise_behind(recipe, samples):
    """Return that of the galaxies and stars of the background which lie on the image."""
    ny, nx = recipe.image.shape
    for sources in (background.galaxies(recipe, samples), background.stars(recipe, samples)):
        x, y = sources.source_x.values, sources.source_y.values
        inside = (abs(x - (nx - 1) / 2) < nx / 2) & (abs(y - (ny - 1) / 2) < ny / 2)
        places = np.nonzero((sources.kind.values > 0) & inside)
        yield measured(recipe, sources, places)["signal_to_noise"]


@pytest.mark.parametrize("name", ["survey_grz", "sdss_des", "sdss_des/des"])
def test_sources_are_as_faint_as_those_of_real_images(name):
    recipe = load_recipe(name)
    samples = generate_as_stored(recipe, 0, SAMPLES).coords.to_dataset()
    own = samples.signal_to_noise.values
    every = [own[np.isfinite(own)], *signal_to_noise_behind(recipe, samples)]
    tenth, median = np.percentile(np.concatenate(every), [10, 50])
    # The claim is at most 6, and 15 to 30: the margins are two errors of so many samples.
    assert tenth <= 6.6
    assert 13.5 <= median <= 33


def test_six_planes_are_the_light_and_its_weights(survey_grz):
    assert survey_grz.image.shape == survey_grz.ivar.shape == (SAMPLES, 3, 64, 64)
    flagged = survey_grz["mask"].values > 0
    assert flagged.any()
    np.testing.assert_array_equal(survey_grz.ivar.values == 0, flagged)


def test_galaxies_are_resolved_and_none_is_told_by_how_bright_it_is(survey_grz):
    point, *galaxies = of_classes(survey_grz, "feature_signal_to_noise")
    assert (np.concatenate(galaxies) >= 25).mean() > 0.98
    assert (point >= 25).all()
    for name, classes in (("magnitude", slice(None)), ("half_light_radius_arcsec", slice(1, None))):
        of_each = of_classes(survey_grz, name)[classes]
        scatter = np.mean([some.std() for some in of_each])
        assert np.ptp([np.median(some) for some in of_each]) < scatter / 2


def test_magnitudes_are_those_that_are_told():
    for name, faintest in (("survey_grz", 22), ("survey_grz/faint", 24.5)):
        magnitude = generate_as_stored(name, 0, 100).magnitude.values
        first, others = magnitude[:, 0], magnitude[:, 1:]
        assert faintest - 1 < first.max() <= faintest
        assert first.min() >= 20
        assert 23 < np.nanmax(others) <= 24.5


@pytest.mark.parametrize("rung", ["white_noise", "flawless"])
def test_what_a_survey_does_to_images_is_taken_away_alone(survey_grz, rung):
    other = generate_as_stored(f"survey_grz/{rung}", 0, 20)
    same = survey_grz.isel(sample=slice(20))
    xr.testing.assert_equal(other.coords.to_dataset(), same.coords.to_dataset())
    assert (other.image != same.image).any()


def test_alone_has_the_same_sources_without_their_neighbours(survey_grz):
    alone = generate_as_stored("survey_grz/alone", 0, 20)
    assert alone.sizes["source"] == 1
    np.testing.assert_array_equal(alone.magnitude[:, 0], survey_grz.magnitude[:20, 0])


def test_another_survey_sees_the_sources_that_decals_sees(survey_grz):
    other = generate_as_stored("survey_grz/des", 0, 20)
    for name in ("magnitude", "half_light_radius_arcsec", "position_angle_north", "label"):
        np.testing.assert_array_equal(other[name], survey_grz[name][:20], err_msg=name)
    assert (other.signal_to_noise.values[:, 0] > survey_grz.signal_to_noise.values[:20, 0]).all()
