"""Counter-based streams: a value depends on seed, stream and row only, and looks random."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import special, stats

from skybench.generators import random_streams
from skybench.generators.random_streams import RowStreams, uniforms

WHOLE = uniforms(7, "flux", 0, 600)

seeds = st.integers(0, 2**63 - 1)
names = st.text(max_size=20)


@settings(deadline=None, max_examples=30)
@given(st.integers(0, 600), st.integers(0, 600))
def test_any_range_of_rows_is_a_slice_of_the_whole(one, other):
    start, stop = sorted((one, other))
    np.testing.assert_array_equal(uniforms(7, "flux", start, stop), WHOLE[start:stop])


@settings(deadline=None, max_examples=30)
@given(seeds, names, st.integers(0, 2**48), st.integers(0, 9), st.integers(0, 9))
def test_rows_far_into_a_stream_do_not_depend_on_where_drawing_began(seed, name, start, skip, n):
    whole = uniforms(seed, name, start, start + skip + n)
    np.testing.assert_array_equal(
        uniforms(seed, name, start + skip, start + skip + n), whole[skip:]
    )


def test_values_never_change():
    # Written down once: another value here means that no published dataset can be rebuilt.
    assert uniforms(0, "flux", 0, 2).tolist() == [0.038532371338079796, 0.5504986303837722]
    assert RowStreams(0, "noise").uniforms(3, 1).tolist() == [0.34549974280422696]


@pytest.mark.parametrize("seed", [0, 1, 20261101, 2**63 - 1])
def test_every_seed_gives_uniform_values(seed):
    values = uniforms(seed, "flux", 0, 20_000)
    assert stats.kstest(values, "uniform").pvalue > 1e-4
    # Independent along the rows too: the ranks of neighbours do not correlate.
    assert abs(np.corrcoef(values[1:], values[:-1])[0, 1]) < 5 / np.sqrt(values.size)


def test_neighbouring_seeds_and_streams_are_unrelated():
    keys = [(seed, name) for seed in (0, 1, 2, 3) for name in ("flux", "flux[0]", "flux[1]")]
    table = np.stack([uniforms(seed, name, 0, 20_000) for seed, name in keys])
    correlation = np.corrcoef(table) - np.eye(len(keys))
    assert np.abs(correlation).max() < 5 / np.sqrt(20_000)


def test_no_word_of_the_generator_gives_zero_or_one():
    # The last word comes once in 2**53 draws; its quantile must not be infinite.
    words = np.array([0, 1, 2**63, 2**64 - 1], dtype=np.uint64)
    values = random_streams._open_interval(words)
    assert ((values > 0) & (values < 1)).all()


def test_a_seed_and_a_stream_do_not_run_into_each_other():
    assert uniforms(1, "2", 0, 1) != uniforms(12, "", 0, 1)


@settings(deadline=None, max_examples=30)
@given(st.permutations([0, 1, 2, 99, 2**40]))
def test_rows_may_be_visited_in_any_order(order):
    fresh = {row: RowStreams(3, "noise").uniforms(row, 5) for row in order}
    shared = RowStreams(3, "noise")
    for row in [*order, *order]:
        np.testing.assert_array_equal(shared.uniforms(row, 5), fresh[row])


def test_rows_are_unrelated():
    streams = RowStreams(3, "noise")
    drawn = np.stack([streams.uniforms(row, 5000) for row in range(4)])
    correlation = np.corrcoef(drawn) - np.eye(len(drawn))
    assert np.abs(correlation).max() < 5 / np.sqrt(5000)


@pytest.mark.usefixtures("each_level")
def test_normals_are_the_inverse_of_their_distribution_at_the_halves_of_words():
    streams = RowStreams(5, "n")
    found = streams.normals(3, 20_001)
    key = random_streams.key_of(5, "n")
    words = np.random.Philox(key=key, counter=[0, 0, 1, 3]).random_raw(10_001)
    uniform = (words.astype("<u8").view("<u4")[:20_001] + 0.5) / 2**32
    np.testing.assert_allclose(found, special.ndtri(uniform), rtol=1e-14, atol=1e-15)


@pytest.mark.usefixtures("each_level")
def test_normals_have_their_tails():
    # Of a million, 2.4 are expected beyond 4.7, and 63 beyond 4: Poisson counts of both.
    streams = RowStreams(6, "n")
    found = np.concatenate([streams.normals(row, 10_000) for row in range(100)])
    assert abs((np.abs(found) > 4).sum() - 63) < 4 * np.sqrt(63)
    assert stats.kstest(found, "norm").pvalue > 1e-3
    assert abs(np.corrcoef(found[:-1], found[1:])[0, 1]) < 4e-3


def test_the_first_normals_stay_where_more_are_drawn_and_rows_are_unrelated():
    streams = RowStreams(6, "n")
    assert (streams.normals(2, 9) == streams.normals(2, 5000)[:9]).all()
    assert streams.normals(2, 0).size == 0
    assert abs(np.corrcoef(streams.normals(2, 5000), streams.normals(3, 5000))[0, 1]) < 0.06
