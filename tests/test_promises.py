"""The promises of docs/trust.md, each attacked by name.

A test here is one attack that was seen to succeed once, told as whoever attacks would do it and
asserted as a user would meet it. The details of each promise are tested beside the code that
keeps it.
"""

import json
import shutil

import pandas as pd
import pytest

import skybench
from skybench.registry.audit import audit
from skybench.registry.storage.store import Store
from skybench.registry.versions.manifest import canonical_text

BOARD = "objects@0.0"


@pytest.fixture
def board(demo_store, tmp_path):
    """A store with a submission to objects 0.0, which says star of everything."""
    shutil.copytree(demo_store, tmp_path / "store")
    store = Store(tmp_path / "store")
    ids = skybench.open(BOARD, split="test", store=store).sample_id.values
    answer = pd.DataFrame({"sample_id": ids, "label": "star"})
    skybench.evaluate(BOARD, answer, name="mine", store=store, submit=True)
    assert audit(store).ok
    return store


def test_a_record_that_nobody_submitted_is_not_ranked(board):
    """It was rank 1 with 500 % once, and audit was clean."""
    folder = board.local_path("objects/0.0")
    record = json.loads((folder / "baselines" / "logistic-regression.json").read_text())
    forged = record | {"name": "forged", "kind": "baseline", "metric": "r2", "score": 5.0}
    forged |= {"interval": {"low": 5.0, "high": 5.0}}
    (folder / "submissions" / "forged.json").write_text(canonical_text(forged))
    table = skybench.leaderboard(BOARD, store=board)
    assert set(table.name) == {"logistic-regression", "majority-class", "mine"}
    assert set(table.evidence) == {"recomputed"}
    (note,) = table.attrs["notes"]
    assert "forged.json is named by no line of submissions/log.jsonl" in note
    assert any("forged.json" in problem for problem in audit(board).problems)


def test_a_submission_cannot_be_deleted_unseen(board):
    for path in board.local_path("objects/0.0/submissions").glob("mine-*"):
        path.unlink()
    table = skybench.leaderboard(BOARD, store=board)
    assert "mine" not in set(table.name)
    (note,) = table.attrs["notes"]
    assert "submissions/mine-" in note
    assert "is not there" in note
    assert any("submissions/mine-" in problem for problem in audit(board).problems)
