"""The promises of docs/trust.md, each attacked by name.

A test here is one attack that was seen to succeed once, told as whoever attacks would do it and
asserted as a user would meet it. The details of each promise are tested beside the code that
keeps it.
"""

import os
import shutil

import skybench


def test_what_get_returned_from_is_on_the_disk(demo_store, tmp_path, monkeypatch):
    """Pull the plug as `get` returns: of what was not flushed, only the names are left."""
    flushed, fsync = set(), os.fsync

    def flush(descriptor):
        fsync(descriptor)
        flushed.add(os.fstat(descriptor).st_ino)

    monkeypatch.setattr(os, "fsync", flush)
    store = tmp_path / "store"
    skybench.get("sky@0.0", source=str(demo_store), store=store, progress=False)
    after = shutil.copytree(store, tmp_path / "after")
    for path in (store / "sky").rglob("*"):
        if path.stat().st_ino not in flushed:
            assert path.is_file(), f"the names in {path} are lost"
            (after / path.relative_to(store)).write_bytes(b"")
    assert skybench.verify("sky@0.0", store=after, full=True).ok
