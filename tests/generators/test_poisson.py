"""Poisson counts from tables: their distribution at every kind of mean, and on what they depend."""

import numpy as np
import pytest
from scipy import stats

from skybench.generators import poisson
from skybench.generators.poisson import GuideTables
from skybench.generators.random_streams import PixelWords

DRAWS = 200_000

# Each part of the sum alone, the places where they meet, and all of them together.
MEANS = [1e-4, 0.01, 0.124, 0.125, 0.126, 0.5, 1.0, 2.3, 9.99, 31.0]
MEANS += [63.9, 64.0, 64.05, 130.3, 1000.7, 4095.9]


def words(first=0, rows=1, pixels=DRAWS, stream="test", seed=5):
    return PixelWords(seed, stream, first, rows, pixels, poisson.USES)


def chi_square(drawn, probability):
    """Return the p-value of counts under probabilities of 0, 1, …; rare ones are put together."""
    expected = probability * drawn.size
    seen = np.bincount(drawn, minlength=expected.size)[: expected.size]
    common = expected > 10
    seen = np.append(seen[common], drawn.size - seen[common].sum())
    expected = np.append(expected[common], drawn.size - expected[common].sum())
    return stats.chisquare(seen, expected).pvalue


@pytest.mark.parametrize("mean", MEANS)
def test_counts_are_poisson(mean):
    drawn = poisson.poisson(np.full(DRAWS, mean), words())
    counts = np.arange(int(mean + 9 * np.sqrt(mean) + 30))
    assert chi_square(drawn, stats.poisson.pmf(counts, mean)) > 1e-4
    assert abs(drawn.mean() - mean) < 4 * np.sqrt(mean / DRAWS)


def test_variance_over_all_means():
    mean = np.geomspace(1e-3, 4095, DRAWS)
    scaled = (poisson.poisson(mean, words()) - mean) / np.sqrt(mean)
    # The fourth moment of a scaled Poisson number is 3 + 1 / mean.
    error = np.sqrt((2 + 1 / mean).mean() / DRAWS)
    assert abs((scaled**2).mean() - 1) < 4 * error


def test_a_mean_of_zero_gives_none():
    assert not poisson.poisson(np.zeros(DRAWS), words()).any()


def test_the_parts_of_a_sum_are_independent():
    """A variance of the sum that is the sum of the variances needs uncorrelated parts."""
    mean = 64 + 63.875 + 0.1249
    drawn = poisson.poisson(np.full(DRAWS, mean), words())
    assert drawn.var() == pytest.approx(mean, rel=4 * np.sqrt(2 / DRAWS))


def test_counts_depend_on_row_and_pixel_alone():
    mean = np.random.default_rng(0).uniform(0, 300, (6, 50))
    together = poisson.poisson(mean.ravel(), words(10, 6, 50)).reshape(6, 50)
    some = poisson.poisson(mean[2:4].ravel(), words(12, 2, 50)).reshape(2, 50)
    assert np.array_equal(together[2:4], some)


@pytest.mark.parametrize("other", [{"seed": 6}, {"stream": "else"}, {"first": 1}])
def test_other_seeds_streams_and_rows_are_unrelated(other):
    mean = np.full(DRAWS, 100.0)
    one, two = (poisson.poisson(mean, words(**how)) for how in ({}, other))
    assert abs(np.corrcoef(one, two)[0, 1]) < 5 / np.sqrt(DRAWS)


class TestGuideTables:
    def test_values_are_inverted_from_the_uniforms(self):
        tables = GuideTables([np.array([0.1, 0.1, 0.6]), np.array([]), np.array([0.25])], bits=8)
        drawn = words(pixels=3000)
        which = np.arange(3000, dtype=np.int32) % 3
        got = tables.draw(which, drawn, 1)
        uniform = drawn.uniforms(1, np.arange(3000))
        wanted = [
            (uniform >= 0.1) * 2 + (uniform >= 0.6),
            np.zeros(3000),
            uniform >= 0.25,
        ]
        assert np.array_equal(got, np.choose(which, wanted))

    def test_the_number_of_cells_does_not_matter(self):
        cumulative = [stats.poisson.cdf(np.arange(60), 20.0)]
        which = np.zeros(DRAWS, dtype=np.int32)
        few, many = (GuideTables(cumulative, bits).draw(which, words(), 0) for bits in (4, 12))
        assert np.array_equal(few, many)
