import numpy as np
import pytest
import torch

from skybench.learning.heads import HEADS
from skybench.learning.labelled import Labelled
from skybench.registry.scoring.tasks import TASKS

SPLIT = np.array([0, 0, 0, 2], np.int8)


def head(task, targets):
    images = np.zeros((4, 8, 8), np.int32)
    return HEADS[task](Labelled(images, np.array(targets), SPLIT, 2, task))


def test_loss_of_known_logits():
    # Two classes at logits 0 and log 3: probabilities 1/4 and 3/4.
    logits = torch.tensor([[0.0, float(np.log(3))]])
    one = head("classification", [0, 1, 1, 0]).loss(logits, torch.tensor([1]), 0)
    assert float(one) == pytest.approx(-np.log(0.75))
    # Sigmoids 1/2 and 3/4, truth present and absent: mean of log 2 and log 4.
    several = head("multilabel", np.eye(4, 2)).loss(logits, torch.tensor([[1, 0]]), 0)
    assert float(several) == pytest.approx((np.log(2) + np.log(4)) / 2)


def test_answers_of_classes_are_probabilities_that_decide_as_the_logits_do():
    logits = torch.tensor([[1.0, -1.0], [0.5, 2.0]])
    single = head("classification", [0, 1, 1, 0]).answers(logits)
    assert single.sum(axis=1) == pytest.approx([1, 1])
    assert TASKS["classification"].decide(single).tolist() == [0, 1]
    several = head("multilabel", np.eye(4, 2)).answers(logits)
    assert TASKS["multilabel"].decide(several).tolist() == [[1, 0], [1, 1]]


def test_regression_learns_standardised_targets():
    # Of the train rows: means 20 and, of the logarithm that the wide second is learned by, 2.
    targets = [[10.0, 1.0], [20.0, np.e**2], [30.0, np.e**4], [0.0, 9.0]]
    numbers = head("regression", targets)
    one = np.sqrt(1.5)  # Three values in steps of d deviate by d / sqrt(1.5).
    perfect = torch.tensor([[-one, -one], [0, 0], [one, one]])
    assert float(numbers.loss(perfect, torch.tensor(targets[:3]), 0)) == pytest.approx(0, abs=1e-9)
    assert numbers.answers(perfect) == pytest.approx(np.array(targets[:3]), rel=1e-5)
    assert [target["log"] for target in numbers.learned["target_scaling"]] == [False, True]


def test_diverged_networks_are_undecided():
    nothing = torch.full((1, 2), float("nan"))
    assert head("classification", [0, 1, 1, 0]).answers(nothing).tolist() == [[0.5, 0.5]]
    targets = [[10.0, 1.0], [20.0, 1.5], [30.0, 2.0], [0.0, 0.0]]
    assert head("regression", targets).answers(nothing).tolist() == [[20, 1.5]]


def test_every_head_is_of_a_task():
    assert set(HEADS) <= set(TASKS)
