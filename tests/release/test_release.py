"""The whole release, on a few samples and with the floors as only baselines."""

import json
import shutil
import subprocess
import sys
from pathlib import Path

import intake
import pandas as pd
import pytest

from skybench.errors import (
    DatasetReferenceError,
    IntegrityError,
    MissingDependencyError,
    ParameterError,
    RecipeError,
    StoreError,
    VersionConflictError,
)
from skybench.generators.recipe_file import load_recipe
from skybench.registry.audit import audit
from skybench.registry.evaluate import evaluate
from skybench.registry.hashing.content_hash import dataset_root
from skybench.registry.open import open
from skybench.registry.reference import Version
from skybench.registry.scoring.records import records_from_text
from skybench.registry.storage.local_disk import is_litter
from skybench.registry.storage.store import CATALOG, Store
from skybench.registry.verify import verify
from skybench.registry.versions.index import read_index, read_manifest
from skybench.release.publishing import published, recording, work_baselines
from skybench.release.publishing.publish import WorkFolder, start_or_resume
from skybench.release.release import BuildOptions, TrainingOptions, release

SAMPLES = 60
OBJECTS = load_recipe("objects")
SKY = load_recipe("sky").model_copy(
    update={"image": load_recipe("sky").image.model_copy(update={"shape": (24, 24)})}
)
BOTH = {"datasets": [OBJECTS, SKY]}
FAST = {
    "samples": SAMPLES,
    "building": BuildOptions(progress=False),
    "training": TrainingOptions(protocols=()),
}


@pytest.fixture(scope="module")
def pristine(tmp_path_factory):
    folder = tmp_path_factory.mktemp("released")
    release("0.1", store=folder, **BOTH, **FAST)
    return folder


@pytest.fixture
def store(pristine, tmp_path):
    """A store with objects 0.1 and sky 0.1, for a test to change."""
    shutil.copytree(pristine, tmp_path / "store")
    return Store(tmp_path / "store")


@pytest.fixture
def checkout(tmp_path, monkeypatch):
    """A source checkout, as the one that skybench is imported from."""
    root = tmp_path / "checkout"
    for folder in (".git", "registry/releases", "catalogs"):
        (root / folder).mkdir(parents=True)
    (root / "pyproject.toml").write_text('[project]\nname = "skybench"\n')
    (root / "registry/__init__.py").write_text("")
    monkeypatch.setattr(recording.skybench.registry, "__file__", f"{root}/registry/__init__.py")
    return root


def files(folder):
    return {
        str(path.relative_to(folder)): path.stat().st_mtime_ns
        for path in Path(folder).rglob("*")
        if path.is_file()
    }


def test_a_release_opens_verifies_and_is_in_the_catalog(pristine):
    for name in ("objects", "sky"):
        assert verify(f"{name}@0.1", store=pristine, full=True).ok
        ds = open(name, store=pristine)
        assert ds.sizes["sample"] == SAMPLES
        assert 8 <= open(name, store=pristine, split="test").sizes["sample"] <= 16
    catalog = intake.open_catalog(str(pristine / CATALOG))
    assert {"sky_v0", "sky_v0_1", "sky_v0_1_test", "objects_v0_train"} <= set(catalog)
    entry = read_index(Store(pristine))[0]
    assert catalog.objects_v0.metadata["hash"] == entry.content
    assert catalog.objects_v0.metadata["baseline_scores"]
    assert (catalog.objects_v0_test.to_dask().split == "test").all()


def test_the_layout_of_a_version(pristine):
    names = set(Store(pristine).names("sky/0.1"))
    assert {"manifest.json", "card.md", "baselines"} <= names
    assert any(name.endswith(".zarr") for name in names)
    assert "| majority" in (pristine / "sky/0.1/card.md").read_text()
    assert not (pristine / ".work/sky-0.1").exists()


@pytest.fixture(scope="module")
def without_baselines(tmp_path_factory):
    folder = tmp_path_factory.mktemp("bare")
    quiet = BuildOptions(progress=False)
    release("0.1", store=folder, **BOTH, samples=SAMPLES, building=quiet, baselines=False)
    return folder


def test_a_release_without_baselines_opens_verifies_and_evaluates(without_baselines, pristine):
    store = without_baselines
    assert "baselines" not in Store(store).names("objects/0.1")
    assert verify("objects@0.1", store=store, full=True).ok
    ds, known = (open("objects", store=folder, split="test") for folder in (store, pristine))
    assert ds.attrs["content_hash"] == known.attrs["content_hash"]
    guesses = pd.DataFrame({"sample_id": ds.sample_id, "label": "spiral"})
    evaluation = evaluate("objects", guesses, store=store)
    assert evaluation.score == pytest.approx(float((ds.label == "spiral").mean()), abs=1e-6)
    assert evaluation.comparisons == ()
    assert intake.open_catalog(str(store / CATALOG)).objects_v0_test.to_dask().equals(ds)


def test_a_release_without_baselines_imports_nothing_that_trains(tmp_path):
    code = (
        "import sys\n"
        "sys.modules['torch'] = sys.modules['lightning'] = None\n"
        "from skybench.release.release import BuildOptions, release\n"
        "quiet = BuildOptions(progress=False)\n"
        "release('0.1', datasets=['objects'], samples=20, building=quiet, baselines=False,\n"
        "        store=sys.argv[1])"
    )
    subprocess.run([sys.executable, "-c", code, str(tmp_path / "store")], check=True)


def test_one_recipe_needs_no_list(tmp_path):
    quiet = BuildOptions(progress=False)
    few = {"samples": 20, "building": quiet, "baselines": False, "store": tmp_path}
    assert [made.reference for made in release("0.1", datasets="objects", **few)] == ["objects@0.1"]
    again = release("0.1", datasets=load_recipe("objects"), **few)
    assert [made.is_new for made in again] == [False]


def test_a_certificate_of_realism_is_in_the_card_and_not_in_the_hash(tmp_path, certificate):
    file = tmp_path / "realism.json"
    file.write_text(certificate(fake="objects").to_json(), encoding="utf-8")
    quiet = BuildOptions(progress=False)
    few = {"samples": 20, "building": quiet, "baselines": False, "datasets": "objects"}
    (plain,) = release("0.1", store=tmp_path / "plain", **few)
    (shown,) = release("0.1", store=tmp_path / "shown", realism=file, **few)
    assert shown.content_hash == plain.content_hash
    assert "## Realism" in Store(tmp_path / "shown").read_text("objects/0.1/card.md")
    with pytest.raises(ParameterError, match="is of 'objects', and released are sky"):
        release("0.2", store=tmp_path, realism=file, **few | {"datasets": "sky"})


def test_a_release_without_baselines_leaves_none_of_an_interrupted_one(tmp_path):
    store = Store(tmp_path)
    recipe = OBJECTS.model_copy(update={"samples": SAMPLES})
    work = WorkFolder(store=store, dataset="objects", version=Version(0, 1))
    start_or_resume(work, recipe)
    store.write(f"{work.baselines}/majority.json", "{}")
    quiet = BuildOptions(progress=False)
    release("0.1", store=store, datasets=[recipe], building=quiet, baselines=False)
    assert "baselines" not in store.names("objects/0.1")


def test_options_that_ask_for_baselines_and_for_none_are_refused(tmp_path, checkout):
    with pytest.raises(ParameterError, match="without baselines nothing is; leave one out"):
        release("0.1", store=tmp_path, **BOTH, **FAST, baselines=False)
    with pytest.raises(ParameterError, match="a version is recorded with its baselines"):
        release("0.1", store=tmp_path, **BOTH, baselines=False, record=True)
    assert not Store(tmp_path).exists("index.jsonl")


def test_the_content_is_that_of_the_recipe(pristine):
    recipe = SKY.model_copy(update={"samples": SAMPLES})
    entry = published.published_entry(
        recipe, read_index(Store(pristine))[1].number, Store(pristine)
    )
    assert entry.dataset == "sky"


def test_running_again_changes_nothing_and_says_so(store):
    before, said = files(store.url), []
    outcomes = release("0.1", store=store, say=said.append, **BOTH, **FAST)
    assert files(store.url) == before
    assert [outcome.is_new for outcome in outcomes] == [False, False]
    assert said == [
        f"{name} 0.1 is already published with this content; nothing to do"
        for name in ("objects", "sky")
    ]


def test_running_again_mends_the_catalog_and_clears_leftovers(store):
    text = store.read_text(CATALOG)
    store.remove(CATALOG)
    store.write(".work/sky-0.1/manifest.json", "left by a crash after the index line")
    release("0.1", store=store, **BOTH, **FAST)
    assert store.read_text(CATALOG) == text
    assert not store.exists(".work/sky-0.1")


def test_another_recipe_is_refused_with_the_fields_that_differ(store):
    before = files(store.url)
    recipe = SKY.model_copy(update={"samples": SAMPLES, "seed": 7})
    with pytest.raises(VersionConflictError) as caught:
        release("0.1", store=store, datasets=[recipe])
    message = str(caught.value)
    assert "sky 0.1 is published in" in message
    assert "seed: published 20261102, now 7" in message
    assert "make release VERSION=0.2" in message
    assert files(store.url) == before


def test_all_packaged_recipes_are_the_default(store):
    with pytest.raises(
        VersionConflictError, match=r"sky 0\.1 .* image\.shape: published \[24, 24\]"
    ):
        release("0.1", store=store, **FAST)


def test_a_conflict_is_found_before_anything_is_built(store):
    before = files(store.url)
    new = load_recipe("objects").model_copy(update={"name": "stars", "samples": SAMPLES})
    with pytest.raises(VersionConflictError, match="samples: published 60, now 61"):
        release("0.1", store=store, datasets=[new, SKY], samples=61)
    assert files(store.url) == before


def test_another_order_of_classes_is_refused(store):
    other = SKY.model_copy(update={"classes": dict(reversed(SKY.classes.items()))})
    with pytest.raises(VersionConflictError, match="order of classes: published star, elliptical"):
        release("0.1", store=store, datasets=[other], samples=SAMPLES)


def test_a_changed_generator_is_noticed(store, monkeypatch):
    def brighter(recipe, start, stop):
        ds = generate_as_stored(recipe, start, stop)
        return ds.assign(image=ds.image + 1)

    generate_as_stored = published.generate_as_stored
    monkeypatch.setattr(published, "generate_as_stored", brighter)
    with pytest.raises(VersionConflictError, match="renders 8 of 8 samples differently, first 0"):
        release("0.1", store=store, **BOTH, **FAST)


def test_a_damaged_version_is_not_called_published(store):
    next(store.local_path("sky/0.1").glob("*.samples")).unlink()
    with pytest.raises(IntegrityError, match="is missing"):
        release("0.1", store=store, **BOTH, **FAST)


def test_a_second_version_leaves_the_first_alone(store):
    before = files(f"{store.url}/sky/0.1")
    other = SKY.model_copy(update={"seed": 1})
    (outcome,) = release("0.2", store=store, datasets=[other], **FAST)
    assert outcome.is_new
    assert files(f"{store.url}/sky/0.1") == before
    assert open("sky", store=store).attrs["version"] == "0.2"
    catalog = intake.open_catalog(store.url_of(CATALOG))
    assert catalog.sky_v0.metadata["version"] == "0.2"
    assert catalog.sky_v0_1.metadata["version"] == "0.1"


def test_the_same_content_is_not_released_again_under_a_higher_number(store):
    with pytest.raises(VersionConflictError, match=r"sky has the content of 0\.1 already"):
        release("0.2", store=store, datasets=[SKY], **FAST)
    assert not store.exists("sky/0.2")
    assert [f"{e.dataset}@{e.version}" for e in read_index(store)] == ["objects@0.1", "sky@0.1"]


def test_a_number_that_promises_too_much_is_refused_with_what_changed(store):
    release("1.0", store=store, datasets=[SKY.model_copy(update={"seed": 1})], **FAST)
    louder = SKY.model_copy(
        update={"seed": 1, "noise": SKY.noise.model_copy(update={"scale": 3.0})}
    )
    with pytest.raises(
        VersionConflictError, match=r"cannot follow 1\.0: .*; image of rows .* 2\.0 or"
    ):
        release("1.1", store=store, datasets=[louder], **FAST)
    (outcome,) = release("2.0", store=store, datasets=[louder], **FAST)
    assert outcome.is_new


def test_where_the_second_fails_the_first_stays_and_a_rerun_goes_on(tmp_path, monkeypatch):
    from skybench.release import release as module

    def fails_for_sky(recipe, *args, **options):
        if recipe.name == "sky":
            msg = "the disk is full"
            raise StoreError(msg)
        return build(recipe, *args, **options)

    build = module.build
    with monkeypatch.context() as patch:
        patch.setattr(module, "build", fails_for_sky)
        with pytest.raises(StoreError, match="disk is full"):
            release("0.1", store=tmp_path, **BOTH, **FAST)
    assert [entry.dataset for entry in read_index(Store(tmp_path))] == ["objects"]
    assert "objects_v0" in intake.open_catalog(str(tmp_path / CATALOG))
    outcomes = release("0.1", store=tmp_path, **BOTH, **FAST)
    assert [outcome.is_new for outcome in outcomes] == [False, True]


def test_a_release_killed_after_the_build_does_not_build_again(tmp_path, monkeypatch):
    from skybench.release import release as module

    def killed(*args):
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(module, "prepare", killed)
        with pytest.raises(KeyboardInterrupt):
            release("0.1", store=tmp_path, datasets=["objects"], **FAST)
    assert read_index(Store(tmp_path)) == ()
    data = tmp_path / ".work/objects-0.1/data.zarr"
    before = files(data)
    assert before
    release("0.1", store=tmp_path, datasets=["objects"], **FAST)
    (zarr,) = (tmp_path / "objects/0.1").glob("*.zarr")
    assert files(zarr) == before


def test_a_release_in_progress_is_not_joined(tmp_path):
    store = Store(tmp_path)
    with store.lock("objects-0.1"), pytest.raises(StoreError, match="another process holds"):
        release("0.1", store=store, datasets=["objects"], **FAST)


def test_a_store_on_another_file_system(pristine, monkeypatch, tmp_path):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    store = Store("memory://test_release")
    (outcome,) = release("0.1", store=store, datasets=["objects"], **FAST)
    assert outcome.content_hash == read_index(Store(pristine))[0].content
    assert verify("objects@0.1", store=store, full=True).ok
    assert store.exists("objects/0.1/baselines/majority-class.json")
    assert not files(tmp_path)
    store.remove("")


@pytest.mark.parametrize("version", ["v0.1", "1", "1.0.0", "latest", "01.0", ""])
def test_a_wrong_version_is_refused_before_anything(tmp_path, version):
    with pytest.raises(DatasetReferenceError, match=r"MAJOR\.MINOR"):
        release(version, store=tmp_path / "store")
    assert not (tmp_path / "store").exists()


@pytest.mark.parametrize(
    ("arguments", "error", "says"),
    [
        ({"datasets": ["skye"]}, RecipeError, "sky"),
        ({"datasets": ["sky", "sky"]}, ParameterError, "listed twice"),
        ({"samples": 0}, ParameterError, "samples must be at least 1"),
        ({"store": "foo://bucket"}, StoreError, "foo"),
        ({"training": TrainingOptions(seeds=0)}, ParameterError, "seeds must be at least 1"),
        (
            {"training": TrainingOptions(protocols=["papers"])},
            ParameterError,
            "unknown protocol 'papers'; did you mean 'paper'",
        ),
        (
            {"training": TrainingOptions(networks=["resnet5"])},
            ParameterError,
            "unknown network 'resnet5'; did you mean 'resnet50'",
        ),
    ],
)
def test_a_wrong_argument_is_refused_before_anything(tmp_path, arguments, error, says):
    with pytest.raises(error, match=says):
        release("0.1", **{"store": tmp_path / "store", **arguments})
    assert not (tmp_path / "store").exists()


def test_what_training_needs_is_asked_for_before_anything(tmp_path, monkeypatch):
    monkeypatch.setattr(work_baselines, "PACKAGES", ("torch", "no_such_package"))
    with pytest.raises(MissingDependencyError, match=r"no_such_package; .*skybench\[baselines\]"):
        release("0.1", store=tmp_path / "store")
    assert not (tmp_path / "store").exists()


def test_what_is_not_of_this_run_is_not_published_with_the_baselines(tmp_path):
    store = Store(tmp_path)
    recipe = load_recipe("objects").model_copy(update={"samples": SAMPLES})
    work = WorkFolder(store=store, dataset="objects", version=Version(0, 1))
    start_or_resume(work, recipe)
    store.write(f"{work.baselines}/resnet50.json.partial", "{")
    release("0.1", store=store, datasets=["objects"], **FAST)
    names = store.names("objects/0.1/baselines")
    assert names
    assert "resnet50.json.partial" not in names


def test_litter_is_not_published(tmp_path):
    store = Store(tmp_path)
    recipe = load_recipe("objects").model_copy(update={"samples": SAMPLES})
    work = WorkFolder(store=store, dataset="objects", version=Version(0, 1))
    start_or_resume(work, recipe)
    for key in (work.key, work.baselines, work.target, "objects", f"{work.key}/data.zarr.building"):
        store.write(f"{key}/.DS_Store", b"x")
        store.write(f"{key}/._resnet50.json", b"\0\5\x16\7")
    release("0.1", store=store, datasets=["objects"], **FAST)
    (entry,) = read_index(store)
    assert not any(is_litter(stored.key) for stored in read_manifest(store, entry).objects)
    assert verify("objects@0.1", store=store, full=True).ok
    said = audit(store).problems
    assert not [problem for problem in said if "DS_Store" in problem or "._" in problem]


def test_a_store_that_is_a_file_is_refused(tmp_path):
    path = tmp_path / "store"
    path.write_text("mine")
    with pytest.raises(StoreError, match="file"):
        release("0.1", store=path, **FAST)
    assert path.read_text() == "mine"


def test_a_release_is_recorded_in_the_checkout_once(store, checkout):
    (outcome,) = release("0.1", store=store, datasets=[SKY], record=True, **FAST)
    assert [path.relative_to(checkout).as_posix() for path in outcome.recorded] == [
        "registry/releases/0.1/sky.manifest.json",
        "registry/releases/0.1/sky.baselines.json",
        "registry/releases/0.1/sky.histogram-predictions.parquet",
        "registry/releases/0.1/sky.logistic-regression-predictions.parquet",
        "registry/releases/0.1/sky.majority-class-predictions.parquet",
        "catalogs/skybench.yaml",
    ]
    manifest = (checkout / "registry/releases/0.1/sky.manifest.json").read_text()
    assert manifest == store.read_text("sky/0.1/manifest.json")
    records = (checkout / "registry/releases/0.1/sky.baselines.json").read_text()
    assert records_from_text(records, "records")[0].dataset == "sky"
    assert "sky_v0_1_test" in (checkout / "catalogs/skybench.yaml").read_text()
    before = files(checkout)
    (again,) = release("0.1", store=store, datasets=[SKY], record=True, **FAST)
    assert again.recorded == ()
    assert files(checkout) == before


def test_other_content_than_the_checkout_records_is_refused(store, checkout):
    release("0.1", store=store, datasets=[SKY], record=True, **FAST)
    recorded = checkout / "registry/releases/0.1/sky.manifest.json"
    values = json.loads(recorded.read_text())
    content = values["content"]
    content["attributes"]["noise_scale"] = 2.0
    for part in content["splits"].values():
        part["root"] = dataset_root(part["variables"], content["attributes"])
    roots = {name: variable["root"] for name, variable in content["variables"].items()}
    content["root"] = dataset_root(roots, content["attributes"])
    recorded.write_text(json.dumps(values))
    before = files(checkout)
    with pytest.raises(VersionConflictError, match=rf"sky 0\.1 with content {content['root']}"):
        release("0.1", store=store, datasets=[SKY], record=True, **FAST)
    assert files(checkout) == before


def test_without_a_checkout_nothing_is_recorded(tmp_path, monkeypatch):
    installed = tmp_path / "site-packages/skybench/registry/__init__.py"
    monkeypatch.setattr(recording.skybench.registry, "__file__", str(installed))
    with pytest.raises(StoreError, match="not a git checkout of skybench"):
        release("0.1", store=tmp_path / "store", record=True)
    assert not (tmp_path / "store").exists()


def test_this_checkout_is_found():
    root = Path(__file__).parent.parent.parent
    if not (root / ".git").exists():
        pytest.skip("the tests run outside a git checkout")
    assert recording.source_checkout().samefile(root)


def test_importing_release_needs_no_torch():
    code = "import sys, skybench.release.release; assert 'torch' not in sys.modules"
    subprocess.run([sys.executable, "-c", code], check=True)
