"""Damage to the files of a real release, its baselines among them; a mirror has them whole."""

import random
import shutil

from skybench.errors import IntegrityError
from skybench.registry.storage.store import Store
from skybench.registry.verify import verify
from skybench.registry.versions.index import read_index, read_manifest
from skybench.release.repair import repair

REFERENCE = "photometry@8.0"


def listed_files(store):
    """Return the files that the manifest of the version lists."""
    (entry,) = read_index(Store(store))
    objects = read_manifest(Store(store), entry).objects
    return [store / entry.key / stored.key for stored in objects]


def test_each_file_deleted_is_named_and_fetched_again(fault, released, tmp_path):
    store = shutil.copytree(released, tmp_path / "store")
    files = listed_files(store)
    assert {path.parent.name for path in files} > {"baselines"}
    with fault("each file of a release deleted") as row:
        for path in files:
            content = path.read_bytes()
            path.unlink()
            is_named = any(path.name in p for p in verify(REFERENCE, store=store).problems)
            mended = repair(REFERENCE, store=store, mirror=released, workers=1, progress=False)
            is_back = mended.ok and path.exists() and path.read_bytes() == content
            row.add("" if is_named and is_back else f"{path}: {mended}", lost=not is_back)


def test_flipped_bits_are_found(fault, released, tmp_path):
    store = shutil.copytree(released, tmp_path / "store")
    files = [*listed_files(store), store / "photometry/8.0/manifest.json"]
    rng = random.Random(1)
    with fault("a bit flipped in a release") as row:
        for path in [*files, *rng.choices(files, k=100 - len(files))]:
            content = path.read_bytes()
            flipped = bytearray(content)
            flipped[rng.randrange(len(content))] ^= 1 << rng.randrange(8)
            path.write_bytes(flipped)
            found = is_found(store)
            row.add("" if found else str(path), lost=not found)
            path.write_bytes(content)
        assert verify(REFERENCE, store=store, full=True).ok


def is_found(store):
    try:
        return not verify(REFERENCE, store=store, full=True).ok
    except IntegrityError:
        return True
