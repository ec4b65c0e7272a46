"""The primitives of a local disk, where a store's own tests do not reach."""

import errno
import os
import stat
import sys
from pathlib import Path

import fsspec
import pytest

from skybench.errors import StoreError
from skybench.registry.recorded import recorded_manifest, recorded_references
from skybench.registry.storage.local_disk import (
    check_no_way_out,
    entries_below,
    file_lock,
    flush,
    is_litter,
    replace_file,
    sizes_below,
    write_new,
)
from skybench.registry.storage.object_store import HeldError

linux = pytest.mark.skipif(sys.platform != "linux", reason="files are told by descriptor")


def test_a_file_is_replaced_whole_or_not_at_all(tmp_path):
    path = tmp_path / "sky" / "card.md"
    replace_file(path, [b"old ", memoryview(b"text")], durable=True)
    assert path.read_bytes() == b"old text"

    def pieces():
        yield b"new"
        msg = "the source is gone"
        raise RuntimeError(msg)

    with pytest.raises(RuntimeError, match="the source is gone"):
        replace_file(path, pieces(), durable=False)
    assert path.read_bytes() == b"old text"
    assert os.listdir(path.parent) == ["card.md"]


@pytest.fixture
def flushed(monkeypatch, tmp_path):
    """The paths that are flushed, relative to the folder of the test, with their sizes."""
    seen, fsync = [], os.fsync

    def note(descriptor):
        fsync(descriptor)
        path = Path(os.readlink(f"/proc/self/fd/{descriptor}")).relative_to(tmp_path)
        is_folder = stat.S_ISDIR(os.fstat(descriptor).st_mode)
        seen.append((str(path), None if is_folder else os.fstat(descriptor).st_size))

    monkeypatch.setattr(os, "fsync", note)
    return seen


@linux
def test_a_durable_file_has_its_name_after_its_content_and_before_the_end(tmp_path, flushed):
    replace_file(tmp_path / "sky" / "1.0" / "card.md", [b"12345"], durable=True)
    (made, again, (temporary, size), last) = flushed
    assert {made, again} == {(".", None), ("sky", None)}
    assert (temporary.endswith(".tmp"), size) == (True, 5)
    assert last == ("sky/1.0", None)


@linux
def test_a_flush_is_of_all_files_and_of_the_names_up_to_the_root(folders, tmp_path, flushed):
    (folders / "deep" / "er" / "b").write_bytes(b"123")
    flush([folders / "deep", folders / "a"], folders)
    assert dict(flushed) == {
        "root/a": 5,
        "root/deep/er/b": 3,
        "root": None,
        "root/deep": None,
        "root/deep/er": None,
    }


def test_a_file_that_the_disk_failed_is_not_asked_for_again(folders, monkeypatch):
    """The system forgets what it could not write: the second call would succeed."""

    def fail(descriptor):
        raise OSError(errno.EIO, os.strerror(errno.EIO))

    monkeypatch.setattr(os, "fsync", fail)
    with pytest.raises(OSError, match="Input/output error"):
        flush([folders / "a"], folders)
    assert not (folders / "a").exists()


def test_a_disk_that_cannot_flush_folders_is_written_all_the_same(tmp_path, monkeypatch):
    def fail(descriptor):
        raise OSError(errno.EINVAL, os.strerror(errno.EINVAL))

    monkeypatch.setattr(os, "fsync", fail)
    replace_file(tmp_path / "card.md", [b"text"], durable=True)
    assert (tmp_path / "card.md").read_bytes() == b"text"


@linux
def test_a_new_file_or_folder_has_its_name_when_the_disk_has_it(tmp_path, flushed):
    def write(folder):
        folder.mkdir()
        (folder / "x.npy").write_bytes(b"1234")
        assert flushed == []

    write_new(tmp_path / "export", write)
    assert {size for path, size in flushed if path.endswith("x.npy")} == {4}
    assert flushed[-1] == (".", None)


def test_a_lock_is_held_once_and_is_free_after_an_error(tmp_path):
    path = tmp_path / "work" / "index.lock"
    again = file_lock(path, wait=False)
    with file_lock(path, wait=True), pytest.raises(HeldError):
        again.__enter__()
    with pytest.raises(ZeroDivisionError), file_lock(path, wait=False):
        raise ZeroDivisionError
    with file_lock(path, wait=False):
        pass


@pytest.fixture
def folders(tmp_path):
    """A folder of files, one without any, and links to a file, a folder, itself and nothing."""
    root = tmp_path / "root"
    (root / "deep" / "er").mkdir(parents=True)
    (root / "empty").mkdir()
    (root / "a").write_bytes(b"12345")
    (root / "deep" / "er" / "b").write_bytes(b"")
    (root / "deep" / "to-file").symlink_to(root / "a")
    (root / "to-folder").symlink_to(root / "deep")
    (root / "to-itself").symlink_to(root)
    (root / "to-nothing").symlink_to(tmp_path / "nothing")
    return root


def test_sizes_are_those_that_fsspec_tells(folders):
    found = fsspec.filesystem("file").find(str(folders), detail=True)
    expected = {path.removeprefix(f"{folders}/"): info["size"] for path, info in found.items()}
    assert sizes_below(str(folders)) == expected
    assert expected["deep/to-file"] == expected["a"] == 5
    assert expected["to-nothing"] == 0


def test_folders_are_told_and_links_are_not_followed(folders):
    entries = dict(entries_below(str(folders)))
    assert {"deep", "deep/er", "empty"} <= entries.keys()
    assert not any(key.startswith(("to-folder/", "to-itself/")) for key in entries)
    assert {key for key, entry in entries.items() if entry.is_symlink()} == {
        "deep/to-file",
        "to-folder",
        "to-itself",
        "to-nothing",
    }


def test_what_is_no_folder_holds_nothing(folders):
    assert sizes_below(f"{folders}/nothing") == {}
    assert sizes_below(f"{folders}/a") == {}


def test_folders_may_be_nested_deeper_than_python_recurses(tmp_path, monkeypatch):
    depth = 1500
    monkeypatch.chdir(tmp_path)
    for _ in range(depth):
        os.mkdir("d")
        os.chdir("d")
    try:
        assert len(list(entries_below(str(tmp_path)))) == depth
    finally:  # pytest deletes folders by recursion, which ends earlier
        for _ in range(depth):
            os.chdir("..")
            os.rmdir("d")


def test_a_folder_beside_the_root_is_outside(tmp_path):
    (tmp_path / "store").mkdir()
    (tmp_path / "store-of-others").mkdir()
    (tmp_path / "store" / "link").symlink_to(tmp_path / "store-of-others")
    check_no_way_out(f"{tmp_path}/store/sky/1.0", f"{tmp_path}/store")
    check_no_way_out("/anywhere", "/")
    with pytest.raises(StoreError, match=r"leads out of the store, to .*store-of-others"):
        check_no_way_out(f"{tmp_path}/store/link", f"{tmp_path}/store")


@pytest.mark.parametrize(
    "key",
    [
        ".DS_Store",
        "image/._zarr.json",
        "image/c/0/Thumbs.db",
        "thumbs.db",
        "Desktop.ini",
        ".directory",
        ".nfs0000000000a1b2c300000001",
        "card.md~",
        "#card.md#",
        ".#card.md",
        ".card.md.swp",
        "__MACOSX/sky/1.0/manifest.json",
        "@eaDir/image/c/0/0/0",
    ],
)
def test_litter_is_known_by_its_name_or_its_folders(key):
    assert is_litter(key)


@pytest.mark.parametrize(
    "key",
    [
        "manifest.json",
        "image/zarr.json",
        ".image.0a1b2c3d.tmp",
        "submissions/Thumbs.db.json",
        "submissions/nfs-0a.json",
        ".nfsomething",
        "_image/c/0",
        "DS_Store",
    ],
)
def test_what_skybench_may_write_is_no_litter(key):
    assert not is_litter(key)


def test_no_recorded_file_is_litter():
    manifests = map(recorded_manifest, recorded_references())
    keys = [f"{manifest.key}/{stored.key}" for manifest in manifests for stored in manifest.objects]
    assert keys
    assert not any(map(is_litter, keys))
