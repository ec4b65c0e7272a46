"""The index: the commit point of a release, chained, and what references resolve to."""

import json
import subprocess
import sys

import pytest

from skybench.errors import (
    IntegrityError,
    NotFoundError,
    StoreError,
    VersionConflictError,
    YankedVersionWarning,
)
from skybench.registry.reference import Version
from skybench.registry.storage.store import INDEX, Store
from skybench.registry.versions.chain import FIRST
from skybench.registry.versions.index import append, find, read_index, resolve, yank
from skybench.registry.versions.manifest import digest_of


def digest(text):
    return digest_of(text)


def publish(store, dataset, version):
    name = f"{dataset} {version}"
    return append(
        store,
        dataset=dataset,
        version=version,
        manifest=digest("manifest of " + name),
        content=digest("content of " + name),
    )


@pytest.fixture
def store(tmp_path):
    store = Store(tmp_path)
    for dataset, version in [("sky", "0.1"), ("objects", "0.1"), ("sky", "1.9"), ("sky", "1.10")]:
        publish(store, dataset, version)
    return store


def test_an_empty_store_has_an_empty_index(tmp_path):
    assert read_index(Store(tmp_path / "nothing")) == ()


def test_each_line_carries_the_hash_of_the_line_before(store):
    lines = store.read_text(INDEX).splitlines()
    assert [json.loads(line)["previous"] for line in lines] == [FIRST, *map(digest, lines[:-1])]
    assert lines == [entry.to_line() for entry in read_index(store)]


def test_a_line_lists_card_and_croissant_where_they_are_given(store):
    listed = {"card": digest("card"), "croissant": digest("croissant")}
    names = {"dataset": "sky", "version": "2.0", "manifest": FIRST, "content": FIRST}
    entry = append(store, **names, **listed)
    assert entry.descriptions == {"card.md": listed["card"], "croissant.json": listed["croissant"]}
    *others, last = map(json.loads, store.read_text(INDEX).splitlines())
    assert {key: last[key] for key in listed} == listed
    assert not any(listed.keys() & line.keys() for line in others)
    assert read_index(store)[-1] == entry


def test_a_line_that_says_null_was_edited(store):
    edited = json.loads(read_index(store)[0].to_line()) | {"card": None}
    store.write(INDEX, json.dumps(edited, sort_keys=True, separators=(",", ":")) + "\n")
    with pytest.raises(IntegrityError, match="not written as skybench writes it; it was edited"):
        read_index(store)


def test_appending_leaves_earlier_lines_alone(store):
    before = store.read_text(INDEX)
    publish(store, "sky", "2.0")
    assert store.read_text(INDEX).startswith(before)


def test_a_version_is_published_once(store):
    before = store.read_text(INDEX)
    with pytest.raises(VersionConflictError, match=r"sky 1\.9 was published in .* never replaced"):
        append(store, dataset="sky", version="1.9", manifest=FIRST, content=FIRST)
    assert store.read_text(INDEX) == before


@pytest.mark.parametrize(
    ("reference", "version"),
    [("sky", "1.10"), ("sky@1", "1.10"), ("sky@0", "0.1"), ("sky@1.9", "1.9"), ("objects", "0.1")],
)
def test_a_reference_means_the_newest_that_matches(store, reference, version):
    assert resolve(reference, store).version == version


def test_a_pinned_hash_must_be_the_published_one(store):
    content = digest("content of sky 1.9")
    assert resolve(f"sky@1.9#{content}", store).version == "1.9"
    assert resolve(f"sky@1.9#{content[:19]}", store).version == "1.9"
    with pytest.raises(IntegrityError, match=f"expected {FIRST}, got {content}"):
        resolve(f"sky@1.9#{FIRST}", store)


def test_a_missing_version_lists_those_there_are(store):
    with pytest.raises(NotFoundError) as caught:
        resolve("sky@1.1", store)
    assert str(caught.value) == (
        f"sky 1.1 is not in the registry at {store}; it has 0.1, 1.9 and 1.10. "
        "Build it with 'make release VERSION=1.1' or open one of these."
    )
    with pytest.raises(NotFoundError, match=r"objects 3\.x is not .* it has 0\.1\. Build"):
        resolve("objects@3", store)


def test_a_missing_dataset_names_the_nearest(store, tmp_path):
    with pytest.raises(NotFoundError, match=r"it has objects and sky\. Did you mean 'objects'\?"):
        resolve("object", store)
    with pytest.raises(NotFoundError, match="nothing is released there"):
        resolve("sky", Store(tmp_path / "nothing"))


@pytest.mark.usefixtures("tiny_is_recorded")
@pytest.mark.parametrize(
    ("reference", "says"),
    [
        ("tiny@0.3", "no dataset 'tiny' in .*; it has objects and sky. skybench records it: "),
        ("tiny", "'skybench get tiny' brings it into your store"),
        ("tiny@0.9", r"no dataset 'tiny' in .*; it has objects and sky\.$"),
    ],
)
def test_a_recorded_version_that_is_not_there_can_be_brought(store, reference, says):
    with pytest.raises(NotFoundError, match=says):
        resolve(reference, store)


@pytest.mark.usefixtures("tiny_is_recorded")
def test_a_recorded_version_beside_others_is_not_to_be_released_again(tmp_path):
    place = Store(tmp_path / "other")
    with pytest.raises(NotFoundError, match=r"nothing is released there\. skybench records it"):
        resolve("tiny@0", place)
    append(place, dataset="tiny", version="0.1", manifest=FIRST, content=FIRST)
    with pytest.raises(NotFoundError, match=r"0\.1\. skybench records it: 'skybench get tiny@0"):
        resolve("tiny@0.3", place)
    with pytest.raises(NotFoundError, match=r"0\.1\. Build it with 'make release VERSION=0\.2'"):
        resolve("tiny@0.2", place)


def test_finding_an_exact_version(store):
    entries = read_index(store)
    assert find(entries, "sky", Version(1, 9)).content == digest("content of sky 1.9")
    assert find(entries, "sky", "3.0") is None


def edit(store, number, change):
    lines = store.read_text(INDEX).splitlines()
    lines[number - 1] = change(lines[number - 1])
    store.write(INDEX, "".join(line + "\n" for line in lines if line))


@pytest.mark.parametrize(
    ("number", "change", "says"),
    [
        (2, lambda line: line.replace('"0.1"', '"0.2"'), r"line 3 of .* does not follow"),
        (1, lambda line: "", r"line 1 of .*objects 0\.1.* does not follow"),
        (3, lambda line: "", r"line 3 of .*sky 1\.10.* does not follow"),
        (3, lambda line: line + "\n" + line, r"line 4 of .* does not follow"),
        (2, lambda line: line[:40], "line 2 of .* is not valid JSON"),
        (2, lambda line: line.replace(":", ": ", 1), "line 2 of .* it was edited"),
        (2, lambda line: line.replace('"objects"', '"../sky"'), "line 2 of .* dataset"),
        (2, lambda line: '{"event":"surprise",' + line[1:], "line 2 of .* event"),
        (2, lambda line: "[]", "line 2 of .* not as skybench writes it"),
    ],
)
def test_a_broken_chain_names_the_line(store, number, change, says):
    edit(store, number, change)
    with pytest.raises(IntegrityError, match=says):
        read_index(store)
    before = store.read_text(INDEX)
    with pytest.raises(IntegrityError, match=says):
        publish(store, "sky", "2.0")
    assert store.read_text(INDEX) == before


def test_a_cut_off_index_is_refused(store):
    store.write(INDEX, store.read_text(INDEX)[:-1])
    with pytest.raises(IntegrityError, match=r"last line of .* is cut off"):
        read_index(store)


def test_a_lost_race_on_a_store_without_locks_is_noticed(monkeypatch):
    store = Store("memory://test_index_race")

    def overtaken(key, text):
        Store.write(store, key, "")

    monkeypatch.setattr(store, "write", overtaken)
    with pytest.raises(StoreError, match="at the same moment"):
        publish(store, "sky", "0.1")
    store.remove("")


def test_two_processes_publish_at_once_without_losing_a_line(tmp_path):
    code = (
        "import sys; from skybench.registry.versions.index import append\n"
        "from skybench.registry.versions.manifest import digest_of\n"
        "from skybench.registry.storage.store import Store\n"
        "for i in range(10):\n"
        "    append(Store(sys.argv[1]), dataset=sys.argv[2], version=f'0.{i}',\n"
        "           manifest=digest_of('m'), content=digest_of('c'))"
    )
    writers = [
        subprocess.Popen([sys.executable, "-c", code, str(tmp_path), name])
        for name in ("sky", "objects")
    ]
    assert [writer.wait() for writer in writers] == [0, 0]
    assert len(read_index(Store(tmp_path))) == 20


def withdrawn(store, version="1.10", reason="the flux of spirals was 2 % low"):
    return yank(store, dataset="sky", version=version, reason=reason)


def test_a_withdrawn_version_leaves_the_aliases_and_stays_under_its_name(store):
    before = store.read_text(INDEX)
    line = withdrawn(store)
    assert store.read_text(INDEX) == f"{before}{line.to_line()}\n"
    for alias in ("sky", "sky@1"):
        assert resolve(alias, store).version == "1.9"
    with pytest.warns(YankedVersionWarning, match=r"sky 1\.10 was withdrawn: the flux of spirals"):
        assert resolve("sky@1.10", store).version == "1.10"
    assert [entry.yanked for entry in read_index(store)] == [None, None, None, line.reason]


def test_the_number_of_a_withdrawn_version_is_never_free(store):
    withdrawn(store)
    with pytest.raises(VersionConflictError, match=r"sky 1\.10 was published"):
        publish(store, "sky", "1.10")
    publish(store, "sky", "1.11")
    assert resolve("sky", store).version == "1.11"


def test_where_all_versions_are_withdrawn_an_alias_finds_none(store):
    withdrawn(store)
    withdrawn(store, "1.9")
    with pytest.raises(NotFoundError, match=r"it has 0\.1, 1\.9 \(withdrawn\) and 1\.10 \(withdr"):
        resolve("sky@1", store)


def test_a_withdrawal_is_refused_where_it_means_nothing(store):
    before = store.read_text(INDEX)
    with pytest.raises(NotFoundError, match=r"sky 3\.0 is not in the registry"):
        withdrawn(store, "3.0")
    for reason in ("", "two\nlines", "\x1b[31mred", "x" * 501):
        with pytest.raises(IntegrityError, match=r"withdrawal of sky 1\.10 .*reason"):
            withdrawn(store, reason=reason)
    assert store.read_text(INDEX) == before
    withdrawn(store)
    with pytest.raises(VersionConflictError, match=r"withdrawn before: the flux"):
        withdrawn(store)


@pytest.mark.parametrize(
    ("number", "change", "says"),
    [
        (5, lambda line: line.replace("2 %", "3 %"), None),
        (5, lambda line: line.replace('"1.10"', '"7.0"'), "line 5 of .* withdraws sky 7.0, which"),
        (5, lambda line: line + "\n" + line, "line 6 of .* does not follow"),
        (4, lambda line: "", "line 4 of .* does not follow"),
    ],
)
def test_a_withdrawal_is_part_of_the_chain(store, number, change, says):
    withdrawn(store)
    edit(store, number, change)
    if says is None:  # the last line is bound by nothing that follows, as any last line
        publish(store, "sky", "2.0")
        edit(store, number, lambda line: line.replace("3 %", "2 %"))
        says = "line 6 of .* does not follow"
    with pytest.raises(IntegrityError, match=says):
        read_index(store)
