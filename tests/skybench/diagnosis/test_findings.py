"""An effect that was planted is found and said; none is found where there is none."""

import numpy as np
import pytest

import skybench
from skybench.diagnosis.findings import find, repeated
from skybench.diagnosis.sentences import of_finding, several


@pytest.fixture(scope="module")
def shapes():
    """The test split of shapes2/small, and a copy of its labels to be spoiled."""
    from skybench.registry.ground_truth import ground_truth

    truth = ground_truth("shapes2/small")
    return truth.ds.isel(sample=truth.rows)


def mistaken(ds, rows, share, seed=0):
    """Return the labels with a share of some rows' turned round, and 3 % of all."""
    rng = np.random.default_rng(seed)
    chance = np.where(rows, share, 0.03)
    labels = ds.label.values.copy()
    return np.where(rng.random(len(labels)) < chance, 1 - labels, labels)


def findings(ds, labels):
    found = skybench.evaluate(ds, labels)
    return found, find(found.tested, found.coordinates)


def test_small_circles_that_are_taken_for_rectangles_are_found(shapes):
    small = shapes.radius.values[:, 0] < 3
    found, (first, *others) = findings(shapes, mistaken(shapes, small, 0.4))
    assert first.coordinate == "radius"
    assert first.low is None
    assert first.high == pytest.approx(3, abs=0.35)
    assert first.chance <= 0.01
    assert others == []
    assert first.inside.sum() == pytest.approx(small.sum(), rel=0.2)
    sentence = of_finding(found, first)
    low, high = (f"{100 * end:.0f}" for end in (first.score.low, first.score.high))
    assert f"({low} to {high}) where radius < {first.high:.3g} pixel" in sentence
    assert "% of circles are taken for rectangles, elsewhere" in sentence


def test_what_is_hard_in_the_middle_of_a_range_is_found(shapes):
    blur = shapes.blur_sigma.values
    _, (first, *_) = findings(shapes, mistaken(shapes, (blur > 0.9) & (blur < 1.3), 0.4))
    assert first.coordinate == "blur_sigma"
    assert (first.low, first.high) == pytest.approx((0.9, 1.3), abs=0.1)
    assert first.where.startswith("blur_sigma is from 0.")


def test_a_second_cause_is_found_beside_the_first(shapes):
    small, blurred = shapes.radius.values[:, 0] < 3, shapes.blur_sigma.values > 1.7
    _, found = findings(shapes, mistaken(shapes, small | blurred, 0.5))
    assert {one.coordinate for one in found[:2]} == {"radius", "blur_sigma"}


@pytest.mark.parametrize("seed", range(5))
def test_nothing_stands_out_where_errors_are_chance(shapes, seed):
    nowhere = np.zeros(shapes.sizes["sample"], bool)
    assert findings(shapes, mistaken(shapes, nowhere, 0, seed))[1] == []


def test_nothing_stands_out_where_all_is_right_or_samples_are_few(shapes):
    assert findings(shapes, shapes.label.values)[1] == []
    few = shapes.isel(sample=slice(0, 8))
    assert findings(few, 1 - few.label.values)[1] == []


def test_words_that_repeat_the_label_are_known(shapes):
    table = skybench.evaluate(shapes, shapes.label.values).coordinates
    assert repeated(table) == ["kind", "source_class"]
    assert repeated(table.assign(kind=table.kind.where(table.radius > 3, "other"))) == [
        "source_class"
    ]


def test_a_word_is_found(shapes):
    rng = np.random.default_rng(2)
    telescope = rng.integers(0, 3, shapes.sizes["sample"])
    named = {"flag_values": [0, 1, 2], "flag_meanings": "north south east"}
    ds = shapes.assign_coords(telescope=("sample", telescope, named))
    _, (first, *_) = findings(ds, mistaken(ds, telescope == 1, 0.4))
    assert first.where == "telescope is south"


def test_numbers_are_found_to_be_far_off():
    ds = skybench.generate("photometry", 0, 2000)
    names = ds.attrs["targets"].split()
    answers = np.stack([ds[name].values.reshape(2000) for name in names], axis=1)
    is_sharp = ds.psf_fwhm.values < np.quantile(ds.psf_fwhm.values, 0.2)
    answers += is_sharp[:, None] * answers.std(axis=0)
    found = skybench.evaluate(ds.drop_vars("split"), answers)
    (first, *_) = find(found.tested, found.coordinates)
    assert first.coordinate == "psf_fwhm"
    assert "Mean R² falls to -0." in of_finding(found, first)


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("circle", "circles"),
        ("galaxy", "galaxies"),
        ("spiral", "samples of spiral"),
        ("edge_on", "samples of edge_on"),
    ],
)
def test_names_of_several(name, words):
    assert several(name) == words
