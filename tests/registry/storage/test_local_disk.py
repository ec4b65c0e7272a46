"""The primitives of a local disk, where a store's own tests do not reach."""

import os

import fsspec
import pytest

from skybench.errors import StoreError
from skybench.registry.recorded import recorded_manifest, recorded_references
from skybench.registry.storage.local_disk import (
    check_no_way_out,
    entries_below,
    file_lock,
    is_litter,
    replace_file,
    sizes_below,
)
from skybench.registry.storage.object_store import HeldError


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
