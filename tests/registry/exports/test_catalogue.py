"""Catalogues of samples and sources, read back by the libraries that others read them with."""

import json

import numpy as np
import pandas as pd
import pyarrow.parquet as pq
import pytest
from astropy import units as u
from astropy.io.votable import parse, validate
from astropy.table import QTable

import skybench
from skybench.registry.exports import blocks as export_blocks
from skybench.registry.exports.csv import CSV
from skybench.registry.exports.ecsv import ECSV
from skybench.registry.exports.export import write_dataset
from skybench.registry.exports.parquet import PARQUET
from skybench.registry.exports.votable import VOTABLE

FORMS = [CSV, PARQUET, VOTABLE, ECSV]
EACH = pytest.mark.parametrize("form", FORMS, ids=lambda form: form.name)
ENDINGS = {"csv": ".csv", "parquet": ".parquet", "votable": ".vot", "ecsv": ".ecsv"}

RECIPES = ["sky", "objects", "grz", "fields", "halos", "lightcurves", "sphere", "pendulum"]
"""Several labels, one, bands, segmentation, volumes, series, maps of the sphere, no classes."""


def read(folder, form, name):
    """Return a table of an export as pandas reads it; the quantities are in its attrs."""
    path = folder / (name + ENDINGS[form.name])
    if form is CSV:
        return pd.read_csv(path)
    if form is PARQUET:
        return pd.read_parquet(path)
    table = QTable.read(path, unit_format="generic") if form is VOTABLE else QTable.read(path)
    values = {n: getattr(table[n], "value", table[n]) for n in table.colnames}
    return pd.DataFrame(
        {
            n: np.ma.filled(v, np.nan) if np.ma.is_masked(v) else np.asarray(v)
            for n, v in values.items()
        }
    )


def assert_holds(found, expected):
    assert list(found) == list(expected)
    for name in expected:
        values = expected[name].to_numpy()
        got = found[name].to_numpy().astype(values.dtype)
        np.testing.assert_array_equal(got, values, err_msg=name)


@EACH
@pytest.mark.parametrize("recipe", RECIPES)
def test_every_value_is_read_back(tmp_path, form, recipe):
    ds = skybench.generate(recipe, 0, 6)
    write_dataset(ds, tmp_path / "mine", form)
    assert_holds(read(tmp_path / "mine", form, "samples"), skybench.samples(ds).reset_index())
    if "source" in ds.dims:
        assert_holds(read(tmp_path / "mine", form, "sources"), skybench.sources(ds))
    else:
        assert len(list((tmp_path / "mine").iterdir())) == 1


@EACH
@pytest.mark.parametrize("rows", [range(1), range(0)], ids=["one", "none"])
def test_one_sample_and_none(tmp_path, form, rows):
    ds = skybench.generate("sky", 0, 2).isel(sample=list(rows))
    write_dataset(ds, tmp_path / "mine", form)
    assert len(read(tmp_path / "mine", form, "samples")) == len(rows)


@EACH
def test_a_split_of_a_version_written_in_parts(published, tmp_path, form, monkeypatch):
    monkeypatch.setattr(export_blocks, "_BLOCK_BYTES", 1)  # a block a chunk
    out = skybench.export(form.name, "sky@0.1", split="test", out=tmp_path, store=published)
    assert out == tmp_path / f"sky-0.1-test-{form.name}"
    ds = skybench.open("sky@0.1", split="test", store=published)
    assert_holds(read(out, form, "samples"), skybench.samples(ds).reset_index())
    assert_holds(read(out, form, "sources"), skybench.sources(ds))


def test_ecsv_has_units_meanings_and_where_it_is_from(published, tmp_path):
    out = skybench.export("ecsv", "sky@0.1", out=tmp_path, store=published)
    sources = QTable.read(out / "sources.ecsv")
    assert sources["flux"].unit == u.electron
    assert sources.meta["exported_from"].startswith("sky@0.1#manifest:sha256:")
    write_dataset(skybench.generate("grz", 0, 2), tmp_path / "grz", ECSV)
    samples = QTable.read(tmp_path / "grz" / "samples.ecsv")
    assert samples["psf_fwhm_r"].unit == u.pix
    assert samples["psf_fwhm_r"].info.description.endswith("0 is none: r")


def test_votable_has_units_meanings_and_where_it_is_from(published, tmp_path):
    out = skybench.export("votable", "sky@0.1", out=tmp_path, store=published)
    infos = {info.name: info.value for info in parse(out / "sources.vot").infos}
    assert infos["exported_from"].startswith("sky@0.1#manifest:sha256:")
    for file in out.iterdir():
        assert "no violations" in validate(str(file), output=None)
    write_dataset(skybench.generate("sky", 0, 4), tmp_path / "sky", VOTABLE)
    sources = QTable.read(tmp_path / "sky" / "sources.vot", unit_format="generic")
    assert (sources["flux"].unit, sources["source_x"].unit) == (u.electron, u.pix)
    assert sources["position_angle"].unit == u.deg
    assert sources["flux"].info.description == "total flux"


def test_parquet_has_units_meanings_and_where_it_is_from(published, tmp_path):
    out = skybench.export("parquet", "sky@0.1", out=tmp_path, store=published)
    about = json.loads(pq.read_schema(out / "sources.parquet").metadata[b"skybench"])
    assert about["exported_from"].startswith("sky@0.1#manifest:sha256:")
    write_dataset(skybench.generate("sky", 0, 4), tmp_path / "sky", PARQUET)
    schema = pq.read_schema(tmp_path / "sky" / "sources.parquet")
    assert schema.field("flux").metadata == {b"unit": b"electron", b"description": b"total flux"}
    assert str(schema.field("flux").type) == "float"
    assert str(pq.read_schema(tmp_path / "sky" / "samples.parquet").field("present_star").type) == (
        "bool"
    )
