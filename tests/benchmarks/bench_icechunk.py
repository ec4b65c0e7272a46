"""Beside icechunk, on the same data in the same codecs: speed, and which tampering is noticed.

icechunk is a transactional store of arrays: commits, snapshots, branches, tags, time travel, and
conflicts that are told. It is made against accidents and concurrent writers; it does not claim that
who can write its files cannot change the data unseen.
"""

import os
import random
import shutil
import tempfile
import warnings
from collections import Counter
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from unittest.mock import patch

from bench_proof import released, zarr_path

from harness import Work, row, tally

_OTHER_UNITS = (b"electron", b"photon/s")
"""Of one length, so that nothing else in a binary file moves."""


@cache
def stored_samples(items):
    """Return sky as a release stores it, in memory, with its codecs and chunks."""
    import xarray as xr

    store, _ = released(items)
    return xr.open_zarr(zarr_path(store), chunks=None, decode_cf=False).load()


def write_icechunk(ds, folder):
    """Commit a dataset to a new repository; return its snapshot."""
    import icechunk

    icechunk.set_logs_filter("error")  # local disks are not for concurrent commits, it warns
    repository = icechunk.Repository.create(icechunk.local_filesystem_storage(str(folder)))
    session = repository.writable_session("main")
    ds.to_zarr(session.store, zarr_format=3, consolidated=False, mode="w")
    return session.commit("sky")


def open_icechunk(folder, snapshot=None):
    """Open the main branch, or a snapshot."""
    import icechunk
    import xarray as xr

    repository = icechunk.Repository.open(icechunk.local_filesystem_storage(str(folder)))
    where = {"branch": "main"} if snapshot is None else {"snapshot_id": snapshot}
    session = repository.readonly_session(**where)
    return xr.open_zarr(session.store, consolidated=False, chunks={}, decode_cf=False)


@cache
def icechunk_copy(items):
    """Return a repository with the samples; its folder lasts as long as the process."""
    folder = tempfile.TemporaryDirectory()
    write_icechunk(stored_samples(items), folder.name)
    return Path(folder.name), folder


@row(
    "sky 64x64 written from memory, with its content hash",
    peer="icechunk, to_zarr and commit, the same codecs",
    items=2000,
    tiny=60,
    clock="wall",
    note="Ours hashes each row before it writes; icechunk keeps no hash of values.",
)
def written(items):
    from skybench.registry.exports.export import data_format_of, write_dataset

    ds = stored_samples(items)
    kept = ds.drop_attrs(deep=False).assign_attrs(ds.attrs)
    kept.attrs.pop("content_hash", None)

    def ours():
        with tempfile.TemporaryDirectory() as folder:
            out = Path(folder, "sky.zarr")
            write_dataset(kept, out, data_format_of(out))
        return items

    def peer():
        with tempfile.TemporaryDirectory() as folder:
            write_icechunk(ds, folder)
        return items

    return Work(ours=ours, peer=peer)


@row(
    "a version opened beside icechunk, manifest and all files checked",
    peer="icechunk and xarray.open_zarr",
    items=1,
    tiny=2,
    clock="wall",
    milliseconds=True,
)
def opened(items):
    from skybench.registry.open import open as open_version

    samples = 2000 if items == 1 else 60
    store, _ = released(samples)

    def ours():
        for _ in range(items):
            open_version("sky@0.1", store=store)
        return items

    def peer():
        folder, _ = icechunk_copy(samples)
        for _ in range(items):
            open_icechunk(folder)
        return items

    return Work(ours=ours, peer=peer)


@row(
    "sky 64x64 images read beside icechunk, all cores",
    peer="icechunk, xarray and dask",
    items=2000,
    tiny=60,
    clock="wall",
)
def read(items):
    from skybench.registry.open import open as open_version

    store, _ = released(items)

    def ours():
        open_version("sky@0.1", store=store).image.mean().compute()
        return items

    def peer():
        open_icechunk(icechunk_copy(items)[0]).image.mean().compute()
        return items

    return Work(ours=ours, peer=peer)


class Ours:
    """A store of skybench with sky 0.1, withdrawn by its last line, and how it is tampered with."""

    def __init__(self, folder, items, seed):
        from skybench.generators.recipe_file import load_recipe
        from skybench.release.release import BuildOptions, release

        self.folder = folder
        recipe = load_recipe("sky").model_copy(update={"seed": seed})
        release(
            "0.1",
            store=folder,
            datasets=[recipe],
            samples=items,
            building=BuildOptions(progress=False, workers=1),
            baselines=False,
        )
        self.before = (folder / "index.jsonl").read_bytes()

    def correct(self):
        from skybench.release.withdraw import withdraw

        withdraw("sky@0.1", "seed used twice", store=self.folder)

    def chunks(self, folder):
        return sorted(folder.glob("sky/0.1/*.zarr/image/c/*/0/0"), key=_size)

    def change_units(self, folder):
        for path in folder.glob("sky/0.1/*.zarr/**/zarr.json"):
            path.write_bytes(path.read_bytes().replace(*_OTHER_UNITS))

    def roll_back(self, folder):
        (folder / "index.jsonl").write_bytes(self.before)

    def rewrite(self, folder, other):
        shutil.rmtree(folder)
        shutil.copytree(other.folder, folder)

    def read(self, folder):
        from skybench.registry.open import open as open_version

        open_version("sky@0.1", store=folder).load()

    def check(self, folder):
        from skybench.registry.audit import audit
        from skybench.registry.storage.store import Store
        from skybench.registry.verify import verify
        from skybench.registry.versions.index import read_index

        (entry,) = read_index(Store(self.folder))
        pinned = f"sky@0.1#{entry.content}"
        assert verify(pinned, store=folder, full=True).ok
        assert audit(folder).ok


class Icechunk:
    """A repository with the same samples, corrected by its last commit."""

    def __init__(self, folder, ours):
        import xarray as xr

        (path,) = ours.folder.glob("sky/0.1/*.zarr")
        self.folder = folder
        ds = xr.open_zarr(path, chunks=None, decode_cf=False).load()
        self.before = self.snapshot = write_icechunk(ds, folder)

    def correct(self):
        import icechunk
        import zarr

        storage = icechunk.local_filesystem_storage(str(self.folder))
        session = icechunk.Repository.open(storage).writable_session("main")
        zarr.open_group(session.store).attrs["withdrawn"] = "seed used twice"
        self.snapshot = session.commit("withdraw")

    def chunks(self, folder):
        return sorted((folder / "chunks").iterdir(), key=_size)[-_LARGEST:]

    def change_units(self, folder):
        path = folder / "snapshots" / self.snapshot
        path.write_bytes(_edited(path.read_bytes(), *_OTHER_UNITS))

    def roll_back(self, folder):
        (folder / "refs/branch.main/ref.json").write_text(f'{{"snapshot":"{self.before}"}}')

    def rewrite(self, folder, other):
        """Put other data under the identity of the snapshot that was published."""
        shutil.rmtree(folder)
        shutil.copytree(other.folder, folder)
        theirs = (folder / "snapshots" / other.snapshot).read_bytes()
        ids = _id_bytes(other.snapshot), _id_bytes(self.snapshot)
        (folder / "snapshots" / self.snapshot).write_bytes(_edited(theirs, *ids))
        (folder / "refs/branch.main/ref.json").write_text(f'{{"snapshot":"{self.snapshot}"}}')

    def read(self, folder):
        open_icechunk(folder).load()

    def check(self, folder):
        """By the snapshot that was written down, with all that it descends from."""
        import icechunk

        open_icechunk(folder, self.snapshot).load()
        repository = icechunk.Repository.open(icechunk.local_filesystem_storage(str(folder)))
        assert list(repository.ancestry(snapshot_id=self.snapshot))
        assert repository.lookup_branch("main") == self.snapshot


_LARGEST = 3
_HEADER = 39
"""Bytes before the compressed part of icechunk's files."""


def _size(path):
    return path.stat().st_size, path


def _edited(data, old, new):
    """Return a file of icechunk with some bytes replaced by as many others."""
    from numcodecs import Zstd

    body = bytes(Zstd().decode(data[_HEADER:]))
    assert old in body
    return data[:_HEADER] + bytes(Zstd().encode(body.replace(old, new)))


def _id_bytes(name):
    """Return the 12 bytes of an identity that icechunk writes in Crockford's base 32."""
    number = 0
    for digit in name:
        number = number * 32 + "0123456789ABCDEFGHJKMNPQRSTVWXYZ".index(digit)
    return (number >> 4).to_bytes(12, "big")


def _flip(path, draw):
    data = bytearray(path.read_bytes())
    data[draw.randrange(len(data))] ^= 1 << draw.randrange(8)
    path.write_bytes(data)


def _swap(first, second):
    held = first.read_bytes()
    first.write_bytes(second.read_bytes())
    second.write_bytes(held)


def _suite(tries):
    """Yield each kind of tampering with how often it is tried: ``(kind, tries, tamper)``."""
    yield "a bit flipped in a chunk", tries, lambda s, f, o, d: _flip(d.choice(s.chunks(f)), d)
    yield "two chunk files swapped", 1, lambda s, f, o, d: _swap(*s.chunks(f)[-2:])
    yield (
        "a chunk file cut to half",
        1,
        lambda s, f, o, d: os.truncate(s.chunks(f)[-1], s.chunks(f)[-1].stat().st_size // 2),
    )
    yield "a chunk file deleted", 1, lambda s, f, o, d: s.chunks(f)[-1].unlink()
    yield "other units in the metadata", 1, lambda s, f, o, d: s.change_units(f)
    yield "rolled back to before a correction", 1, lambda s, f, o, d: s.roll_back(f)
    yield "history written again, all hashes fit", 1, lambda s, f, o, d: s.rewrite(f, o)


@contextmanager
def _as_somebody_else(home):
    """Read stores as a user who does not own them, and remembers them in a folder of their own."""
    with (
        patch.dict(os.environ, {"XDG_DATA_HOME": str(home)}),
        patch.object(os, "geteuid", lambda: os.getuid() + 1),
        warnings.catch_warnings(),
    ):
        from skybench.errors import OlderIndexWarning, YankedVersionWarning

        warnings.simplefilter("ignore", YankedVersionWarning)
        warnings.simplefilter("error", OlderIndexWarning)
        yield


def _is_noticed(look, folder):
    try:
        look(folder)
    except Exception:
        return True
    return False


@tally(
    "tampering that is noticed: sky 64x64, the same values, chunks and codecs in both",
    peer="icechunk",
    items=600,
    tiny=200,
    note="""Each is tried on a copy that the reader saw whole before. Ours is checked by verify
    --full of a pin and by audit; icechunk, which offers no such command, by reading the snapshot
    that was written down, and its branch and ancestry. The bits are found by the CRC-32C in
    skybench's codecs; icechunk's own choice of codecs has none. What icechunk has and skybench has
    not: transactions over many arrays, branches, tags, time travel, commits that are merged.""",
)
def tampering(items):
    tries = 8 if items > 200 else 1
    counts = {}
    with tempfile.TemporaryDirectory() as name:
        root = Path(name)
        stores = {seed: Ours(root / f"ours-{seed}", items, seed) for seed in (1, 2)}
        repositories = {
            seed: Icechunk(root / f"icechunk-{seed}", ours) for seed, ours in stores.items()
        }
        for pair in (stores, repositories):
            pair[1].correct()
        with _as_somebody_else(root / "home"):
            for kind, times, tamper in _suite(tries):
                counts[kind] = {
                    **_noticed(stores, ("skybench, read", "skybench, checked"), tamper, times),
                    **_noticed(
                        repositories, ("icechunk, read", "icechunk, checked"), tamper, times
                    ),
                }
    return counts


def _noticed(pair, names, tamper, times):
    """Return how often reading, and the strongest check, noticed what was done to a copy."""
    whole, other = pair[1], pair[2]
    looks = dict(zip(names, (whole.read, whole.check), strict=True))
    noticed, draw = Counter(), random.Random(1)
    copy = whole.folder.with_name(f"{whole.folder.name}-copy")
    for turn in range(times):
        shutil.rmtree(copy, ignore_errors=True)
        shutil.copytree(whole.folder, copy)
        if turn == 0:
            whole.read(copy)
        tamper(whole, copy, other, draw)
        for name, look in looks.items():
            noticed[name] += _is_noticed(look, copy)
    return {name: (noticed[name], times) for name in names}
