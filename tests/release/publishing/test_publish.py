"""Publishing: all or nothing, whenever it is interrupted."""

import itertools
import json
import shutil

import numpy as np
import pytest
import xarray as xr

from skybench.errors import IntegrityError, NotFoundError, StoreError, VersionConflictError
from skybench.generators.recipe_file import load_recipe
from skybench.registry.open import open
from skybench.registry.reference import Version
from skybench.registry.storage.store import Store, zarr_name
from skybench.registry.verify import verify
from skybench.registry.versions.index import read_index
from skybench.release.building.build import build
from skybench.release.building.generator_identity import generator_identity
from skybench.release.publishing.describe import describe, ranges
from skybench.release.publishing.publish import WorkFolder, prepare, publish, start_or_resume

RECIPE = load_recipe("objects").model_copy(update={"samples": 12})
VERSION = Version(0, 1)


class Crash(BaseException):
    """Stands for a killed process: no handler of errors sees it."""


def work_in(store, version=VERSION):
    return WorkFolder(store=store, dataset="objects", version=version)


def prepared(store, version=VERSION):
    work = work_in(store, version)
    start_or_resume(work, RECIPE)
    built = build(RECIPE, work.data_url, progress=False)
    store.write(f"{work.baselines}/majority.json", "{}")
    zarr = zarr_name(work.dataset, version, built.content.root)
    manifest = describe(RECIPE, version, built, work.files(zarr), store)
    prepare(work, manifest, "# Objects\n")
    return work


@pytest.fixture(scope="module")
def pristine(tmp_path_factory):
    folder = tmp_path_factory.mktemp("prepared")
    prepared(Store(folder))
    return folder


@pytest.fixture(params=["local", "memory"])
def store(request, pristine, tmp_path):
    """A store with a version prepared in it and nothing published."""
    if request.param == "local":
        shutil.copytree(pristine, tmp_path / "store")
        yield Store(tmp_path / "store")
        return
    memory = Store(f"memory://{tmp_path.name}")
    memory.fs.put(str(pristine), memory.root, recursive=True)
    yield memory
    memory.remove("")


def crash_at(monkeypatch, store, step):
    """Let that many changes of the store happen and crash at the next."""
    steps = itertools.count()

    def counted(change):
        def change_or_crash(*args, **options):
            if next(steps) == step:
                raise Crash
            return change(*args, **options)

        return change_or_crash

    for name in ("write", "remove") + (("move",) if store.is_local else ()):
        monkeypatch.setattr(Store, name, counted(getattr(Store, name)))
    if not store.is_local:
        monkeypatch.setattr(store.fs, "cp_file", counted(store.fs.cp_file))


def test_a_published_version_opens_and_verifies(store):
    entry = publish(work_in(store))
    assert entry.content == verify("objects@0.1", store=store, full=True).content_hash
    assert verify("objects@0.1", store=store, full=True).ok
    ds = open("objects@0.1", store=store, split="test")
    assert ds.image.shape[1:] == (28, 28)
    assert store.read_text("objects/0.1/card.md") == "# Objects\n"
    assert store.exists("objects/0.1/baselines/majority.json")
    croissant = json.loads(store.read_text("objects/0.1/croissant.json"))
    assert croissant["identifier"] == f"objects@0.1#{entry.content}"
    assert croissant["distribution"][0]["sha256"] == entry.manifest.removeprefix("sha256:")
    assert not store.exists(".work/objects-0.1")


def test_layout_is_the_published_one(store):
    entry = publish(work_in(store))
    data = zarr_name("objects", "0.1", entry.content).removesuffix(".zarr")
    assert set(store.names("objects/0.1")) == {
        "baselines",
        "card.md",
        "croissant.json",
        "manifest.json",
        f"{data}.samples",
        f"{data}.zarr",
    }
    assert store.size(f"objects/0.1/{data}.samples") == 32 * 12


def test_a_crash_at_any_step_leaves_the_earlier_state_and_a_rerun_completes(store, pristine):
    for step in itertools.count(step=1 if store.is_local else 13):
        with pytest.MonkeyPatch.context() as patch:
            crash_at(patch, store, step)
            try:
                publish(work_in(store))
            except Crash:
                pass
            else:
                break
        entries = read_index(store)
        assert len(entries) <= 1
        if entries:
            assert verify("objects@0.1", store=store, full=True).ok
        else:
            with pytest.raises(NotFoundError):
                open("objects", store=store, build="never")
            publish(work_in(store))
        assert open("objects", store=store, verify="full").sizes["sample"] == 12
        store.remove("")
        store.fs.put(f"{pristine}/", f"{store.url}/", recursive=True)
    assert step >= 6


def test_files_that_changed_before_publication_stop_it(store):
    work = work_in(store)
    store.remove(f"{work.baselines}/majority.json")
    with pytest.raises(
        IntegrityError, match=r"baselines/majority\.json of objects 0\.1 is missing"
    ):
        publish(work)
    assert read_index(store) == ()


def test_a_published_version_is_not_published_again(store):
    publish(work_in(store))
    before = store.sizes("")
    with pytest.raises(VersionConflictError, match=r"objects 0\.1 was published in"):
        publish(work_in(store))
    assert store.sizes("") == before


def test_the_manifest_that_another_put_in_place_first_wins(store):
    """As where a lock was lost: nothing of the other publication is overwritten."""
    store.write("objects/0.1/manifest.json", "of another process")
    store.write("objects/0.1/card.md", "of another process")
    with pytest.raises(VersionConflictError, match=r"another process is publishing objects 0\.1"):
        publish(work_in(store))
    assert {store.read_text(f"objects/0.1/{name}") for name in store.names("objects/0.1")} == {
        "of another process"
    }
    assert read_index(store) == ()


def test_nothing_prepared_is_not_published(tmp_path):
    with pytest.raises(NotFoundError, match=r"objects-0\.1/manifest\.json is not there"):
        publish(work_in(Store(tmp_path)))


def test_a_full_disk_publishes_nothing(store, monkeypatch):
    def full(self, key, content):
        msg = f"cannot write {key}: the disk is full"
        raise StoreError(msg)

    with monkeypatch.context() as patch:
        patch.setattr(Store, "write", full)
        with pytest.raises(StoreError, match="disk is full"):
            publish(work_in(store))
    assert read_index(store) == ()
    publish(work_in(store))


def test_unfinished_work_of_the_same_recipe_is_kept(store):
    before = store.sizes(".work/objects-0.1")
    start_or_resume(work_in(store), RECIPE)
    assert store.sizes(".work/objects-0.1") == before


@pytest.mark.parametrize("moved", [False, True])
def test_unfinished_work_of_another_recipe_is_deleted(store, monkeypatch, moved):
    work = work_in(store)
    if moved:
        with monkeypatch.context() as patch:
            patch.setattr("skybench.release.publishing.publish.append", crash)
            with pytest.raises(Crash):
                publish(work)
        assert store.exists("objects/0.1/manifest.json")
    start_or_resume(work, RECIPE.model_copy(update={"seed": 1}))
    left = () if moved else ("baselines",)
    assert store.names(work.key) == (*left, "identity.json")
    assert not store.exists("objects/0.1")


def crash(*args, **options):
    raise Crash


def test_classes_in_another_order_are_another_recipe(store):
    classes = dict(reversed(RECIPE.classes.items()))
    start_or_resume(work_in(store), RECIPE.model_copy(update={"classes": classes}))
    assert store.names(".work/objects-0.1") == ("baselines", "identity.json")


def test_a_version_that_the_index_lost_is_never_deleted(store):
    publish(work_in(store))
    store.remove("index.jsonl")
    before = store.sizes("objects/0.1")
    with pytest.raises(VersionConflictError, match=r"Restore index\.jsonl"):
        start_or_resume(work_in(store), RECIPE)
    assert store.sizes("objects/0.1") == before


def test_a_second_version_leaves_the_first_alone(store):
    publish(work_in(store))
    before = store.sizes("objects/0.1")
    publish(prepared(store, Version(0, 2)))
    assert store.sizes("objects/0.1") == before
    assert open("objects", store=store).attrs["version"] == "0.2"
    assert verify("objects@0.1", store=store, full=True).ok


def test_the_manifest_tells_how_to_make_it_again(store):
    manifest = work_in(store).journal()
    assert type(RECIPE).model_validate(manifest.recipe_in_order) == RECIPE
    assert manifest.classes == RECIPE.class_names
    assert manifest.generator == generator_identity()
    assert manifest.generator["source"].startswith("sha256:")
    assert sum(manifest.splits.values()) == manifest.samples == 12


def test_ranges_leave_out_codes_missing_values_and_identities(store):
    manifest = work_in(store).journal()
    assert not {"split", "kind", "label", "sample_id", "class"} & manifest.ranges.keys()
    assert 0 < manifest.ranges["flux"].minimum < manifest.ranges["flux"].maximum
    missing = xr.Dataset({"flux": ("sample", np.full(3, np.nan, np.float32))})
    assert ranges(missing) == {}
