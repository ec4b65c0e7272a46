import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from skybench.errors import ParameterError
from skybench.survey.grouped_splits import grouped_splits, joined_groups


@given(st.lists(st.integers(0, 3), min_size=1, max_size=200), st.integers(0, 100))
def test_single_objects_are_dealt_to_within_one_of_each_class(labels, seed):
    labels, shares = np.array(labels), (0.5, 0.3, 0.2)
    names = [f"n{i}" for i in range(len(labels))]
    split = grouped_splits(names, labels, np.arange(len(labels)), shares, seed)
    for code in set(labels.tolist()):
        counts = np.bincount(split[labels == code], minlength=3)
        assert np.abs(counts - np.array(shares) * counts.sum()).max() <= 1


@given(st.lists(st.tuples(st.integers(0, 30), st.integers(0, 30)), min_size=1, max_size=80))
def test_no_group_is_in_two_splits(keys):
    hosts, pixels = zip(*keys, strict=True)
    groups = joined_groups([f"h{h}" for h in hosts], pixels)
    names = [str(i) for i in range(len(keys))]
    split = grouped_splits(names, np.zeros(len(keys), int), groups, (0.6, 0.2, 0.2))
    for kind in (hosts, pixels):
        for key in set(kind):
            assert len({s for s, k in zip(split.tolist(), kind, strict=True) if k == key}) == 1


def test_what_is_shared_with_nobody_joins_nothing():
    assert len(set(joined_groups([None, None, "a", "a"]).tolist())) == 3


def test_the_order_of_rows_says_nothing():
    names, labels = [str(i) for i in range(50)], np.arange(50) % 3
    first = grouped_splits(names, labels, np.arange(50), (0.6, 0.2, 0.2), 3)
    back = grouped_splits(names[::-1], labels[::-1], np.arange(50), (0.6, 0.2, 0.2), 3)
    np.testing.assert_array_equal(first, back[::-1])


def test_shares_must_be_shares():
    for shares in ((0.5, 0.2, 0.2), (1.2, -0.1, -0.1)):
        with pytest.raises(ParameterError, match="sum to 1"):
            grouped_splits(["a"], np.zeros(1, int), np.zeros(1, int), shares)
    only = grouped_splits(["a", "b"], np.zeros(2, int), np.arange(2), (0, 0, 1))
    assert only.tolist() == [2, 2]
