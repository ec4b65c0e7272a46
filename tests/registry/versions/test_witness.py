"""The head of an index, kept elsewhere, and an index that no longer extends it."""

import json

import pytest

from skybench.errors import IntegrityError, ParameterError, StoreError
from skybench.registry.audit import audit
from skybench.registry.storage.store import INDEX, Store
from skybench.registry.versions.chain import FIRST
from skybench.registry.versions.index import append, yank
from skybench.registry.versions.manifest import digest_of
from skybench.registry.versions.witness import came_since, witness


def publish(store, *versions):
    for version in versions:
        digest = digest_of(f"sky {version}")
        append(store, dataset="sky", version=version, manifest=digest, content=digest)


@pytest.fixture
def store(tmp_path):
    store = Store(tmp_path / "store")
    publish(store, "1.0", "1.1")
    return store


def test_a_witness_says_lines_and_digest_of_the_last(store):
    kept = json.loads(witness(store))
    last = store.read_text(INDEX).splitlines()[-1]
    assert kept | {"time": ""} == {
        "store": store.url,
        "lines": 2,
        "head": digest_of(last),
        "time": "",
    }


def test_a_store_without_an_index_has_a_witness_that_everything_extends(tmp_path):
    store = Store(tmp_path)
    kept = witness(store)
    assert json.loads(kept)["head"] == FIRST
    publish(store, "1.0")
    assert "1 lines were added: sky@1.0 was published" in came_since(kept, store)


def test_lines_are_added_to_a_file(store, tmp_path):
    file = tmp_path / "heads.jsonl"
    first = witness(store, to=file)
    publish(store, "1.2")
    second = witness(store, to=file)
    assert file.read_text().splitlines() == [first, second]


def test_a_file_that_cannot_be_written_is_told(store, tmp_path):
    with pytest.raises(StoreError, match="choose another place"):
        witness(store, to=tmp_path / "nowhere" / "heads.jsonl")


@pytest.mark.parametrize("given", ["line", "file", "digest", "12 digits"])
def test_what_came_since(store, tmp_path, given):
    file = tmp_path / "heads.jsonl"
    line = witness(store, to=file)
    digest = json.loads(line)["head"]
    head = {"line": line, "file": file, "digest": digest, "12 digits": digest[:19]}[given]
    assert "nothing was added" in came_since(head, store)
    publish(store, "1.2")
    yank(store, dataset="sky", version="1.0", reason="why not")
    said = came_since(head, store)
    assert said.startswith("since line 2 ")
    assert "2 lines were added: sky@1.2 was published" in said
    assert "sky@1.0 was withdrawn" in said


@pytest.mark.parametrize("given", ["line", "file", "digest"])
@pytest.mark.parametrize("versions", [("1.0",), ("1.1", "1.0"), ("1.1", "1.0", "1.2")])
def test_a_history_that_was_cut_or_written_again_is_refused(store, tmp_path, given, versions):
    file = tmp_path / "heads.jsonl"
    line = witness(store, to=file)
    store.remove(INDEX)
    publish(store, *versions)
    witness(store, to=file)  # later lines do not hide it
    head = {"line": line, "file": file, "digest": json.loads(line)["head"]}[given]
    with pytest.raises(IntegrityError, match="does not extend what was kept"):
        came_since(head, store)
    assert "does not extend what was kept" in audit(store, since=head).problems[0]


def test_audit_says_what_came_since(store):
    kept = witness(store)
    publish(store, "1.2")
    assert "sky@1.2 was published" in str(audit(store, since=kept))


def test_witnesses_of_other_stores_are_passed_by(store, tmp_path):
    file, other = tmp_path / "heads.jsonl", Store(tmp_path / "other")
    publish(other, "3.0")
    witness(other, to=file)
    with pytest.raises(ParameterError, match=r"has lines of .*other and none of .*store"):
        came_since(file, store)
    witness(store, to=file)
    assert "nothing was added" in came_since(file, store)


@pytest.mark.parametrize("head", ["nonsense", "sha256:12", "a/b.jsonl"])
def test_what_is_no_head_is_told(store, head):
    with pytest.raises(ParameterError, match="a head is a line of 'skybench witness'"):
        audit(store, since=head)


def test_a_line_that_was_damaged_is_told_with_its_place(store, tmp_path):
    file = tmp_path / "heads.jsonl"
    witness(store, to=file)
    file.write_text(file.read_text() + '{"head": 1}\n')
    with pytest.raises(IntegrityError, match=r"line 2 of .*heads\.jsonl"):
        came_since(file, store)
