import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from skybench.learning.target_scaling import TargetScaling


def test_wide_positive_targets_are_learnt_by_their_logarithm():
    # Second: 1 to 100 and positive. Third as wide, but negative once. First narrow.
    targets = np.array([[1.0, 1.0, -1.0], [2.0, 10.0, 50.0], [3.0, 100.0, 101.0]])
    scaling = TargetScaling.of(targets)
    assert scaling.is_log.tolist() == [False, True, False]
    assert scaling.mean == pytest.approx([2, np.log(10), 50])
    standardised = scaling.standardised(targets)
    assert standardised.mean(axis=0) == pytest.approx([0, 0, 0], abs=1e-12)
    assert standardised.std(axis=0) == pytest.approx([1, 1, 1])


def test_a_wide_target_that_is_even_is_learnt_as_it_is():
    angle = np.linspace(1, 180, 50)[:, None]
    assert not TargetScaling.of(angle).is_log.any()


def test_nothing_outside_the_train_split_is_predicted():
    scaling = TargetScaling.of(np.array([[1.0, 1.0], [2.0, 10.0], [3.0, 100.0]]))
    far = np.array([[1e30, 1e30], [-1e30, -1e30], [np.nan, np.nan]])
    assert scaling.restored(far) == pytest.approx(np.array([[3, 100], [1, 1], [2, 10]]))


def test_a_constant_target_comes_back():
    scaling = TargetScaling.of(np.full((4, 1), 7.0))
    assert scaling.restored(scaling.standardised(np.full((2, 1), 7.0))).tolist() == [[7], [7]]


@settings(max_examples=30, deadline=None)
@given(st.lists(st.floats(-1e6, 1e6), min_size=2, max_size=20))
def test_scaling_there_and_back_changes_nothing(values):
    targets = np.array(values)[:, None]
    scaling = TargetScaling.of(targets)
    back = scaling.restored(scaling.standardised(targets))
    assert back == pytest.approx(targets, rel=1e-9, abs=1e-6)


@pytest.mark.parametrize(
    "values",
    [
        [0, 1.98e-160],
        [5e-324, 0],
        [1e-320, 1e-310, 1.0],
        [1e-200, 1e-190, 1e200],
        [0.1, 0.1, 0.1],
        [2.5976264273399256e16] * 3,
        [3.4e38, -3.4e38],
        [1.7e308, -1.7e308, 1.0],
        [np.inf, 1.0, 2.0],
        [np.nan, 1.0, 30.0],
        [np.inf, 1e4, 1e5, 1e6],
        [np.nan, np.nan],
        [-np.inf, np.inf],
    ],
)
def test_targets_of_any_size_are_scaled_to_finite_numbers_and_back(values):
    check_scaling(np.array(values)[:, None])


@settings(max_examples=200, deadline=None)
@given(st.lists(st.floats(), min_size=1, max_size=8))
def test_any_numbers_at_all_are_scaled_to_finite_numbers_and_back(values):
    check_scaling(np.array(values)[:, None])


def check_scaling(targets):
    scaling = TargetScaling.of(targets)
    (said,) = scaling.as_json()
    assert np.isfinite([said[key] for key in ("mean", "deviation", "low", "high")]).all()
    standardised = scaling.standardised(targets)
    assert np.isfinite(standardised).all()
    assert np.abs(standardised).max() <= np.sqrt(len(targets)) * 1.001
    for outputs in (standardised, targets, np.full_like(targets, -1e308)):
        restored = scaling.restored(outputs)
        assert ((restored >= scaling.low) & (restored <= scaling.high)).all()
        assert np.isfinite(restored.astype(np.float32)).all()


def test_a_target_that_is_not_finite_changes_no_other():
    targets = np.array([[1.0, 5.0], [2.0, np.nan], [3.0, 7.0], [4.0, 9.0]])
    both, alone = TargetScaling.of(targets), TargetScaling.of(targets[:, :1])
    assert both.mean[0] == alone.mean[0] == 2.5
    assert (both.low[1], both.mean[1], both.high[1]) == (5, 7, 9)
    assert both.standardised(targets)[1, 1] == 0


def test_what_is_skewed_is_told_for_small_and_large_numbers_alike():
    # A power of two scales exactly, so the same targets in another unit are learnt alike.
    wide = np.array([[1.0, 1.0], [2.0, 5.0], [3.0, 90.0], [40.0, 100.0]])
    for scale in (2.0**-600, 2.0**-100, 2.0**100):
        assert (TargetScaling.of(wide * scale).is_log == TargetScaling.of(wide).is_log).all()
    assert TargetScaling.of(wide).is_log.any()
