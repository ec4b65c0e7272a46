"""Classes and splits: exact in proportion, drawn row by row."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from skybench.generators.strata import ROWS, deal, splits_before

FRACTIONS = (0.6, 0.2, 0.2)
EVEN = (1.0, 1.0, 1.0)
WHOLE = deal(4, 0, 700, EVEN, FRACTIONS)


@pytest.mark.parametrize("seed", [0, 1, 20261101])
@pytest.mark.parametrize(
    "fractions", [(0.6, 0.2, 0.2), (0.8, 0.1, 0.1), (0.5, 0.25, 0.25), (0.7, 0.0, 0.3), (1, 0, 0)]
)
def test_splits_are_exact_on_hundreds_of_rows(seed, fractions):
    _, splits = deal(seed, 0, 5 * ROWS, EVEN, fractions)
    for stratum in splits.reshape(-1, ROWS):
        shares = np.bincount(stratum, minlength=3) / ROWS
        np.testing.assert_allclose(shares, fractions, atol=1e-12)


@pytest.mark.parametrize("weights", [(1, 1, 1), (1, 2, 3), (1, 1), (0.05, 0.95), (1,) * 10])
def test_classes_are_balanced(weights):
    classes, _ = deal(1, 0, 10_000, weights, FRACTIONS)
    expected = 10_000 * np.array(weights) / np.sum(weights)
    counts = np.bincount(classes, minlength=len(weights))
    # Each of 100 strata is off by less than one row, at random: a few rows together.
    np.testing.assert_allclose(counts, expected, atol=25)
    for stratum in classes.reshape(-1, ROWS):
        counts = np.bincount(stratum, minlength=len(weights))
        np.testing.assert_allclose(counts, expected / 100, atol=1)


def test_each_class_is_cut_into_splits_by_their_shares():
    classes, splits = deal(1, 0, 10_000, EVEN, FRACTIONS)
    table = np.zeros((3, 3))
    np.add.at(table, (classes, splits), 1)
    expected = 10_000 / 3 * np.array(FRACTIONS)
    np.testing.assert_allclose(table, np.tile(expected, (3, 1)), atol=25)


@settings(deadline=None, max_examples=30)
@given(st.integers(0, 700), st.integers(0, 700))
def test_any_range_of_rows_is_a_slice_of_the_whole(one, other):
    start, stop = sorted((one, other))
    for part, whole in zip(deal(4, start, stop, EVEN, FRACTIONS), WHOLE, strict=True):
        np.testing.assert_array_equal(part, whole[start:stop])


def test_seeds_deal_differently():
    first, second = (deal(seed, 0, 500, EVEN, FRACTIONS)[0] for seed in (0, 1))
    # Two unrelated deals of three even classes agree in a third of the rows.
    assert 0.2 < (first == second).mean() < 0.47


def test_neither_class_nor_split_follows_the_row_number():
    rows = np.arange(700)
    for codes in WHOLE:
        assert abs(np.corrcoef(rows % ROWS, codes)[0, 1]) < 5 / np.sqrt(rows.size)
    assert abs(np.corrcoef(*WHOLE)[0, 1]) < 5 / np.sqrt(rows.size)


@pytest.mark.parametrize("row", [0, 1, 99, 100, 250, 12_345])
def test_the_splits_before_a_row_are_those_that_were_dealt(row):
    fractions = [0.6, 0.25, 0.15]
    dealt = deal(7, 0, row, [1.0, 2.0], fractions)[1] if row else []
    counts = np.bincount(np.asarray(dealt, int), minlength=3)
    np.testing.assert_array_equal(splits_before(7, row, fractions), counts)
