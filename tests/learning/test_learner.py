import numpy as np
import pytest

from skybench.learning.learner import rate_factor
from skybench.learning.protocols import PROTOCOLS, Protocol


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
