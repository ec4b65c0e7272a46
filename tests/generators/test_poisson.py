"""Poisson counts from tables: their distribution at every kind of mean, and on what they depend."""

import numpy as np
import pytest
import xarray as xr
from scipy import stats

from skybench.generators.distributions import Constant
from skybench.generators.poisson import coarse_tables, fine_tables, guide_tables
from skybench.generators.sky.noise import Noise, observe

DRAWS = 200_000

# Each part of the sum alone, the places where they meet, and all of them together.
MEANS = [1e-4, 0.01, 0.124, 0.125, 0.126, 0.5, 1.0, 2.3, 9.99, 31.0]
MEANS += [63.9, 64.0, 64.05, 130.3, 1000.7, 4095.9]


DARK = Noise(sky_level=Constant(value=0), read_noise=Constant(value=0))


def counts_of(mean, first=0, seed=5):
    """Return counts of (row, pixel) means: an image whose pixels have no other noise."""
    rows = np.arange(first, first + len(mean))
    levels = {"sky_level": ("sample", 0.0 * rows), "read_noise": ("sample", 0.0 * rows)}
    parameters = xr.Dataset(coords={"sample_id": ("sample", rows), **levels})
    return observe(np.asarray(mean, dtype=float)[:, None], parameters, DARK, seed)[:, 0]


def drawn_of(mean):
    return counts_of(np.broadcast_to(mean, (1, DRAWS)))[0]


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
    drawn = drawn_of(mean)
    counts = np.arange(int(mean + 9 * np.sqrt(mean) + 30))
    assert chi_square(drawn, stats.poisson.pmf(counts, mean)) > 1e-4
    assert abs(drawn.mean() - mean) < 4 * np.sqrt(mean / DRAWS)


def test_variance_over_all_means():
    mean = np.geomspace(1e-3, 4095, DRAWS)
    scaled = (drawn_of(mean) - mean) / np.sqrt(mean)
    # The fourth moment of a scaled Poisson number is 3 + 1 / mean.
    error = np.sqrt((2 + 1 / mean).mean() / DRAWS)
    assert abs((scaled**2).mean() - 1) < 4 * error


def test_a_mean_of_zero_gives_none():
    assert not drawn_of(0.0).any()


def test_the_parts_of_a_sum_are_independent():
    """A variance of the sum that is the sum of the variances needs uncorrelated parts."""
    mean = 64 + 63.875 + 0.1249
    drawn = drawn_of(mean)
    assert drawn.var() == pytest.approx(mean, rel=4 * np.sqrt(2 / DRAWS))


def test_counts_depend_on_row_and_pixel_alone():
    mean = np.random.default_rng(0).uniform(0, 300, (6, 50))
    together, some = counts_of(mean, first=10), counts_of(mean[2:4], first=12)
    assert np.array_equal(together[2:4], some)


@pytest.mark.parametrize("other", [{"seed": 6}, {"first": 1}])
def test_other_seeds_and_rows_are_unrelated(other):
    mean = np.full((1, DRAWS), 100.0)
    one, two = (counts_of(mean, **how)[0] for how in ({}, other))
    assert abs(np.corrcoef(one, two)[0, 1]) < 5 / np.sqrt(DRAWS)


@pytest.mark.parametrize("tables", [fine_tables(), coarse_tables()])
def test_a_guide_decides_where_no_cumulative_probability_lies(tables):
    which = np.arange(tables.first.size - 1)
    cells = tables.guide.reshape(which.size, -1)
    # The middle of a cell falls between the same cumulative probabilities as all of it.
    middles = (np.arange(cells.shape[1]) + 0.5) / cells.shape[1] + which[:, None]
    ranks = np.searchsorted(tables.edges, middles, side="right") - tables.first[which, None]
    decided = cells < np.iinfo(cells.dtype).max
    assert decided.mean() > 0.9
    np.testing.assert_array_equal(cells[decided], ranks[decided])


def test_a_cell_that_holds_a_cumulative_probability_decides_nothing():
    tables = guide_tables([np.array([0.1, 0.1, 0.6]), np.array([]), np.array([0.25])], bits=2)
    assert tables.first.tolist() == [0, 3, 3, 4]
    assert tables.guide.tolist() == [255, 2, 255, 3, 0, 0, 0, 0, 0, 255, 1, 1]
