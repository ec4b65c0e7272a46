"""Auditing: the first break of the chain of trust is named, without reading data."""

import json
import re

import pytest

import skybench
from skybench.errors import IntegrityError
from skybench.registry.audit import audit, contradictions
from skybench.registry.storage.store import Store
from skybench.registry.versions import recorded_manifests
from skybench.registry.versions.index import append, read_index, read_manifest, yank
from skybench.registry.versions.manifest import Manifest, canonical_text, digest_of

DIGEST = "sha256:" + "0" * 64


@pytest.fixture(autouse=True)
def clone(tmp_path, monkeypatch):
    """Let the package record nothing but what a test puts there."""
    folder = tmp_path / "clone" / "releases"
    folder.mkdir(parents=True)
    monkeypatch.setattr(recorded_manifests, "files", lambda _: folder.parent)
    return folder


def record(clone, manifest):
    folder = clone / manifest.version
    folder.mkdir(exist_ok=True)
    (folder / f"{manifest.dataset}.manifest.json").write_text(manifest.to_text())
    (folder / f"{manifest.dataset}.baselines.json").write_text(canonical_text([]))


def manifest_of(store, number=0):
    return read_manifest(store, read_index(store)[number])


def forged(store, change):
    """Publish sky 0.3, whose manifest is that of 0.1 with a change, over the same files."""
    values = manifest_of(store).model_dump(mode="json") | {"version": "0.3"}
    change(values)
    text = canonical_text(values)
    store.fs.copy(store.url_of("sky/0.1"), store.url_of("sky/0.3"), recursive=True)
    store.write("sky/0.3/manifest.json", text)
    root = values["content"]["root"]
    append(store, dataset="sky", version="0.3", manifest=digest_of(text), content=root)


def test_a_store_as_published_is_well(pristine):
    report = audit(str(pristine))
    assert report.ok
    assert (report.versions, report.withdrawn, report.recorded) == (2, 0, 0)
    assert report.files > 20
    assert str(report).endswith("index, manifests, files and recorded copies agree")


def test_files_beside_the_versions_are_no_versions(published):
    published.write("catalog.yaml", "sources: {}")
    published.write("notes/readme.txt", "mine")
    assert audit(published).ok


def test_an_empty_store_is_well(tmp_path):
    assert audit(str(tmp_path / "none")).ok


def test_of_an_empty_store_nothing_is_said_to_agree(tmp_path):
    assert str(audit(Store(tmp_path / "mistyped"))).splitlines()[1] == "nothing is released there"


def test_withdrawn_versions_are_counted(published):
    yank(published, dataset="sky", version="0.1", reason="seed used twice")
    report = audit(published)
    assert report.ok
    assert report.withdrawn == 1


def test_an_edited_line_of_the_index_is_the_first_break(published):
    published.write("index.jsonl", published.read_text("index.jsonl").replace("0.1", "0.9", 1))
    report = audit(published)
    assert "line 2 of" in report.problems[0]
    assert "does not follow the line before it" in report.problems[0]
    assert str(report).splitlines()[1] == f"first break: {report.problems[0]}"


def test_a_line_cut_off_the_end_is_found_by_what_it_published(published):
    first, _ = published.read_text("index.jsonl").splitlines(keepends=True)
    published.write("index.jsonl", first)
    (problem,) = audit(published).problems
    assert "sky/0.2 holds a manifest, but index.jsonl does not list it" in problem


@pytest.mark.parametrize("begun_by", ["sky-0.2", "sky-0.2.get"])
def test_an_unfinished_publication_is_no_break(published, begun_by):
    first, _ = published.read_text("index.jsonl").splitlines(keepends=True)
    published.write("index.jsonl", first)
    published.write(f".work/{begun_by}/manifest.json", "{}")
    assert audit(published).ok


def test_a_file_that_is_being_written_is_no_break(published):
    published.write("sky/0.1/.manifest.json.sig.0a1b2c3d.tmp", "half a signa")
    assert audit(published).ok


def test_a_changed_manifest_is_named_and_the_others_still_walked(published):
    key = "sky/0.1/manifest.json"
    published.write(key, published.read_text(key).replace("Made for", "Made by"))
    published.remove("sky/0.2/manifest.json")
    problems = audit(published).problems
    assert "sky/0.1/manifest.json is not the manifest that was published" in problems[0]
    assert "sky/0.2/manifest.json is not there" in problems[1]


def test_missing_cut_off_and_added_files_are_named(published):
    objects = manifest_of(published).objects
    missing, short = (f"sky/0.1/{stored.key}" for stored in objects[3:5])
    published.remove(missing)
    published.write(short, published.read_bytes(short)[:-1])
    published.write("sky/0.1/baselines/better.json", "{}")
    published.write("sky/0.1/submissions/mine.json", "{}")
    said = " ".join(audit(published).problems)
    assert f"{objects[3].key} of sky 0.1 is missing" in said
    assert f"{objects[4].key} of sky 0.1 has the wrong size" in said
    assert "file baselines/better.json of sky 0.1 was not published" in said
    assert "mine.json is named by no line of submissions/log.jsonl" in said


def set_split_root(values):
    values["content"]["splits"]["test"]["root"] = DIGEST


def set_block(values):
    blocks = values["content"]["variables"]["image"]["blocks"]
    blocks[1] = blocks[0]


def set_units(values):
    values["content"]["variables"]["flux"]["header"]["units"] = "Jy"


def set_root(values):
    values["content"]["root"] = DIGEST


def set_split_sizes(values):
    values["content"]["splits"]["test"]["samples"] += 1
    values["splits"]["test"] += 1


def set_fixed_variable(values):
    values["content"]["splits"]["test"]["variables"]["class"] = DIGEST


def set_attribute(values):
    values["content"]["attributes"]["zeropoint"] = 25.0


def set_task(values):
    values["task"] = "regression"


def set_zero_point(values):
    values["recipe"]["image"] = {"zeropoint": 25.0}


def set_samples(values):
    values["samples"] = 701
    for stored in values["objects"]:
        if stored["key"] == values["sample_digests"]:
            stored["size"] = 32 * 701


def set_recipe(values):
    values["recipe"]["samples"] = 10


def set_chunk_count(values):
    values["chunk_count"] += 1


def drop_digests(values):
    values["objects"] = [o for o in values["objects"] if not o["key"].endswith(".samples")]


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (set_split_sizes, "its splits have 701 samples together, but there are 700"),
        (set_samples, "image has 700 rows, but there are 701 samples"),
        (set_recipe, "its recipe makes 10 samples, not 700"),
        (set_chunk_count, "chunk files, but counts"),
        (drop_digests, r"it does not list sky-0.1-.*\.samples, the digests of its samples"),
    ],
)
def test_a_manifest_that_contradicts_itself_is_found_whoever_published_it(
    published, clone, change, message
):
    forged(published, change)
    values = manifest_of(published).model_dump(mode="json")
    change(values)
    record(clone, Manifest.model_validate(values | {"version": "0.4"}))
    problems = audit(published).problems
    stored = [p for p in problems if "sky/0.3/manifest.json contradicts itself" in p]
    copies = [p for p in problems if "the copy of sky@0.4 that skybench records contra" in p]
    for said in (stored, copies):
        assert any(re.search(message, problem) for problem in said), problems


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (set_split_root, "the root of split test does not follow from what it covers"),
        (set_block, "the root of image does not follow from what it covers: expected sha256:"),
        (set_units, "the root of flux does not follow"),
        (set_root, f"the root of its content does not follow .* got {DIGEST}"),
        (set_fixed_variable, "the root of class in split test does not follow"),
        (set_attribute, "the root of its content does not follow"),
        (set_task, "content.attributes has task 'classification', but its task has 'regression'"),
        (set_zero_point, "has zeropoint 30.0, but its recipe under image has 25.0"),
    ],
)
def test_a_manifest_whose_parts_do_not_make_its_root_is_not_read(
    release_of, raw, clone, change, message
):
    attributes = {"task": "classification", "zeropoint": 30.0}
    store = release_of(raw.assign_attrs(attributes))
    forged(store, change)
    record(clone, manifest_of(store))
    copy = clone / "0.1" / "sky.manifest.json"
    values = json.loads(copy.read_text())
    change(values)
    copy.write_text(canonical_text(values))
    problems = audit(store).problems
    for file in ("sky/0.3/manifest.json", "sky.manifest.json"):
        assert any(re.search(f"{file} is not .*{message}", said) for said in problems), problems
    with pytest.raises(IntegrityError, match=message):
        skybench.open("sky@0.3", store=store)


def test_every_published_manifest_agrees_with_itself(pristine):
    assert list(contradictions(manifest_of(Store(pristine)))) == []


def test_recorded_copies_must_be_the_stores_versions(published, clone):
    manifest = manifest_of(published)
    record(clone, manifest)
    report = audit(published)
    assert report.ok
    assert report.recorded == 1
    record(clone, manifest.model_copy(update={"recipe": manifest.recipe | {"seed": 5}}))
    (problem,) = audit(published).problems
    assert "manifest of sky 0.1 has another recipe than the copy that skybench records" in problem
    for field, value in {"licence": "MIT", "citation": "Me (2026)"}.items():
        record(clone, manifest.model_copy(update={field: value}))
        (problem,) = audit(published).problems
        assert f"the copy of sky@0.1 that skybench records has another {field} than" in problem


def test_a_recorded_copy_with_other_content_is_a_break(published, clone, raw, release_of):
    other = release_of(raw.assign(image=raw.image + 1))
    record(clone, manifest_of(other))
    (problem,) = audit(published).problems
    assert "one of the two is not the version that was released" in problem


def test_a_damaged_recorded_copy_is_named(published, clone):
    record(clone, manifest_of(published))
    path = clone / "0.1" / "sky.manifest.json"
    values = json.loads(path.read_text())
    del values["content"]
    path.write_text(json.dumps(values))
    assert "sky.manifest.json is not as skybench writes it: content" in audit(published).problems[0]


def test_of_a_version_without_scores_no_data_are_read(published, monkeypatch):
    for path in published.local_path("sky").rglob("c/**/*"):
        if path.is_file():
            path.write_bytes(bytes(path.stat().st_size))
    assert audit(published).ok


def test_the_versions_of_this_repository_agree_with_themselves(monkeypatch, tmp_path):
    monkeypatch.undo()
    report = audit(str(tmp_path / "none"))
    assert report.problems == ()
    assert report.recorded >= 2
