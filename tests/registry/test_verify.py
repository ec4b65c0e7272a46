"""Verifying: what is damaged is found and named."""

import json
import re

import pytest
import zarr

from skybench.errors import IntegrityError, NotFoundError
from skybench.registry.arrays.shards import ShardForm
from skybench.registry.proof.row_check import _chosen, sampled_blocks
from skybench.registry.storage.store import Store
from skybench.registry.verify import check, verify
from skybench.registry.versions.index import read_index, read_manifest


@pytest.fixture
def data(published):
    return next(published.local_path("sky/0.1").glob("*.zarr"))


def edit_rows(path, name, rows, change):
    array = zarr.open_group(path, mode="r+")[name]
    array[rows] = change(array[rows])


@pytest.mark.parametrize("full", [False, True])
def test_a_version_as_published_is_well(pristine, full):
    report = verify("sky@0.1", store=pristine, full=full)
    assert report.ok
    assert report.problems == ()
    assert report.reference == "sky@0.1"
    assert report.full is full
    assert report.files > 20
    assert report.bytes == sum(
        p.stat().st_size for p in pristine.glob("sky/0.1/sky*/**/*") if p.is_file()
    ) + sum(p.stat().st_size for p in pristine.glob("sky/0.1/*.samples"))
    report.raise_if_damaged()


def test_changed_rows_are_named(published, data):
    edit_rows(data, "image", slice(300, 310), lambda rows: rows + 1)
    report = verify("sky@0.1", store=published, full=True)
    assert any(
        problem.startswith("image rows 256 to 511 of sky 0.1 do not match the recorded hash: ")
        for problem in report.problems
    )
    assert not any("flux" in problem for problem in report.problems)
    assert verify("sky@0.2", store=published, full=True).ok


def test_neighbouring_blocks_are_named_together(published, data):
    edit_rows(data, "flux", slice(200, 700), lambda rows: rows * 2)
    problems = verify("sky@0.1", store=published, full=True).problems
    rows = [p for p in problems if "rows" in p]
    assert [p.split(" of sky")[0] for p in rows] == ["flux rows 0 to 699"]


def test_a_swap_of_two_rows_is_found(published, data):
    edit_rows(data, "sample_id", slice(5, 7), lambda rows: rows[::-1])
    problems = verify("sky@0.1", store=published, full=True).problems
    assert any(p.startswith("sample_id rows 0 to 255") for p in problems)


def test_a_flipped_bit_names_file_variable_and_rows(published, data):
    chunk = data / "image/c/1/0/0"
    content = bytearray(chunk.read_bytes())
    content[100] ^= 4
    chunk.write_bytes(content)
    problems = verify("sky@0.1", store=published, full=True).problems
    assert any("image/c/1/0/0 of sky 0.1 does not match" in p for p in problems)
    assert any(p.startswith("image rows 200 to 299 of sky 0.1 cannot be read") for p in problems)


@pytest.mark.parametrize("full", [False, True])
def test_missing_and_cut_off_files_are_named(published, data, full):
    (data / "flux/c/0/0").unlink()
    chunk = data / "image/c/3/0/0"
    chunk.write_bytes(chunk.read_bytes()[:-10])
    next(data.parent.glob("*.samples")).unlink()
    problems = " ".join(verify("sky@0.1", store=published, full=full).problems)
    assert "flux/c/0/0 of sky 0.1 is missing." in problems
    assert "image/c/3/0/0 of sky 0.1 has the wrong size: expected" in problems
    assert ".samples of sky 0.1 is missing." in problems


def test_a_chunk_that_was_not_published_is_found(published, data):
    (data / "image/c/9/0").mkdir(parents=True)
    (data / "image/c/9/0/0").write_bytes(b"x")
    (problem,) = verify("sky@0.1", store=published).problems
    assert "image/c/9/0/0 of sky 0.1 was not published; move it away" in problem


def test_changed_units_are_found_without_reading(published, data):
    path = data / "zarr.json"
    text = path.read_text()
    path.write_text(text.replace('"electron"', '"photon!!"', 1))
    problems = verify("sky@0.1", store=published).problems
    assert any(
        "units of variable" in p and "expected 'electron', got 'photon!!'" in p for p in problems
    )


@pytest.mark.parametrize("value", ["15.0", "30", '"30.0"', "[30.0]", "null"])
def test_changed_attributes_are_found_without_reading(release_of, raw, value):
    store = release_of(raw.assign_attrs(zeropoint=30.0))
    (path,) = store.local_path("sky/0.1").glob("*.zarr/zarr.json")
    text = path.read_text()
    path.write_text(re.sub(r'"zeropoint": *30\.0', f'"zeropoint": {value}', text))
    assert path.read_text() != text
    problems = verify("sky@0.1", store=store).problems
    assert any("zeropoint" in problem for problem in problems), problems


def test_a_removed_variable_is_found(published, data):
    path = data / "zarr.json"
    metadata = json.loads(path.read_text())
    del metadata["consolidated_metadata"]["metadata"]["flux"]
    metadata["attributes"]["coordinates"] = (
        metadata["attributes"]["coordinates"].replace("flux ", "").strip()
    )
    path.write_text(json.dumps(metadata))
    problems = verify("sky@0.1", store=published, full=True).problems
    assert "variable flux of sky 0.1 is missing." in problems


@pytest.mark.parametrize("full", [False, True])
def test_metadata_that_is_not_json_is_a_problem_not_a_crash(published, data, full):
    (data / "zarr.json").write_text("{")
    problems = verify("sky@0.1", store=published, full=full).problems
    assert any("cannot be opened" in p for p in problems)


def test_the_first_problem_is_raised_with_the_fix(published, data):
    (data / "flux/c/0/0").unlink()
    (data / "flux/c/1/0").unlink()
    report = verify("sky@0.1", store=published)
    with pytest.raises(IntegrityError, match=r"sky@0\.1 --repair' fetches or .* \d more: skybench"):
        report.raise_if_damaged()


def test_what_is_not_there_cannot_be_verified(pristine):
    with pytest.raises(NotFoundError, match="is not in the registry"):
        verify("sky@3.0", store=pristine)


def test_fast_reads_blocks_that_follow_from_the_content(pristine):
    store = Store(pristine)
    manifest = read_manifest(store, read_index(store)[0])
    blocks = sampled_blocks(manifest)
    assert blocks.keys() == manifest.content.variables.keys()
    assert blocks["image"] == [0, 1, 2]
    assert blocks["class"] == [0]
    image = manifest.content.variables["image"]
    many = {**image.header, "shape": [256_000, *image.header["shape"][1:]]}
    long = image.model_copy(update={"header": many})
    chosen = [_chosen(f"root {n}", long) for n in range(50)]
    assert all(len(set(places)) == 4 and places == sorted(places) for places in chosen)
    assert len({tuple(places) for places in chosen}) == 50
    wide = {**long.header, "shape": [256_000, 4096, 4096]}
    assert len(_chosen("root", long.model_copy(update={"header": wide}))) == 1


def test_fast_finds_changed_rows_in_what_it_samples(published, data):
    edit_rows(data, "image", slice(300, 310), lambda rows: rows + 1)
    shard = data / "image/c/1/0/0"
    problems = verify("sky@0.1", store=published).problems
    assert any(p.startswith("image rows 256 to 511 of sky 0.1 do not match") for p in problems)
    shard.write_bytes(bytes(shard.stat().st_size))
    problems = verify("sky@0.1", store=published).problems
    assert any("image rows 256 to 511 of sky 0.1 cannot be read" in p for p in problems)


def test_rows_that_agree_with_a_wrong_root_are_no_proof(pristine):
    store = Store(pristine)
    manifest = read_manifest(store, read_index(store)[0])
    digest = "sha256:" + "0" * 64
    root = manifest.content.model_copy(update={"root": digest})
    (problem,) = check(manifest.model_copy(update={"content": root}), store, depth="full").problems
    assert problem.startswith("the content hash of sky 0.1 does not follow from its rows: ")
    test = manifest.content.splits["test"].model_copy(update={"root": digest})
    splits = manifest.content.model_copy(
        update={"splits": manifest.content.splits | {"test": test}}
    )
    (problem,) = check(
        manifest.model_copy(update={"content": splits}), store, depth="full"
    ).problems
    assert problem == "the recorded hashes of split test do not follow from its rows."


def test_arrays_that_others_laid_out_are_read_all_the_same(published, data, monkeypatch):
    monkeypatch.setattr(ShardForm, "of", classmethod(lambda cls, array: None))
    assert verify("sky@0.1", store=published, full=True).ok
    edit_rows(data, "image", slice(300, 310), lambda rows: rows + 1)
    problems = verify("sky@0.1", store=published, full=True).problems
    assert any(p.startswith("image rows 256 to 511 of sky 0.1 do not match") for p in problems)


def test_a_store_in_memory_is_verified(pristine):
    store = Store("memory://test_verify")
    store.fs.put(str(pristine), store.root, recursive=True)
    assert verify("sky@0.1", store=store).ok
    assert verify("sky@0.1", store=store, full=True).ok
    store.remove("")


def test_a_manifest_that_leaves_shards_out_proves_nothing(pristine):
    store = Store(pristine)
    manifest = read_manifest(store, read_index(store)[0])
    kept = tuple(o for o in manifest.objects if "/image/c/" not in o.key)
    problems = check(manifest.model_copy(update={"objects": kept}), store, depth="full").problems
    assert any(p.startswith("image rows 0 to 699 of sky 0.1 do not match") for p in problems)
