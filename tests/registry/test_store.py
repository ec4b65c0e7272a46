"""The folder that holds releases: layout, atomic text, locks, faults."""

import errno
import os
import pickle
import subprocess
import sys
from pathlib import Path

import pytest

from skybench.errors import IntegrityError, MissingDependencyError, NotFoundError, StoreError
from skybench.registry import store as store_module
from skybench.registry.store import Store, version_key, zarr_name


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
    with store.open_read("sky/1.0/card.md") as file:
        assert file.read(1) == b"S"


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


@pytest.mark.parametrize("key", ["../escape", "/etc/passwd", "a/../../b", "a\\b", "a\0b"])
def test_keys_cannot_leave_the_store(store, key):
    with pytest.raises(StoreError, match="not a path inside a store"):
        store.write(key, "x")
    with pytest.raises(StoreError, match="not a path inside a store"):
        store.read_bytes(key)


def test_a_store_is_a_value(store):
    again = pickle.loads(pickle.dumps(store))
    assert again == store == Store(store) == Store(store.url)
    assert hash(again) == hash(store)
    assert eval(repr(store)) == store
    assert str(store) == store.url


def test_default_store_is_the_environment_then_the_platform(monkeypatch, tmp_path):
    monkeypatch.setenv("SKYBENCH_STORE", str(tmp_path))
    assert Store().url == str(tmp_path)
    monkeypatch.delenv("SKYBENCH_STORE")
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "data"))
    assert Path(Store().url).name == "skybench"


def test_making_a_store_touches_nothing(tmp_path):
    Store(tmp_path / "store")
    assert list(tmp_path.iterdir()) == []


def test_file_urls_and_paths_are_the_same_store(tmp_path):
    assert Store(f"file://{tmp_path}") == Store(tmp_path) == Store(f"{tmp_path}/")
    assert Store(tmp_path).local_path("sky/1.0") == tmp_path / "sky" / "1.0"
    assert Store(tmp_path).url_of("sky/1.0") == str(tmp_path / "sky/1.0")


def test_remote_urls_keep_their_protocol():
    assert Store("memory://bucket/dir").url_of("sky/1.0").startswith("memory://")
    with pytest.raises(StoreError, match="not a folder on this machine"):
        Store("memory://bucket").local_path("sky")


def test_layout_names():
    assert version_key("sky", "1.0") == "sky/1.0"
    assert zarr_name("sky", "1.0", "sha256:" + "9f86d081" * 8) == "sky-1.0-9f86d0819f86.zarr"


def test_an_unknown_protocol_is_refused():
    with pytest.raises(StoreError, match="Protocol not known: foo"):
        Store("foo://bucket")


def test_a_missing_package_is_named(monkeypatch):
    def no_s3fs(url):
        msg = "Install s3fs to access S3"
        raise ImportError(msg)

    monkeypatch.setattr(store_module.fsspec.core, "url_to_fs", no_s3fs)
    with pytest.raises(MissingDependencyError, match=r"pip install 'skybench\[cluster\]'"):
        Store("s3://bucket")


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
        (errno.EIO, "Input/output error"),
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


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write anywhere")
def test_a_folder_without_permission(tmp_path):
    tmp_path.chmod(0o500)
    with pytest.raises(StoreError, match="permission is missing"):
        Store(tmp_path / "store").check_writable()
    tmp_path.chmod(0o700)


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
        "import os, signal, sys; from skybench.registry.store import Store\n"
        "with Store(sys.argv[1]).lock('index'): os.kill(os.getpid(), signal.SIGKILL)"
    )
    assert subprocess.run([sys.executable, "-c", code, str(tmp_path)], check=False).returncode < 0
    with Store(tmp_path).lock("index", wait=False):
        pass
