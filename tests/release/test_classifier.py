import numpy as np
import pytest
import torch

from skybench.release.classifier import classification_loss, exact_match, rate_factor
from skybench.release.protocols import PROTOCOLS, Protocol


def test_loss_of_known_logits() -> None:
    # Two classes at logits 0 and log 3: probabilities 1/4 and 3/4.
    logits = torch.tensor([[0.0, float(np.log(3))]])
    assert float(classification_loss(logits, torch.tensor([1]), 0)) == pytest.approx(-np.log(0.75))
    # Sigmoids 1/2 and 3/4, truth present and absent: mean of log 2 and log 4.
    several = classification_loss(logits, torch.tensor([[1, 0]]), 0)
    assert float(several) == pytest.approx((np.log(2) + np.log(4)) / 2)


def test_exact_match_needs_all_classes() -> None:
    logits = torch.tensor([[1.0, -1.0], [1.0, 1.0]])
    assert exact_match(logits, torch.tensor([[1, 0], [1, 0]])).tolist() == [True, False]
    assert exact_match(logits, torch.tensor([0, 1])).tolist() == [True, False]


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
