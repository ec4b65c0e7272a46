"""Croissant: valid by MLCommons' own library, complete, and the same text every time."""

import json
import logging
import socket

import pytest

from skybench.errors import NotFoundError
from skybench.registry.exports.croissant import croissant, croissant_text
from skybench.registry.recorded import (
    known_manifest,
    recorded_manifest,
    recorded_references,
)
from skybench.registry.storage.store import Store
from skybench.registry.versions.index import read_manifest, resolve
from skybench.registry.versions.manifest import digest_of

# Of rdflib, inside mlcroissant.
pytestmark = pytest.mark.filterwarnings("ignore:ConjunctiveGraph is deprecated:DeprecationWarning")


@pytest.fixture
def mlcroissant(monkeypatch):
    """Return the library, with the network out of its reach."""

    def refuse(*_, **__):
        pytest.fail("mlcroissant opened a connection")

    library = pytest.importorskip("mlcroissant")
    monkeypatch.setattr(socket, "create_connection", refuse)
    monkeypatch.setattr(socket.socket, "connect", refuse)
    return library


def issues(library, text):
    found = library.Dataset(json.loads(text)).metadata.ctx.issues
    return found.errors | found.warnings


@pytest.mark.parametrize("reference", recorded_references())
def test_every_recorded_version_is_valid_croissant(mlcroissant, caplog, reference):
    caplog.set_level(logging.WARNING)
    assert issues(mlcroissant, croissant_text(recorded_manifest(reference))) == set()
    assert caplog.text == ""


def test_the_judge_can_refuse(mlcroissant):
    values = croissant(recorded_manifest("sky@0.1"))
    values["recordSet"][-1]["field"][0]["source"] = {"fileSet": {"@id": "elsewhere"}}
    with pytest.raises(mlcroissant.ValidationError, match="elsewhere"):
        issues(mlcroissant, json.dumps(values))


def test_the_splits_are_records_that_mlcroissant_reads(mlcroissant):
    manifest = recorded_manifest("sky@0.1")
    dataset = mlcroissant.Dataset(json.loads(croissant_text(manifest)))
    rows = list(dataset.records("split_codes"))
    assert {r["split_codes/name"]: r["split_codes/samples"] for r in rows} == manifest.splits
    assert {r["split_codes/hash"] for r in rows} == {
        split.root for split in manifest.content.splits.values()
    }


def test_it_tells_identity_licence_citation_and_where_the_files_are():
    manifest = recorded_manifest("sky@0.1")
    values = json.loads(croissant_text(manifest))
    assert values["license"] == "https://spdx.org/licenses/CC-BY-4.0.html"
    assert values["identifier"] == f"sky@0.1#{manifest.content.root}"
    assert values["version"] == "0.1.0"
    assert values["citeAs"].startswith("@misc{skybench_sky_0_1,")
    own, files = values["distribution"]
    assert own["contentUrl"] == "manifest.json"
    assert f"sha256:{own['sha256']}" == digest_of(manifest.to_text())
    assert files["includes"] == f"{manifest.zarr}/**"


def test_fields_are_the_variables_with_dtype_shape_unit_and_meanings():
    manifest = recorded_manifest("sky@0.1")
    *codes, samples = croissant(manifest)["recordSet"]
    fields = {field["name"]: field for field in samples["field"]}
    along_sample = {
        name for name, v in manifest.content.variables.items() if v.header["dims"][0] == "sample"
    }
    assert set(fields) == along_sample
    image = fields["image"]
    assert (image["dataType"], image["arrayShape"], image["unitText"]) == (
        "cr:Int32",
        "64,64",
        "electron",
    )
    assert "dimensions y, x" in image["description"]
    assert "isArray" not in fields["sky_level"]
    assert fields["kind"]["references"] == {"field": {"@id": "kind_codes/code"}}
    kinds = next(one for one in codes if one["@id"] == "kind_codes")
    assert kinds["data"][1] == {"kind_codes/code": 1, "kind_codes/name": "star"}


def test_the_text_is_the_same_every_time():
    manifest = recorded_manifest("objects@0.1")
    again = type(manifest).from_text(manifest.to_text(), "manifest.json")
    assert croissant_text(manifest) == croissant_text(again)


def test_a_store_is_asked_before_the_records(published, mlcroissant):
    manifest = known_manifest("sky@0.2", published)
    assert manifest == read_manifest(published, resolve("sky@0.2", published))
    assert known_manifest("objects@0.1", published) == recorded_manifest("objects@0.1")
    assert issues(mlcroissant, croissant_text(manifest)) == set()


def test_what_neither_has_is_said_in_the_words_of_the_store(tmp_path):
    with pytest.raises(NotFoundError, match="no dataset 'nothing' in the registry at"):
        known_manifest("nothing@1.0", Store(tmp_path))
