"""Random damage to the files of a version: all of it is found, none gives wrong values."""

import numpy as np
import pytest
import xarray as xr

from skybench.errors import IntegrityError, SkybenchError
from skybench.registry.open import open
from skybench.registry.verify import verify


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


FAULTS = {
    flipped: "a bit flipped in any file",
    truncated: "a file cut off",
    overwritten: "64 bytes overwritten",
}


@pytest.mark.parametrize(
    ("change", "number"),
    [
        (flipped, 60),
        pytest.param(flipped, 200, marks=pytest.mark.soak),
        (truncated, 40),
        (overwritten, 40),
    ],
)
def test_all_of_it_is_found_and_none_gives_wrong_values(fault, published, raw, change, number):
    with fault(FAULTS[change]) as row:
        for path in damages(published, change, number):
            missed, wrong = not is_found(published), not gives_no_wrong_value(published, raw)
            row.add(path.name if missed or wrong else "", lost=missed + wrong)
    assert verify("sky@0.1", store=published, full=True).ok
    xr.testing.assert_identical(
        open("sky@0.1", store=published, verify="full", decode=False).drop_attrs(),
        raw.drop_attrs(),
    )


def test_each_file_deleted_in_turn_is_named_by_the_fast_check(fault, published):
    with fault("each file of a version deleted") as row:
        for name, problems in deletions(published):
            is_named = f"file {name} of sky 0.1 is missing." in problems
            row.add("" if is_named else name, lost=not is_named)


def deletions(published):
    """Yield each file of a version with what the fast check says while it is deleted."""
    folder = published.local_path("sky/0.1")
    for path in files(published):
        if path.name in ("manifest.json", "card.md"):
            continue
        content = path.read_bytes()
        path.unlink()
        yield path.relative_to(folder).as_posix(), verify("sky@0.1", store=published).problems
        path.write_bytes(content)
