"""Random damage to the files of a version: all of it is found, none gives wrong values."""

import numpy as np
import pytest
import xarray as xr

from skybench.errors import IntegrityError, SkybenchError
from skybench.registry.open import open
from skybench.registry.verify import verify

FLIPS = 200


def files(store):
    folder = store.local_path("sky/0.1")
    return sorted(p for p in folder.rglob("*") if p.is_file() and p.stat().st_size)


def is_found(store):
    try:
        return not verify("sky@0.1", store=store, full=True).ok
    except IntegrityError:
        return True


def gives_no_wrong_value(store, raw):
    """Tell whether what is read is right, or an error of skybench's."""
    try:
        ds = open("sky@0.1", store=store, verify="full", decode=False).load()
    except SkybenchError:
        return True
    return bool(ds.drop_attrs().identical(raw.drop_attrs()))


def damages(store, change, number):
    """Yield a store with one file changed, so many times over all bytes of all files."""
    rng = np.random.default_rng(number)
    paths = files(store)
    weights = np.array([path.stat().st_size for path in paths]) ** 0.5  # small files count too
    for path in rng.choice(np.array(paths, object), number, p=weights / weights.sum()):
        content = path.read_bytes()
        path.write_bytes(change(bytearray(content), rng))
        yield path
        path.write_bytes(content)


def flipped(content, rng):
    content[rng.integers(len(content))] ^= 1 << int(rng.integers(8))
    return content


def truncated(content, rng):
    return content[: rng.integers(len(content))]


def overwritten(content, rng):
    start = rng.integers(len(content))
    stop = min(len(content), start + 64)
    content[start:stop] = rng.bytes(stop - start)
    return content


@pytest.mark.parametrize(("change", "number"), [(flipped, FLIPS), (truncated, 40)])
def test_all_of_it_is_found(published, change, number):
    missed = [path.name for path in damages(published, change, number) if not is_found(published)]
    print(f"{number} files {change.__name__}: {number - len(missed)} found")
    assert missed == []
    assert verify("sky@0.1", store=published, full=True).ok


@pytest.mark.parametrize("change", [flipped, truncated, overwritten])
def test_none_gives_wrong_values(published, raw, change):
    for path in damages(published, change, 40):
        assert gives_no_wrong_value(published, raw), path
    xr.testing.assert_identical(
        open("sky@0.1", store=published, verify="full", decode=False).drop_attrs(),
        raw.drop_attrs(),
    )


def test_each_file_deleted_in_turn_is_named_by_the_fast_check(published):
    folder = published.local_path("sky/0.1")
    for path in files(published):
        if path.name in ("manifest.json", "card.md"):
            continue
        content = path.read_bytes()
        path.unlink()
        problems = verify("sky@0.1", store=published).problems
        assert f"file {path.relative_to(folder).as_posix()} of sky 0.1 is missing." in problems
        path.write_bytes(content)
