"""What a network is sure of in another survey teaches it that survey."""

import dataclasses

import numpy as np
import pytest

from skybench.errors import NotFoundError, ParameterError
from skybench.learning.catalogue.domain import UNKNOWN, joined, read_domain
from skybench.learning.catalogue.recursion import (
    Rules,
    confident_labels,
    control,
    train_recursively,
    with_labels,
)
from skybench.learning.catalogue.scores import paired_gain, scored
from skybench.learning.labelled import TRAIN, UNLABELLED
from skybench.learning.networks.lenet5 import LENET5
from skybench.learning.protocols import Protocol

SHORT = Protocol(
    name="short",
    optimizer="adamw",
    learning_rate=2e-3,
    weight_decay=1e-2,
    batch_size=16,
    epochs=4,
)
RULES = Rules(rounds=3, cut=0.8)


@pytest.fixture(scope="module")
def work(tmp_path_factory):
    return tmp_path_factory.mktemp("work")


@pytest.fixture(scope="module")
def recursion(both, teacher, work):
    return train_recursively(
        LENET5, both, SHORT, teacher=teacher.weights, seed=0, folder=work, rules=RULES
    )


def test_recursion_raises_accuracy_on_a_survey_that_is_shifted(both, teacher, recursion):
    before = {0: teacher.test_answers}
    after = {0: recursion.students[recursion.kept - 1].test_answers}
    assert scored(both, before, "test", "near")["accuracy"].value > 0.98
    assert scored(both, before, "test", "far")["accuracy"].value < 0.95
    assert paired_gain(both, after, before, "test", "far").low > 0


def test_rounds_tell_what_they_did(recursion):
    first = recursion.rounds[0]
    assert first.labels[0] == first.labels[1] > 0
    assert first.new == pytest.approx(sum(first.labels) / 80)
    assert first.right is not None
    assert first.right > 0.5
    assert recursion.best == recursion.students[recursion.kept - 1].weights
    assert f"{first.labels[0]} + {first.labels[1]} labels" in str(first)


def test_rounds_that_are_done_are_not_trained_again(both, teacher, work, recursion):
    lines = []
    again = train_recursively(
        LENET5,
        both,
        SHORT,
        teacher=teacher.weights,
        seed=0,
        folder=work,
        rules=RULES,
        report=lines.append,
    )
    assert again.best == recursion.best
    assert not [line for line in lines if line.startswith("epoch")]


def test_the_control_trains_as_long_without_the_labels(both, teacher, work, recursion):
    done = control(
        LENET5, both, SHORT, recursion, teacher=teacher.weights, seed=0, folder=work, rules=RULES
    )
    last = recursion.rounds[len(recursion.students) - 1]
    assert done.best.validation_score > 0.98
    assert len(done.history) == round(4 * (160 + sum(last.labels)) / 160)


def test_it_ends_where_labels_are_no_longer_new(both, teacher, work):
    rules = Rules(rounds=3, cut=0.8, least_new=1.0)
    found = train_recursively(
        LENET5, both, SHORT, teacher=teacher.weights, seed=0, folder=work, rules=rules
    )
    assert "of the labels are new" in found.ended
    assert (found.kept, found.students, found.best) == (0, (), teacher.weights)


def test_a_student_that_forgets_its_source_is_given_up(both, teacher, work):
    hopeless = SHORT.model_copy(update={"learning_rate": 1e-9, "epochs": 1})
    rules = dataclasses.replace(RULES, student="afresh")
    found = train_recursively(
        LENET5, both, hopeless, teacher=teacher.weights, seed=0, folder=work, rules=rules
    )
    assert found.ended.startswith("validation fell")
    assert (found.kept, found.best) == (0, teacher.weights)


def test_confident_labels_by_hand():
    sure = np.array([[0.99, 0.01], [0.1, 0.9], [0.96, 0.04], [0.6, 0.4], [0.97, 0.03]])
    free = confident_labels(sure, cut=0.9, balanced=False)
    assert free.tolist() == [0, 1, 0, UNKNOWN, 0]
    balanced = confident_labels(sure, cut=0.9, balanced=True)
    assert balanced.tolist() == [0, 1, UNKNOWN, UNKNOWN, UNKNOWN]


def test_labelled_samples_join_the_train_split(both):
    labels = np.full(80, UNKNOWN)
    labels[[3, 5]] = 1, 0
    taught = with_labels(both.labelled, labels)
    rows = both.labelled.rows(UNLABELLED)
    assert taught.split[rows[[3, 5]]].tolist() == [TRAIN, TRAIN]
    assert taught.truth[rows[3]] == 1
    assert len(taught.rows(UNLABELLED)) == 78


def test_what_cannot_be_is_refused(near, teacher, work):
    alone = joined(read_domain(near.isel(sample=near.split.values != 3)))
    with pytest.raises(NotFoundError, match="needs unlabelled samples"):
        train_recursively(
            LENET5, alone, SHORT, teacher=teacher.weights, seed=0, folder=work, rules=RULES
        )
    with pytest.raises(ParameterError, match="rounds must be at least 1"):
        Rules(rounds=0)
    with pytest.raises(ParameterError, match="student must be"):
        Rules(student="both")
