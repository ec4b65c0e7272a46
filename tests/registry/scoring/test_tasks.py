from typing import get_args

import numpy as np
import pytest
import xarray as xr

from skybench.errors import IntegrityError, ParameterError
from skybench.generators.recipe import ObjectRecipe
from skybench.registry.scoring.tasks import TASKS, answer_key, task_named

ALL = np.arange(3)


def flags(meanings, codes):
    return {"flag_values": np.array(codes, np.int8), "flag_meanings": meanings}


def dataset(**coordinates):
    split = ("sample", np.array([2, 0, 1], np.int8), flags("train validation test", [0, 1, 2]))
    return xr.Dataset(coords={"sample_id": ("sample", [7, 8, 9]), "split": split} | coordinates)


def test_labels_become_positions_whatever_their_codes():
    label = ("sample", np.array([5, 3, 5], np.int8), flags("star spiral", [3, 5]))
    key = answer_key(dataset(label=label), "sky")
    assert (key.task, key.names) == ("classification", ("star", "spiral"))
    assert key.truth.of_rows(ALL).tolist() == [1, 0, 1]
    assert key.splits.tolist() == ["test", "train", "validation"]
    assert key.ids[key.rows("test")].tolist() == [7]


def test_presence_keeps_the_order_of_the_class_coordinate():
    classes = ("class", np.array([1, 0], np.int8), flags("star spiral", [0, 1]))
    present = (("sample", "class"), np.array([[1, 0], [0, 1], [1, 1]], np.int8))
    key = answer_key(dataset(**{"class": classes, "present": present}), "sky")
    assert (key.task, key.names) == ("multilabel", ("spiral", "star"))
    assert key.truth.of_rows(ALL).tolist() == [[1, 0], [0, 1], [1, 1]]


def test_code_without_meaning_is_named():
    label = ("sample", np.array([0, 1, 4], np.int8), flags("star spiral", [0, 1]))
    with pytest.raises(IntegrityError, match="label of sky holds the code 4"):
        answer_key(dataset(label=label), "sky")


def test_dataset_without_targets_is_refused():
    with pytest.raises(IntegrityError, match="sky names no task and has neither label nor present"):
        answer_key(dataset(), "sky")


def regression(targets, **coordinates):
    return dataset(**coordinates).assign_attrs(task="regression", targets=targets)


def test_regression_stacks_its_targets_from_samples_and_single_sources():
    flux = (("sample", "source"), np.array([[5.0], [6.0], [7.0]], np.float32))
    count = ("sample", np.array([1, 2, 1], np.int8))
    key = answer_key(regression("flux arm_count", flux=flux, arm_count=count), "sky")
    assert (key.task, key.names) == ("regression", ("flux", "arm_count"))
    assert key.answers("train").tolist() == [[6, 2]]
    assert key.truth.of_rows(ALL).dtype == np.float64


@pytest.mark.parametrize(
    ("coordinate", "expected"),
    [
        ((("sample", "source"), np.ones((3, 2))), "one number a sample, got .*'source': 2"),
        (("sample", [1.0, np.nan, 2.0]), "flux of sky has no value for 1 samples, .* row 1"),
        (("sample", [2.0, 2.0, 2.0]), "flux of sky is 2 for every sample; nothing to predict"),
        (("sample", np.array([0, 1, 0]), flags("a b", [0, 1])), "is a code, not a number"),
    ],
)
def test_targets_that_are_no_numbers_of_samples_are_refused(coordinate, expected):
    with pytest.raises(IntegrityError, match=expected):
        answer_key(regression("flux", flux=coordinate), "sky")


def test_missing_targets_are_named():
    with pytest.raises(IntegrityError, match="sky has no variable flux"):
        answer_key(regression("flux"), "sky")
    with pytest.raises(IntegrityError, match="names no targets in its attributes"):
        answer_key(regression(""), "sky")
    with pytest.raises(IntegrityError, match="has the task 'detection', but this skybench scores"):
        answer_key(dataset().assign_attrs(task="detection"), "sky")


def test_segmentation_gives_each_pixel_the_class_of_its_source():
    classes = ("class", np.array([0, 1], np.int8), flags("star galaxy", [0, 1]))
    of_source = (
        ("sample", "source"),
        np.array([[1, 0], [0, -1], [1, 1]], np.int8),
        flags("none star galaxy", [-1, 0, 1]),
    )
    ds = dataset(**{"class": classes, "source_class": of_source}).assign_attrs(task="segmentation")
    slots = np.array([[[0, 1, 2]], [[0, 1, 1]], [[2, 0, 1]]], np.int8)
    key = answer_key(ds.assign(segmentation=(("sample", "y", "x"), slots)), "sky")
    assert key.names == ("background", "star", "galaxy")
    assert key.truth.shape == (1, 3)
    assert key.truth.of_rows(ALL).tolist() == [[[0, 2, 1]], [[0, 1, 1]], [[2, 0, 2]]]
    assert key.answers("test").tolist() == [[[0, 2, 1]]]


def test_segmentation_without_classes_tells_sources_from_background():
    ds = dataset().assign_attrs(task="segmentation")
    slots = np.array([[[0, 1, 2]], [[0, 1, 1]], [[2, 0, 1]]], np.int8)
    key = answer_key(ds.assign(segmentation=(("sample", "y", "x"), slots)), "sky")
    assert key.names == ("background", "source")
    assert key.truth.of_rows(ALL).tolist() == (slots > 0).astype(int).tolist()


def test_the_tasks_are_those_of_recipes():
    assert tuple(TASKS) == get_args(ObjectRecipe.model_fields["task"].annotation)
    assert all(name == task.name for name, task in TASKS.items())


@pytest.mark.parametrize("task", TASKS.values(), ids=list(TASKS))
def test_the_headline_of_a_task_is_one_of_its_metrics_and_has_a_merit(task):
    assert task.metric in task.metrics
    assert task.metric.merit is not None


def test_several_classes_a_sample_count_before_a_label():
    classes = ("class", np.array([0, 1], np.int8), flags("star spiral", [0, 1]))
    present = (("sample", "class"), np.eye(3, 2, dtype=np.int8))
    label = ("sample", np.zeros(3, np.int8), flags("star spiral", [0, 1]))
    assert answer_key(dataset(label=label), "sky").task == "classification"
    both = dataset(**{"class": classes, "present": present, "label": label})
    assert answer_key(both, "sky").task == "multilabel"


def test_unknown_task_lists_those_there_are():
    with pytest.raises(
        ParameterError, match=r"one of classification, multilabel, .*, got 'detection'"
    ):
        task_named("detection")
