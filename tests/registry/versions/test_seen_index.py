"""What is remembered of the indexes of others, and what is said of one that changed its past."""

import os
import subprocess
import sys
import warnings
from pathlib import Path

import platformdirs
import pytest

from skybench.errors import IntegrityError, NotFoundError, OlderIndexWarning, YankedVersionWarning
from skybench.registry.audit import audit
from skybench.registry.storage.store import INDEX, Store
from skybench.registry.versions import index
from skybench.registry.versions.index import append, read_index, resolve, yank
from skybench.registry.versions.manifest import digest_of
from skybench.registry.versions.seen_index import forget, lines_missing


def publish(store, *versions):
    for version in versions:
        digest = digest_of(f"sky {version}")
        append(store, dataset="sky", version=version, manifest=digest, content=digest)


@pytest.fixture(params=["a shared folder", "a bucket"])
def store(request, tmp_path, monkeypatch):
    """A store of somebody else, with sky 1.0 and 1.1, whose index was not read yet."""
    # What is published again has its first line to the byte, whatever second it is.
    monkeypatch.setattr(index, "utc_now", lambda: "2026-11-20T16:00:00Z")
    if request.param == "a bucket":
        request.getfixturevalue("s3_server")
        store = Store(f"s3://skybench-tests/{tmp_path.name}")
    else:
        store = Store(tmp_path / "a shared #1 folder")
        monkeypatch.setattr(os, "geteuid", lambda: os.getuid() + 1)
    publish(store, "1.0", "1.1")
    return store


def seen_file():
    (path,) = Path(platformdirs.user_data_dir("skybench", appauthor=False), ".seen").iterdir()
    return path


def replace(store, *versions, keep=0):
    """Write another history, whose chain is whole, from some line on."""
    store.write(INDEX, "".join(store.read_text(INDEX).splitlines(keepends=True)[:keep]))
    publish(store, *versions)


def test_an_index_that_goes_on_is_remembered(store):
    read_index(store)
    publish(store, "1.2")
    assert [entry.version for entry in read_index(store)] == ["1.0", "1.1", "1.2"]
    assert seen_file().read_text() == store.read_text(INDEX)


@pytest.mark.parametrize("versions", [("1.1", "1.0"), ("1.1",), ("1.0", "1.2", "1.1")])
def test_another_history_is_refused_with_the_first_line_that_is_gone(store, versions):
    read_index(store)
    replace(store, *versions)
    line = 2 if versions[0] == "1.0" else 1
    with pytest.raises(
        IntegrityError, match=rf"{3 - line} are gone, from line {line} on"
    ) as caught:
        resolve("sky@1.1", store)
    assert f"compare with {seen_file()}" in str(caught.value)
    assert seen_file().read_text().count('"version":"1.0"') == 1
    assert "not the index that was seen" in audit(store).problems[0]


def test_after_forgetting_the_new_one_is_believed(store):
    read_index(store)
    replace(store, "1.1")
    forget(store.url)
    assert [entry.version for entry in read_index(store)] == ["1.1"]


def test_a_lagging_copy_is_told_and_not_accused(store):
    older = store.read_text(INDEX)
    publish(store, "1.2")
    read_index(store)
    store.write(INDEX, older)
    with pytest.warns(OlderIndexWarning, match="lacks 1 lines .* a copy that lags"):
        assert resolve("sky@1.1", store).version == "1.1"
    with pytest.warns(OlderIndexWarning, match=r"sky@1 is 1\.1 .* and was 1\.2 before"):
        assert resolve("sky@1", store).version == "1.1"
    with pytest.raises(IntegrityError, match=r"Name sky@1\.1 to have that version"):
        resolve("sky@1", store, going_back=False)
    with pytest.raises(NotFoundError, match="lacks 1 lines"):
        resolve("sky@1.2", store)
    assert "lacks 1 lines" in audit(store).problems[0]
    publish(store, "1.2")
    replaced = store.read_text(INDEX)
    assert replaced != older


def test_a_withdrawal_that_was_seen_is_not_taken_back(store):
    before = store.read_text(INDEX)
    yank(store, dataset="sky", version="1.1", reason="flux 2 % low")
    assert resolve("sky@1", store).version == "1.0"
    store.write(INDEX, before)
    with (
        pytest.warns(OlderIndexWarning, match=r"sky@1 is 1\.1 .* and was 1\.0 before"),
        pytest.warns(YankedVersionWarning, match="flux 2 % low"),
    ):
        resolve("sky@1", store)


def test_an_index_that_vanished_is_told(store):
    read_index(store)
    store.remove(INDEX)
    with pytest.raises(NotFoundError, match="lacks 2 lines"):
        resolve("sky@1.0", store)


def test_a_store_of_this_user_may_be_made_again(tmp_path):
    store = Store(tmp_path)
    publish(store, "1.0")
    read_index(store)
    replace(store, "1.1")
    assert [entry.version for entry in read_index(store)] == ["1.1"]


@pytest.mark.parametrize("home", ["a file", "cut off", "no text"])
def test_a_home_that_is_of_no_use_stops_nobody(store, home):
    read_index(store)
    path = seen_file()
    if home == "a file":
        path.unlink()
        path.parent.rmdir()
        path.parent.write_text("in the way")
    else:
        path.write_bytes(path.read_bytes()[:-5] if home == "cut off" else b"\xff\n")
    assert len(read_index(store)) == 2


def test_processes_that_read_at_once_leave_a_whole_memory(tmp_path):
    program = (
        "import os, sys; os.geteuid = lambda: os.getuid() + 1\n"
        "from skybench.registry.versions.index import read_index\n"
        "from skybench.registry.storage.store import Store\n"
        "for _ in range(60): read_index(Store(sys.argv[1]))\n"
    )
    store = Store(tmp_path)
    publish(store, "1.0")
    readers = [subprocess.Popen([sys.executable, "-c", program, tmp_path]) for _ in range(3)]
    publish(store, *(f"1.{minor}" for minor in range(1, 12)))
    assert [reader.wait() for reader in readers] == [0, 0, 0]
    assert store.read_text(INDEX).startswith(seen_file().read_text())


def test_what_lives_in_this_process_is_not_remembered():
    store = Store("memory://seen")
    publish(store, "1.0")
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert lines_missing(store.read_text(INDEX), store) == ""
    assert not Path(platformdirs.user_data_dir("skybench", appauthor=False)).exists()
