"""Series in a store: what is to be learnt from is named, and is what was observed."""

import numpy as np
import pytest
import xarray as xr

from skybench.generators.generate import generate_as_stored
from skybench.generators.recipe_file import load_recipe
from skybench.release.building.build import build


@pytest.mark.parametrize(
    ("name", "learnt"),
    [("nbody", "position"), ("pendulum", "observed_angle"), ("lightcurves", "relative_flux")],
)
def test_a_store_holds_the_series_and_names_the_observed_one(tmp_path, name, learnt):
    target = str(tmp_path / f"{name}.zarr")
    build(load_recipe(name), target, samples=24, progress=False, chunk_rows=8, shard_rows=16)
    with xr.open_zarr(target) as stored:
        assert stored.attrs["main_variable"] == learnt
        made = generate_as_stored(name, 0, 24)
        for variable in made.variables:
            np.testing.assert_array_equal(stored[variable], made[variable])
