"""Records survive whole or count for nothing."""

import numpy as np
import pytest

from skybench.errors import IntegrityError
from skybench.registry.hashing.content_hash import leaves, sample_digests
from skybench.registry.storage.store import Store
from skybench.release.building.shard_hashes import (
    GatheredLeaves,
    ShardHashes,
    finished_starts,
    read_hashes,
    write_hashes,
)

VALUES = {"b": np.arange(10), "a": np.arange(20.0).reshape(10, 2)}
CODES = np.arange(10, dtype="i1") % 3


def hashes(start: int, stop: int) -> ShardHashes:
    rows = {name: leaves(values[start:stop]) for name, values in VALUES.items()}
    return ShardHashes.of(start, rows, CODES[start:stop])


@pytest.fixture
def store(tmp_path) -> Store:
    store = Store(tmp_path)
    for start, stop in ((0, 4), (4, 8), (8, 10)):
        write_hashes(store, "mine", hashes(start, stop))
    return store


def test_comes_back_as_it_was(store):
    found = read_hashes(store, "mine", 4)
    assert found is not None
    expected = hashes(4, 8)
    assert found.start == 4
    assert found.leaves.keys() == expected.leaves.keys()
    for name in VALUES:
        np.testing.assert_array_equal(found.leaves[name], expected.leaves[name])
    np.testing.assert_array_equal(found.samples, expected.samples)
    np.testing.assert_array_equal(found.split_codes, CODES[4:8])


def test_finished_are_those_of_this_build(store):
    assert finished_starts(store, "mine") == {0, 4, 8}
    assert finished_starts(store, "another") == set()
    assert read_hashes(store, "mine", 2) is None


@pytest.mark.parametrize("size", [0, 1, 50, -1])
def test_damaged_counts_for_nothing(store, size, tmp_path):
    path = tmp_path / "progress" / "000000000004"
    path.write_bytes(path.read_bytes()[:size])
    assert finished_starts(store, "mine") == {0, 8}


def test_gathers_all_rows_by_variable(store):
    shards = [read_hashes(store, "mine", start) for start in (8, 0, 4)]
    fixed = {"class": leaves(np.zeros((1, 3)))}
    with GatheredLeaves(shards, ["a", "b"], 10, fixed) as gathered:
        assert set(gathered) == {"a", "b", "class"}
        assert len(gathered) == 3
        for name, values in VALUES.items():
            np.testing.assert_array_equal(gathered[name], leaves(values))
        np.testing.assert_array_equal(gathered["class"], fixed["class"])
        np.testing.assert_array_equal(gathered.split_codes, CODES)
        expected = sample_digests({name: leaves(values) for name, values in VALUES.items()})
        np.testing.assert_array_equal(gathered.samples, expected)
        with pytest.raises(KeyError):
            gathered["image"]


def test_a_shard_that_went_missing_is_not_hashed_over(store):
    with pytest.raises(IntegrityError, match="went missing"):
        GatheredLeaves([None], ["a"], 10, {})
