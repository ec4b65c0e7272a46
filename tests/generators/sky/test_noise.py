"""Noise: its mean and variance term by term, its distributions, its independence of blocks."""

import numpy as np
import pytest
import xarray as xr
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from scipy import special, stats
from sky import reference_noise

from skybench.errors import ParameterError
from skybench.generators.distributions import Constant
from skybench.generators.generate import generate
from skybench.generators.native.library import kernel
from skybench.generators.sky.noise import Noise, inverse_variance, observe
from skybench.generators.sky.recipe import SkyRecipe

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
    some = observe(light, levels([0], read=0.6), noise(), 0)
    # Their dither is one and the same, so that only the read noise is between them.
    assert np.abs(some - without).max() <= 3
    assert (some - without).std() == pytest.approx(np.hypot(0.6, np.sqrt(1 / 6)), rel=0.1)


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
    noisy = departures(0.0, rows=range(60), sky=sky, read=read).ravel()
    variance = sky + read**2
    assert abs(noisy.mean()) < 4 * np.sqrt((variance + 0.25) / noisy.size)
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


# Skies of every fraction and size, read noise from none over narrow to wide.
SKIES = [0.0, 0.01, 0.49, 0.5, 99.5, 1e6]
READS = [0.0, 0.1, 0.45, 0.99, 1.0, 20.0]


@pytest.mark.parametrize("more", [{}, {"scale": 0.5}, {"scale": 2.0}, {"shot": False}], ids=str)
@pytest.mark.parametrize("read", READS)
@pytest.mark.parametrize("sky", SKIES)
def test_an_empty_image_has_no_mean_and_the_variance_that_is_said(sky, read, more):
    rows = range(40)
    noisy = departures(0.0, rows=rows, sky=sky, read=read, **more).ravel()
    inverse = inverse_variance(np.zeros((40, 1, 1)), levels(rows, sky, read), noise(**more))
    said, scatter = 1 / inverse.flat[0], noisy.std() / np.sqrt(noisy.size)
    assert abs(noisy.mean()) <= 4.5 * scatter + 4e-6
    # The fourth moment of a scaled Poisson number is 3 + 1 / mean; 1/12 is the least that is said.
    fourth = np.mean((noisy - noisy.mean()) ** 4) - noisy.var() ** 2
    if said > 0.0834:
        error = 4.5 * np.sqrt(fourth / noisy.size) + 0.004
        assert noisy.var() == pytest.approx(said, abs=error)
    else:
        assert noisy.var() < 0.0834 + 4.5 * np.sqrt(fourth / noisy.size)


@pytest.mark.parametrize("light", [0.25, 0.5, 7.77])
@pytest.mark.parametrize("more", [{"shot": False}, {"scale": 0.3}], ids=str)
def test_narrow_noise_does_not_round_light_away(light, more):
    noisy = departures(light, read=0.2, **more)
    assert abs(noisy.mean()) < 5 * noisy.std() / np.sqrt(noisy.size)


numbers = st.floats(0, 2e4)
narrow_or_wide = st.one_of(st.just(0.0), st.floats(0, 1.5), st.floats(0, 1e4))


@settings(
    max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None
)
@given(
    light=st.lists(st.one_of(numbers, st.floats(0, 10), st.floats(-1e-12, 1e9)), min_size=1),
    rows=st.lists(st.integers(0, 2**40), min_size=1, max_size=3),
    sky=st.one_of(numbers, st.floats(0, 2)),
    read=narrow_or_wide,
    scale=st.sampled_from([1.0, 1.0, 0.0, 0.5, 3.7]),
    shot=st.booleans(),
    seed=st.integers(0, 2**63 - 1),
)
@pytest.mark.usefixtures("each_level")
def test_the_kernel_draws_what_numpy_does(light, rows, sky, read, scale, shot, seed):
    expected = np.tile(np.resize(light, 1200).reshape(30, 40), (len(rows), 1, 1))
    some = noise(scale=scale, shot=shot)
    parameters = levels(rows, sky, read)
    given_levels = (parameters[name].values.astype(float) for name in ("sky_level", "read_noise"))
    wanted = reference_noise.observe(expected, rows, *given_levels, some, seed)
    np.testing.assert_array_equal(observe(expected, parameters, some, seed), wanted)


@pytest.mark.usefixtures("each_level")
def test_the_normal_quantile_is_right_over_all_of_its_range():
    p = np.concatenate([np.geomspace(1e-300, 0.5, 20000), 1 - np.geomspace(1e-16, 0.5, 20000)])
    found = np.empty_like(p)
    kernel("inverse_normal")(p, found)
    np.testing.assert_allclose(found, special.ndtri(p), rtol=5e-15, atol=1e-15)


@pytest.mark.parametrize("mean", [4096.0, 5000.3, 3e4, 1e6, 2e9])
def test_counts_of_large_means_are_poisson(mean):
    # 4.5 sigma of the mean, the variance and the skewness, and of the whole distribution.
    counts = departures(mean, rows=range(100)).ravel()
    scaled = counts / np.sqrt(mean)
    assert abs(scaled.mean()) < 4.5 / np.sqrt(scaled.size)
    assert scaled.var() == pytest.approx(1, abs=4.5 * np.sqrt(2 / scaled.size))
    assert stats.skew(scaled) == pytest.approx(mean**-0.5, abs=4.5 * np.sqrt(6 / scaled.size))
    edges = np.floor(stats.norm.ppf(np.arange(1, 60) / 60, mean, np.sqrt(mean)))
    chance = np.diff(stats.poisson.cdf(edges, mean), prepend=0, append=1)
    seen = np.bincount(np.searchsorted(edges, counts + mean), minlength=60)
    assert stats.chisquare(seen, chance * counts.size).pvalue > 1e-4


class TestCorrelation:
    def test_neighbours_have_it_and_the_variance_stays(self):
        for correlation in (0.1, 0.4, 0.65):
            noisy = departures(30.0, sky=70.0, read=5.0, rows=range(100), correlation=correlation)
            assert noisy.var() == pytest.approx(125 + 1 / 12, rel=0.03)
            assert abs(noisy.mean()) < 0.2
            for one, other, wanted in (
                (noisy[:, 1:], noisy[:, :-1], correlation),
                (noisy[:, :, 1:], noisy[:, :, :-1], correlation),
                (noisy[:, 1:, 1:], noisy[:, :-1, :-1], correlation**2),
                (noisy[:, 3:], noisy[:, :-3], 0.0),
            ):
                found = np.corrcoef(one.ravel(), other.ravel())[0, 1]
                assert found == pytest.approx(wanted, abs=0.02)

    @pytest.mark.parametrize(
        "lags", [(0.3,), (0.49, 0.05), (-0.3, 0.1), (0.0, 0.02), (0.8, 0.6, 0.35, 0.15)]
    )
    def test_lags_have_what_is_given(self, lags):
        noisy = departures(30.0, sky=70.0, read=5.0, rows=range(200), correlation=lags)
        assert noisy.var() == pytest.approx(125 + 1 / 12, rel=0.03)
        told = (1.0, *lags, 0.0)
        for down, along in [(k, 0) for k in range(1, len(told))] + [(0, 1), (0, 2), (1, 1), (2, 1)]:
            one = noisy[:, down:, along:]
            other = noisy[:, : SHAPE[0] - down, : SHAPE[1] - along]
            found = np.corrcoef(one.ravel(), other.ravel())[0, 1]
            wanted = told[down] * told[min(along, len(told) - 1)]
            assert found == pytest.approx(wanted, abs=0.025)

    @pytest.mark.parametrize("lags", [(0.6,), (0.3, -0.4), (0.49, -0.2), (-1.0,)])
    def test_what_no_noise_has_is_refused(self, lags):
        with pytest.raises(ValueError, match="no noise has the correlations"):
            noise(correlation=lags)

    def test_each_pixel_has_the_variance_that_is_said(self):
        light = np.full((400, *SHAPE), 1.0) * np.linspace(0, 400, SHAPE[1])
        rows, some = levels(range(400), sky=0.3, read=0.2), noise(correlation=0.5)
        noisy = observe(light, rows, some, 0) - light
        said = 1 / inverse_variance(light, rows, some)[0]
        ratio = noisy.var(axis=(0, 1)) / said.mean(axis=0)
        assert ratio == pytest.approx(np.ones(SHAPE[1]), rel=0.06)
        assert np.abs(noisy.mean(axis=(0, 1)) / np.sqrt(said.mean(axis=0))).max() < 0.05

    def test_it_depends_on_the_row_alone(self):
        light, some = np.full((3, *SHAPE), 20.0), noise(correlation=0.3)
        together = observe(light, levels([3, 9, 4], 30.0, 2.0), some, seed=7)
        alone = observe(light[:1], levels([4], 30.0, 2.0), some, seed=7)
        assert np.array_equal(alone[0], together[2])

    def test_without_noise_there_is_none(self):
        light = np.random.default_rng(0).uniform(0, 100, (2, *SHAPE))
        found = observe(light, levels([0, 1], 5.0), noise(correlation=0.5, scale=0.0), 0)
        assert np.array_equal(found, np.rint(light))
        found = observe(light, levels([0, 1]), noise(correlation=0.5, shot=False), 0)
        assert np.array_equal(found, np.rint(light))

    def test_a_recipe_says_it(self, small):
        small["noise"] = {"correlation": 0.4}
        assert generate(SkyRecipe.model_validate(small), 0, 1).attrs["noise_correlation"] == 0.4
        small["noise"] = {"correlation": [0.4, 0.05]}
        assert generate(SkyRecipe.model_validate(small), 0, 1).attrs["noise_correlation"] == (
            "0.4 0.05"
        )
        small["noise"] = {}
        assert "noise_correlation" not in generate(SkyRecipe.model_validate(small), 0, 1).attrs


class TestTheNumbersOfPixels:
    """They are the reference's, which the kernel's integers are equal to."""

    def test_leading_bits_and_further_ones_are_uniform_and_unrelated(self):
        pixels = reference_noise.Pixels(1, "s", 7, 40_000)
        uniforms = [pixels.uniforms(use) for use in range(reference_noise.USES)]
        fresh = [pixels.fresh(use) for use in range(reference_noise.USES, 10)]
        every = np.stack([*uniforms, *(u * 65536 % 1 for u in uniforms), *fresh])
        assert min(stats.kstest(u, "uniform").pvalue for u in every) > 1e-4
        assert np.abs(np.corrcoef(every) - np.eye(len(every))).max() < 5 / np.sqrt(40_000)
