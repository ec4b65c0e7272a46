"""Repairing: what is damaged is fetched or rebuilt, what is right is never touched."""

import shutil

import numpy as np
import pytest

from skybench.errors import IntegrityError, NotFoundError
from skybench.generators.recipe_file import load_recipe
from skybench.registry.open import open
from skybench.registry.storage.store import Store
from skybench.registry.verify import verify
from skybench.registry.versions import recorded_manifests
from skybench.registry.versions.index import append, read_index, read_manifest
from skybench.registry.versions.manifest import digest_of
from skybench.release import repair as repair_module
from skybench.release.release import BuildOptions, TrainingOptions, release
from skybench.release.repair import repair

SAMPLES = 300


@pytest.fixture(scope="module")
def pristine(tmp_path_factory):
    folder = tmp_path_factory.mktemp("repair")
    release(
        "0.1",
        store=folder,
        datasets=[load_recipe("objects")],
        samples=SAMPLES,
        building=BuildOptions(progress=False, workers=1),
        training=TrainingOptions(protocols=()),
    )
    return Store(folder)


@pytest.fixture
def store(pristine, tmp_path):
    """A copy of the store that a test may damage."""
    shutil.copytree(pristine.root, tmp_path / "store")
    return Store(tmp_path / "store")


def files(store):
    """Return bytes and time of every file of the version."""
    folder = store.local_path("objects/0.1")
    paths = sorted(p for p in folder.rglob("*") if p.is_file())
    return {p.relative_to(folder).as_posix(): (p.read_bytes(), p.stat().st_mtime_ns) for p in paths}


def key_of(store, ending):
    """Return the key of the first file whose key ends so."""
    objects = read_manifest(store, read_index(store)[0]).objects
    return next(f"objects/0.1/{o.key}" for o in objects if o.key.endswith(ending))


def flip(store, key):
    data = bytearray(store.read_bytes(key))
    data[len(data) // 2] ^= 1
    store.write(key, bytes(data))


def short(key):
    return key.removeprefix("objects/0.1/")


def mend(store, **options):
    return repair("objects@0.1", store=store, workers=1, progress=False, **options)


def test_nothing_is_done_where_nothing_is_wrong(store):
    before = files(store)
    done = mend(store)
    assert done.ok
    assert (done.fetched, done.rebuilt, done.left) == ((), (), ())
    assert files(store) == before


def test_damaged_shards_are_rebuilt_and_no_other_file_is_written(store, pristine):
    flipped, missing = key_of(store, "image/c/1/0/0"), key_of(store, "flux/c/0/0")
    before = files(store)
    flip(store, flipped)
    store.remove(missing)
    assert not verify("objects@0.1", store=store, full=True).ok
    done = mend(store)
    assert done.ok
    assert set(done.rebuilt) == {short(flipped), short(missing)}
    after = files(store)
    assert {key for key in after if after[key] != before[key]} == set(done.rebuilt)
    assert {k: data for k, (data, _) in after.items()} == {
        k: data for k, (data, _) in before.items()
    }
    assert f"rebuilt {short(flipped)}" in str(done)


@pytest.mark.parametrize(
    "ending", [".zarr/zarr.json", "image/zarr.json", "class/c/0", ".samples", "split/c/0"]
)
def test_every_other_file_that_follows_from_the_recipe_is_rebuilt(store, ending):
    key = key_of(store, ending)
    store.write(key, b"{}")
    done = mend(store)
    assert done.ok
    assert done.rebuilt == (short(key),)


def test_all_of_the_data_is_rebuilt(store):
    (data,) = store.local_path("objects/0.1").glob("*.zarr")
    shutil.rmtree(data)
    assert mend(store).ok
    assert open("objects@0.1", store=store, verify="full").image.shape[0] == SAMPLES


def test_what_a_killed_repair_left_goes_with_the_next(store):
    chunk = key_of(store, "flux/c/0/0")
    folder, _, name = chunk.rpartition("/")
    store.write(f"{folder}/.{name}.0a1b2c3d.tmp", b"half a chu")
    store.write("objects/0.1/submissions/.mine.json.0a1b2c3d.tmp", b"somebody writes it now")
    assert verify("objects@0.1", store=store).ok
    assert repair("objects@0.1", store=store, progress=False).ok
    assert [name for name in files(store) if name.endswith(".tmp")] == [
        "submissions/.mine.json.0a1b2c3d.tmp"
    ]


def test_what_nobody_knows_is_named_and_not_deleted(store):
    image = key_of(store, "image/zarr.json").removesuffix("/zarr.json")
    store.write(f"{image}/.DS_Store", "litter")
    assert repair("objects@0.1", store=store, progress=False).ok
    store.write(f"{image}/notes.txt", "mine")
    repaired = repair("objects@0.1", store=store, progress=False)
    (problem,) = repaired.report.problems
    assert f"{short(image)}/notes.txt of objects 0.1 was not published; move it away" in problem
    assert store.read_text(f"{image}/notes.txt") == "mine"
    assert store.read_text(f"{image}/.DS_Store") == "litter"


def test_a_mirror_gives_what_does_not_follow_from_the_recipe(store, pristine):
    key = key_of(store, "majority-class.json")
    flip(store, key)
    alone = mend(store)
    assert not alone.ok
    assert alone.left == (f"{short(key)} does not follow from the recipe; fetch it: --mirror URL",)
    done = mend(store, mirror=pristine)
    assert done.ok
    assert (done.fetched, done.rebuilt) == ((short(key),), ())


def test_a_mirror_that_is_damaged_too_is_not_believed(store, pristine, tmp_path, monkeypatch):
    monkeypatch.setattr("skybench.release.mirror._FIRST_WAIT", 0.001)
    shutil.copytree(pristine.root, tmp_path / "mirror")
    mirror = Store(tmp_path / "mirror")
    key = key_of(store, "image/c/0/0/0")
    flip(store, key)
    flip(mirror, key)
    done = mend(store, mirror=mirror)
    assert done.ok
    assert (done.fetched, done.rebuilt) == ((), (short(key),))


def test_a_mirror_that_is_not_there_is_no_harm(store, tmp_path):
    flip(store, key_of(store, "image/c/0/0/0"))
    assert mend(store, mirror=str(tmp_path / "none")).ok


def test_what_would_not_match_is_refused(store, monkeypatch):
    key = key_of(store, "image/c/0/0/0")
    flip(store, key)
    damaged = store.read_bytes(key)

    def other(recipe, start, stop, secret_seed):
        from skybench.release.building.group import rendered

        columns = rendered(recipe, start, stop, secret_seed)
        return columns | {"image": columns["image"] + np.int32(1)}

    monkeypatch.setattr("skybench.release.repair.rendered", other)
    done = mend(store)
    assert not done.ok
    (said,) = done.left
    assert "image/c/0/0/0 was made again, but is not the published file" in said
    assert store.read_bytes(key) == damaged


def test_another_generator_rebuilds_nothing(store, monkeypatch):
    flip(store, key_of(store, "image/c/0/0/0"))
    monkeypatch.setattr("skybench.registry.seals.GENERATOR", "skybench-generator-99")
    done = mend(store)
    assert not done.ok
    assert "1 files cannot be rebuilt: objects 0.1 was made by skybench-generator-" in done.left[0]


def test_a_damaged_manifest_comes_from_where_there_is_a_right_one(
    store, pristine, tmp_path, monkeypatch
):
    key = "objects/0.1/manifest.json"
    text = store.read_text(key)
    monkeypatch.setattr(recorded_manifests, "files", lambda _: tmp_path / "clone")
    (tmp_path / "clone" / "releases" / "0.1").mkdir(parents=True)
    store.write(key, text.replace("CC-BY", "CC-BX"))
    with pytest.raises(IntegrityError, match="Neither a mirror nor skybench has the right one"):
        mend(store)
    assert mend(store, mirror=pristine).fetched == ("manifest.json",)
    store.remove(key)
    copy = tmp_path / "clone" / "releases" / "0.1" / "objects.manifest.json"
    copy.write_text(text)
    assert mend(store).fetched == ("manifest.json",)
    assert store.read_text(key) == text


def test_what_is_not_there_cannot_be_repaired(store):
    with pytest.raises(NotFoundError, match="is not in the registry"):
        repair("objects@7.0", store=store)


def test_a_forged_manifest_leads_to_no_file_outside(store):
    entry = read_index(store)[0]
    values = read_manifest(store, entry)
    forged = values.model_copy(update={"version": "0.2"})
    store.fs.copy(store.url_of("objects/0.1"), store.url_of("objects/0.2"), recursive=True)
    store.write("objects/0.2/manifest.json", forged.to_text())
    append(
        store,
        dataset="objects",
        version="0.2",
        manifest=digest_of(forged.to_text()),
        content=forged.content.root,
    )
    before = set(store.sizes(""))
    store.remove(f"objects/0.2/{short(key_of(store, 'flux/c/0/0'))}")
    assert repair("objects@0.2", store=store, workers=1, progress=False).ok
    assert {key for key in store.sizes("") if not key.startswith(".work")} <= before


@pytest.mark.parametrize("name", ["card.md", "croissant.json"])
def test_a_description_is_written_again_as_it_was(store, name):
    before = store.read_text(f"objects/0.1/{name}")
    store.remove(f"objects/0.1/{name}")
    report = verify("objects@0.1", store=store)
    assert f"file {name} of objects 0.1 cannot be read" in str(report)
    repaired = repair("objects@0.1", store=store, progress=False)
    assert (repaired.ok, repaired.rebuilt) == (True, (name,))
    assert store.read_text(f"objects/0.1/{name}") == before


def test_a_card_of_another_skybench_is_fetched(store, pristine, monkeypatch):
    monkeypatch.setattr(repair_module, "card_text", lambda *_: "other words")
    store.write("objects/0.1/card.md", "forged")
    left = repair("objects@0.1", store=store, progress=False)
    assert not left.ok
    assert "card.md is not what this skybench writes; fetch it: --mirror URL" in str(left)
    assert store.read_text("objects/0.1/card.md") == "forged"
    assert repair("objects@0.1", store=store, mirror=pristine, progress=False).fetched == (
        "card.md",
    )
