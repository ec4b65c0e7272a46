"""What skybench records opens on a machine that holds nothing: built, proven, kept, with scores."""

import json
import shutil
import subprocess
import sys
import threading
from pathlib import Path

import intake
import numpy as np
import pandas as pd
import pytest
import xarray as xr

import skybench
from skybench.errors import (
    IntegrityError,
    MissingDependencyError,
    NotFoundError,
    ParameterError,
    StoreError,
)
from skybench.generators.generate import generate_as_stored
from skybench.generators.recipe_file import load_recipe
from skybench.registry.audit import audit
from skybench.registry.evaluate import evaluate
from skybench.registry.hashing.content_hash import hash_dataset
from skybench.registry.storage.store import Store
from skybench.registry.versions import recorded_manifests
from skybench.registry.versions.index import read_index
from skybench.registry.versions.manifest import canonical_text
from skybench.release import rebuild
from skybench.release.fetch import MIRRORS
from skybench.release.release import BuildOptions, TrainingOptions, release
from skybench.release.repair import repair

TINY = load_recipe(Path(__file__).parents[1] / "data" / "tiny.yaml")
REFERENCE = "tiny@0.3"


pytestmark = pytest.mark.usefixtures("tiny_is_recorded")


@pytest.fixture
def original(recorded_checkout):
    """The store in which tiny 0.3 was released."""
    return recorded_checkout[1]


@pytest.fixture
def store(tmp_path, monkeypatch):
    """The default store, in which nothing is."""
    monkeypatch.setenv("SKYBENCH_STORE", str(tmp_path / "store"))
    return Store()


def nothing_in(store):
    return read_index(store) == () and store.names("tiny") == ()


def test_an_empty_machine_opens_the_recorded_version(store, original):
    ds = skybench.open("tiny", split="test")
    expected = skybench.open(REFERENCE, split="test", store=original)
    xr.testing.assert_identical(ds.compute(), expected.compute())
    assert skybench.verify(REFERENCE, full=True).ok
    assert store.names(".work") == ("catalog.lock", "index.lock", "tiny-0.3.lock")


def test_what_is_recorded_with_the_older_hash_is_built_and_proven_with_it(
    store, tiny_is_recorded, tmp_path, monkeypatch
):
    folder = shutil.copytree(tiny_is_recorded, tmp_path / "releases" / "0.3")
    monkeypatch.setattr(recorded_manifests, "_releases", lambda: (tmp_path / "releases").iterdir())
    content = hash_dataset(generate_as_stored(TINY), "skyhash-1").model_dump(mode="json")
    del content["attributes"]
    values = json.loads((folder / "tiny.manifest.json").read_text())
    values |= {"content": content, "format": "skybench-manifest-1"}
    (folder / "tiny.manifest.json").write_text(canonical_text(values))
    (folder / "tiny.baselines.json").write_text(canonical_text([]))
    pin = f"{REFERENCE}#{content['root']}"
    assert skybench.open(pin).attrs["content_hash"] == content["root"]
    assert json.loads(store.read_text("tiny/0.3/manifest.json"))["content"] == content
    shutil.rmtree(next(store.local_path("tiny/0.3").glob("*.zarr/image/c/0")))
    assert repair(pin, store=store, workers=1, progress=False).ok
    assert skybench.verify(pin, full=True).ok
    assert skybench.reproduce(pin, progress=False).got == content["root"]
    assert audit(store).ok


def test_what_is_built_is_what_the_recorded_manifest_pins(store, original, monkeypatch):
    here = {"skybench": "0.2.0", "zarr": "another"}
    monkeypatch.setattr(rebuild, "generator_identity", lambda: here)
    pin = f"{REFERENCE}#manifest:{read_index(original)[0].manifest}"
    ds = skybench.open(pin)
    (entry,) = read_index(store)
    assert entry.manifest not in pin  # it says what it was built with here
    assert f"{REFERENCE}#manifest:{ds.attrs['manifest_hash']}" == pin
    assert pin in str(skybench.get(pin))
    assert pin in store.read_text(f"{entry.key}/card.md")
    assert skybench.verify(pin).ok


def test_no_manifest_but_the_recorded_one_is_built(store):
    with pytest.raises(NotFoundError, match="is not the manifest that was pinned"):
        skybench.open(f"{REFERENCE}#manifest:sha256:{'0' * 64}")
    assert nothing_in(store)


def test_it_is_built_once(store, capfd):
    skybench.open(REFERENCE)
    assert "Building tiny" in capfd.readouterr().err
    skybench.open(REFERENCE)
    skybench.open("tiny@0", split="train")
    assert capfd.readouterr().err == ""
    assert len(read_index(store)) == 1


def test_intake_builds_it_too(store):
    ds = intake.cat.skybench.tiny_v0_train.to_dask()
    assert ds.attrs["content_hash"] == skybench.open(REFERENCE).attrs["content_hash"]
    assert set(np.unique(ds.split)) == {"train"}
    assert "tiny_v0_3_test" in intake.open_catalog(store.url_of("catalog.yaml"))


def test_the_catalog_keeps_what_is_recorded_beside_what_is_in_the_store(store):
    other = TINY.model_copy(update={"name": "other", "samples": 20})
    options = {"building": BuildOptions(progress=False), "training": TrainingOptions(protocols=())}
    release("0.1", store=store, datasets=[other], **options)
    assert {"other_v0", "tiny_v0"} <= set(intake.cat.skybench)


def test_scores_and_predictions_come_along(store, original):
    test = skybench.open(REFERENCE, split="test", store=original)
    answers = pd.DataFrame({"sample_id": test.sample_id.values, "label": test.label.values})
    evaluation = evaluate(REFERENCE, answers)
    compared = {c.name for c in evaluation.comparisons}
    assert compared == {"histogram", "logistic-regression", "majority-class"}
    theirs = skybench.leaderboard(REFERENCE, store=original)
    assert skybench.leaderboard(REFERENCE).equals(theirs)


@pytest.mark.parametrize("configured", [False, True])
def test_building_can_be_forbidden(store, monkeypatch, configured):
    if configured:
        monkeypatch.setenv(rebuild.BUILD, "0")
    said = r"\$SKYBENCH_BUILD=0" if configured else "build='never'"
    with pytest.raises(NotFoundError, match=rf"records tiny@0.3 and builds it .* {said} forbids"):
        skybench.open(REFERENCE, build="missing" if configured else "never")
    with pytest.raises(NotFoundError, match="forbids"):
        intake.cat.skybench.tiny_v0(build="missing" if configured else "never").to_dask()
    assert not Path(store.url).exists()


def test_a_word_for_building_that_is_none_is_refused(store, monkeypatch):
    with pytest.raises(ParameterError, match="build must be 'missing' or 'never', got 'no'"):
        skybench.open(REFERENCE, build="no")
    monkeypatch.setenv(rebuild.BUILD, "no")
    with pytest.raises(ParameterError, match=r"\$SKYBENCH_BUILD must be 0"):
        skybench.open(REFERENCE)


def test_what_is_signed_by_nobody_is_not_built_where_signatures_are_asked_for(store, write_keys):
    _, public = write_keys("somebody")
    with pytest.raises(NotFoundError, match="the public key that must have signed it forbids"):
        skybench.get(REFERENCE, public_key=public)
    assert nothing_in(store)


def test_a_mirror_is_asked_first(store, original, monkeypatch):
    monkeypatch.setenv(MIRRORS, str(original))
    assert skybench.get(REFERENCE, progress=False).mirror == str(original)


def test_a_mirror_that_does_not_have_it_is_passed_by(store, tmp_path, monkeypatch):
    monkeypatch.setenv(MIRRORS, str(tmp_path / "nothing"))
    assert skybench.get(REFERENCE, progress=False).built_samples == TINY.samples


def test_other_pixels_than_the_recorded_ones_are_not_published(store, monkeypatch):
    monkeypatch.setattr(rebuild, "recipe_of", lambda _: TINY.model_copy(update={"seed": 2}))
    with pytest.raises(IntegrityError, match=r"tiny@0\.3 was built here, but is not what skybench"):
        skybench.open(REFERENCE)
    assert nothing_in(store)


def test_damaged_predictions_of_the_package_are_not_published(store, tiny_is_recorded):
    (file,) = tiny_is_recorded.glob("tiny.logistic*.parquet")
    whole = file.read_bytes()
    file.write_bytes(whole[:-1])
    try:
        with pytest.raises(IntegrityError, match="does not match its record"):
            skybench.open(REFERENCE)
    finally:
        file.write_bytes(whole)
    assert nothing_in(store)


def test_an_interrupted_build_goes_on(store, monkeypatch):
    def interrupted(*_):
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(rebuild, "_prepare", interrupted)
        with pytest.raises(KeyboardInterrupt):
            skybench.open(REFERENCE)
    assert nothing_in(store)
    assert skybench.get(REFERENCE, progress=False).is_new
    assert skybench.verify(REFERENCE, full=True).ok


def test_several_at_once_build_it_once(store):
    opened = []
    threads = [
        threading.Thread(target=lambda: opened.append(skybench.open(REFERENCE).sizes["sample"]))
        for _ in range(3)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert opened == [60, 60, 60]
    assert len(read_index(store)) == 1


def test_cost_is_told_before_it_is_paid(store, monkeypatch, capfd):
    monkeypatch.setattr(rebuild, "_TOLD_BYTES", 0)
    skybench.open(REFERENCE)
    said = capfd.readouterr().err
    assert "tiny@0.3 is built once, into" in said
    assert said.index("is built once") < said.index("Building tiny")


@pytest.mark.skipif(not Path("/proc").is_dir(), reason="needs a folder that nobody can write")
def test_a_store_that_cannot_be_written_is_named():
    with pytest.raises(StoreError, match=r"tiny@0\.3 is not in /proc/store and cannot be built"):
        skybench.open(REFERENCE, store="/proc/store")


def test_a_version_of_another_generator_says_which_skybench_has_it(store, monkeypatch):
    monkeypatch.undo()
    with pytest.raises(MissingDependencyError, match=r"pip install 'skybench==0\.1\.0'"):
        skybench.open("objects@0.1", store=store)


def test_a_first_line_in_a_script_is_true(tmp_path):
    script = tmp_path / "first.py"
    script.write_text(
        'import skybench; ds = skybench.open("objects@0.3", split="train")\n'
        "print(ds.sizes['sample'], ds.attrs['content_hash'])\n"
    )
    environment = {"SKYBENCH_STORE": str(tmp_path / "store"), "PATH": "/usr/bin:/bin"}
    done = subprocess.run(
        [sys.executable, script],
        capture_output=True,
        text=True,
        env=environment,
        cwd=Path(__file__).parents[2],
        timeout=300,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    samples, content = done.stdout.split()
    assert samples == "6000"
    assert content.startswith("sha256:dad11781d33a")
