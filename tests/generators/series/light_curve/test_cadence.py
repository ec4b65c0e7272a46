"""When stars are looked at: order, gaps, nights."""

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from skybench.generators.series.light_curve.observation import instants


def looks(jitter=0.0, night_fraction=1.0, gap_start=0.0, gap_length=0.0, count=100, stars=4):
    return instants(
        np.random.default_rng(0).uniform(size=(stars, count)),
        baseline=30.0,
        jitter=jitter,
        night_fraction=night_fraction,
        gap_start=np.full(stars, gap_start),
        gap_length=np.full(stars, gap_length),
    )


@settings(max_examples=50, deadline=None)
@given(
    jitter=st.floats(0, 1),
    night=st.floats(0.01, 1),
    start=st.floats(0, 20),
    length=st.floats(0, 9.5),
)
def test_instants_rise_within_the_baseline_and_outside_the_gap(jitter, night, start, length):
    times = looks(jitter, night, start, length)
    assert (np.diff(times, axis=1) >= 0).all()
    assert times.min() >= 0
    assert times.max() <= 30
    if night == 1:
        # Instants are kept to 32 bits.
        assert not ((times > start + 1e-8) & (times < start + length - 1e-8)).any()


def test_without_jitter_they_are_even():
    np.testing.assert_allclose(np.diff(looks()), 0.3, atol=1e-7)


def test_the_jitter_stays_in_its_part():
    times = looks(jitter=1.0)
    np.testing.assert_array_equal(np.floor(times / 0.3), np.broadcast_to(np.arange(100), (4, 100)))
    assert np.diff(times).std() > 0.05


def test_there_are_none_by_day():
    times = looks(jitter=1.0, night_fraction=0.4, count=3000)
    hours = times - np.floor(times)
    assert 0.39 < hours.max() <= 0.4
    assert len(np.unique(np.floor(times))) == 30
