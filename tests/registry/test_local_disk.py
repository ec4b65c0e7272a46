"""The primitives of a local disk, where a store's own tests do not reach."""

import os

import pytest

from skybench.errors import StoreError
from skybench.registry.lease import HeldError
from skybench.registry.local_disk import check_no_way_out, file_lock, replace_file


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


def test_a_folder_beside_the_root_is_outside(tmp_path):
    (tmp_path / "store").mkdir()
    (tmp_path / "store-of-others").mkdir()
    (tmp_path / "store" / "link").symlink_to(tmp_path / "store-of-others")
    check_no_way_out(f"{tmp_path}/store/sky/1.0", f"{tmp_path}/store")
    check_no_way_out("/anywhere", "/")
    with pytest.raises(StoreError, match=r"leads out of the store, to .*store-of-others"):
        check_no_way_out(f"{tmp_path}/store/link", f"{tmp_path}/store")
