import numpy as np
import pytest

from skybench.registry.scoring.scoring import score
from skybench.registry.scoring.segmentation import image_overlap, overlap_by_class, pixel_confusion

TRUTH = np.array([[[0, 0, 1, 1]], [[0, 0, 0, 2]]], np.int8)
ANSWER = np.array([[[0, 1, 1, 1]], [[0, 0, 0, 0]]], np.int8)


def test_overlap_of_known_images():
    # First: background 1 of 2, class 1: 2 of 3; class 2 is in neither. Second: background 3 of 4,
    # class 2: 0 of 1.
    expected = [(1 / 2 + 2 / 3) / 2, (3 / 4 + 0) / 2]
    assert image_overlap(ANSWER, TRUTH) == pytest.approx(expected)
    assert image_overlap(TRUTH, TRUTH).tolist() == [1, 1]


def test_overlap_of_known_classes():
    # Over both: background 4 of 6, class 1: 2 of 3, class 2: 0 of 1; class 3 is nowhere.
    shares = overlap_by_class(ANSWER, TRUTH, 4)["iou"]
    assert shares[:3] == pytest.approx([4 / 6, 2 / 3, 0])
    assert np.isnan(shares[3])


def test_confusion_counts_pixels():
    counts = pixel_confusion(ANSWER, TRUTH, 3)
    assert counts.tolist() == [[4, 1, 0], [0, 2, 0], [1, 0, 0]]


def test_blocks_of_images_do_not_matter(monkeypatch):
    rng = np.random.default_rng(1)
    answers, truth = rng.integers(0, 3, (2, 7, 4, 5)).astype(np.int8)
    whole = image_overlap(answers, truth), pixel_confusion(answers, truth, 3)
    monkeypatch.setattr("skybench.registry.scoring.segmentation._PIXELS_AT_ONCE", 40)
    assert image_overlap(answers, truth).tolist() == whole[0].tolist()
    assert pixel_confusion(answers, truth, 3).tolist() == whole[1].tolist()


def test_score_of_maps_names_background_and_classes():
    tested = score("segmentation", TRUTH, ("background", "star", "galaxy"), {0: ANSWER})
    fields = tested.record_fields()
    assert fields["metric"] == "iou"
    assert fields["score"] == pytest.approx((7 / 12 + 3 / 8) / 2, abs=1e-6)
    assert fields["measures"]["galaxy"] == {"iou": 0}
    assert fields["measures"]["star"]["iou"] == pytest.approx(2 / 3, abs=1e-6)
