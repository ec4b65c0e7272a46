import numpy as np
import pandas as pd
import pytest

from skybench.errors import NotFoundError
from skybench.registry import recorded
from skybench.registry.evaluate import evaluate
from skybench.registry.leaderboard import COLUMNS, leaderboard
from skybench.registry.scoring.records import records_text, stored_records
from skybench.registry.versions.index import find, read_index, read_manifest


@pytest.fixture
def scored(published, raw):
    """A store where two submissions tie behind a better one."""
    test = raw.isel(sample=np.flatnonzero(raw.split == 2))
    truth = pd.DataFrame({"sample_id": test.sample_id.values, "label": test.label.values})
    for name, errors in (("good", 1), ("tie-b", 9), ("tie-a", 9)):
        answer = truth.copy()
        answer.loc[: errors - 1, "label"] = 1 - answer.loc[: errors - 1, "label"]
        evaluate("sky@0.1", answer, name=name, store=published, submit=True)
    return published


def test_best_comes_first_and_ties_share_a_rank(scored):
    table = leaderboard("sky@0.1", store=scored)
    common = ("accuracy" if name == "score" else name for name in COLUMNS)
    assert tuple(table.columns) == (*common, "expected_calibration_error")
    assert list(zip(table["rank"], table.name, strict=True)) == [
        (1, "good"),
        (2, "tie-a"),
        (2, "tie-b"),
    ]
    assert (table.low <= table.accuracy).all()
    assert (table.accuracy <= table.high).all()
    assert table.attrs["reference"] == "sky@0.1"
    assert table.attrs["notes"] == []


def test_version_without_scores_has_an_empty_table(published):
    table = leaderboard("sky@0.2", store=published)
    assert len(table) == 0


def test_version_that_the_store_lacks_is_read_from_the_package(scored, tmp_path, monkeypatch):
    package = tmp_path / "package"
    folder = package / "releases" / "0.1"
    folder.mkdir(parents=True)
    manifest = read_manifest(scored, find(read_index(scored), "sky", "0.1"))
    (folder / "sky.manifest.json").write_text(manifest.to_text())
    records = stored_records(scored, "sky/0.1/submissions")
    (folder / "sky.baselines.json").write_text(records_text(records))
    monkeypatch.setattr(recorded, "files", lambda _: package)
    empty = tmp_path / "empty"
    assert leaderboard("sky", store=empty).name.tolist() == ["good", "tie-a", "tie-b"]
    with pytest.raises(NotFoundError, match="nothing is released there"):
        leaderboard("sky@1", store=empty)
    with pytest.raises(NotFoundError):
        leaderboard("sky@0.1#sha256:" + "0" * 12, store=empty)
