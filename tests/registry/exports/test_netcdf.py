"""NetCDF, as netCDF4 and xarray read it: values, and codes by the CF conventions."""

import netCDF4
import numpy as np
import pytest
import xarray as xr

from skybench.errors import ParameterError
from skybench.generators.generate import generate_as_stored
from skybench.registry.exports.export import write_dataset
from skybench.registry.exports.netcdf import NETCDF


@pytest.mark.parametrize("recipe", ["sky", "grz", "halos", "lightcurves", "sphere"])
def test_netcdf4_reads_values_units_and_dimensions(tmp_path, recipe):
    ds, out = generate_as_stored(recipe, 0, 3), tmp_path / "rows.nc"
    write_dataset(ds, out, NETCDF)
    with netCDF4.Dataset(out) as file:
        assert file.Conventions == "CF-1.10"
        assert file.title == ds.attrs["title"]
        for name, variable in ds.variables.items():
            stored = file[name]
            assert stored.dimensions == variable.dims
            assert stored.dtype == variable.dtype
            np.testing.assert_array_equal(stored[...], variable.values)
            assert getattr(stored, "units", None) == variable.attrs.get("units")


def test_codes_come_back_with_their_meanings(tmp_path):
    ds, out = generate_as_stored("grz", 0, 3), tmp_path / "rows.nc"
    write_dataset(ds, out, NETCDF)
    with xr.open_dataset(out, decode_timedelta=False) as found:
        xr.testing.assert_equal(found, ds)
        assert set(found.coords) == set(ds.coords)
        for name in ("label", "split", "band", "kind"):
            assert found[name].attrs["flag_meanings"] == ds[name].attrs["flag_meanings"]
            values = found[name].attrs["flag_values"]
            assert values.dtype == np.int8
            np.testing.assert_array_equal(values, ds[name].attrs["flag_values"])


def test_what_netcdf_does_not_have_is_refused(tmp_path):
    ds = generate_as_stored("objects", 0, 2).assign(half=("sample", np.zeros(2, np.float16)))
    with pytest.raises(ParameterError, match="half is float16, which NetCDF does not have"):
        write_dataset(ds, tmp_path / "x.nc", NETCDF)
    assert list(tmp_path.iterdir()) == []
