"""Reproducing: a version's hashes are those of what its recipe gives, with or without data."""

import json
import shutil
from hashlib import sha256

import pytest

import skybench
from skybench.errors import MissingDependencyError, NotFoundError, ParameterError
from skybench.generators.generate import GENERATOR
from skybench.generators.recipe_file import load_recipe, packaged_recipes
from skybench.registry.hashing.content_hash import dataset_root, variable_root
from skybench.registry.storage.store import Store
from skybench.registry.versions import recorded_manifests
from skybench.registry.versions.index import append, read_index, read_manifest
from skybench.registry.versions.manifest import Manifest, digest_of
from skybench.release.building.row_hashes import RowsJob, hash_rows, hashed_rows
from skybench.release.release import BuildOptions, TrainingOptions, release
from skybench.release.reproduce import recipe_of, reproduce

SAMPLES = 300
"""A whole block of 256 rows and a part of one."""


@pytest.fixture(scope="module")
def pristine(tmp_path_factory):
    """A store with objects 0.1, and the folder that records it as the package would."""
    folder = tmp_path_factory.mktemp("reproduce")
    release(
        "0.1",
        store=folder / "store",
        datasets=[load_recipe("objects")],
        samples=SAMPLES,
        building=BuildOptions(progress=False, workers=1),
        training=TrainingOptions(protocols=()),
    )
    copy = folder / "releases" / "0.1" / "objects.manifest.json"
    copy.parent.mkdir(parents=True)
    shutil.copy(folder / "store" / "objects" / "0.1" / "manifest.json", copy)
    return folder


@pytest.fixture
def store(pristine, tmp_path):
    """A copy of the store that a test may change."""
    shutil.copytree(pristine / "store", tmp_path / "store")
    return Store(tmp_path / "store")


@pytest.fixture
def clone(pristine, tmp_path, monkeypatch):
    """Let the package record objects 0.1, and give a store that is empty."""
    shutil.copytree(pristine / "releases", tmp_path / "clone" / "releases")
    monkeypatch.setattr(recorded_manifests, "files", lambda _: tmp_path / "clone")
    return Store(tmp_path / "no-data")


def published_as(store, change):
    """Publish objects 0.2: the manifest of 0.1 with a change, without any data."""
    values = read_manifest(store, read_index(store)[0]).model_dump(mode="json")
    change(values)
    manifest = Manifest.model_validate(values | {"version": "0.2"})
    store.write("objects/0.2/manifest.json", manifest.to_text())
    append(
        store,
        dataset="objects",
        version="0.2",
        manifest=digest_of(manifest.to_text()),
        content=manifest.content.root,
    )
    return manifest


def roots_in(content):
    return {name: variable["root"] for name, variable in content["variables"].items()}


def test_a_version_in_a_store_is_reproduced(pristine):
    report = skybench.reproduce("objects@0.1", store=str(pristine / "store"), progress=False)
    assert report.ok
    assert report.got == report.expected == read_index(Store(pristine / "store"))[0].content
    assert (report.rendered, report.differing, report.differences) == (SAMPLES, (), ())
    assert str(report).startswith("objects@0.1 is reproduced: all samples, 300, rendered again")


def test_a_clone_without_data_is_enough_and_gains_none(clone):
    report = reproduce("objects@0.1", store=clone, workers=1, progress=False)
    assert report.ok
    assert report.got == report.expected
    assert not clone.local_path("x").parent.exists()


def test_chosen_samples_are_rendered_alone_where_their_digests_are(pristine):
    store = pristine / "store"
    report = reproduce("objects", samples=[299, 17, 17], store=store, progress=False)
    assert report.ok
    assert (report.rendered, report.got, report.differing) == (2, None, ())
    assert "some of its samples, 2," in str(report)


def test_chosen_samples_need_their_blocks_where_no_digests_are(clone):
    report = reproduce("objects@0.1", samples=[299], store=clone, progress=False)
    assert report.ok
    assert report.rendered == SAMPLES - 256


def other_seed(values):
    values["recipe"]["seed"] += 1


@pytest.mark.parametrize("samples", [None, [17, 290]])
def test_another_seed_is_told_block_by_block(store, samples):
    published_as(store, other_seed)
    report = reproduce("objects@0.2", samples=samples, store=store, workers=1, progress=False)
    assert not report.ok
    assert report.differing is None
    assert report.got != report.expected
    assert any(line.startswith("differs: image of rows 0 to ") for line in report.differences)
    assert not any("sample_id" in line for line in report.differences)


@pytest.mark.parametrize("samples", [None, [17, 99, 100]])
def test_samples_that_differ_are_told_one_by_one(store, samples):
    entry = read_index(store)[0]
    digests = read_manifest(store, entry).sample_digests
    data = bytearray(store.read_bytes(f"{entry.key}/{digests}"))
    data[17 * 32] ^= 1
    data[99 * 32 + 31] ^= 1

    def other_digests(values):
        for stored in values["objects"]:
            if stored["key"] == digests:
                stored["sha256"] = f"sha256:{sha256(data).hexdigest()}"

    store.write(f"objects/0.2/{digests}", bytes(data))
    published_as(store, other_digests)
    report = reproduce("objects@0.2", samples=samples, store=store, workers=1, progress=False)
    assert report.differing == (17, 99)
    assert report.differences == ("2 samples differ: 17, 99",)


def test_a_damaged_file_of_digests_is_not_believed(store):
    entry = read_index(store)[0]
    key = f"{entry.key}/{read_manifest(store, entry).sample_digests}"
    store.write(key, bytes(32 * SAMPLES))
    report = reproduce("objects@0.1", samples=[5], store=store, progress=False)
    assert report.ok
    assert report.rendered == 256


def test_other_units_differ_without_any_rows(store):
    def other_units(values):
        content = values["content"]
        flux = content["variables"]["flux"]
        flux["header"]["units"] = "Jy"
        flux["root"] = variable_root(flux["header"], flux["blocks"])
        content["root"] = dataset_root(roots_in(content), content["attributes"])

    published_as(store, other_units)
    report = reproduce("objects@0.2", samples=[0], store=store, progress=False)
    assert report.differences == ("differs: the presence, shape, dtype, units or codes of flux",)


def test_splits_that_contradict_the_rows_are_told(store):
    def other_sizes(values):
        values["splits"]["test"] += 1
        values["content"]["splits"]["test"]["samples"] += 1

    published_as(store, other_sizes)
    (line,) = reproduce("objects@0.2", store=store, workers=1, progress=False).differences
    assert "the manifest is wrong" in line


@pytest.mark.parametrize(
    ("samples", "told"),
    [
        (None, "differs: attribute noise_scale was 2.0, is 1.0"),
        ([0], "differs: the attributes of the dataset"),
    ],
)
def test_other_attributes_than_the_recipe_gives_are_told(store, samples, told):
    def other_noise(values):
        content = values["content"]
        content["attributes"]["noise_scale"] = 2.0
        for part in content["splits"].values():
            part["root"] = dataset_root(part["variables"], content["attributes"])
        content["root"] = dataset_root(roots_in(content), content["attributes"])

    published_as(store, other_noise)
    report = reproduce("objects@0.2", samples=samples, store=store, workers=1, progress=False)
    assert report.differences == (told,)


def test_other_libraries_are_named_where_something_differs(store):
    def older(values):
        other_seed(values)
        values["generator"]["numpy"] = "1.0"

    published_as(store, older)
    report = reproduce("objects@0.2", samples=[0], store=store, progress=False)
    assert report.differences[-1].startswith("it was made with numpy 1.0, this is ")


@pytest.mark.parametrize("made_by", ["skybench-generator-1", "skybench-generator-99", None])
def test_another_generator_is_refused_with_what_to_install(store, made_by):
    def other_generator(values):
        values["generator"] |= {"generator": made_by, "skybench": "7.7.7"}
        if made_by is None:
            del values["generator"]["generator"]

    published_as(store, other_generator)
    expected = (
        rf"objects 0\.2 was made by {made_by or 'skybench-generator-1'} of skybench 7\.7\.7; this "
        rf"skybench has {GENERATOR}.*pip install 'skybench==7\.7\.7'"
    )
    with pytest.raises(MissingDependencyError, match=expected):
        reproduce("objects@0.2", store=store, progress=False)


@pytest.mark.parametrize("sample", [-1, SAMPLES])
def test_a_sample_that_is_not_there_is_refused(pristine, sample):
    with pytest.raises(ParameterError, match=rf"has samples 0 to 299, got {sample}$"):
        reproduce("objects@0.1", samples=[sample], store=pristine / "store", progress=False)


def test_no_samples_at_all_prove_nothing(pristine):
    with pytest.raises(ParameterError, match=r"no samples of objects 0\.1 are named"):
        reproduce("objects@0.1", samples=[], store=pristine / "store", progress=False)


def test_what_is_neither_stored_nor_recorded_is_not_found(clone):
    with pytest.raises(NotFoundError, match=r"nothing is released there.*Nor does skybench.*0\.1"):
        reproduce("sky@5.5", store=clone, progress=False)


def test_workers_leave_the_leaves_and_no_pixels(tmp_path):
    recipe = load_recipe("objects")
    with hashed_rows(recipe, [(0, 8)], workers=1, progress=False) as read:
        group, samples = read(0)
    assert len(samples) == group.stop == 8
    (tmp_path / "recipe.json").write_text(recipe.model_dump_json())
    assert hash_rows(RowsJob(start=0, stop=8, folder=str(tmp_path))) == 8
    pixels = 8 * 28 * 28 * 4
    assert sum(path.stat().st_size for path in tmp_path.rglob("*") if path.is_file()) < pixels


@pytest.mark.parametrize("name", packaged_recipes())
def test_every_packaged_recipe_survives_its_manifest(name):
    recipe = load_recipe(name)
    text = json.dumps(recipe.model_dump(mode="json"), sort_keys=True)
    manifest = Manifest.model_construct(
        recipe=json.loads(text),
        classes=tuple(recipe.class_names),
        generator={"generator": GENERATOR},
    )
    again = recipe_of(manifest)
    assert again == recipe
    assert again.class_names == recipe.class_names
