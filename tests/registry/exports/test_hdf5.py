"""HDF5, as h5py and xarray's h5netcdf read it, in one piece and in bricks."""

import sys

import h5py
import numpy as np
import pytest
import xarray as xr

from skybench.errors import MissingDependencyError
from skybench.generators.generate import generate_as_stored
from skybench.registry.exports.export import format_named, write_dataset
from skybench.registry.exports.hdf5 import HDF5, HDF5_BRICKS
from skybench.registry.exports.verify import verify


@pytest.mark.parametrize("recipe", ["sky", "grz", "halos", "lightcurves", "sphere"])
def test_h5py_reads_values_attributes_and_dimensions(tmp_path, recipe):
    ds, out = generate_as_stored(recipe, 0, 3), tmp_path / "rows.h5"
    write_dataset(ds, out, HDF5)
    with h5py.File(out) as file:
        assert file.attrs["seed"] == ds.attrs["seed"]
        for name, variable in ds.variables.items():
            stored = file[name]
            assert stored.dtype == variable.dtype
            np.testing.assert_array_equal(stored[...], variable.values)
            assert stored.attrs.get("units") == variable.attrs.get("units")
            for axis, dim in enumerate(variable.dims):
                assert stored.is_scale or stored.dims[axis][0] == file[dim]


@pytest.mark.parametrize("recipe", ["grz", "clusters"])
def test_xarray_reads_it_as_it_was(tmp_path, recipe):
    ds, out = generate_as_stored(recipe, 0, 3), tmp_path / "rows.h5"
    write_dataset(ds, out, HDF5)
    with xr.open_dataset(out, engine="h5netcdf", decode_timedelta=False) as found:
        xr.testing.assert_equal(found, ds)
        assert set(found.coords) == set(ds.coords)


def test_bricks_are_groups_of_512_samples_that_stand_alone(tmp_path):
    ds, out = generate_as_stored("objects", 0, 600), tmp_path / "rows.h5"
    write_dataset(ds, out, HDF5_BRICKS)
    with h5py.File(out) as file:
        assert list(file) == ["brick-0000", "brick-0001"]
        assert [len(file[name]["image"]) for name in file] == [512, 88]
    with xr.open_dataset(out, engine="h5netcdf", group="brick-0001") as found:
        xr.testing.assert_equal(found, ds.isel(sample=slice(512, 600)))
    report = verify(out)
    assert (report.ok, report.samples) == (True, 600)


def test_a_changed_value_is_named(tmp_path):
    out = tmp_path / "rows.h5"
    write_dataset(generate_as_stored("objects", 0, 3), out, HDF5)
    with h5py.File(out, "r+") as file:
        file["flux"][1] += 1
    assert [p.split(" of ")[0] for p in verify(out).problems] == ["variable flux"]


@pytest.mark.parametrize(
    ("name", "module"), [("hdf5", "h5py"), ("hdf5-bricks", "h5py"), ("netcdf", "netCDF4")]
)
def test_without_its_library_the_extra_is_named(tmp_path, monkeypatch, name, module):
    monkeypatch.setitem(sys.modules, module, None)
    form = format_named(name)
    with pytest.raises(MissingDependencyError, match=rf"needs {module}: pip install 'skybench\[f"):
        write_dataset(generate_as_stored("objects", 0, 2), tmp_path / f"x{form.suffix}", form)
    assert list(tmp_path.iterdir()) == []
