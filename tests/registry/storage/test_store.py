"""The folder that holds releases: what is written, listed, moved and locked; faults."""

import errno
import os
import subprocess
import sys

import pytest

from skybench.errors import IntegrityError, NotFoundError, StoreError
from skybench.registry.storage.store import Store, version_key, zarr_name


@pytest.fixture(params=["local", "memory"])
def store(request, tmp_path):
    if request.param == "local":
        yield Store(tmp_path / "store")
        return
    memory = Store(f"memory://{tmp_path.name}")
    yield memory
    memory.remove("")


def files(folder):
    return {str(p.relative_to(folder)) for p in folder.rglob("*") if p.is_file()}


def test_what_is_written_is_read(store):
    store.write("sky/1.0/card.md", "Sérsic\n")
    assert store.read_text("sky/1.0/card.md") == "Sérsic\n"
    assert store.exists("sky/1.0/card.md")
    assert not store.exists("sky/1.1")
    assert store.names("sky") == ("1.0",)
    assert store.names("nowhere") == ()
    assert store.sizes("sky") == {"1.0/card.md": 8}
    assert b"".join(store.pieces("sky/1.0/card.md"))[:1] == b"S"


def test_a_missing_file_is_named(store):
    with pytest.raises(NotFoundError, match=r"manifest\.json is not there"):
        store.read_text("sky/1.0/manifest.json")


def test_a_folder_moves_whole(store):
    store.write("work/manifest.json", "{}")
    store.write("work/data/c/0", b"\0")
    store.move("work", "sky/1.0")
    assert store.sizes("sky/1.0") == {"data/c/0": 1, "manifest.json": 2}
    assert not store.exists("work")


def test_removing_nothing_is_fine(store):
    store.remove("nothing")
    store.write("a/b", "")
    store.remove("a")
    assert not store.exists("a/b")


def test_layout_names():
    assert version_key("sky", "1.0") == "sky/1.0"
    assert zarr_name("sky", "1.0", "sha256:" + "9f86d081" * 8) == "sky-1.0-9f86d0819f86.zarr"


def test_a_store_path_that_is_a_file(tmp_path):
    path = tmp_path / "file"
    path.write_text("mine")
    with pytest.raises(StoreError, match=r"file, not a folder|file is where a folder"):
        Store(path).check_writable()
    assert path.read_text() == "mine"


@pytest.mark.parametrize(
    ("code", "says"),
    [
        (errno.ENOSPC, "the disk is full"),
        (errno.EACCES, "permission is missing"),
        (errno.EROFS, "read-only"),
        (errno.EFBIG, "ulimit -f"),
        (errno.EIO, "the disk is failing"),
    ],
)
def test_a_failed_write_names_the_fix_and_leaves_the_old_text(tmp_path, monkeypatch, code, says):
    store = Store(tmp_path)
    store.write("catalog.yaml", "old")

    def fail(descriptor):
        raise OSError(code, os.strerror(code))

    monkeypatch.setattr(os, "fsync", fail)
    with pytest.raises(StoreError, match=says) as caught:
        store.write("catalog.yaml", "new")
    assert str(tmp_path / "catalog.yaml") in str(caught.value)
    assert store.read_text("catalog.yaml") == "old"
    assert files(tmp_path) == {"catalog.yaml"}


@pytest.mark.parametrize("place", ["disk", "memory://parts-of-a-file"])
def test_a_file_is_written_from_its_parts(tmp_path, place):
    store = Store(tmp_path if place == "disk" else place)
    store.write("c/0", [b"one", b"", b"two"])
    assert store.read_bytes("c/0") == b"onetwo"


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write anywhere")
def test_a_folder_without_permission(tmp_path):
    tmp_path.chmod(0o500)
    with pytest.raises(StoreError, match="permission is missing"):
        Store(tmp_path / "store").check_writable()
    tmp_path.chmod(0o700)


def test_what_a_killed_writer_left_goes_with_the_next_write(tmp_path):
    (tmp_path / ".index.jsonl.0a1b2c3d.tmp").write_text("half a li")
    (tmp_path / ".other.jsonl.0a1b2c3d.tmp").write_text("somebody writes it at this moment")
    assert Store(tmp_path).write_if("index.jsonl", "a line\n", "")
    assert files(tmp_path) == {"index.jsonl", ".other.jsonl.0a1b2c3d.tmp"}


def test_checking_leaves_nothing(store):
    store.check_writable()
    assert store.sizes("") == {}


def test_files_get_the_users_usual_permissions(tmp_path):
    before = os.umask(0o022)
    try:
        Store(tmp_path).write("card.md", "")
    finally:
        os.umask(before)
    assert (tmp_path / "card.md").stat().st_mode & 0o777 == 0o644


def test_text_that_is_not_utf8(store):
    store.write("card.md", b"\xff\xfe")
    with pytest.raises(IntegrityError, match="is not UTF-8"):
        store.read_text("card.md")


def test_a_lock_keeps_others_out_and_is_freed(tmp_path):
    store = Store(tmp_path)
    again = store.lock("sky-0.1", wait=False)
    with store.lock("sky-0.1"), pytest.raises(StoreError, match="another process holds"):
        again.__enter__()
    with store.lock("sky-0.1", wait=False), store.lock("sky-0.2", wait=False):
        pass


def test_a_killed_process_frees_its_lock(tmp_path):
    code = (
        "import os, signal, sys; from skybench.registry.storage.store import Store\n"
        "with Store(sys.argv[1]).lock('index'): os.kill(os.getpid(), signal.SIGKILL)"
    )
    assert subprocess.run([sys.executable, "-c", code, str(tmp_path)], check=False).returncode < 0
    with Store(tmp_path).lock("index", wait=False):
        pass


def test_a_server_that_is_away():
    with pytest.raises(StoreError, match=r"cannot read .*/index\.jsonl: no server answers there"):
        Store("http://localhost:1/store").read_text("index.jsonl")
