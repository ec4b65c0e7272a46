"""Records survive whole or count for nothing, and any cut into groups gives one content hash."""

from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
import xarray as xr
from hypothesis import given, settings
from hypothesis import strategies as st

from skybench.errors import IntegrityError
from skybench.registry.hashing import content_hash
from skybench.registry.hashing.content_hash import hash_dataset, hash_dataset_and_samples
from skybench.registry.storage.store import Store
from skybench.release.building.group_hashes import (
    GroupHasher,
    GroupHashes,
    content_of_groups,
    finished_starts,
    read_hashes,
    read_samples,
    write_hashes,
)

SPLITS = {"flag_values": np.array([0, 1, 2], "i1"), "flag_meanings": "train validation test"}


def dataset(rows: int) -> xr.Dataset:
    codes = (np.random.default_rng(1).random(rows) * 3).astype("i1")
    return xr.Dataset(
        {"image": (("sample", "x"), np.arange(2.0 * rows).reshape(rows, 2))},
        {"split": ("sample", codes, SPLITS), "class": ("class", np.arange(3))},
    )


def hasher(ds: xr.Dataset, start: int, stop: int, *, known: bool = True) -> GroupHasher:
    codes = ds.split.values
    names = SPLITS["flag_meanings"].split()
    before = {name: int((codes[:start] == code).sum()) for code, name in enumerate(names)}
    made = GroupHasher(start, ds.isel(sample=slice(0)), before if known else None)
    for first in range(start, stop, 64):
        rows = slice(first, min(first + 64, stop))
        made.add({n: ds[n].values[rows] for n in ("image", "split")})
    return made


@pytest.fixture
def store(tmp_path) -> Store:
    store, ds = Store(tmp_path), dataset(10)
    for start, stop in ((0, 4), (4, 8), (8, 10)):
        write_hashes(store, "mine", *hasher(ds, start, stop).result())
    return store


def read(store: Store, start: int) -> GroupHashes:
    found = read_hashes(store, "mine", start)
    assert found is not None
    return found


def test_comes_back_as_it_was(store):
    expected, samples = hasher(dataset(10), 4, 8).result()
    found = read(store, 4)
    assert (found.start, found.stop, found.names) == (4, 8, ("image", "split"))
    np.testing.assert_array_equal(found.split_codes, dataset(10).split[4:8])
    assert found.runs.keys() == expected.runs.keys()
    for name, run in expected.runs.items():
        for got, part in zip(found.runs[name], run, strict=True):
            np.testing.assert_array_equal(got, part)
    np.testing.assert_array_equal(read_samples(store, found), samples)


def test_another_build_s_count_for_nothing(store):
    assert finished_starts(store) == [0, 4, 8]
    assert read_hashes(store, "another", 4) is None
    assert read_hashes(store, "mine", 2) is None


@pytest.mark.parametrize("size", [0, 1, 50, -1])
def test_damaged_counts_for_nothing(store, size, tmp_path):
    for folder in ("progress", "samples"):
        path = Path(tmp_path) / folder / "000000000004"
        path.write_bytes(path.read_bytes()[:size])
    assert read_hashes(store, "mine", 4) is None
    group, _ = hasher(dataset(10), 4, 8).result()
    assert read_samples(store, group) is None


def test_a_group_that_went_missing_is_not_hashed_over(store):
    template = dataset(0)
    for starts in ((0, None, 8), (0, 8), (4, 8)):
        groups = (start if start is None else read(store, start) for start in starts)
        with pytest.raises(IntegrityError, match="went missing"):
            content_of_groups(template, 10, groups, "skyhash-2")


@settings(deadline=None, max_examples=40)
@given(
    rows=st.integers(1, 1500),
    cuts=st.lists(st.integers(0, 1500), max_size=5),
    known=st.booleans(),
)
def test_any_cut_gives_the_hash_of_the_data(rows, cuts, known, tmp_path_factory):
    ds, store = dataset(rows), Store(tmp_path_factory.mktemp("records"))
    edges = sorted({0, rows, *(cut for cut in cuts if cut < rows)})
    for start, stop in pairwise(edges):
        write_hashes(store, "mine", *hasher(ds, start, stop, known=known).result())
    groups = (read(store, start) for start in edges[:-1])
    template = ds.isel(sample=slice(0))
    assert content_of_groups(template, rows, groups, "skyhash-2") == hash_dataset(ds)


def test_a_record_of_a_large_group_is_a_few_bytes_a_row(store):
    rows = 1 << 15
    group, samples = hasher(dataset(rows), 0, rows).result()
    write_hashes(store, "large", group, samples)
    assert Store(store.url).size("progress/000000000000") < 3 * rows


def test_blocks_that_do_not_follow_are_refused():
    ds = dataset(3000)
    first, _ = hasher(ds, 0, 1000).result()
    wrong = GroupHasher(1000, ds.isel(sample=slice(0)), {"train": 0})
    wrong.add({n: ds[n].values[1000:] for n in ("image", "split")})
    with pytest.raises(IntegrityError, match="do not follow"):
        content_of_groups(ds.isel(sample=slice(0)), 3000, [first, wrong.result()[0]], "skyhash-2")


def test_many_blocks_are_kept_beside_and_prove_the_root(monkeypatch):
    monkeypatch.setattr(content_hash, "INLINE_ROWS", 512)
    ds, kept = dataset(1000), {}
    groups = [hasher(ds, *rows).result()[0] for rows in ((0, 600), (600, 1000))]
    content = content_of_groups(
        ds.isel(sample=slice(0)), 1000, groups, "skyhash-2", kept.__setitem__
    )
    assert content == hash_dataset_and_samples(ds)[0]
    assert {name: len(v.blocks) for name, v in content.variables.items()} == {
        "image": 0,
        "split": 0,
        "class": 1,
    }
    assert {name: len(digests) for name, digests in kept.items()} == dict.fromkeys(
        ["image", "split"], 4 * 32
    )
    image = content.variables["image"]
    assert content_hash.variable_root(image.header, kept["image"]) == image.root
