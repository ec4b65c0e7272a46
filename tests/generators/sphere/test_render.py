"""Maps of the sphere from recipes: rows, order, corners, and what is refused."""

import copy
from typing import Any

import numpy as np
import pytest
import xarray as xr

from skybench.errors import RecipeError
from skybench.generators.generate import empty, generate_as_stored
from skybench.generators.recipe_file import load_recipe, parse_recipe, recipe_from
from skybench.generators.sphere.healpix import coordinates, ring_numbers
from skybench.release.building.build import build

SMALL: dict[str, Any] = {
    "family": "sphere",
    "name": "small",
    "title": "A small recipe",
    "description": "Every part of a map on few pixels.",
    "licence": "CC-BY-4.0",
    "citation": "none",
    "seed": 5,
    "samples": 100,
    "task": "classification",
    "sphere": {"nside": 8, "units": "uK"},
    "beam": {"fwhm": {"distribution": "uniform", "low": 5, "high": 10}},
    "noise": {"level": 0.1},
    "point_sources": {"count": 20, "faintest": 1, "brightest": 50},
    "mask": {"latitude": {"distribution": "choice", "values": [0, 10, 20]}},
    "sources": {
        "plain": {"profile": "power_law_field"},
        "peaks": {"profile": "acoustic_field", "acoustic_scale": 8},
        "matter": {"profile": "convergence_field"},
    },
    "classes": {
        "plain": {"sources": ["plain"]},
        "peaks": {"sources": ["peaks"]},
        "matter": {"sources": ["matter"]},
    },
    "splits": {"train": 0.6, "validation": 0.2, "test": 0.2},
}

QUIET = {"noise": {"level": 0}, "beam": {"fwhm": 0}, "mask": {"latitude": 0}}


def recipe(**changes):
    return recipe_from(copy.deepcopy(SMALL) | changes)


def without(*keys, **changes):
    content = copy.deepcopy(SMALL) | changes
    return recipe_from({key: value for key, value in content.items() if key not in keys})


@pytest.fixture(scope="module")
def ds():
    return generate_as_stored(recipe())


def test_a_map_is_what_it_says(ds):
    assert ds.sky_map.dims == ("sample", "pixel")
    assert ds.sky_map.shape == ds.masked.shape == (100, 768)
    assert ds.sky_map.dtype == np.float32
    assert ds.sky_map.attrs["units"] == "uK"
    assert (ds.attrs["nside"], ds.attrs["ordering"], ds.attrs["lmax"]) == (8, "ring", 16)
    assert np.isfinite(ds.sky_map).all()
    assert ds.point_source_count.dtype == np.int32


def test_rows_do_not_depend_on_the_range(ds):
    xr.testing.assert_identical(generate_as_stored(recipe(), 37, 81), ds.isel(sample=slice(37, 81)))
    xr.testing.assert_identical(generate_as_stored(recipe(), 3, 4), ds.isel(sample=slice(3, 4)))
    assert empty(recipe()).sky_map.shape == (0, 768)


def test_masked_pixels_are_0_and_marked(ds):
    _, latitude = coordinates(8)
    expected = np.abs(latitude) < ds.mask_latitude.values[:, None]
    assert (ds.masked.values == expected).all()
    assert (ds.sky_map.values[expected] == 0).all()
    assert (ds.sky_map.values[~expected] != 0).all()


def test_nested_maps_are_the_same_sky_in_another_order(ds):
    nested = generate_as_stored(recipe(sphere={"nside": 8, "ordering": "nested"}))
    assert nested.attrs["ordering"] == nested.sky_map.attrs["ordering"] == "nested"
    order = ring_numbers(8)
    assert (nested.sky_map.values == ds.sky_map.values[:, order]).all()
    assert (nested.masked.values == ds.masked.values[:, order]).all()


def test_noise_has_the_level_asked_for_and_leaves_the_sky():
    quiet = generate_as_stored(recipe(noise={"level": 0}, mask={"latitude": 0})).sky_map.values
    noisy = generate_as_stored(recipe(noise={"level": 0.3}, mask={"latitude": 0})).sky_map.values
    assert (noisy - quiet).std() == pytest.approx(0.3, rel=0.01)
    assert abs((noisy - quiet).mean()) < 4 * 0.3 / np.sqrt(quiet.size)


def test_the_variance_is_the_sum_of_the_spectrum():
    # 2 pi A^2 / 110 (l / 10)^-2 (2 l + 1) / 4 pi, summed from 2 to 16, over 100 maps; the sum
    # has about 17^2 / 4 modes a map, so its mean scatters by sqrt(2 / 7000).
    fixed = {"plain": {"profile": "power_law_field", "spectrum_amplitude": 2, "spectral_slope": -2}}
    maps = generate_as_stored(
        without("classes", "point_sources", **QUIET, sources=fixed, task="regression",
                targets=["pixel_noise"])
    ).sky_map.values  # fmt: skip
    degrees = np.arange(2, 17)
    powers = 2 * np.pi * 4 / 110 * (degrees / 10) ** -2.0
    expected = (powers * (2 * degrees + 1)).sum() / (4 * np.pi)
    assert (maps.astype(float) ** 2).mean() == pytest.approx(expected, rel=0.06)


def test_point_sources_add_their_brightness():
    with_sources = generate_as_stored(recipe(**QUIET), 0, 20).sky_map.values.astype(float)
    without_sources = generate_as_stored(without("point_sources", **QUIET), 0, 20)
    assert "point_source_count" not in without_sources.coords
    light = with_sources - without_sources.sky_map.values
    # 20 sources between 1 and 50 map units x degree2 on pixels of 53.7 degree2.
    total = light.sum(axis=1) * 53.71
    assert ((total > 20) & (total < 1000)).all()


def test_no_amplitude_is_an_empty_sky():
    dark = {"plain": {"profile": "power_law_field", "spectrum_amplitude": 0}}
    maps = generate_as_stored(
        without("classes", "point_sources", **QUIET, sources=dark, task="regression",
                targets=["pixel_noise"])
    ).sky_map  # fmt: skip
    assert (maps == 0).all()


@pytest.mark.parametrize("sphere", [{"nside": 1}, {"nside": 2, "lmax": 0}, {"nside": 2, "lmax": 1}])
def test_the_smallest_maps_are_drawn(sphere):
    maps = generate_as_stored(recipe(sphere=sphere, mask={"latitude": 0}), 0, 20).sky_map
    assert maps.shape == (20, 12 * sphere["nside"] ** 2)
    assert np.isfinite(maps).all()


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"sphere": {"nside": 12}}, "nside must be a power of two from 1 to 512, got 12"),
        ({"sphere": {"nside": 1024}}, "nside must be a power of two from 1 to 512, got 1024"),
        ({"sphere": {"nside": 8, "lmax": 24}}, "at most 3 nside - 1 = 23"),
        ({"sphere": {"nside": 8, "lmax": -1}}, "greater than or equal to 0"),
        ({"sphere": {"nside": 8, "ordering": "spiral"}}, "ordering"),
        ({"mask": {"latitude": 89}}, "leaves no pixel of nside 8; choose at most 84"),
        ({"mask": {"latitude": 90}}, r"mask.latitude can be 90 .* outside its domain \[0, 90\)"),
        ({"noise": {"level": -1}}, r"noise.level can be -1 to -1, outside its domain"),
        ({"beam": {"fwhm": 200}}, "beam.fwhm can be 200 to 200, outside its domain"),
        (
            {"point_sources": {"count": 5, "faintest": 3, "brightest": 2}},
            "faintest can be 3, above a brightest of 2",
        ),
        (
            {"point_sources": {"count": 5, "faintest": 0, "brightest": 2}},
            "point_sources.faintest can be 0 to 0, outside its domain",
        ),
        ({"point_sources": {"count": 1e6, "faintest": 1, "brightest": 2}}, "point_sources.count"),
    ],
)  # fmt: skip
def test_what_cannot_be_drawn_is_refused(changes, message):
    with pytest.raises(ValueError, match=message):
        recipe(**changes)


def test_an_nside_that_is_no_power_of_two_names_its_place():
    text = __import__("yaml").safe_dump(copy.deepcopy(SMALL) | {"sphere": {"nside": 20}})
    with pytest.raises(RecipeError, match=r"mine.yaml: sphere: nside must be a power of two"):
        parse_recipe(text, "mine.yaml")


def test_the_packaged_recipe_is_balanced_and_finite():
    packaged = load_recipe("sphere")
    ds = generate_as_stored(packaged, 0, 100)
    assert np.bincount(ds.label).tolist() == [50, 50]
    assert np.isfinite(ds.sky_map).all()
    # One pixel tells nothing, and the variance hardly: the classes have nearly the same.
    ratio = [ds.sky_map.values[ds.label == label].var() for label in (0, 1)]
    assert 0.7 < ratio[0] / ratio[1] < 1.4


def test_a_store_holds_what_is_generated(tmp_path, ds):
    build(recipe(), str(tmp_path / "s.zarr"), progress=False, workers=1)
    with xr.open_zarr(tmp_path / "s.zarr") as stored:
        xr.testing.assert_equal(stored.load(), ds)
        assert stored.sky_map.attrs["units"] == "uK"
