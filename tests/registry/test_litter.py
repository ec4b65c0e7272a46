"""What operating systems and editors leave in a store is passed by; what nobody knows is named."""

import re

import pytest

from skybench.errors import IntegrityError
from skybench.registry.audit import audit
from skybench.registry.evaluate import evaluate
from skybench.registry.leaderboard import leaderboard
from skybench.registry.open import open
from skybench.registry.proof.file_check import size_problems
from skybench.registry.recorded import recorded_references
from skybench.registry.storage.local_disk import entries_below
from skybench.registry.storage.store import Store
from skybench.registry.verify import verify
from skybench.registry.versions.index import read_index, read_manifest
from skybench.registry.versions.manifest import Manifest, StoredObject, digest_of

LITTER = (
    ".DS_Store",
    "._zarr.json",
    "._Mine.json",
    "Thumbs.db",
    "desktop.ini",
    ".nfs0000a1",
    "mine.json~",
    ".directory",
    "#mine.json#",
    ".mine.json.swp",
    "__MACOSX/._mine.json",
)


def scatter(store):
    """Leave one of each kind in every folder; return how many."""
    below = [key for key, entry in entries_below(store.root) if entry.is_dir()]
    keys = [f"{folder}/{name}".lstrip("/") for folder in ["", *below] for name in LITTER]
    for key in keys:
        store.write(key, b"\0\5\x16\7", durable=False)
    return len(keys)


pytestmark = pytest.mark.usefixtures("no_recorded_versions")


@pytest.fixture
def truth(raw):
    test = raw.isel(sample=raw.split.values == 2)
    return test[["sample_id", "label"]].drop_vars("split").to_dataframe()


@pytest.fixture
def littered(published, truth):
    """A store with a submission, and litter in every folder."""
    evaluate("sky@0.1", truth, name="mine", store=published, submit=True)
    assert scatter(published) > 100
    return published


@pytest.mark.parametrize("depth", ["off", "fast", "full"])
def test_a_littered_store_opens(littered, raw, depth):
    ds = open("sky@0.1", store=littered, verify=depth, decode=False).load()
    assert ds.drop_attrs().identical(raw.drop_attrs())


def test_a_littered_store_is_proven(littered):
    assert verify("sky@0.1", store=littered).ok
    assert verify("sky@0.1", store=littered, full=True).ok
    assert audit(littered).ok


def test_litter_is_no_record(littered, truth):
    assert leaderboard("sky@0.1", store=littered).name.tolist() == ["mine"]
    evaluate("sky@0.1", truth, name="second", store=littered, submit=True)
    assert set(leaderboard("sky@0.1", store=littered).name) == {"mine", "second"}


def test_litter_is_in_no_list_of_names(littered):
    assert littered.names("sky") == ("0.1", "0.2")
    names = littered.names("sky/0.1/submissions")
    assert names[0] == "log.jsonl"
    assert [re.sub(r"-[0-9a-f]{8}", "", n) for n in names[1:]] == [
        "mine-predictions.parquet",
        "mine.json",
    ]


def test_litter_hides_no_damage(littered):
    manifest = read_manifest(littered, read_index(littered)[0])
    littered.remove(f"sky/0.1/{manifest.zarr}/image/c/1/0/0")
    (problem,) = verify("sky@0.1", store=littered).problems[:1]
    assert "image/c/1/0/0 of sky 0.1 is missing" in problem
    with pytest.raises(IntegrityError, match="is missing"):
        open("sky@0.1", store=littered)


def test_what_a_manifest_lists_counts_whatever_its_name():
    """A file that was published by mistake is published, and a missing one is told."""
    key = "sky-0.1-0123456789ab.zarr/image/.DS_Store"
    listed = StoredObject(key=key, size=4, sha256=digest_of(b"mine"))
    manifest = Manifest.model_construct(
        dataset="sky",
        version="0.1",
        zarr="sky-0.1-0123456789ab.zarr",
        chunk_count=1,
        objects=(listed,),
    )
    assert list(size_problems(manifest, {key: 4})) == []
    assert ".DS_Store of sky 0.1 is missing" in " ".join(size_problems(manifest, {}))


@pytest.mark.parametrize("key", ["image/notes.txt", "image/c/9/0/0"])
def test_a_file_that_nobody_knows_is_named_with_the_fix(published, key):
    zarr = read_manifest(published, read_index(published)[0]).zarr
    published.write(f"sky/0.1/{zarr}/{key}", "mine")
    says = rf"file {zarr}/{key} of sky 0\.1 was not published; move it away, because --repair"
    assert re.match(says, verify("sky@0.1", store=published).problems[0])
    with pytest.raises(IntegrityError, match=says) as caught:
        open("sky@0.1", store=published)
    assert "may be damaged" not in str(caught.value)
    assert re.match(says, audit(published).problems[0])


def test_a_file_that_nobody_knows_stands_in_for_no_missing_one(published):
    zarr = read_manifest(published, read_index(published)[0]).zarr
    published.write(f"sky/0.1/{zarr}/image/notes.txt", "mine")
    published.remove(f"sky/0.1/{zarr}/image/c/1/0/0")
    said = " ".join(verify("sky@0.1", store=published).problems)
    assert "image/c/1/0/0 of sky 0.1 is missing" in said
    assert "image/notes.txt of sky 0.1 was not published" in said


def test_a_mirror_that_lists_litter_as_records_has_none(published, monkeypatch):
    """A web server lists what its manifest says."""
    names = {"._Mine.json", "Thumbs.db", "resnet50.json"}
    store = Store(published)
    store.is_web = True
    monkeypatch.setattr(store, "_published_names", lambda _: names)
    assert store.names("sky/0.1/baselines") == ("resnet50.json",)


def test_litter_beside_the_recorded_versions_is_no_version(tmp_path):
    folder = tmp_path / "package" / "releases" / "0.1"
    folder.mkdir()
    for name in ("sky.manifest.json", "._sky.manifest.json"):
        (folder / name).write_text("{}")
    (folder.parent / "__MACOSX").mkdir()
    assert recorded_references() == ("sky@0.1",)
