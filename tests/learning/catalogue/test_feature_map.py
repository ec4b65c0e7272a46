"""Maps of features, and how apart groups lie, by hand."""

import numpy as np
import pytest

import skybench
from skybench.errors import ParameterError
from skybench.learning.catalogue.feature_map import separation


def test_purity_by_hand():
    places = np.array([[0.0], [1.0], [2.2], [10.0], [11.0], [12.2]])
    found = separation(places, np.array([0, 0, 1, 1, 1, 1]), neighbours=2)
    # Of each sample's two nearest: 1 of 2, 1 of 2, 0 of 2, then 2 of 2 three times.
    assert found.purity == pytest.approx((0.5 + 0.5 + 0 + 1 + 1 + 1) / 6)
    # Pairs of one group, 2 x 1 + 4 x 3, among 6 x 5.
    assert found.by_chance == pytest.approx(14 / 30)


def test_clumps_far_apart_and_one_clump():
    rng = np.random.default_rng(0)
    clump, groups = rng.normal(0, 1, (200, 3)), np.arange(200) % 2
    mixed = separation(clump, groups)
    assert abs(mixed.silhouette) < 0.02
    assert mixed.purity == pytest.approx(mixed.by_chance, abs=0.05)
    apart = separation(clump + 100 * groups[:, None], groups)
    assert apart.purity == 1
    assert apart.silhouette > 0.95
    assert separation(clump, np.zeros(200, int)) is None


def test_surveys_are_mapped_and_drawn(teacher, near, far, tmp_path):
    found = skybench.features(teacher.weights, near, far, names=("near", "far"), at_most=50)
    assert found.features.shape == (100, 84)
    assert found.pca.shape == found.tsne.shape == (100, 2)
    assert found.by_class.purity > found.by_class.by_chance + 0.2
    assert "100 samples of near, far" in str(found)
    path = found.draw(tmp_path / "map.png")
    assert path.read_bytes().startswith(b"\x89PNG")


def test_too_few_samples_or_names_are_refused(teacher, near):
    with pytest.raises(ParameterError, match="more than 11 samples, got 10"):
        skybench.features(teacher.weights, near, at_most=10)
    with pytest.raises(ParameterError, match="a name each, got 1"):
        skybench.features(teacher.weights, near, names=("a", "b"))
