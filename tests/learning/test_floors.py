import dataclasses
import json

import numpy as np
import pytest

from skybench.learning.floors import (
    FLOORS,
    all_background,
    floors_of,
    histogram,
    logistic_regression,
    majority_class,
    peak_weighted_split,
    ridge_regression,
    threshold,
    training_mean,
)
from skybench.learning.labelled import TEST, TRAIN, VALIDATION, Labelled

SPLIT = np.repeat(np.array([TRAIN, VALIDATION, TEST], np.int8), [120, 40, 40])


def blobs(*, multilabel):
    """Images whose left half is bright for one class and whose right half is for the other."""
    rng = np.random.default_rng(2)
    present = rng.integers(0, 2, (200, 2)).astype(np.int8)
    if not multilabel:
        present[:, 1] = 1 - present[:, 0]
    images = rng.normal(0, 10, (200, 6, 8))
    images[:, :, :4] += 60.0 * present[:, 0, None, None]
    images[:, :, 4:] += 60.0 * present[:, 1, None, None]
    targets = present if multilabel else present[:, 1]
    task = "multilabel" if multilabel else "classification"
    return Labelled(images.astype(np.int32), targets, SPLIT, 2, task)


def test_majority_answers_what_is_commonest_in_train_only():
    targets = np.r_[np.zeros(80), np.ones(120)].astype(np.int8)  # train: 80 of 0, 40 of 1
    data = Labelled(np.zeros((200, 2, 2), np.int32), targets, SPLIT, 2)
    floor = majority_class(data)
    assert floor.answers.tolist() == [[1, 0]] * 40
    assert floor.validation_score == 0


def test_majority_of_a_multilabel_task_is_the_commonest_combination():
    # Each class is absent more often than present, but [0, 1] is the commonest row.
    rows = np.repeat([[0, 1], [1, 0], [0, 0]], [50, 40, 30], axis=0)
    targets = np.r_[rows, np.zeros((80, 2))].astype(np.int8)
    floor = majority_class(
        Labelled(np.zeros((200, 2, 2), np.int32), targets, SPLIT, 2, "multilabel")
    )
    assert floor.answers.tolist() == [[0, 1]] * 40


@pytest.mark.parametrize("multilabel", [False, True])
def test_logistic_regression_separates_what_is_linear(multilabel):
    data = blobs(multilabel=multilabel)
    floor = logistic_regression(data)
    truth = data.truth[data.rows(TEST)]
    if multilabel:
        assert np.array_equal(floor.answers > 0.5, truth > 0)
    else:
        assert np.array_equal(floor.answers.argmax(axis=1), truth)
        np.testing.assert_allclose(floor.answers.sum(axis=1), 1, atol=1e-5)
    assert floor.validation_score == 1
    assert floor.parameters == (6 * 8 + 1) * 2


def test_logistic_regression_of_two_samples_has_the_known_minimum():
    # One pixel, images of 0 and 1 bright; with stretched pixel x = +-1, targets 1 and 0, penalty p
    # the weight w of the two-class softmax difference solves sigmoid(-2w) = p * w, by symmetry.
    from scipy.optimize import brentq
    from scipy.special import expit

    from skybench.learning.linear_model import fit_linear, softmax_link

    features = np.array([[1, 1], [-1, 1]], np.float32)
    targets = np.array([[1, 0], [0, 1]], np.float32)
    weights = fit_linear(features, targets, 0.1, softmax_link)
    expected = brentq(lambda w: expit(-2 * w) - 0.1 * w, 0, 10)
    assert weights[0] == pytest.approx([expected, -expected], rel=1e-3)
    assert weights[1] == pytest.approx([0, 0], abs=1e-3)


@pytest.mark.parametrize("multilabel", [False, True])
def test_histogram_floor_tells_what_the_whole_image_tells(multilabel):
    data = blobs(multilabel=multilabel)
    floor = histogram(data)
    truth = data.truth[data.rows(TEST)]
    right = (floor.answers > 0.5) == (truth > 0) if multilabel else floor.answers.argmax(1) == truth
    assert right.mean() > 0.9
    assert 1 <= floor.hyperparameters["rounds"] <= 100
    assert len(floor.hyperparameters["statistics"]) == 20


def test_histogram_floor_sees_no_form():
    # A letter F anywhere, or its mirror image: the statistics of both are the same.
    rng = np.random.default_rng(3)
    letter = np.array([[1, 1, 1], [1, 0, 0], [1, 1, 0], [1, 0, 0], [1, 0, 0]])
    labels = rng.integers(0, 2, 200).astype(np.int8)
    images = rng.normal(0, 10, (200, 20, 20))
    for image, label, (y, x) in zip(images, labels, rng.integers(0, 15, (200, 2)), strict=True):
        image[y : y + 5, x : x + 3] += 300 * (letter[:, ::-1] if label else letter)
    noisy = np.rint(images).astype(np.int32)
    data = Labelled(noisy, labels, SPLIT, 2)
    floor = histogram(data)
    right = floor.answers.argmax(axis=1) == data.truth[data.rows(TEST)]
    assert right.mean() < 0.75


@pytest.mark.parametrize("several", [False, True])
def test_histogram_floor_bears_classes_that_training_lacks(several):
    data = blobs(multilabel=several)
    truth = np.zeros_like(data.truth)
    truth[data.rows(TEST)] = 1
    only = Labelled(data.images, truth, data.split, 2, data.task)
    answers = histogram(only).answers
    assert answers.shape == (40, 2)
    assert answers[0].tolist() == ([0, 0] if several else [1, 0])


def test_test_split_changes_no_floor_of_classes():
    data = blobs(multilabel=False)
    targets = data.truth.copy()
    targets[data.rows(TEST)] = 1 - targets[data.rows(TEST)]
    other = Labelled(data.images, targets, data.split, data.outputs)
    for floor in FLOORS[data.task].values():
        np.testing.assert_array_equal(floor(data).answers, floor(other).answers)


LONG_SPLIT = np.repeat(np.array([TRAIN, VALIDATION, TEST], np.int8), [200, 60, 60])


def halves(bands=None):
    """Images whose halves are as bright as two targets are large."""
    rng = np.random.default_rng(2)
    targets = rng.uniform(10, 30, (320, 2))
    images = rng.normal(0, 2, (320, 6, 8))
    images[:, :, :4] += targets[:, 0, None, None]
    images[:, :, 4:] += targets[:, 1, None, None]
    images = np.rint(images).astype(np.int32)
    stacked = images if bands is None else np.repeat(images[:, None], bands, axis=1)
    return Labelled(stacked, targets, LONG_SPLIT, 2, "regression")


def test_mean_is_that_of_the_train_split_and_scores_nothing():
    data = halves()
    floor = training_mean(data)
    assert floor.answers.shape == (60, 2)
    assert floor.answers[0] == pytest.approx(data.truth[:200].mean(axis=0))
    assert floor.validation_score == pytest.approx(0, abs=0.1)
    assert floor.validation_score <= 0


@pytest.mark.parametrize("bands", [None, 3])
def test_ridge_regression_finds_what_is_linear(bands):
    data = halves(bands)
    floor = ridge_regression(data)
    truth = data.truth[data.rows(TEST)]
    assert np.abs(floor.answers - truth).mean() < 1.0
    assert floor.validation_score > 0.9
    assert floor.parameters == (6 * 8 * (bands or 1) + 1) * 2


def test_test_split_changes_no_floor_of_targets():
    data = halves()
    targets = data.truth.copy()
    targets[data.rows(TEST)] += 5
    other = Labelled(data.images, targets, data.split, 2, "regression")
    for floor in FLOORS["regression"].values():
        np.testing.assert_array_equal(floor(data).answers, floor(other).answers)


SHORT_SPLIT = np.repeat(np.array([TRAIN, VALIDATION, TEST], np.int8), [30, 10, 10])


def squares(bands=None):
    """One bright square of class 2 an image, and a dim pixel of class 1."""
    rng = np.random.default_rng(4)
    images = rng.normal(0, 10, (50, 12, 12))
    maps = np.zeros((50, 12, 12), np.int8)
    for one, (y, x) in enumerate(rng.integers(0, 8, (50, 2))):
        maps[one, y : y + 4, x : x + 4] = 2
        images[one, y : y + 4, x : x + 4] += 300
    maps[:, 11, 11] = 1
    images = np.rint(images).astype(np.int32)
    stacked = images if bands is None else np.repeat(images[:, None], bands, axis=1)
    return Labelled(stacked, maps, SHORT_SPLIT, 3, "segmentation")


def test_background_everywhere_scores_half_the_background():
    data = squares()
    floor = all_background(data)
    assert not floor.answers.any()
    # Background 127 of 144 pixels, two classes missed: (127 / 144 + 0 + 0) / 3.
    assert floor.validation_score == pytest.approx(127 / 144 / 3)


@pytest.mark.parametrize("bands", [None, 2])
def test_threshold_finds_the_bright_squares(bands):
    data = squares(bands)
    floor = threshold(data)
    truth = data.truth[data.rows(TEST)]
    assert np.array_equal(floor.answers == 2, truth == 2)
    assert floor.hyperparameters["class"] == 2


def two_stars(bands=()):
    """Two Gaussians 8 pixels apart an image, the first three times as bright, in noise of 1."""
    rng = np.random.default_rng(5)
    y, x = np.mgrid[:20, :24]
    fields = [
        flux * np.exp(-((x - at) ** 2 + (y - 10) ** 2) / 4.5) for flux, at in ((300, 8), (100, 16))
    ]
    light = np.broadcast_to(np.stack(fields), (50, 2, 20, 24)).astype(np.float32)
    images = rng.normal(light.sum(axis=1), 1)
    for count in bands:
        light, images = (np.repeat(a[..., None, :, :], count, axis=-3) for a in (light, images))
    return Labelled(images, light, SHORT_SPLIT, 1, "deblending")


@pytest.mark.parametrize("bands", [(), (2,)])
def test_peaks_share_the_light_of_what_lies_between_them(bands):
    data = two_stars(bands)
    floor = peak_weighted_split(data)
    assert floor.answers.shape == data.truth[data.rows(TEST)].shape
    assert floor.validation_score > 0.75
    flux = floor.answers.sum(axis=tuple(range(2, floor.answers.ndim)))
    truth = data.truth[data.rows(TEST)].sum(axis=tuple(range(2, floor.answers.ndim)))
    np.testing.assert_allclose(flux, truth, rtol=0.1)


def test_all_light_without_peaks_is_nobodys():
    data = two_stars()
    empty = dataclasses.replace(data, images=np.zeros_like(data.images))
    assert not peak_weighted_split(empty).answers.any()
    assert all_background(data).validation_score == 0


NAN, INF = np.nan, np.inf

HARD = {
    "constant": np.full(6, 0.1),
    "not finite": np.array([NAN, INF, -INF, 1, 2, 3]),
    "beyond float32": np.array([1e300, -1e300, 1, 2, 3, 4]),
    "large": np.array([3e38, -3e38, 1, 2, 3, 4]),
    "denormal": np.array([0, 5e-324, 1e-320, 1e-310, 0, 1]),
}


@pytest.mark.parametrize("values", HARD.values(), ids=HARD.keys())
@pytest.mark.parametrize(
    ("task", "name"), [(task, name) for task, floors in FLOORS.items() for name in floors]
)
def test_floors_answer_in_finite_numbers_whatever_the_data_are(task, name, values):
    split = np.arange(12, dtype=np.int8) % 3
    images = np.resize(values, (12, 2, 5, 5))
    labels = np.arange(12, dtype=np.int8) % 2
    truth = {
        "classification": labels,
        "multilabel": np.eye(2, dtype=np.int8)[labels],
        "regression": np.where(split == TRAIN, np.resize(values, 12), np.arange(12))[:, None],
        "segmentation": np.resize(labels, (12, 5, 5)),
        "deblending": np.ones((12, 3, 2, 5, 5), np.float32),
    }
    floor = FLOORS[task][name](Labelled(images, truth[task], split, 2, task))
    assert len(floor.answers) == 4
    assert np.isfinite(floor.answers).all()
    assert np.isfinite(floor.validation_score)
    json.dumps(floor.hyperparameters, allow_nan=False)


def waves(*, seed, samples=200):
    """Maps of noise that is smoothed on a scale for one class, and left rough for the other."""
    rng = np.random.default_rng(seed)
    codes = rng.integers(0, 2, samples).astype(np.int8)
    maps = rng.normal(size=(samples, 12 * 8**2))
    smooth = np.repeat(
        maps[:, ::4], 4, axis=1
    )  # four pixels that follow each other in NESTED order
    maps = np.where(codes[:, None] == 1, smooth, maps).astype(np.float32)
    split = np.resize(SPLIT, samples)
    return Labelled(maps, codes, split, 2, dims=("pixel",))


def test_a_power_spectrum_tells_fields_of_the_same_values_by_their_scales():
    data = waves(seed=1)
    floor = floors_of(data)["power-spectrum"](data)
    assert (floor.answers.argmax(axis=1) == data.truth[data.rows(TEST)]).mean() > 0.95


def test_only_maps_of_the_sphere_have_a_power_spectrum():
    assert "power-spectrum" not in floors_of(blobs(multilabel=False))
