"""Every packaged recipe builds into a store that opens by Intake, and every object is in one."""

import intake
import numpy as np
import pytest
import xarray as xr
import yaml

from skybench.generators.families import FAMILIES
from skybench.generators.generate import generate
from skybench.generators.recipe_file import load_recipe, packaged_recipes, packaged_rungs
from skybench.release.building.build import build

ROWS = 10


def profiles_of(recipe):
    if recipe.family == "collection":
        return set().union(*(profiles_of(member.recipe) for member in recipe.members.values()))
    return {(recipe.family, source.profile) for source in recipe.sources.values()}


def test_every_object_is_drawn_by_a_packaged_recipe():
    names = [n for name in packaged_recipes() for n in (name, *packaged_rungs(name))]
    used = set().union(*(profiles_of(load_recipe(name)) for name in names))
    assert used == {(f.name, p) for f in FAMILIES.values() for p in f.objects}


@pytest.mark.parametrize("name", packaged_recipes())
def test_a_packaged_recipe_builds_into_a_store_that_opens_by_intake(name, tmp_path):
    made = build(load_recipe(name), str(tmp_path / "made.zarr"), samples=ROWS, progress=False)
    source = {"driver": "skybench.catalogs.SkySource", "args": {"urlpath": made.url}}
    catalog = tmp_path / "catalog.yaml"
    catalog.write_text(yaml.safe_dump({"sources": {"made": source}}), encoding="utf-8")
    opened = intake.open_catalog(str(catalog)).made(decode=False).to_dask().compute()
    drawn = generate(name, 0, ROWS)
    assert opened.data_vars.keys() == drawn.data_vars.keys()
    assert opened.coords.keys() == drawn.coords.keys()
    for variable in drawn.variables:
        xr.testing.assert_equal(opened[variable].variable, drawn[variable].variable)
    for values in drawn.data_vars.values():
        assert np.isfinite(values).all()
