"""A dataset of many samples: groups of shards, digests beside the manifest, all of it proven."""

import shutil

import numpy as np
import pytest

import skybench
from skybench.errors import IntegrityError, NotFoundError
from skybench.generators.generate import generate_as_stored
from skybench.generators.recipe_file import load_recipe
from skybench.registry.arrays import zarr_documents, zarr_format
from skybench.registry.audit import contradictions
from skybench.registry.hashing import content_hash
from skybench.registry.hashing.content_hash import hash_dataset_and_samples
from skybench.registry.storage.store import Store
from skybench.registry.verify import verify
from skybench.registry.versions.index import read_index, read_manifest
from skybench.release.building import build_plan
from skybench.release.fetch import get
from skybench.release.release import BuildOptions, TrainingOptions, release
from skybench.release.repair import repair
from skybench.release.reproduce import reproduce

SAMPLES = 600
RECIPE = load_recipe("objects").model_copy(update={"samples": SAMPLES})


@pytest.fixture(scope="module", autouse=True)
def few_are_many():
    """Let 600 samples be laid out as 10^8 are: image shards of 128 rows in groups of 256."""
    with pytest.MonkeyPatch.context() as patch:
        for module in (content_hash, build_plan):
            patch.setattr(module, "INLINE_ROWS", 500)
        for module in (zarr_documents, zarr_format):
            patch.setattr(module, "SHARD_BYTES", 128 * 28 * 28 * 4)
        patch.setattr(zarr_format, "_MIN_GROUPS", 2)
        yield


@pytest.fixture(scope="module")
def released(tmp_path_factory):
    folder = tmp_path_factory.mktemp("large")
    release(
        "0.1",
        store=folder,
        datasets=[RECIPE],
        building=BuildOptions(progress=False, workers=2),
        training=TrainingOptions(protocols=()),
    )
    return Store(folder)


@pytest.fixture(scope="module")
def manifest(released):
    return read_manifest(released, read_index(released)[0])


@pytest.fixture
def store(released, tmp_path):
    """A copy that a test may damage."""
    shutil.copytree(released.root, tmp_path / "store")
    return Store(tmp_path / "store")


def test_small_variables_share_the_shards_of_a_group(manifest):
    keys = [stored.key.split(".zarr/")[-1] for stored in manifest.objects]
    assert sum(key.startswith("image/c/") for key in keys) == 5
    assert sum(key.startswith("flux/c/") for key in keys) == 3
    assert sum(key.startswith("label/c/") for key in keys) == 3


def test_the_manifest_lists_no_block_of_many(manifest):
    expected, samples = hash_dataset_and_samples(generate_as_stored(RECIPE))
    assert manifest.format == "skybench-manifest-3"
    assert manifest.content == expected
    assert [n for n, v in manifest.content.variables.items() if v.blocks] == ["class"]
    assert len(manifest.files_of(manifest.sample_digests)) == 3
    assert len(manifest.to_text()) < 60_000
    assert samples.shape == (SAMPLES, 32)


@pytest.mark.parametrize("full", [False, True])
def test_it_is_verified(released, manifest, full):
    report = verify("objects@0.1", store=released, full=full)
    assert report.ok, str(report)
    assert list(contradictions(manifest)) == []


@pytest.mark.parametrize("checked", ["off", "fast", "full"])
def test_it_opens_with_what_was_rendered(released, checked):
    ds = skybench.open("objects@0.1", store=released, verify=checked, decode=False)
    expected = generate_as_stored(RECIPE)
    np.testing.assert_array_equal(ds.image, expected.image)
    np.testing.assert_array_equal(ds.flux, expected.flux)
    test = skybench.open("objects@0.1", store=released, verify=checked, split="test")
    np.testing.assert_array_equal(test.sample_id, np.flatnonzero(expected.split == 2))


def test_a_changed_digest_of_a_block_is_noticed(store, manifest):
    key = f"{manifest.key}/{manifest.blocks}/image"
    data = bytearray(store.read_bytes(key))
    data[40] ^= 1
    store.write(key, bytes(data))
    for full in (False, True):
        report = verify("objects@0.1", store=store, full=full)
        assert any("does not make the root of image" in problem for problem in report.problems)
    with pytest.raises(IntegrityError, match="does not make the root of image"):
        skybench.open("objects@0.1", store=store, verify="full")
    store.remove(key)
    with pytest.raises(IntegrityError, match=r"blocks/image of objects 0\.1 is missing"):
        skybench.open("objects@0.1", store=store)


def test_damage_is_mended(store, manifest):
    samples = manifest.files_of(manifest.sample_digests)[1].key
    damaged = [
        f"{manifest.blocks}/flux",
        samples,
        f"{manifest.zarr}/image/c/3/0/0",
        f"{manifest.zarr}/flux/c/1/0",
    ]
    for key in damaged:
        store.write(f"{manifest.key}/{key}", b"lost")
    mended = repair("objects@0.1", store=store, workers=1, progress=False)
    assert mended.ok, str(mended)
    assert sorted(mended.rebuilt) == sorted(damaged)


def test_it_is_reproduced(released):
    whole = reproduce("objects@0.1", store=released, workers=1, progress=False)
    some = reproduce("objects@0.1", [3, 599], store=released, workers=1, progress=False)
    assert whole.ok, str(whole)
    assert some.ok, str(some)


def test_samples_are_not_reproduced_without_their_digests(store, manifest):
    store.remove(f"{manifest.key}/{manifest.sample_digests}")
    with pytest.raises(NotFoundError, match="repair it, or leave out the samples"):
        reproduce("objects@0.1", [3], store=store, workers=1, progress=False)


def test_it_is_fetched(released, tmp_path):
    get("objects@0.1", source=released.url, store=tmp_path, progress=False)
    assert verify("objects@0.1", store=tmp_path, full=True).ok


def test_released_again_it_is_the_same(released):
    again = release(
        "0.1",
        store=released,
        datasets=[RECIPE],
        building=BuildOptions(progress=False, workers=1),
        training=TrainingOptions(protocols=()),
    )
    assert len(read_index(released)) == 1
    assert again
