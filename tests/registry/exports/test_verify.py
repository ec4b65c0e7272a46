"""Exported files are proven by reading them back, and what was changed in them is named."""

import json

import numpy as np
import pytest
import zarr

import skybench
from skybench.errors import IntegrityError, NotFoundError, ParameterError
from skybench.generators.generate import generate_as_stored
from skybench.registry.exports.export import FORMATS, export, format_named, write_dataset
from skybench.registry.exports.export_format import DataFormat
from skybench.registry.exports.verify import ExportReport, verify
from skybench.registry.hashing.attributes import attributes_of
from skybench.registry.hashing.content_hash import hash_dataset
from skybench.registry.verify import VerifyReport

DATA = [form for form in FORMATS.values() if isinstance(form, DataFormat)]
LOSSLESS = [form.name for form in DATA if form.lossless]
RECIPES = ["sky", "grz", "halos", "lightcurves", "sphere", "clusters", "photometry"]


@pytest.mark.parametrize("name", LOSSLESS)
@pytest.mark.parametrize(
    ("split", "samples", "published_as"),
    [(None, None, "sky@0.1"), ("test", None, "test split of sky@0.1"), ("train", [5, 2], "")],
)
def test_a_file_is_proven_to_be_what_was_published(
    published, tmp_path, name, split, samples, published_as
):
    made = export(name, "sky@0.1", split=split, samples=samples, out=tmp_path, store=published)
    report = verify(made, store=published)
    assert isinstance(report, ExportReport)
    assert (report.ok, report.published_as) == (True, published_as)
    assert report.samples == (
        2 if samples else len(skybench.open("sky@0.1", split=split, store=published).sample)
    )
    assert report.content_hash in str(report)
    assert ("its own hash alone" in str(report)) is not bool(published_as)


@pytest.mark.parametrize("name", LOSSLESS)
@pytest.mark.parametrize("recipe", RECIPES)
def test_every_kind_of_data_is_proven(tmp_path, name, recipe):
    form, ds = format_named(name), generate_as_stored(recipe, 0, 3)
    out = tmp_path / f"rows{form.suffix}"
    write_dataset(ds, out, form, attributes=attributes_of(ds))
    report = verify(out)
    assert report.problems == ()
    assert report.content_hash == hash_dataset(ds).root
    assert "it is from no published version" in str(report)
    with form.read(out) as found:
        assert set(found.coords) == set(ds.coords)
        for variable in ds.variables:
            assert found[variable].dims == ds[variable].dims
            assert found[variable].attrs["long_name"] == ds[variable].attrs["long_name"]
            np.testing.assert_array_equal(found[variable].values, ds[variable].values)
        assert found.attrs["title"] == ds.attrs["title"]
        assert found.attrs["seed"] == ds.attrs["seed"]


@pytest.mark.parametrize("name", LOSSLESS)
def test_a_single_sample_and_none_are_proven(tmp_path, name):
    form = format_named(name)
    for count in (1, 0):
        out = tmp_path / f"{count}{form.suffix}"
        write_dataset(generate_as_stored("objects", 0, count), out, form)
        report = verify(out)
        assert (report.ok, report.samples) == (True, count)


def test_a_changed_value_is_named_with_its_variable(tmp_path):
    out = tmp_path / "rows.zarr"
    write_dataset(generate_as_stored("objects", 0, 3), out, format_named("zarr"))
    array = zarr.open_group(out, mode="r+")["image"]
    array[1] = array[1] + 1
    report = verify(str(out))
    assert not report.ok
    (problem,) = report.problems
    assert problem.startswith(f"variable image of {out} does not match its hash: expected sha256:")


def test_a_changed_attribute_is_named(tmp_path):
    out, ds = tmp_path / "rows.npz", generate_as_stored("objects", 0, 3)
    write_dataset(ds, out, format_named("npz"), attributes=attributes_of(ds))
    with np.load(out) as arrays:
        changed = dict(arrays)
    metadata = json.loads(str(changed["metadata"]))
    metadata["attrs"]["zeropoint"] = 25.0
    np.savez(out, **changed | {"metadata": np.array(json.dumps(metadata))})
    (problem,) = verify(out).problems
    assert problem == f"attribute zeropoint of {out} was changed: expected 30.0, got 25.0."


def test_hashes_that_were_changed_with_the_data_do_not_make_the_old_content_hash(tmp_path):
    out = tmp_path / "rows.npz"
    write_dataset(generate_as_stored("objects", 0, 3), out, format_named("npz"))
    with np.load(out) as arrays:
        changed = dict(arrays)
    metadata = json.loads(str(changed["metadata"]))
    roots = json.loads(metadata["attrs"]["exported_variable_hashes"])
    del roots["flux"], changed["flux"], metadata["variables"]["flux"]
    metadata["coords"].remove("flux")
    metadata["attrs"]["exported_variable_hashes"] = json.dumps(roots)
    np.savez(out, **changed | {"metadata": np.array(json.dumps(metadata))})
    (problem,) = verify(out).problems
    assert problem.endswith("do not make its content hash.")


def test_files_that_nothing_proves_are_refused(tmp_path):
    with pytest.raises(NotFoundError, match=r"there is no file .*nowhere\.npz"):
        verify(tmp_path / "nowhere.npz")
    np.savez(tmp_path / "other.npz", image=np.zeros(3))
    with pytest.raises(IntegrityError, match=r"other\.npz cannot be read"):
        verify(tmp_path / "other.npz")
    (tmp_path / "half.npz").write_bytes(b"PK")
    with pytest.raises(IntegrityError, match=r"half\.npz cannot be read"):
        verify(tmp_path / "half.npz")
    (tmp_path / "image.tiff").write_bytes(b"II")
    with pytest.raises(ParameterError, match=r"exports that do end in \.npz, \.zarr"):
        verify(tmp_path / "image.tiff")


def test_a_lossy_export_says_that_nothing_proves_it(tmp_path):
    out = tmp_path / "rows-npy"
    write_dataset(generate_as_stored("objects", 0, 2), out, format_named("npy"))
    with pytest.raises(ParameterError, match="in the format npy, which carries nothing that prov"):
        verify(str(out))


def test_a_version_is_verified_as_ever(published, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "sky@0.1").mkdir()
    report = skybench.verify("sky@0.1", store=published)
    assert isinstance(report, VerifyReport)
    assert report.ok
