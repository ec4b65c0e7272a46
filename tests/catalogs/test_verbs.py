"""xarray's ordinary verbs on whole datasets and splits, by `skybench.open` and by Intake alike."""

import pickle

import intake
import matplotlib as mpl
import numpy as np
import pytest
import xarray as xr

import skybench
from skybench.release.release import BuildOptions, release

# Xarray's own zarr writer consolidates, and zarr says so to everybody.
pytestmark = pytest.mark.filterwarnings("ignore:Consolidated metadata is currently not part")

FORMS = {
    "sky": "image",
    "objects": "image",
    "grz": "image",
    "lightcurves": "relative_flux",
    "halos": "density",
    "sphere": "sky_map",
}
"""Data variables to look at: several sources, one, bands, series, volumes, maps of the sphere."""

BINNED = {
    "sky": "psf_fwhm",
    "objects": "psf_fwhm",
    "lightcurves": "radius_ratio",
    "halos": "halo_count",
    "sphere": "omega_m",
}

OPENERS = {
    "open": lambda store, name: skybench.open(name, store=store),
    "open a split": lambda store, name: skybench.open(name, store=store, split="test"),
    "open, checked": lambda store, name: skybench.open(name, store=store, verify="full"),
    "Intake": lambda store, name: catalog(store)[f"{name}_v0"].to_dask(),
    "Intake, a split": lambda store, name: catalog(store)[f"{name}_v0_test"].to_dask(),
}

CASES = [("sky", how) for how in OPENERS] + [
    (name, how) for name in FORMS if name != "sky" for how in ("open", "Intake, a split")
]


def catalog(store):
    return intake.open_catalog(f"{store}/catalog.yaml")


@pytest.fixture(scope="module")
def store(tmp_path_factory):
    folder = str(tmp_path_factory.mktemp("verbs"))
    quiet = BuildOptions(progress=False)
    release("0.1", store=folder, datasets=[*FORMS], samples=100, building=quiet, baselines=False)
    return folder


@pytest.fixture(scope="module", params=CASES, ids=", ".join)
def opened(request, store):
    """Return a dataset, its values in memory, and the name of its data variable."""
    name, how = request.param
    ds = OPENERS[how](store, name)
    return ds, ds.compute(), FORMS[name], BINNED.get(name)


def test_chunks_are_of_one_length(opened):
    ds, _, data, _ = opened
    lengths = ds[data].chunksizes["sample"]
    assert set(lengths[:-1]) <= {lengths[0]}
    assert lengths[-1] <= lengths[0]


def test_samples_are_chosen(opened):
    ds, values, data, _ = opened
    even = values.sample_id.values % 2 == 0
    for mask in (ds.sample_id % 2 == 0, even):
        xr.testing.assert_identical(ds.isel(sample=mask).compute(), values.isel(sample=even))
    kept = ds.where(ds.sample_id % 2 == 0, drop=True)
    np.testing.assert_array_equal(kept[data], values[data].values[even])
    if "label" in ds.coords:
        name = values.label.values[0]
        kept = ds[data].where(ds.label == name, drop=True)
        np.testing.assert_array_equal(kept, values[data].values[values.label.values == name])


def test_numbers_of_sources_choose_and_group(store):
    for ds in (OPENERS["open"](store, "objects"), OPENERS["Intake, a split"](store, "objects")):
        first = ds.isel(source=0)
        bright = first.flux > ds.flux.median()
        assert 0 < ds.isel(sample=bright).sizes["sample"] < ds.sizes["sample"]
        assert first.where(bright, drop=True).flux.min() > ds.flux.median()
        counts = first.image.mean(("y", "x")).groupby_bins(first.flux, 3).count()
        assert counts.sum() == ds.sizes["sample"]


def test_samples_are_chosen_by_identity(opened):
    ds, values, _, _ = opened
    ids = values.sample_id.values
    xr.testing.assert_identical(ds.sel(sample=ids[7]).compute(), values.isel(sample=7))
    xr.testing.assert_identical(ds.sel(sample=ids[[9, 2]]).compute(), values.isel(sample=[9, 2]))
    with pytest.raises(KeyError):
        ds.sel(sample=10_000)


def test_samples_are_grouped(opened):
    ds, values, data, binned = opened
    by = "label" if "label" in ds.coords else "split"
    means = ds[data].groupby(by).mean("sample").compute()
    name = values[by].values[0]
    right = values[data].values[values[by].values == name].mean(axis=0)
    np.testing.assert_allclose(means.sel({by: name}), right, rtol=1e-5, atol=1e-6)
    if binned is not None:
        counts = ds[binned].groupby_bins(binned, 3).count()
        assert counts.sum() == np.isfinite(values[binned]).sum()
        assert (
            ds[data].groupby_bins(binned, 3).mean("sample").compute().sizes[f"{binned}_bins"] == 3
        )


def test_a_table_has_a_row_a_sample(opened):
    ds, values, _, _ = opened
    names = [name for name in ds.coords if ds[name].dims == ("sample",)]
    table = ds[names].to_dataframe()
    assert table.index.tolist() == table.sample_id.tolist() == values.sample_id.values.tolist()
    assert set(table.split) <= {"train", "validation", "test"}
    few = ds.isel(sample=slice(2))
    assert len(few.to_dataframe()) == np.prod([*few.sizes.values()])


def test_it_is_written_and_read_again(opened, tmp_path):
    ds, values, _, _ = opened
    ds.to_zarr(tmp_path / "it.zarr")
    xr.testing.assert_equal(xr.open_zarr(tmp_path / "it.zarr").compute(), values)
    ds.to_netcdf(tmp_path / "it.nc")
    with xr.open_dataset(tmp_path / "it.nc") as again:
        xr.testing.assert_equal(again.load(), values)


def test_it_is_pickled_chunked_and_put_together(opened):
    ds, values, data, _ = opened
    again = pickle.loads(pickle.dumps(ds))
    xr.testing.assert_identical(again.compute(), values)
    np.testing.assert_array_equal(ds.chunk(sample=7)[data], values[data])
    parts = [ds.isel(sample=slice(12, None)), ds.isel(sample=slice(0, 12))]
    joined = xr.concat(parts, "sample", data_vars="minimal", coords="minimal", compat="override")
    xr.testing.assert_equal(joined.sortby("sample").compute(), values)


def test_it_is_drawn(opened):
    mpl.use("Agg")
    from matplotlib import pyplot as plt

    ds, _, data, binned = opened
    first = ds[data].isel(sample=0)
    first = first.isel(band=0) if "band" in first.dims else first
    first.plot()
    if binned is not None:
        ds[binned].plot.hist()
    plt.close("all")


def test_generate_gives_what_open_gives(store):
    for name, data in FORMS.items():
        opened = skybench.open(name, store=store).isel(sample=slice(3)).compute()
        made = skybench.generate(name, 3)
        assert set(made.variables) == set(opened.variables)
        for variable in made.variables:
            np.testing.assert_array_equal(made[variable], opened[variable])
            assert made[variable].attrs == opened[variable].attrs
        assert made[data].dtype == opened[data].dtype
