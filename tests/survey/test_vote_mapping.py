"""The mappings that come with skybench name columns as the surveys do."""

import numpy as np
import pytest

from skybench.errors import ParameterError
from skybench.survey.vote_mapping import (
    BELOW,
    SEVERAL,
    VoteMapping,
    mapping_named,
    mapping_names,
)
from skybench.survey.vote_table import VoteTable


def classified(name, columns):
    mapping = mapping_named(name)
    classes, codes = mapping.classified(VoteTable.of(columns))
    names = {BELOW: "none", SEVERAL: "several"} | dict(enumerate(classes))
    return [names[code] for code in codes.tolist()]


def test_there_are_these_mappings_with_their_sources():
    assert mapping_names() == ["gz1", "gz2_deepbench", "gz_decals"]
    for name in mapping_names():
        assert "et al." in mapping_named(name).source


def test_galaxy_zoo_1_as_khan_et_al():
    columns = {
        "P_EL_DEBIASED": np.array([0.0, 0.01, 0.926, 0.925]),
        "P_CS_DEBIASED": np.array([0.985, 0.984, 0.05, 0.05]),
    }
    assert classified("gz1", columns) == ["spiral", "none", "elliptical", "none"]


GZ2 = {
    "t01_smooth_or_features_a01_smooth_debiased": [0.9, 0.1, 0.1, 0.1, 0.1, 0.9],
    "t01_smooth_or_features_a02_features_or_disk_debiased": [0.1, 0.9, 0.9, 0.9, 0.9, 0.1],
    "t02_edgeon_a05_no_debiased": [np.nan, 0.9, 0.9, 0.9, 0.9, np.nan],
    "t04_spiral_a08_spiral_debiased": [np.nan, 0.9, 0.9, 0.3, 0.6, np.nan],
    "t06_odd_a14_yes_debiased": [0.0, 0.1, 0.9, 0.9, 0.0, 0.2],
    "t07_rounded_a18_cigar_shaped_debiased": [0.8, np.nan, np.nan, np.nan, np.nan, 0.2],
    "t08_odd_feature_a19_ring_debiased": [np.nan, 0.9, 0.8, 0.1, np.nan, 0.9],
    "t08_odd_feature_a24_merger_debiased": [np.nan, 0.0, 0.1, 0.8, np.nan, 0.0],
}


def test_galaxy_zoo_2_has_the_four_classes():
    table = {name: np.array(values) for name, values in GZ2.items()}
    found = classified("gz2_deepbench", table)
    assert found == ["cigar", "spiral", "ring", "merging", "none", "none"]
    mapping = mapping_named("gz2_deepbench")
    assert mapping.per_class * len(mapping.classes) == 5000
    votes = mapping.vote_fractions(VoteTable.of(table))
    np.testing.assert_allclose(votes[0], [0.9 * 0.8, 0, 0, 0])
    np.testing.assert_allclose(votes[2], [0, 0.9 * 0.8, 0.9 * 0.1, 0.9**3])


def test_decals_takes_debiased_fractions_or_plain_ones():
    plain = {
        "smooth-or-featured_smooth_fraction": [0.9, 0.9, 0.1, 0.1, 0.5],
        "smooth-or-featured_featured-or-disk_fraction": [0.1, 0.1, 0.9, 0.9, 0.5],
        "disk-edge-on_yes_fraction": [np.nan, np.nan, 0.9, 0.1, 0.5],
        "disk-edge-on_no_fraction": [np.nan, np.nan, 0.1, 0.9, 0.5],
        "has-spiral-arms_yes_fraction": [np.nan, np.nan, np.nan, 0.9, 0.5],
        "how-rounded_round_fraction": [0.9, 0.0, np.nan, np.nan, 0.5],
        "how-rounded_cigar-shaped_fraction": [0.0, 0.9, np.nan, np.nan, 0.5],
        "merging_merger_fraction": [0.1, 0.1, 0.0, 0.0, 0.8],
    }
    table = {name: np.array(values) for name, values in plain.items()}
    expected = ["round", "cigar", "edge_on", "spiral", "merging"]
    assert classified("gz_decals", table) == expected
    assert classified("gz_decals", table | {"merging_merger_debiased": np.full(5, 0.9)}) == (
        ["merging"] * 5
    )


def test_objects_of_two_classes_are_of_none():
    mapping = VoteMapping(classes={"a": "p > 0.2", "b": "p > 0.6"})
    _, codes = mapping.classified(VoteTable.of({"p": np.array([0.1, 0.5, 0.9])}))
    assert codes.tolist() == [BELOW, 0, SEVERAL]


def test_counts_of_votes_serve_as_well():
    mapping = VoteMapping(classes={"a": "n_a >= 0.8 * total", "b": "total - n_a >= 0.8 * total"})
    table = {"n-a": np.array([8, 1, 5]), "TOTAL": np.array([10, 10, 10])}
    _, codes = mapping.classified(VoteTable.of(table))
    assert codes.tolist() == [0, 1, BELOW]


def test_a_file_of_ones_own(tmp_path):
    path = tmp_path / "mine.yaml"
    path.write_text(
        "object: name\ncolumns: {arms: [x, t04]}\nclasses: {a: arms > 1, b: arms < 1}\n"
    )
    assert classified(path, {"t04": np.array([2.0, 0.0])}) == ["a", "b"]
    for text, told in (
        ("classes: {a: x > 1}\nclass: 3\n", "class: Extra inputs are not permitted"),
        ("classes: {two words: x > 1}\n", "a class is one word, got 'two words'"),
        ("title: none\n", "needs either classes, with a cut each, or labels"),
        ("classes: {a: 1\n", "not valid YAML"),
    ):
        path.write_text(text)
        with pytest.raises(ParameterError, match=told):
            mapping_named(path)


def test_labels_become_words():
    mapping = VoteMapping(labels="kind")
    table = {"kind": np.array(["Lens or arc", "Ring", "", "Cluster / Irregular"])}
    classes, codes = mapping.classified(VoteTable.of(table))
    assert classes == ("Cluster_Irregular", "Lens_or_arc", "Ring")
    assert codes.tolist() == [1, 2, BELOW, 0]
    for texts, told in ((["a b", "a/b"], "signs alone"), (["a", "a"], "has 1 labels")):
        with pytest.raises(ParameterError, match=told):
            mapping.classified(VoteTable.of({"kind": np.array(texts)}))
