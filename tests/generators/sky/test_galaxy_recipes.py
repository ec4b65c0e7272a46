"""What the packaged recipes of galaxies promise: labels that are seen, and no way around them."""

import numpy as np
import pytest
import xarray as xr

from skybench.generators.generate import generate_as_stored
from skybench.generators.recipe_file import load_recipe

SAMPLES = 200


@pytest.fixture(scope="module", params=["morphology", "lensing"])
def recipe(request):
    return load_recipe(request.param)


@pytest.fixture(scope="module")
def dataset(recipe):
    return generate_as_stored(recipe, 0, SAMPLES)


def test_what_tells_a_class_is_seen(recipe, dataset):
    sources = recipe.visible_sources
    profiles = {recipe.sources[name].profile for name in sources}
    kinds = dict(zip(dataset.kind.flag_values, dataset.kind.flag_meanings.split(), strict=True))
    asked = [kinds[code] in profiles for code in dataset.kind.values[:, 0].tolist()]
    seen = dataset.feature_signal_to_noise.values[asked, 0] >= recipe.visibility.least
    assert seen.mean() >= 0.95


def test_no_class_is_told_by_its_brightness(dataset):
    """Medians of the light of images differ by less than the scatter within classes."""
    light = dataset.image.values.sum(axis=(1, 2))
    of_each = [light[dataset.label.values == code] for code in range(dataset.sizes["class"])]
    scatter = np.mean([np.subtract(*np.percentile(some, [84, 16])) / 2 for some in of_each])
    assert np.ptp([np.median(some) for some in of_each]) < scatter


@pytest.mark.parametrize("rung", ["isolated", "white_noise"])
def test_what_is_about_galaxies_is_taken_away_alone(recipe, dataset, rung):
    other = generate_as_stored(f"{recipe.name}/{rung}", 0, 20)
    same = dataset.isel(sample=slice(20))
    xr.testing.assert_equal(other.coords.to_dataset(), same.coords.to_dataset())
    assert (other.image != same.image).any()
