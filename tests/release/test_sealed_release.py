"""Sealed releases: what is public tells no label, the holder scores, and opening proves it all."""

import os
import shutil
import stat
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import skybench
from skybench.errors import (
    IntegrityError,
    NotFoundError,
    ParameterError,
    SealedError,
    VersionConflictError,
)
from skybench.generators.recipe_file import load_recipe
from skybench.registry.audit import audit
from skybench.registry.ground_truth import ground_truth
from skybench.registry.hashing.content_hash import hash_dataset_and_samples
from skybench.registry.seals import Seal, read_seal, unseal
from skybench.registry.storage.store import SEAL, Store
from skybench.registry.versions.index import append, read_index, read_manifest
from skybench.registry.versions.manifest import digest_of
from skybench.release import release as release_module
from skybench.release.fetch import get
from skybench.release.rebuild import rebuild
from skybench.release.release import BuildOptions, release
from skybench.release.repair import repair
from skybench.release.reproduce import reproduce

TINY = load_recipe(Path(__file__).parent.parent / "data" / "tiny.yaml")
QUIET = {"building": BuildOptions(progress=False, workers=1), "baselines": False}
CONTACT = "Ada <ada@example.org>"
NAME = "tiny@0.1"


def release_sealed(store, seal, recipe=TINY, **more):
    return release("0.1", store=store, datasets=recipe, sealed=seal, **QUIET, **more)


@pytest.fixture(scope="module")
def pristine(tmp_path_factory):
    """A store with tiny 0.1 sealed, and its seal."""
    folder = tmp_path_factory.mktemp("sealed")
    release_sealed(folder / "store", folder / "tiny.seal", contact=CONTACT)
    return folder


@pytest.fixture
def store(pristine, tmp_path):
    """A copy of the store that a test may change."""
    shutil.copytree(pristine / "store", tmp_path / "store")
    return Store(tmp_path / "store")


@pytest.fixture
def seal(pristine):
    return pristine / "tiny.seal"


@pytest.fixture
def answers(store):
    """Predictions for the sealed split: all are stars."""
    test = skybench.open(NAME, split="test", store=store)
    return pd.DataFrame({"sample_id": test["sample_id"].values, "label": "star"})


def files_of(folder):
    return {p.relative_to(folder).as_posix(): p for p in Path(folder).rglob("*") if p.is_file()}


def manifest_of(store):
    return read_manifest(store, read_index(store)[0])


def test_the_seal_is_outside_the_store_and_its_owner_alone_reads_it(pristine, seal):
    assert not [key for key in files_of(pristine / "store") if key.endswith(SEAL)]
    assert stat.S_IMODE(os.stat(seal).st_mode) == 0o600
    assert len(bytes.fromhex(read_seal(seal).seed)) * 8 == 256


def test_no_byte_of_the_store_holds_the_secret(pristine, seal):
    kept = read_seal(seal)
    secrets = [kept.seed, kept.nonce, str(int(kept.seed, 16)), str(int(kept.nonce, 16))]
    secrets = [s.encode() for s in secrets] + [bytes.fromhex(s) for s in (kept.seed, kept.nonce)]
    for key, path in files_of(pristine / "store").items():
        data = path.read_bytes()
        assert not [s for s in secrets if s in data or s[::-1] in data], key


def test_the_secret_is_in_nothing_that_is_said_or_kept_while_a_release_goes_on(
    tmp_path, monkeypatch, capfd
):
    said = []

    def killed(*_, **__):
        raise KeyboardInterrupt

    monkeypatch.setattr(release_module, "publish", killed)
    with pytest.raises(KeyboardInterrupt):
        release_sealed(tmp_path / "store", tmp_path / "seal", say=said.append)
    kept = read_seal(tmp_path / "seal")
    written = b"".join(path.read_bytes() for path in files_of(tmp_path / "store").values())
    everything = " ".join([*said, *capfd.readouterr()]).encode() + written
    assert len(written) > 1000
    assert not [s for s in (kept.seed, str(int(kept.seed, 16))) if s.encode() in everything]


@pytest.mark.parametrize("name", ["geometric", "lightcurves"])
def test_stores_of_two_secrets_differ_only_in_what_is_observed_of_the_sealed_split(name, tmp_path):
    opened = []
    for number in "12":
        release_sealed(tmp_path / number, tmp_path / f"{number}.seal", name, samples=40)
        ds = skybench.open(name, store=tmp_path / number, decode=False).load()
        opened.append(ds)
    one, other = opened
    test = one["split"].values == 2
    along = [n for n, v in one.variables.items() if "sample" in v.dims]
    differing = [n for n in along if not one[n].equals(other[n])]
    light = {"relative_flux", "relative_flux_error", "observation_time"}
    assert set(differing) == (light if name == "lightcurves" else {"image"})
    for variable in differing:
        assert one[variable].isel(sample=~test).equals(other[variable].isel(sample=~test))
    attrs = [{k: v for k, v in ds.attrs.items() if not k.endswith("_hash")} for ds in opened]
    assert attrs[0] == attrs[1]


def test_the_public_seed_gives_other_images_and_so_no_labels(store):
    shown = skybench.open(NAME, split="test", store=store)
    guessed = skybench.generate(TINY).set_xindex("sample_id").sel(sample_id=shown.sample_id)
    differing = (shown.image.values != guessed.image.values).any(axis=(1, 2))
    assert differing.all()


def test_digests_of_sealed_samples_follow_from_what_is_shown(store):
    """So that a guess at what is withheld can be compared with nothing."""
    manifest = manifest_of(store)
    shown = skybench.open(NAME, store=store, decode=False)
    content, digests = hash_dataset_and_samples(shown)
    assert content == manifest.content
    assert digests.tobytes() == store.read_bytes(f"{manifest.key}/{manifest.sample_digests}")
    test = shown["split"].values == 2
    for name in set(shown.coords) - {"sample_id", "split", "class"}:
        hidden = shown[name].values[test]
        assert len(np.unique(hidden)) == 1, name
    assert "label" not in manifest.ranges
    assert manifest.ranges["flux"].minimum > 0


def test_evaluate_says_that_the_truth_is_sealed_and_who_scores(store, answers):
    with pytest.raises(SealedError, match=r"test split of tiny@0\.1 is sealed: send predictions"):
        skybench.evaluate(NAME, answers, store=store)
    with pytest.raises(SealedError, match=r"Ada <ada@example\.org>"):
        skybench.evaluate(NAME, answers, store=store)


def test_a_dataset_in_memory_has_no_truth_of_its_sealed_split_either(store, answers):
    for split in ("test", None):
        with pytest.raises(SealedError, match=r"the test split of tiny@0\.1 is sealed"):
            skybench.evaluate(skybench.open(NAME, store=store, split=split), answers)


def test_the_open_splits_are_learnt_from_and_the_sealed_one_is_only_seen(store):
    (_, labels), *_ = skybench.batches(NAME, split="train", store=store, batch_size=8)
    assert set(np.asarray(labels).tolist()) <= {0, 1}
    (images, labels), *_ = skybench.batches(NAME, split="test", store=store, batch_size=8)
    assert len(images) == 8
    assert set(np.asarray(labels).tolist()) == {-1}


def test_the_holder_scores_with_the_ordinary_metrics(store, seal, answers):
    found = skybench.evaluate(NAME, answers, store=store, seal=seal)
    truth = ground_truth(NAME, store, seal)
    assert found.score == pytest.approx(np.mean(truth.answers == 0))
    assert 0 < found.score < 1
    assert found.record.split_content == manifest_of(store).content.splits["test"].root


def test_the_truth_of_every_task_is_drawn_again(tmp_path):
    for name, task in [("fields", "segmentation"), ("photometry", "regression")]:
        recipe = load_recipe(name).model_copy(update={"samples": 40})
        release_sealed(tmp_path / "store", tmp_path / f"{name}.seal", recipe)
        truth = ground_truth(f"{name}@0.1", tmp_path / "store", tmp_path / f"{name}.seal")
        count = len(truth.question.ids)
        assert len(truth.answers) == count > 0
        assert np.isfinite(truth.answers).all()
        assert truth.key.task == task
        shown = skybench.open(f"{name}@0.1", split="test", store=tmp_path / "store")
        again = truth.samples(np.arange(count))["image"]
        np.testing.assert_array_equal(again.values, shown["image"].values)


def test_a_submitted_score_is_shown_as_stated_until_the_seal_is_opened(store, seal, answers):
    skybench.evaluate(NAME, answers, name="Stars", store=store, seal=seal, submit=True)
    table = skybench.leaderboard(NAME, store=store)
    assert table["name"].tolist() == ["Stars"]
    assert "stated by the holder of the seal" in table.attrs["caveat"]
    assert table["evidence"].tolist() == ["stated"]
    unseal(NAME, seal, store=store)
    table = skybench.leaderboard(NAME, store=store)
    assert (table["evidence"].tolist(), table.attrs["notes"]) == (["recomputed"], [])
    assert audit(store).ok


def test_once_opened_anyone_scores_and_proves_the_images(store, seal, answers):
    stated = skybench.evaluate(NAME, answers, store=store, seal=seal).score
    before = skybench.open(NAME, store=store).load()
    unseal(NAME, seal, store=store)
    assert skybench.evaluate(NAME, answers, store=store).score == stated
    proof = reproduce(NAME, store=store, progress=False, workers=1)
    assert proof.ok
    assert (proof.got, proof.rendered, proof.sealed) == (proof.expected, 60, 0)
    # What is published stays: the store goes on to withhold, and the content hash to hold.
    assert skybench.open(NAME, store=store).load().identical(before)
    unseal(NAME, seal, store=store)


def test_images_that_are_not_of_the_sealed_seed_are_found_when_it_is_opened(tmp_path, monkeypatch):
    """A holder who draws the images from another seed than the committed one."""
    honest = Seal.applied_to
    monkeypatch.setattr(Seal, "applied_to", lambda s, r: honest(s, r).with_secret_seed(5))
    release_sealed(tmp_path / "store", tmp_path / "seal")
    unseal(NAME, tmp_path / "seal", store=tmp_path / "store")
    proof = reproduce(NAME, store=tmp_path / "store", progress=False, workers=1)
    assert not proof.ok
    assert len(proof.differing) == 18


def test_reproduce_proves_the_open_splits_alone_before_that(store):
    proof = reproduce(NAME, store=store, progress=False, workers=1)
    assert proof.ok
    assert (proof.got, proof.rendered, proof.sealed) == (None, 42, 18)
    assert "not proven: 18 samples that are sealed" in str(proof)
    some = reproduce(NAME, samples=range(6), store=store, progress=False, workers=1)
    assert some.ok
    assert some.rendered + some.sealed == 6
    assert some.sealed


def test_reproduce_finds_what_differs_in_the_open_splits(store):
    manifest = manifest_of(store)
    recipe = {**manifest.recipe, "seed": 2}
    text = manifest.model_copy(update={"recipe": recipe, "version": "0.2"}).to_text()
    store.write("tiny/0.2/manifest.json", text)
    append(
        store,
        dataset="tiny",
        version="0.2",
        manifest=digest_of(text),
        content=manifest.content.root,
    )
    proof = reproduce("tiny@0.2", store=store, progress=False, workers=1)
    assert not proof.ok
    assert "differs: image of split train" in proof.differences


def test_another_seal_neither_scores_nor_opens(store, answers, tmp_path):
    release_sealed(tmp_path / "elsewhere", tmp_path / "other.seal")
    for attempt in (
        lambda: skybench.evaluate(NAME, answers, store=store, seal=tmp_path / "other.seal"),
        lambda: unseal(NAME, tmp_path / "other.seal", store=store),
    ):
        with pytest.raises(IntegrityError, match=r"is not the seal of tiny@0\.1: expected"):
            attempt()
    assert not store.exists(f"tiny/0.1/{SEAL}")


def test_a_seal_in_the_store_that_is_not_the_version_s_is_named(store, tmp_path):
    release_sealed(tmp_path / "elsewhere", tmp_path / "other.seal")
    store.write(f"tiny/0.1/{SEAL}", (tmp_path / "other.seal").read_bytes())
    (problem,) = audit(store).problems
    assert "seal.json is not the seal of tiny@0.1" in problem
    with pytest.raises(IntegrityError, match=r"seal\.json is not the seal of tiny@0\.1"):
        ground_truth(NAME, store)


def test_a_release_that_was_killed_goes_on_with_its_seal_and_with_no_other(tmp_path, monkeypatch):
    folder, file = tmp_path / "store", tmp_path / "seal"

    def killed(*_, **__):
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(release_module, "describe", killed)
        with pytest.raises(KeyboardInterrupt):
            release_sealed(folder, file)
    kept = file.read_bytes()
    with pytest.raises(ParameterError, match="made for another recipe of tiny"):
        release_sealed(folder, file, TINY.model_copy(update={"seed": 2}))
    assert read_index(Store(folder)) == ()
    (made,) = release_sealed(folder, file)
    assert made.is_new
    assert file.read_bytes() == kept
    assert not release_sealed(folder, file)[0].is_new
    with pytest.raises(VersionConflictError, match=r"sealed\.commitment"):
        release_sealed(folder, tmp_path / "new")
    assert not (tmp_path / "new").exists()


def test_a_release_refuses_what_would_give_the_truth_away(tmp_path, seal):
    sealing = {"store": tmp_path / "store", "sealed": tmp_path / "seal"}
    with pytest.raises(ParameterError, match="release it without, by --no-baselines"):
        release("0.1", datasets=TINY, **sealing)
    with pytest.raises(ParameterError, match="a seal is of one dataset, got objects, sky"):
        release("0.1", datasets=["objects", "sky"], baselines=False, **sealing)
    with pytest.raises(ParameterError, match="is in the store, which others read"):
        release_sealed(tmp_path / "store", tmp_path / "store" / "tiny.seal")
    with pytest.raises(ParameterError, match=r"the seal .* names the contact 'Ada"):
        release_sealed(tmp_path / "store", seal, contact="Eve")
    with pytest.raises(ParameterError, match="a contact is for predictions of a sealed split"):
        release("0.1", datasets=TINY, store=tmp_path / "store", contact="Ada", **QUIET)
    closed = read_seal(seal).applied_to(TINY).with_secret_seed(None)
    with pytest.raises(ParameterError, match="name the file of its seal by --sealed"):
        release("0.1", datasets=closed, store=tmp_path / "store", **QUIET)
    assert files_of(tmp_path) == {}


def test_nobody_builds_a_sealed_version_and_a_mirror_brings_it_with_its_opened_seal(
    store, seal, tmp_path
):
    with pytest.raises(NotFoundError, match=r"is sealed, so that it cannot be built.*--from URL"):
        rebuild(manifest_of(store), Store(tmp_path / "built"))
    assert get("tiny", source=store.url, store=tmp_path / "copy", progress=False).is_new
    assert not Store(tmp_path / "copy").exists(f"tiny/0.1/{SEAL}")
    unseal(NAME, seal, store=store)
    get("tiny", source=store.url, store=tmp_path / "copy", progress=False)
    assert reproduce(NAME, store=tmp_path / "copy", progress=False, workers=1).sealed == 0


def test_repair_makes_sealed_samples_again_only_with_the_opened_seal(store, seal):
    manifest = manifest_of(store)
    chunk = next(s.key for s in manifest.objects if "/image/c/" in s.key)
    path = store.local_path(f"{manifest.key}/{chunk}")
    path.write_bytes(path.read_bytes()[:-1] + b"?")
    mended = repair(NAME, store=store, workers=1, progress=False)
    assert not mended.ok
    assert "the truth of the test split of tiny@0.1 is sealed" in str(mended)
    unseal(NAME, seal, store=store)
    assert repair(NAME, store=store, workers=1, progress=False).ok


def test_the_card_says_what_is_missing_and_who_scores(store):
    card = store.read_text("tiny/0.1/card.md")
    assert "The truth of the test split is sealed" in card
    assert f"scored by {CONTACT}" in card
    assert manifest_of(store).recipe["sealed"]["commitment"] in card
