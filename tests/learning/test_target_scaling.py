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
