import numpy as np
import pytest
import torch

from skybench.learning.heads import HEADS
from skybench.learning.labelled import Labelled
from skybench.learning.networks.table import NETWORKS
from skybench.learning.protocols import PROTOCOLS
from skybench.learning.training import fit
from skybench.registry.scoring.tasks import TASKS

SHORT = PROTOCOLS["default"].model_copy(update={"epochs": 25, "batch_size": 4})
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


def test_a_segmentation_is_learnt_and_answered_by_pixel(tmp_path):
    rng = np.random.default_rng(0)
    truth = (rng.random((24, 1, 1)) < np.linspace(0, 1, 16)[:, None]).astype(np.int8) + np.zeros(
        (1, 1, 16), np.int8
    )
    images = (rng.normal(0, 5, truth.shape) + 100 * truth).astype(np.int32)
    split = np.repeat(np.array([0, 1, 2], np.int8), 8)
    data = Labelled(images, truth.astype(np.int8), split, 2, "segmentation", turns=False)
    done = fit(NETWORKS["unet"], data, SHORT, seed=0, folder=tmp_path)
    assert (done.test_answers.shape, done.test_answers.dtype) == ((8, 16, 16), np.int8)
    assert (done.test_answers == truth[16:]).mean() > 0.9


@pytest.mark.parametrize("bands", [(), (2,)])
def test_light_of_sources_is_learnt_whatever_their_order_and_is_never_negative(tmp_path, bands):
    light = np.zeros((24, 2, *bands, 16, 16), np.float32)
    light[:, 0, ..., 2:7, 2:7], light[:, 1, ..., 9:14, 9:14] = 200, 600
    images = np.random.default_rng(0).normal(light.sum(1), 5).astype(np.int32)
    split = np.repeat(np.array([0, 1, 2], np.int8), 8)
    outputs = 2 * int(np.prod(bands))
    either = light.copy()
    either[::2] = light[::2, ::-1]
    data = [Labelled(images, t, split, outputs, "deblending", turns=False) for t in (light, either)]
    done = [fit(NETWORKS["unet"], one, SHORT, seed=0, folder=tmp_path) for one in data]
    np.testing.assert_array_equal(done[0].test_answers, done[1].test_answers)
    assert done[0].test_answers.shape == light[16:].shape
    assert done[0].test_answers.min() >= 0
    halves = np.repeat(light.sum(axis=1, keepdims=True) / 2, 2, axis=1)
    learnt, shared = (
        TASKS["deblending"].merit(answers, light[16:]).mean()
        for answers in (done[0].test_answers, halves[16:])
    )
    assert learnt > shared + 0.1
