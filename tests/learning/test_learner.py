"""Batches by their position, augmentation, learning rates and optimizers."""

import numpy as np
import pytest
import torch

from skybench.learning.augmentation import Draws, dihedral, position_generator
from skybench.learning.labelled import TEST, Labelled
from skybench.learning.learner import Batches, rate_factor, shuffled
from skybench.learning.protocols import PROTOCOLS, Protocol


def test_batches_are_cut_from_the_arrays():
    images = np.arange(12, dtype=np.int32).reshape(3, 2, 2)
    data = Labelled(images, np.array([0, 1, 1], np.int8), np.array([0, 2, 2], np.int8), 2)
    assert data.rows(TEST).tolist() == [1, 2]
    batches = Batches(data, [np.array([2, 0]), np.array([1])])
    assert len(batches) == 2
    (first, targets), _ = batches
    assert first.tolist() == images[[2, 0]].tolist()
    assert targets.tolist() == [1, 0]


def test_order_depends_on_seed_and_epoch_and_holds_each_row_once() -> None:
    rows = np.arange(100, 164)
    batches = shuffled(rows, 16, 0, 0)
    assert [len(batch) for batch in batches] == [16] * 4
    assert sorted(np.concatenate(batches).tolist()) == rows.tolist()
    assert np.array_equal(batches, shuffled(rows, 16, 0, 0))
    assert not np.array_equal(batches, shuffled(rows, 16, 0, 1))
    assert not np.array_equal(batches, shuffled(rows, 16, 1, 0))


def test_a_rest_sits_out_but_a_small_split_is_one_batch() -> None:
    assert [len(batch) for batch in shuffled(np.arange(37), 16, 0, 0)] == [16, 16]
    assert [len(batch) for batch in shuffled(np.arange(7), 16, 0, 0)] == [7]


def test_dihedral_gives_each_of_the_eight_symmetries() -> None:
    image = torch.arange(9.0).reshape(1, 3, 3)
    turned = dihedral(image.repeat(400, 1, 1), Draws(generator=position_generator(0, 0, 0)))
    assert len({tuple(one.flatten().tolist()) for one in turned}) == 8


def test_dihedral_keeps_the_shape_of_images_that_are_not_square() -> None:
    image = torch.arange(6.0).reshape(1, 2, 3)
    turned = dihedral(image.repeat(100, 1, 1), Draws(generator=position_generator(0)))
    assert len({tuple(one.flatten().tolist()) for one in turned}) == 4


def test_dihedral_turns_all_bands_alike() -> None:
    image = torch.arange(9.0).reshape(1, 1, 3, 3)
    turned = dihedral(image.repeat(100, 2, 1, 1), Draws(generator=position_generator(0, 0, 0)))
    assert torch.equal(turned[:, 0], turned[:, 1])
    assert len({tuple(one[0].flatten().tolist()) for one in turned}) == 8


def test_one_cycle_rises_to_one_and_ends_near_zero() -> None:
    protocol = Protocol(
        name="t",
        optimizer="sgd",
        learning_rate=1,
        weight_decay=0,
        epochs=1,
        schedule="one-cycle",
        warmup=0.25,
    )
    factors = [rate_factor(protocol, step, 40) for step in range(41)]
    assert int(np.argmax(factors)) == 10
    assert max(factors) == 1
    assert factors[0] < 0.1
    assert factors[40] == pytest.approx(0)


def test_protocol_paper_is_what_the_paper_states() -> None:
    paper = PROTOCOLS["paper"]
    assert (paper.batch_size, paper.learning_rate, paper.weight_decay) == (64, 0.524, 0.00125)
    assert rate_factor(paper, 5, 10) == 1
