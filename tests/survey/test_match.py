"""Recipes that are matched to images which a recipe of ours has made."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
import yaml

from skybench.errors import ParameterError
from skybench.generators.generate import generate
from skybench.generators.recipe_file import load_recipe
from skybench.survey.agreement import Intervals, agreement, permuted
from skybench.survey.cutout_sample import CutoutSample
from skybench.survey.match import match
from skybench.survey.measure import measure

GAIN, COUNT = 4.0, 60


TRUTH = {
    "name": "truth",
    "task": "segmentation",
    "image": {"shape": [64, 64], "zeropoint": 28, "segmentation": True, "bands": ["g", "r"]},
    "psf": {"fwhm": 3.5},
    "noise": {"sky_level": 400, "read_noise": 0, "correlation": 0.25},
    "scene": {"count": {"distribution": "choice", "values": [2, 3, 4, 5, 6]}},
    "sources": {
        "galaxy": {
            "profile": "sersic",
            "sersic_index": 1,
            "magnitude": {"distribution": "number_counts", "slope": 0.3, "low": 18.5, "high": 21.5},
            "half_light_radius": {"distribution": "uniform", "low": 0.5, "high": 4},
        }
    },
}
"""Galaxies of number counts in correlated noise."""


@pytest.fixture(scope="module")
def sample(tmp_path_factory):
    path = tmp_path_factory.mktemp("truth") / "truth.yaml"
    path.write_text(yaml.safe_dump(TRUTH))
    images = generate(path, 0, COUNT)["image"].values / GAIN
    zeropoint = 28 - 2.5 * np.log10(GAIN)
    return CutoutSample.of(list(images), bands=("g", "r"), zeropoint=zeropoint, gain=GAIN)


@pytest.fixture(scope="module")
def matched(sample, tmp_path_factory):
    return match(
        sample, tmp_path_factory.mktemp("match") / "mine.yaml", psf_fwhm=3.5, rounds=2, fewest=120
    )


def test_marginals_of_the_matched_recipe_agree(matched):
    table = matched.agreement
    within = table[["within_10", "within_50", "within_90"]].to_numpy()
    assert within.mean() > 0.75
    assert table.loc["signal_to_noise", "distance"] < 0.15
    assert table.loc["density", "distance"] < 0.2
    for lag in ("x1", "y1"):
        assert table.loc[lag, "matched_50"] == pytest.approx(table.loc[lag, "real_50"], abs=0.04)


def test_the_recipe_stands_by_itself(matched):
    recipe = load_recipe(matched.recipe)
    assert recipe.name == "mine"
    # What (a, 1, a) leaves at lag 2 where it leaves 0.25 at lag 1 is 0.03.
    assert recipe.noise.correlation == pytest.approx((0.25, 0.03), abs=0.08)
    made = generate(matched.recipe, 0, 2)
    assert made["image"].shape == (2, 2, 64, 64)
    assert matched.recipe.with_name("mine-sources.csv").is_file()


def test_what_is_true_of_an_image_is_from_one_image(matched):
    made = generate(matched.recipe, 0, 60)
    table = pd.read_csv(matched.recipe.with_name("mine-sources.csv"))
    there = table[["sky_g", "sky_r", "residual"]].to_numpy()
    drawn = np.column_stack([made["sky_level"].values, made["sky_residual"].values])
    away = np.abs(drawn[:, None] / np.maximum(there, 1e-9) - 1).max(axis=2).min(axis=1)
    assert (away[made["sky_residual"].values > 0] < 1e-3).all()


def test_smooth_light_between_sources_is_matched(tmp_path):
    """Half of the images have waves of 0.7 of the noise: 0.33 of the variance."""
    waves = {"distribution": "choice", "values": [0, 0.035]}
    smooth = TRUTH | {
        "noise": {"sky_level": 400, "read_noise": 0},
        "sky": {"residual": waves, "length": 32},
    }
    (tmp_path / "smooth.yaml").write_text(yaml.safe_dump(smooth))
    images = generate(tmp_path / "smooth.yaml", 0, COUNT)["image"].values / GAIN
    sample = CutoutSample.of(list(images), bands=("g", "r"), zeropoint=26.5, gain=GAIN)
    found = match(sample, tmp_path / "mine.yaml", psf_fwhm=3.5, rounds=1, fewest=120).agreement
    for lag in ("x1", "x2", "y1", "y2"):
        assert found.loc[lag, "real_90"] > 0.2
        assert found.loc[lag, "matched_90"] == pytest.approx(found.loc[lag, "real_90"], abs=0.1)
        assert found.loc[lag, "matched_10"] == pytest.approx(found.loc[lag, "real_10"], abs=0.05)


def test_a_misfit_counts_in_intervals(sample):
    found = measure(sample)
    intervals = Intervals.of(found)
    assert intervals.misfit(found) == 0
    brighter = found.sources.assign(magnitude=found.sources["magnitude"] - 9)
    # One of 11 marginals is as far off as counts, by 4 in each percentile.
    assert intervals.misfit(replace(found, sources=brighter)) == pytest.approx(4 / 11)


def test_what_differs_is_told(sample):
    found = measure(sample)
    noisy = CutoutSample.of(
        list(sample.images + np.random.default_rng(0).normal(0, 8, sample.images.shape)),
        bands=sample.bands,
        zeropoint=sample.zeropoint,
        gain=GAIN,
    )
    table = agreement(found, measure(noisy))
    assert table.loc["noise", "p"] < 0.01
    assert table.loc["x1", "p"] < 0.01
    assert not table.loc["noise", "within_50"]


def test_a_sample_agrees_with_itself(sample):
    found = measure(sample)
    table = agreement(found, found)
    assert (table["distance"] < 1e-12).all()
    assert (table["p"] == 1).all()
    assert table[["within_10", "within_50", "within_90"]].to_numpy().all()


def test_sources_of_an_image_are_permuted_together():
    random = np.random.default_rng(0)
    images = np.repeat(np.arange(20), 50)
    # Each image has a level of its own, so that 1,000 sources tell no more than 20 images.
    p = []
    for _ in range(20):
        real, made = (
            random.normal(size=20)[images] + 0.01 * random.normal(size=1000) for _ in "rm"
        )
        p.append(permuted((real, images), (made, images), random)[1])
    assert np.mean(np.array(p) < 0.05) <= 0.25


def test_an_empty_sample_is_told(tmp_path):
    images = np.random.default_rng(0).normal(0, 5, (4, 64, 64))
    with pytest.raises(ParameterError, match="too few for a population"):
        match(CutoutSample.of(list(images)), tmp_path / "none.yaml", psf_fwhm=3)
