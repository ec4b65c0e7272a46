"""Rows are pure, coordinates are the truth, and nothing else has a say."""

import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
import xarray as xr
from hypothesis import given, settings
from hypothesis import strategies as st

from skybench.errors import RecipeError
from skybench.generators.families import variables
from skybench.generators.generate import empty, generate_as_stored
from skybench.generators.recipe_file import load_recipe
from skybench.generators.sky.noise import observe
from skybench.generators.sky.objects import SKY_OBJECTS
from skybench.generators.sky.recipe import SkyRecipe as Recipe
from skybench.generators.sky.source_light import expected
from skybench.generators.variable import OneOf

ROWS = 24
BOTH = pytest.mark.parametrize("name", ["objects", "sky"])


@pytest.fixture(scope="module")
def whole():
    return {name: generate_as_stored(name, 0, ROWS) for name in ("objects", "sky")}


def changed(name, **changes):
    return Recipe.model_validate(load_recipe(name).model_dump(mode="json") | changes)


@BOTH
@settings(max_examples=8, deadline=None)
@given(data=st.data())
def test_a_row_is_the_same_in_whatever_range(whole, name, data):
    start = data.draw(st.integers(0, ROWS - 1))
    stop = data.draw(st.integers(start + 1, min(start + 6, ROWS)))
    rows = whole[name].isel(sample=slice(start, stop))
    xr.testing.assert_identical(generate_as_stored(name, start, stop), rows)


@settings(max_examples=8, deadline=None)
@given(st.integers(0, 99), st.integers(0, 5))
def test_a_row_of_a_users_recipe_is_the_same_in_whatever_range(small_recipe, start, rows):
    part = generate_as_stored(small_recipe, start, start + rows)
    wider = generate_as_stored(small_recipe, max(0, start - 3), start + rows + 2)
    first = start - max(0, start - 3)
    xr.testing.assert_identical(part, wider.isel(sample=slice(first, first + rows)))


@BOTH
def test_rows_are_the_same_in_whatever_order(whole, name):
    order = np.random.default_rng(0).permutation(ROWS)[:6]
    alone = xr.concat([generate_as_stored(name, i, i + 1) for i in order], "sample")
    xr.testing.assert_equal(alone, whole[name].isel(sample=order))


@BOTH
def test_threads_do_not_disturb_each_other(whole, name):
    with ThreadPoolExecutor(4) as pool:
        parts = list(pool.map(lambda i: generate_as_stored(name, i, i + 3), range(0, 12, 3)))
    xr.testing.assert_equal(xr.concat(parts, "sample"), whole[name].isel(sample=slice(12)))


@BOTH
def test_rendering_again_from_the_stored_coordinates_gives_the_same_bits(name):
    # A background is the recipe's: its sources have no coordinates.
    ds, recipe = generate_as_stored(f"{name}/alone", 0, 40), load_recipe(f"{name}/alone")
    coordinates_alone = ds.drop_vars("image")
    light = expected(coordinates_alone, recipe.image.shape)
    again = observe(light, coordinates_alone, recipe.noise, recipe.seed)
    assert np.array_equal(again, ds["image"].values)
    reversed_light = expected(coordinates_alone.isel(sample=slice(None, None, -1)), light.shape[1:])
    assert np.array_equal(reversed_light[::-1], light)


@BOTH
def test_every_variable_is_as_the_schema_says(whole, name):
    for variable_name, variable in whole[name].variables.items():
        row = variables()[variable_name]
        assert variable.dims == row.dims
        assert variable.dtype == row.dtype
        assert variable.attrs["long_name"] == row.long_name
        assert variable.attrs.get("units") == row.units
        row.check(variable.values)


@BOTH
def test_no_samples_have_the_same_form(whole, name):
    none = empty(load_recipe(name))
    assert none.sizes["sample"] == 0
    assert {n: v.dtype for n, v in none.variables.items()} == {
        n: v.dtype for n, v in whole[name].variables.items()
    }
    assert none.attrs == whole[name].attrs


def test_sky_slots_are_full_or_empty_and_agree_with_what_is_present():
    ds = generate_as_stored("sky", 0, 200)
    filled = ds["kind"].values > 0
    count = filled.sum(axis=1)
    assert (count.min(), count.max()) == (1, 8)
    assert np.array_equal(filled, ~np.isnan(ds["flux"].values))
    assert np.array_equal(filled, ds["source_class"].values >= 0)
    # Slots fill from the first on.
    assert (np.diff(filled.astype(int), axis=1) <= 0).all()
    for code in ds["class"].values:
        there = (ds["source_class"].values == code).any(axis=1)
        assert np.array_equal(there, ds["present"].values[:, code] == 1)
    assert (count > ds["present"].values.sum(axis=1)).any(), "classes repeat"


def test_objects_have_the_class_that_their_kind_says():
    ds = generate_as_stored("objects", 0, 60)
    meanings = ds["kind"].attrs["flag_meanings"].split()
    kinds = [meanings[code] for code in ds["kind"].values[:, 0]]
    labels = np.array(["star", "elliptical", "spiral"])[ds["label"].values]
    assert [{"sersic": "elliptical"}.get(kind, kind) for kind in kinds] == labels.tolist()
    # A star has no radius; what does not apply is missing, not zero.
    assert np.isnan(ds["half_light_radius"].values[labels == "star", 0]).all()


def test_neighbouring_seeds_share_nothing():
    one, two = (generate_as_stored(changed("objects", seed=seed), 0, 30) for seed in (0, 1))
    assert not (one["flux"].values == two["flux"].values).any()
    differences = (one["image"] - two["image"]).values.reshape(30, -1)
    assert (np.abs(differences).max(axis=1) > 0).all()


def test_another_distribution_moves_no_other_parameter():
    source = load_recipe("objects").model_dump(mode="json")["sources"]
    source["star"]["flux"] = {"distribution": "constant", "value": 9999.0}
    before, after = (
        generate_as_stored("objects", 0, 20),
        generate_as_stored(changed("objects", sources=source), 0, 20),
    )
    for name in before.coords:
        if name != "flux":
            assert before[name].variable.identical(after[name].variable), name


def test_a_scaling_relation_is_recorded_as_drawn():
    source = load_recipe("objects").model_dump(mode="json")["sources"]
    source["elliptical"]["flux"] = {
        "distribution": "scaling",
        "of": "half_light_radius",
        "value": 10_000.0,
        "pivot": 3.0,
        "exponent": 2.0,
        "low": 100.0,
        "high": 1e6,
    }
    ds = generate_as_stored(changed("objects", sources=source), 0, 60)
    galaxies = ds["label"].values == 1
    radius = ds["half_light_radius"].values[galaxies, 0].astype(float)
    flux = ds["flux"].values[galaxies, 0]
    np.testing.assert_allclose(flux, 10_000 * (radius / 3) ** 2, rtol=1e-4)


def test_a_class_may_have_several_sources():
    recipe = load_recipe("objects").model_dump(mode="json")
    recipe["classes"] = {
        "star": {"sources": ["star"]},
        "galaxy": {"sources": ["elliptical", "spiral"]},
    }
    recipe["scene"]["count"] = 1
    ds = generate_as_stored(Recipe.model_validate(recipe), 0, 200)
    galaxies = ds["label"].values == 1
    assert galaxies.sum() == 100
    assert set(ds["kind"].values[galaxies, 0].tolist()) == {2, 3}


def test_splits_are_exact_and_stratified():
    ds = generate_as_stored("objects", 0, 300)
    assert np.bincount(ds["split"].values).tolist() == [180, 60, 60]
    for label in range(3):
        parts = np.bincount(ds["split"].values[ds["label"].values == label])
        np.testing.assert_allclose(parts, [60, 20, 20], atol=4)


@pytest.mark.parametrize(
    ("fwhm", "beta"),
    [
        pytest.param(0, 100, marks=pytest.mark.soak),
        pytest.param(0.05, 2.5, marks=pytest.mark.soak),
        (0.3, 100),
        (30, 4),
    ],
)
@pytest.mark.parametrize("end", [0, 1])
def test_whatever_a_recipe_accepts_can_be_drawn(small, fwhm, beta, end):
    # Parameters at the ends of their domains, all at once; warnings are errors.
    small["psf"] = {"fwhm": fwhm, "beta": beta}
    small["image"]["shape"] = [8, 36]
    small["noise"] = {"sky_level": [0, 1e8][end], "read_noise": [0, 1e6][end]}
    for source, profile in (("bright", "star"), ("faint", "sersic"), ("galaxy", "spiral")):
        small["sources"][source] = {"profile": profile}
        for name in SKY_OBJECTS[profile].defaults:
            low, high = ends(variables()[name].domain)
            small["sources"][source][name] = [low, high][end]
        if "half_light_radius" in SKY_OBJECTS[profile].defaults:
            small["sources"][source]["half_light_radius"] = [1e-6, 20][end]
    recipe = Recipe.model_validate(small)
    ds = generate_as_stored(recipe, 0, 4)
    assert np.isfinite(expected(ds, recipe.image.shape)).all()


def ends(domain):
    if isinstance(domain, OneOf):
        return min(domain.values), max(domain.values)
    low, high = max(domain.low, -1e6), min(domain.high, 1e8)
    return low + 1e-4 * domain.open_low, high - 1e-2 * domain.open_high


def test_no_ambient_state(tmp_path):
    script = (
        "import numpy as np; np.random.seed(5); before = np.random.get_state()\n"
        "import skybench\n"
        "first = skybench.generate('objects', 0, 4).image.values\n"
        "after = np.random.get_state()\n"
        "assert before[2] == after[2] and (before[1] == after[1]).all()\n"
        "np.random.seed(6)\n"
        "assert (skybench.generate('objects', 0, 4).image.values == first).all()\n"
        "import logging; assert not logging.getLogger().handlers\n"
    )
    subprocess.run([sys.executable, "-c", script], cwd=tmp_path, check=True)
    assert not list(tmp_path.iterdir())


def test_rows_outside_the_recipe_are_refused():
    for start, stop in ((-1, 3), (5, 2), (0, 10_001)):
        with pytest.raises(RecipeError, match="choose 0 <= start <= stop <= 10000"):
            generate_as_stored("objects", start, stop)


@pytest.mark.parametrize("rows", [(0.0, 5), ("0", 5), (0, 2.5)])
def test_rows_that_are_no_whole_numbers_are_refused(rows):
    with pytest.raises(RecipeError, match="start and stop must be whole numbers, got "):
        generate_as_stored("objects", *rows)
