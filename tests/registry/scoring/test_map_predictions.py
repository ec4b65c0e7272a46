import io

import numpy as np
import pytest
import zarr

from skybench.errors import PredictionsError
from skybench.registry.scoring.predictions import (
    predictions_suffix,
    read_predictions,
    write_predictions,
)
from skybench.registry.scoring.question import Question

QUESTION = Question(
    task="segmentation",
    names=("background", "star", "galaxy"),
    ids=np.array([3, 5, 8]),
    shape=(2, 4),
    other_ids={"train": np.array([0, 1])},
)
MAPS = np.arange(24).reshape(3, 2, 4) % 3


def saved(tmp_path, ids=(8, 3, 5), maps=MAPS, **more):
    path = tmp_path / "maps.npz"
    np.savez(path, sample_id=np.array(ids), segmentation=maps, **more)
    return path


def test_maps_come_in_the_order_of_the_split(tmp_path):
    answer = read_predictions(saved(tmp_path, content="sha256:ab"), QUESTION)
    assert np.array_equal(answer.by_seed[0], MAPS[[1, 2, 0]])
    assert answer.content == "sha256:ab"


def test_a_zarr_group_is_read_too(tmp_path):
    group = zarr.open_group(tmp_path / "maps.zarr", mode="w")
    group.create_array("sample_id", data=np.array([3, 5, 8]))
    group.create_array("segmentation", data=MAPS.astype(np.uint8))
    answer = read_predictions(tmp_path / "maps.zarr", QUESTION)
    assert np.array_equal(answer.by_seed[0], MAPS)


def test_an_array_of_maps_is_taken_in_the_order_of_the_split():
    answer = read_predictions(MAPS, QUESTION)
    assert np.array_equal(answer.by_seed[0], MAPS)
    assert answer.notes == ("the array was taken to be in the order of the test split",)
    with pytest.raises(PredictionsError, match=r"segmentation of \(2, 2, 4\) int64"):
        read_predictions(MAPS[:2], QUESTION)


def test_what_is_written_is_read_again():
    buffer = io.BytesIO()
    write_predictions(buffer, QUESTION, {0: MAPS}, {"content": "sha256:ab", "version": "0.2"})
    buffer.seek(0)
    answer = read_predictions(buffer, QUESTION)
    assert np.array_equal(answer.by_seed[0], MAPS)
    assert answer.content == "sha256:ab"
    assert predictions_suffix(QUESTION) == ".npz"


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"ids": (8, 3, 1)}, r"lacks 1 of its 3 ids \(5\) .* \(1; 1 is of the train split\)"),
        ({"ids": (8, 3, 3)}, "sample_id 3 is in row 1 and in row 2"),
        ({"maps": MAPS[:2]}, r"segmentation of \(2, 2, 4\) int64; it needs .* \(3, 2, 4\)"),
        ({"maps": MAPS / 3}, "float64; it needs .*0 background, 1 star, 2 galaxy"),
        ({"maps": MAPS + 1}, r"codes from 0 to 2, got 3 at \[0, 2\] of row 0"),
    ],
)
def test_wrong_maps_are_refused(tmp_path, changes, expected):
    with pytest.raises(PredictionsError, match=expected):
        read_predictions(saved(tmp_path, **changes), QUESTION)


def test_files_of_another_kind_are_refused(tmp_path):
    (tmp_path / "maps.npz").write_bytes(b"not a zip file")
    with pytest.raises(PredictionsError, match="cannot be read as maps"):
        read_predictions(tmp_path / "maps.npz", QUESTION)
    with pytest.raises(PredictionsError, match=r"must be a \.npz file or a \.zarr group"):
        read_predictions(tmp_path / "maps.csv", QUESTION)
    np.savez(tmp_path / "other.npz", segmentation=MAPS)
    with pytest.raises(PredictionsError, match="lacks sample_id"):
        read_predictions(tmp_path / "other.npz", QUESTION)


LIGHT = np.arange(48).reshape(3, 2, 2, 4) / 7
DEBLENDING = Question(
    task="deblending", names=("light",), ids=np.array([3, 5, 8]), shape=LIGHT.shape[1:]
)


def test_light_of_sources_is_written_and_read_in_single_precision():
    buffer = io.BytesIO()
    write_predictions(buffer, DEBLENDING, {0: LIGHT}, {})
    buffer.seek(0)
    read = read_predictions(buffer, DEBLENDING).by_seed[0]
    assert read.dtype == np.float32
    assert np.array_equal(read, LIGHT.astype(np.float32))
    assert predictions_suffix(DEBLENDING) == ".npz"


@pytest.mark.parametrize(
    ("light", "expected"),
    [
        (
            LIGHT[:, :1],
            r"light of \(3, 1, 2, 4\) float64; it needs .*\(3, 2, 2, 4\) finite numbers",
        ),
        (np.where(LIGHT > 6.7, np.nan, LIGHT), r"finite numbers, got nan at \[1, 1, 3\] of row 2"),
        (LIGHT * 1e39, r"finite numbers, got .* of row 0"),
        (LIGHT.astype(complex), "complex128; it needs"),
    ],
)
def test_wrong_light_is_refused(light, expected):
    with pytest.raises(PredictionsError, match=expected):
        read_predictions(light, DEBLENDING)
