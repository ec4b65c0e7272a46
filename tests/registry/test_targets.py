import numpy as np
import pytest
import xarray as xr

from skybench.errors import IntegrityError
from skybench.registry.targets import targets_of


def flags(meanings, codes):
    return {"flag_values": np.array(codes, np.int8), "flag_meanings": meanings}


def dataset(**coordinates):
    split = ("sample", np.array([2, 0, 1], np.int8), flags("train validation test", [0, 1, 2]))
    return xr.Dataset(coords={"sample_id": ("sample", [7, 8, 9]), "split": split} | coordinates)


def test_labels_become_positions_whatever_their_codes():
    label = ("sample", np.array([5, 3, 5], np.int8), flags("star spiral", [3, 5]))
    targets = targets_of(dataset(label=label), "sky")
    assert (targets.task, targets.classes) == ("classification", ("star", "spiral"))
    assert targets.truth.tolist() == [1, 0, 1]
    assert targets.splits.tolist() == ["test", "train", "validation"]
    assert targets.ids[targets.rows("test")].tolist() == [7]


def test_presence_keeps_the_order_of_the_class_coordinate():
    classes = ("class", np.array([1, 0], np.int8), flags("star spiral", [0, 1]))
    present = (("sample", "class"), np.array([[1, 0], [0, 1], [1, 1]], np.int8))
    targets = targets_of(dataset(**{"class": classes, "present": present}), "sky")
    assert (targets.task, targets.classes) == ("multilabel", ("spiral", "star"))
    assert targets.truth.tolist() == [[1, 0], [0, 1], [1, 1]]


def test_code_without_meaning_is_named():
    label = ("sample", np.array([0, 1, 4], np.int8), flags("star spiral", [0, 1]))
    with pytest.raises(IntegrityError, match="label of sky holds the code 4"):
        targets_of(dataset(label=label), "sky")


def test_dataset_without_targets_is_refused():
    with pytest.raises(IntegrityError, match="sky has neither label nor present"):
        targets_of(dataset(), "sky")
