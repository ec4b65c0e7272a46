"""Tables of samples and of sources, of every packaged recipe."""

import re
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from astropy import units as u
from astropy.table import QTable

import skybench
from skybench.errors import ParameterError
from skybench.generators.codes import decode_flags
from skybench.generators.recipe_file import packaged_recipes
from skybench.registry.arrays.open_url import open_url
from skybench.registry.exports.export import write_dataset
from skybench.registry.exports.zarr import ZARR

RECIPES = sorted(packaged_recipes())
SINGLE = {"clusters", "lightcurves", "nbody", "orbits", "pendulum", "spectra", "sphere"}
"""Recipes whose samples are one object."""

EACH = pytest.mark.parametrize("recipe", RECIPES)
OF_SOURCES = pytest.mark.parametrize("recipe", sorted(set(RECIPES) - SINGLE))


@EACH
def test_a_row_a_sample_with_all_that_is_known(recipe):
    ds = skybench.generate(recipe, 3, 8)
    table = skybench.samples(ds)
    assert table.index.name == "sample_id"
    assert table.index.tolist() == [3, 4, 5, 6, 7]
    assert set(table["split"]) <= {"train", "validation", "test", "unlabelled"}
    for name, coordinate in decode_flags(ds).coords.items():
        if coordinate.dims == ("sample",) and name not in ("sample", "sample_id"):
            np.testing.assert_array_equal(table[name], coordinate)
    assert not any(isinstance(values.iloc[0], np.ndarray) for _, values in table.items())


@OF_SOURCES
def test_a_row_a_source_and_no_empty_slots(recipe):
    ds = skybench.generate(recipe, 3, 8)
    table = skybench.sources(ds)
    held = (ds.kind != "empty").sum("source").to_series()
    counts = table.groupby("sample_id").size().reindex(ds.sample_id.values, fill_value=0)
    assert counts.tolist() == held.tolist()
    assert "empty" not in set(table.kind)
    for _, row in table.iloc[:: max(1, len(table) // 5)].iterrows():
        source = ds.isel(sample=row.sample_id - 3, source=row.source)
        for name in ("source_x", "source_y"):
            assert row[name] == source[name]
    if "label" in ds.coords:
        labels = skybench.samples(ds).label
        assert table.label.tolist() == labels[table.sample_id].tolist()


@EACH
def test_astropy_has_the_same_values_with_units_and_meanings(recipe):
    ds = skybench.generate(recipe, 0, 4)
    pairs = [(skybench.samples(ds).reset_index(), skybench.samples(ds, as_="astropy"))]
    if recipe not in SINGLE:
        pairs.append((skybench.sources(ds), skybench.sources(ds, as_="astropy")))
    for frame, table in pairs:
        assert isinstance(table, QTable)
        assert table.meta["recipe"] == recipe
        assert table.colnames == list(frame.columns)
        for name in table.colnames:
            values = getattr(table[name], "value", table[name])
            np.testing.assert_array_equal(values, frame[name])
            assert values.dtype == frame[name].to_numpy().dtype or values.dtype.kind == "U"
            assert table[name].info.description
            units = ds[name].attrs.get("units", "1") if name in ds else None
            assert units in (None, "1") or table[name].unit == u.Unit(units)


@pytest.mark.parametrize("recipe", sorted(SINGLE))
def test_where_a_sample_is_one_object_there_is_no_table_of_sources(recipe):
    with pytest.raises(ParameterError, match=r"samples have no sources; skybench\.samples has"):
        skybench.sources(skybench.generate(recipe, 0, 2))


def test_quantities_convert():
    table = skybench.sources(skybench.generate("sky", 0, 5), as_="astropy")
    spirals = table[table["kind"] == "spiral"]
    assert spirals["position_angle"].unit == u.deg
    sizes = spirals["half_light_radius"].to(u.arcsec, u.pixel_scale(0.26 * u.arcsec / u.pix))
    assert (sizes > 0.2 * u.arcsec).all()
    assert table.meta["pixel_scale_arcsec"] == 0.26


def test_classes_that_occur_together_have_a_boolean_column_each():
    ds = skybench.generate("sky", 0, 6)
    table = skybench.samples(ds)
    classes = ["present_star", "present_elliptical", "present_spiral"]
    assert set(table[classes].dtypes) == {np.dtype(bool)}
    assert (table[classes] == ds.present.values).all(axis=None)
    column = skybench.samples(ds, as_="astropy")["present_spiral"]
    assert column.info.description == "1 where the image holds a source of the class: spiral"


def test_votes_are_shares():
    ds = skybench.generate("sdss_des", 4)
    votes = skybench.samples(ds)[["vote_fraction_elliptical", "vote_fraction_spiral"]].to_numpy()
    assert votes.dtype.kind == "f"
    np.testing.assert_array_equal(votes, ds.vote_fraction.values)


def test_bands_have_a_column_each():
    ds = skybench.generate("grz", 0, 4)
    table, bands = skybench.sources(ds), ["flux_band_g", "flux_band_r", "flux_band_z"]
    held = ds.flux_band.values[ds.kind.values != "empty"]
    assert (table[bands] == held).all(axis=None)
    samples = skybench.samples(ds, as_="astropy")
    assert samples["psf_fwhm_z"].unit == u.pix
    assert samples["psf_fwhm_z"].value.tolist() == ds.psf_fwhm.values[:, 2].tolist()


@pytest.mark.parametrize("verify", ["fast", "full"])
def test_opened_versions_decoded_or_not_and_their_splits(published, verify):
    tables = [
        (skybench.samples(ds), skybench.sources(ds), skybench.sources(ds, as_="astropy"))
        for decode in (True, False)
        for ds in [skybench.open("sky@0.1", store=published, verify=verify, decode=decode)]
    ]
    (samples, sources, quantities), raw = tables
    pd.testing.assert_frame_equal(samples, raw[0])
    pd.testing.assert_frame_equal(sources, raw[1])
    assert quantities.meta["content_hash"].startswith("sha256:")
    test = skybench.open("sky@0.1", store=published, split="test")
    pd.testing.assert_frame_equal(skybench.samples(test), samples[samples.split == "test"])
    assert set(skybench.sources(test).sample_id) <= set(test.sample_id.values)


def test_samples_that_were_chosen(tmp_path):
    ds = skybench.generate("sky", 0, 20)
    whole = skybench.sources(ds)
    alone = skybench.sources(ds.isel(sample=[7]))
    pd.testing.assert_frame_equal(alone, whole[whole.sample_id == 7].reset_index(drop=True))
    bright = ds.where(ds.sky_level > ds.sky_level.median(), drop=True)
    assert set(skybench.sources(bright).sample_id) == set(bright.sample_id.values)
    turned = skybench.sources(ds.transpose("source", ...))
    pd.testing.assert_frame_equal(turned, whole)
    write_dataset(skybench.generate("sky", 20, decode=False), tmp_path / "sky.zarr", ZARR)
    again = skybench.sources(open_url(str(tmp_path / "sky.zarr")))
    pd.testing.assert_frame_equal(again[whole.columns], whole)
    assert skybench.samples(ds.isel(sample=[])).empty
    assert skybench.sources(ds.isel(sample=[])).empty


def test_a_sample_that_lost_its_dimension_is_told_how_to_keep_it():
    ds = skybench.generate("sky", 0, 2)
    for table in (skybench.samples, skybench.sources):
        with pytest.raises(ParameterError, match=r"no coordinate sample_id.*ds\.isel\(sample=\[0"):
            table(ds.isel(sample=0))
        with pytest.raises(ParameterError, match="form of tables 'polars'; did you mean 'pandas'"):
            table(ds, as_="polars")


@pytest.mark.parametrize("table", [skybench.samples, skybench.sources])
def test_what_is_no_dataset_is_refused(table):
    with pytest.raises(ParameterError, match=r"skybench\.open\('sky@1'\) returns, got 'objects'"):
        table("objects")
    with pytest.raises(ParameterError, match="got a DataArray"):
        table(skybench.generate("objects", 0, 2).image)


def test_a_unit_that_astropy_does_not_know_stays_a_word():
    ds = skybench.generate("objects", 0, 2)
    ds["flux"].attrs["units"] = "furlong2"
    assert str(skybench.sources(ds, as_="astropy")["flux"].unit) == "furlong2"


def test_the_page_runs():
    page = (Path(__file__).parents[2] / "docs" / "tables.md").read_text(encoding="utf-8")
    *blocks, files = re.findall(r"^```python\n(.*?)^```$", page, re.MULTILINE | re.DOTALL)
    names = {}
    for block in blocks:
        exec(block, names)
    assert names["star"].fwhm == pytest.approx(2.66, abs=0.01)
    assert len(names["sources"]) == len(names["table"]) > len(names["samples"])
    assert "sources.ecsv" in files
