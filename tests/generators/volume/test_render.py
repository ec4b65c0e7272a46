"""Density cubes from recipes: rows, truth, corners, and what is refused."""

import copy
from typing import Any

import numpy as np
import pytest
import xarray as xr

from skybench.generators.generate import empty, generate_as_stored
from skybench.generators.recipe_file import load_recipe, recipe_from
from skybench.release.building.build import build

SMALL: dict[str, Any] = {
    "family": "volume",
    "name": "small",
    "title": "A small recipe",
    "description": "A few halos in a small box.",
    "licence": "CC-BY-4.0",
    "citation": "none",
    "seed": 5,
    "samples": 60,
    "task": "regression",
    "targets": ["halo_count"],
    "cube": {"side": 16, "size_mpc": 16},
    "field": {"rms": {"distribution": "uniform", "low": 0.2, "high": 1}, "slope": -1.5},
    "scene": {"count": {"distribution": "choice", "values": [1, 3]}},
    "sources": {"halo": {"profile": "halo"}},
    "splits": {"train": 0.6, "validation": 0.2, "test": 0.2},
}


def recipe(**changes):
    return recipe_from(copy.deepcopy(SMALL) | changes)


@pytest.fixture(scope="module")
def ds():
    return generate_as_stored(recipe())


def test_a_cube_is_what_it_says(ds):
    assert ds.density.dims == ("sample", "z", "y", "x")
    assert ds.density.shape == (60, 16, 16, 16)
    assert ds.density.dtype == np.float32
    assert np.isfinite(ds.density).all()
    assert (ds.density > 0).all()
    assert ds.attrs["voxel_mpc"] == 1
    assert ds.attrs["field"] == "lognormal"


def test_rows_do_not_depend_on_the_range(ds):
    xr.testing.assert_identical(generate_as_stored(recipe(), 17, 41), ds.isel(sample=slice(17, 41)))
    assert empty(recipe()).density.shape == (0, 16, 16, 16)


def test_the_count_is_that_of_the_halos(ds):
    assert (ds.halo_count == (ds.kind > 0).sum("source")).all()
    assert set(np.unique(ds.halo_count)) == {1, 3}
    for name in ("halo_mass", "source_x", "source_y", "source_z"):
        assert (np.isnan(ds[name]) == (ds.kind == 0)).all()


def test_halos_lie_anywhere_in_the_box(ds):
    for axis in "xyz":
        places = ds[f"source_{axis}"].values[ds.kind.values > 0]
        assert (places.min(), places.max()) == pytest.approx((-0.5, 15.5), abs=0.7)


def test_the_mass_above_the_field_is_that_of_the_halos(ds):
    bare = recipe(sources={"halo": {"profile": "halo", "halo_mass": 1e-9}})
    field = generate_as_stored(bare).density.values.astype(float)
    added = (ds.density.values - field).sum(axis=(1, 2, 3)) * ds.attrs["mean_density_msun_mpc3"]
    # Stored to 12 bits, and the field has to be subtracted: a few parts in ten thousand.
    np.testing.assert_allclose(added, ds.halo_mass.sum("source"), rtol=1e-3)


def test_each_halo_is_where_it_is_recorded(ds):
    cubes = ds.density.values
    for sample in range(10):
        places = [ds[f"source_{axis}"].values[sample, 0] for axis in "zyx"]
        at = tuple(int(np.floor(p + 0.5)) % 16 for p in places)
        assert cubes[sample][at] > 50


def test_without_halos_the_field_has_the_rms_asked_for():
    light = {"halo": {"profile": "halo", "halo_mass": 1e-9}}
    for lognormal in (True, False):
        field = {"rms": 0.4, "slope": -1, "lognormal": lognormal}
        cubes = generate_as_stored(recipe(sources=light, field=field)).density.values.astype(float)
        assert cubes.mean() == pytest.approx(1, abs=0.01)
        assert cubes.std() == pytest.approx(0.4, rel=0.03)


def test_no_field_is_a_uniform_background():
    cubes = generate_as_stored(recipe(field={"rms": 0})).density.values
    assert (cubes.min(axis=(1, 2, 3)) == 1).all()


def test_a_sample_may_hold_no_halo_where_the_task_allows_it():
    classes = {"light": {"sources": ["halo"]}, "heavy": {"sources": ["other"]}}
    content = copy.deepcopy(SMALL) | {
        "task": "multilabel",
        "classes": classes,
        "sources": {"halo": {"profile": "halo"}, "other": {"profile": "halo"}},
        "scene": {"count": {"distribution": "choice", "values": [0, 2]}},
    }
    del content["targets"]
    ds = generate_as_stored(recipe_from(content))
    bare = ds.halo_count.values == 0
    assert bare.any()
    assert (ds.present.values[bare] == 0).all()
    assert np.isfinite(ds.density).all()


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"cube": {"side": 4, "size_mpc": 16}}, "greater than or equal to 8"),
        ({"cube": {"side": 16, "size_mpc": 0}}, "greater than 0"),
        ({"cube": {"side": 16, "size_mpc": 4}}, "voxels wide, more than the 16 of the box"),
        ({"field": {"rms": -1}}, "field.rms can be -1 to -1, outside its domain"),
        ({"field": {"slope": -9}}, "field.slope can be -9 to -9, outside its domain"),
        ({"scene": {"count": 0}}, "scene.count must be whole numbers from 0 to 10000"),
        ({"scene": {"count": 10001}}, "scene.count"),
        (
            {"sources": {"halo": {"profile": "halo", "third_axis_ratio": 0}}},
            "third_axis_ratio can be 0 to 0, outside its domain",
        ),
        (
            {"sources": {"halo": {"profile": "halo", "halo_mass": 0}}},
            "halo_mass can be 0 to 0, outside its domain",
        ),
        (
            {"sources": {"halo": {"profile": "halo", "halo_concentration": 1e5}}},
            "halo_concentration can be 100000 to 100000, outside its domain",
        ),
    ],
)
def test_what_cannot_be_drawn_is_refused(changes, message):
    with pytest.raises(ValueError, match=message):
        recipe(**changes)


def test_the_packaged_recipe_holds_all_counts():
    ds = generate_as_stored(load_recipe("halos"), 0, 60)
    assert set(np.unique(ds.halo_count)) == set(range(1, 13))
    assert np.isfinite(ds.density).all()


def test_a_store_holds_what_is_generated(tmp_path, ds):
    build(recipe(), str(tmp_path / "s.zarr"), progress=False, workers=1)
    with xr.open_zarr(tmp_path / "s.zarr") as stored:
        xr.testing.assert_equal(stored.load(), ds)
