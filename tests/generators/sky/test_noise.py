"""Noise: its mean and variance term by term, its distributions, its independence of blocks."""

import numpy as np
import pytest
import xarray as xr
from scipy import stats

from skybench.errors import ParameterError
from skybench.generators.distributions import Constant
from skybench.generators.sky.noise import Noise, observe

SHAPE = (40, 50)


def noise(**more):
    return Noise(sky_level=Constant(value=0), read_noise=Constant(value=0), **more)


def levels(rows, sky=0.0, read=0.0):
    return xr.Dataset(
        coords={
            "sample_id": ("sample", np.asarray(rows)),
            "sky_level": ("sample", np.full(len(rows), sky, dtype=np.float32)),
            "read_noise": ("sample", np.full(len(rows), read, dtype=np.float32)),
        }
    )


def departures(light, rows=range(30), sky=0.0, read=0.0, **more):
    expected = np.full((len(rows), *SHAPE), light)
    return observe(expected, levels(list(rows), sky, read), noise(**more), seed=0) - light


@pytest.mark.parametrize(
    ("light", "sky", "read", "scale", "variance"),
    [
        (50.0, 0.0, 0.0, 1.0, 50.0),
        (0.0, 80.0, 0.0, 1.0, 80.0),
        (0.0, 0.0, 7.0, 1.0, 49.0),
        (50.0, 80.0, 7.0, 1.0, 179.0),
        (50.0, 80.0, 7.0, 2.0, 4 * 179.0),
        (50.0, 80.0, 7.0, 0.5, 179.0 / 4),
    ],
)
def test_mean_and_variance_are_those_of_the_terms(light, sky, read, scale, variance):
    noisy = departures(light, sky=sky, read=read, scale=scale).ravel()
    # Rounding to integers adds the variance of a uniform where values are not integers already.
    rounding = 1 / 12 if read or scale != 1 else 0.0
    error = np.sqrt(variance / noisy.size)
    assert abs(noisy.mean()) < 4 * error
    assert noisy.var() == pytest.approx(variance + rounding, rel=4 * np.sqrt(2 / noisy.size) + 2e-3)


def test_shot_noise_is_exactly_poisson_at_low_rates():
    counts = departures(1.3).ravel() + 1.3
    seen = np.bincount(np.rint(counts).astype(int), minlength=9)
    wanted = stats.poisson.pmf(np.arange(8), 1.3) * counts.size
    wanted = np.append(wanted, counts.size - wanted.sum())
    seen = np.append(seen[:8], seen[8:].sum())
    assert stats.chisquare(seen, wanted).pvalue > 1e-3


def test_read_noise_is_gaussian():
    noisy = departures(0.0, read=1000.0).ravel() / 1000
    assert stats.kstest(noisy, "norm").pvalue > 1e-3


def test_noise_can_be_switched_off_term_by_term():
    light = np.random.default_rng(0).uniform(0, 100, (3, *SHAPE))
    rows = levels([0, 1, 2], sky=50.0, read=5.0)
    assert np.array_equal(observe(light, rows, noise(scale=0.0), 0), np.rint(light))
    only_read = observe(light, rows, noise(shot=False), 0) - light
    assert only_read.std() == pytest.approx(5, rel=0.05)
    dark = levels([0, 1, 2])
    assert np.array_equal(observe(light, dark, noise(shot=False), 0), np.rint(light))


def test_noise_of_a_row_depends_on_its_identity_alone():
    light = np.full((4, *SHAPE), 20.0)
    together = observe(light, levels([3, 9, 4, 100], 30.0, 2.0), noise(), seed=7)
    alone = observe(light[:1], levels([4], 30.0, 2.0), noise(), seed=7)
    assert np.array_equal(alone[0], together[2])
    assert not np.array_equal(together[0], together[1])
    other_seed = observe(light, levels([3, 9, 4, 100], 30.0, 2.0), noise(), seed=8)
    assert not (other_seed == together).all(axis=(1, 2)).any()


def test_shot_noise_does_not_change_with_the_read_noise():
    light = np.full((1, *SHAPE), 20.0)
    without = observe(light, levels([0]), noise(), 0)
    tiny = observe(light, levels([0], read=1e-3), noise(), 0)
    assert np.array_equal(without, tiny)


def test_noise_of_neighbouring_pixels_is_unrelated():
    noisy = departures(100.0, rows=range(5), read=10.0)
    for axis in (1, 2):
        one = np.moveaxis(noisy, axis, 0)
        correlation = np.corrcoef(one[1:].ravel(), one[:-1].ravel())[0, 1]
        assert abs(correlation) < 5 / np.sqrt(noisy.size)


def test_more_than_an_int32_is_refused_with_its_sample():
    light = np.full((2, *SHAPE), 100.0)
    light[1, 3, 4] = 3e9
    with pytest.raises(ParameterError, match=r"sample 8 holds .*e\+09 electrons.*lower flux"):
        observe(light, levels([7, 8]), noise(), seed=0)


@pytest.mark.parametrize("sky", [0.0, 0.5, 3.3, 100.25, 5000.0, 1e6])
@pytest.mark.parametrize("read", [0.0, 0.3, 5.0, 300.0])
def test_pixels_without_light_have_the_distribution_of_their_sum(sky, read):
    noisy = departures(0.0, rows=range(20), sky=sky, read=read).ravel()
    variance = sky + read**2
    assert abs(noisy.mean()) < 4 * np.sqrt((variance + 0.1) / noisy.size) + (0.5 if read < 1 else 0)
    assert noisy.var() == pytest.approx(variance, rel=0.02, abs=0.3)


def test_the_sum_of_counts_and_read_noise_is_exactly_distributed():
    """Against the convolution of a Poisson with a normal, rounded, written out."""
    sky, read = 7.3, 1.6
    noisy = departures(0.0, rows=range(50), sky=sky, read=read).ravel().astype(int)
    electrons, counts = np.arange(-12, 25), np.arange(60)
    edges = electrons[:, None] + np.array([-0.5, 0.5])
    chance = stats.norm.cdf((edges[..., None] - counts + sky) / read) @ stats.poisson.pmf(
        counts, sky
    )
    wanted = np.diff(chance, axis=1)[:, 0] * noisy.size
    seen = np.array([(noisy == value).sum() for value in electrons])
    common = wanted > 10
    wanted = np.append(wanted[common], noisy.size - wanted[common].sum())
    seen = np.append(seen[common], noisy.size - seen[common].sum())
    assert stats.chisquare(seen, wanted).pvalue > 1e-3


def test_bright_and_faint_pixels_of_an_image_both_scatter_as_poisson():
    light = np.where(np.arange(SHAPE[1]) % 2, 5000.0, 4.0) * np.ones((40, *SHAPE))
    noisy = observe(light, levels(range(40), sky=50.0), noise(), 0) - light
    for part, mean in ((noisy[..., 1::2], 5050), (noisy[..., ::2], 54)):
        assert part.var() == pytest.approx(mean, rel=4 * np.sqrt(2 / part.size))
        assert abs(part.mean()) < 4 * np.sqrt(mean / part.size)


def test_bands_have_noise_of_their_own_and_their_own_levels():
    light = np.full((5, 3, *SHAPE), 10.0)
    rows = levels(range(5))
    rows["sky_level"] = ("sample", "band"), np.tile([0.0, 100.0, 100.0], (5, 1))
    noisy = observe(light, rows, noise(), 0) - light
    assert noisy.var(axis=(0, 2, 3)) == pytest.approx([10, 110, 110], rel=0.1)
    assert abs(np.corrcoef(noisy[:, 1].ravel(), noisy[:, 2].ravel())[0, 1]) < 0.05


def test_counts_are_the_same_whatever_the_scale():
    light = np.full((2, *SHAPE), 20.0)
    plain = observe(light, levels([4, 5]), noise(), 0)
    doubled = observe(light, levels([4, 5]), noise(scale=2.0), 0)
    assert np.array_equal(doubled, 20 + 2 * (plain - 20))


@pytest.mark.parametrize("shape", [(0, *SHAPE), (0, 3, *SHAPE)])
def test_no_samples_have_no_noise(shape):
    assert observe(np.zeros(shape), levels([]), noise(), 0).shape == shape
