"""The promises of docs/trust.md, each attacked by name.

A test here is one attack that was seen to succeed once, told as whoever attacks would do it and
asserted as a user would meet it. The details of each promise are tested beside the code that
keeps it.
"""

import json
import shutil
from pathlib import Path

import intake
import pytest

import skybench
from skybench.errors import IntegrityError
from skybench.registry.audit import audit
from skybench.registry.proof.file_check import file_digest
from skybench.registry.storage.store import Store
from skybench.registry.versions.index import append
from skybench.registry.versions.manifest import digest_of

RELEASE = Path(__file__).parent / "data" / "format-1"


def republished(store, change):
    """Change a manifest, and list it and the files of its Zarr store as if they were published."""
    place = store.local_path("tiny/1.0/manifest.json")
    manifest = json.loads(place.read_text())
    change(manifest)
    for stored in manifest["objects"]:
        key = f"tiny/1.0/{stored['key']}"
        stored["size"], stored["sha256"] = store.size(key), file_digest(store, key)
    text = json.dumps(manifest)
    place.write_text(text)
    store.local_path("index.jsonl").unlink()
    content, what = manifest["content"]["root"], {"dataset": "tiny", "version": "1.0"}
    append(store, **what, manifest=digest_of(text), content=content)
    return f"tiny@1.0#{content}"


@pytest.mark.parametrize(
    ("array", "attributes"),
    [("image", {"scale_factor": -12.0}), ("image", {"add_offset": 104}), ("", {"zeropoint": 1.0})],
)
def test_a_content_pin_refuses_attributes_by_which_others_decode_other_values(
    tmp_path, array, attributes
):
    """Plain xarray read 96 for -8, and `get`, `verify --full` and `audit` all said yes."""
    store = Store(shutil.copytree(RELEASE, tmp_path / "store"))
    (zarr,) = store.local_path("tiny/1.0").glob("*.zarr")
    root = json.loads((zarr / "zarr.json").read_text())
    arrays = root["consolidated_metadata"]["metadata"]
    (arrays[array] if array else root)["attributes"].update(attributes)
    (zarr / "zarr.json").write_text(json.dumps(root))
    if array:
        (zarr / array / "zarr.json").write_text(json.dumps(arrays[array]))
    pinned = republished(store, lambda manifest: None)
    with pytest.raises(IntegrityError, match="|".join(attributes)):
        skybench.open(pinned, store=store, build="never")
    with pytest.raises(IntegrityError, match="|".join(attributes)):
        intake.open_catalog(store.url_of("catalog.yaml")).tiny_v1.to_dask()
    assert not skybench.verify(pinned, store=store, full=True).ok
    with pytest.raises(IntegrityError, match="|".join(attributes)):
        skybench.get(pinned, source=store.url, store=tmp_path / "mine", progress=False)


def test_a_content_pin_refuses_other_units_in_manifest_and_data(tmp_path):
    store = Store(shutil.copytree(RELEASE, tmp_path / "store"))
    (zarr,) = store.local_path("tiny/1.0").glob("*.zarr")
    for path in (zarr / "zarr.json", zarr / "flux" / "zarr.json"):
        path.write_text(path.read_text().replace('"electron"', '"nanomaggy"'))

    def change(manifest):
        for variable in manifest["content"]["variables"].values():
            if variable["header"]["units"] == "electron":
                variable["header"]["units"] = "nanomaggy"

    pinned = republished(store, change)
    with pytest.raises(IntegrityError, match="contradicts itself: the root of flux"):
        skybench.open(pinned, store=store, build="never")
    assert not skybench.verify(pinned, store=store).ok


@pytest.mark.parametrize("full", [False, True])
def test_a_file_that_was_not_published_is_found_among_the_data(tmp_path, full):
    store = Store(shutil.copytree(RELEASE, tmp_path / "store"))
    (zarr,) = store.local_path("tiny/1.0").glob("*.zarr")
    (zarr / "better_flux").mkdir()
    shutil.copy(zarr / "flux" / "zarr.json", zarr / "better_flux" / "zarr.json")
    (problem,) = skybench.verify("tiny@1.0", store=store, full=full).problems
    assert "better_flux/zarr.json of tiny 1.0 was not published" in problem
    assert any("better_flux/zarr.json" in said for said in audit(store).problems)
