"""Every packaged recipe builds into a store that opens by Intake, and so does every object."""

import intake
import numpy as np
import pytest
import xarray as xr
import yaml

from skybench.errors import UnprovenDataWarning
from skybench.generators.families import FAMILIES
from skybench.generators.generate import generate_as_stored
from skybench.generators.recipe_file import load_recipe, packaged_recipes, recipe_from
from skybench.generators.schema import main_variable
from skybench.release.building.build import build

ROWS = 10


OBJECTS = [kind for family in FAMILIES.values() for kind in family.objects.values()]
GRANTED = {
    "geometric": {"image": {"shape": [128, 128]}},
    "light_curve": {"cadence": {"points": 50, "baseline": 40}, "noise": {"error": 0.01}},
    "nbody": {
        "integration": {
            "bodies": 3,
            "duration": 1.0,
            "outputs": 5,
            "steps_per_output": 50,
            "softening": 0.1,
        }
    },
    "pendulum": {"observation": {"duration": 5.0, "outputs": 20}},
    "sky": {
        "image": {"shape": [32, 32], "pixel_scale_arcsec": 0.2},
        "psf": {"fwhm": 3},
        "noise": {"sky_level": 100, "read_noise": 5},
    },
    "sphere": {"sphere": {"nside": 8}},
    "volume": {"cube": {"side": 24, "size_mpc": 48}},
}
"""What the families ask for beside an object."""


def recipe_of(kind):
    """Return a small recipe of one kind of object."""
    content = {
        "family": kind.family,
        "name": "alone",
        "title": "Alone",
        "description": "One kind of object.",
        "licence": "CC0-1.0",
        "citation": "none",
        "seed": 1,
        "samples": 100,
        "task": "classification",
        "splits": {"train": 0.6, "validation": 0.2, "test": 0.2},
        "sources": {"one": {"profile": kind.name}, "other": {"profile": kind.name}},
        "classes": {"one": {"sources": ["one"]}, "other": {"sources": ["other"]}},
    } | GRANTED[kind.family]
    if getattr(kind, "bodies", None):
        content["integration"] = content["integration"] | {"bodies": kind.bodies}
    return recipe_from(content)


def assert_opens_as_it_was_drawn(recipe, tmp_path):
    made = build(recipe, str(tmp_path / "made.zarr"), samples=ROWS, progress=False)
    source = {"driver": "skybench.catalogs.SkySource", "args": {"urlpath": made.url}}
    catalog = tmp_path / "catalog.yaml"
    catalog.write_text(yaml.safe_dump({"sources": {"made": source}}), encoding="utf-8")
    with pytest.warns(UnprovenDataWarning):  # a build has no manifest
        opened = intake.open_catalog(str(catalog)).made(decode=False).to_dask().compute()
    drawn = generate_as_stored(recipe, 0, ROWS)
    assert opened.data_vars.keys() == drawn.data_vars.keys()
    assert main_variable(opened) == main_variable(drawn)
    assert opened.coords.keys() == drawn.coords.keys()
    for variable in drawn.variables:
        xr.testing.assert_equal(opened[variable].variable, drawn[variable].variable)
    for values in drawn.data_vars.values():
        assert np.isfinite(values).all()
    return drawn


@pytest.mark.parametrize("kind", OBJECTS, ids=lambda kind: kind.__name__)
def test_every_object_builds_into_a_store_that_opens_by_intake(kind, tmp_path):
    drawn = assert_opens_as_it_was_drawn(recipe_of(kind), tmp_path)
    switched_on = set(kind.variables) - set(kind.switches)
    assert switched_on <= drawn.coords.keys()
    assert drawn.kind.attrs["flag_meanings"] == f"empty {kind.name}"


@pytest.mark.parametrize("name", packaged_recipes())
def test_a_packaged_recipe_builds_into_a_store_that_opens_by_intake(name, tmp_path):
    assert_opens_as_it_was_drawn(load_recipe(name), tmp_path)
