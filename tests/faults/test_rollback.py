"""An index that is set back, cut off or written again under a reader who saw it before."""

import os
import shutil

import skybench
from skybench.errors import IntegrityError, NotFoundError, OlderIndexWarning
from skybench.registry.storage.store import INDEX, Store
from skybench.registry.versions.index import append, read_index, yank
from skybench.registry.versions.manifest import digest_of

REFERENCE = "photometry@8.0"
READERS = ("open", "verify", "leaderboard", "get")


def histories(lines):
    """Yield each way to go back: the first lines alone, and others after them."""
    for kept in range(len(lines)):
        yield lines[:kept], False
        yield lines[:kept], True


def publish(store, *versions):
    for version in versions:
        digest = digest_of(version)
        append(store, dataset="photometry", version=version, manifest=digest, content=digest)


def told_by(reader, store, folder):
    """Return what a reader says of a store, by an error or a warning; else nothing."""
    calls = {
        "open": lambda: skybench.open(REFERENCE, store=store, build="never"),
        "verify": lambda: skybench.verify(REFERENCE, store=store),
        "leaderboard": lambda: skybench.leaderboard(REFERENCE, store=store),
        "get": lambda: skybench.get(REFERENCE, source=str(store), store=folder, progress=False),
    }
    try:
        calls[reader]()
    except (IntegrityError, NotFoundError, OlderIndexWarning) as told:
        return str(told)
    return ""


def test_an_index_that_goes_back_is_told(fault, released, tmp_path, monkeypatch):
    store = shutil.copytree(released, tmp_path / "store")
    place = Store(store)
    monkeypatch.setattr(os, "geteuid", lambda: os.getuid() + 1)  # the store of somebody else
    publish(place, "9.0", "9.1")
    yank(place, dataset="photometry", version="9.1", reason="seed used twice")
    text = place.read_text(INDEX)
    read_index(place)
    with fault("rollback of an index") as row:
        for lines, goes_on in histories(text.splitlines(keepends=True)):
            place.write(INDEX, "".join(lines))
            if goes_on:
                publish(place, "7.0")
            expected = "not the index that was seen" if goes_on else "lacks"
            for reader in READERS:
                told = told_by(reader, store, tmp_path / f"{len(lines)}-{reader}")
                is_told = expected in told
                row.add(
                    "" if is_told else f"{reader}, {len(lines)} lines: {told}", lost=not is_told
                )
            place.write(INDEX, text)
            assert read_index(place)[0].reference == REFERENCE
