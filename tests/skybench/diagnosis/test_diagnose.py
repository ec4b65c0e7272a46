"""The page of a diagnosis: whole, self-contained, of every task and form."""

import base64
import re
import sys

import numpy as np
import pandas as pd
import pytest
from PIL import Image

import skybench as sb
from skybench.errors import MissingDependencyError, ParameterError, PredictionsError, StoreError
from skybench.generators.recipe_file import load_recipe
from skybench.registry.ground_truth import ground_truth


@pytest.fixture(scope="module")
def planted():
    """Probabilities for shapes2/small that take small circles for rectangles."""
    truth = ground_truth("shapes2/small")
    ds = truth.ds.isel(sample=truth.rows)
    rng = np.random.default_rng(0)
    wrong = rng.random(len(truth.rows)) < np.where(ds.radius.values[:, 0] < 3, 0.4, 0.03)
    sure = rng.uniform(0.6, 1, len(wrong))
    right = ds.label.values == np.array([[0], [1]])
    probabilities = np.where(right ^ wrong, sure, 1 - sure).T
    return pd.DataFrame(
        {"sample_id": ds.sample_id, "circle": probabilities[:, 0], "rectangle": probabilities[:, 1]}
    )


@pytest.fixture
def nowhere(tmp_path, monkeypatch):
    monkeypatch.setenv("SKYBENCH_STORE", str(tmp_path / "none"))


def pictures_in(page):
    text = page.read_text(encoding="utf-8")
    assert not re.findall(r'(?:src|href)="(?!data:)', text)
    data = re.findall(r'src="data:image/png;base64,([^"]+)"', text)
    return text, {base64.b64decode(one) for one in data}


def test_the_page_says_what_was_found_and_holds_its_pictures(planted, tmp_path, nowhere):
    found = sb.diagnose(
        "shapes2/small",
        planted,
        out=tmp_path / "report",
        name="MyNet",
        rungs={"sharp": planted, "shapes2/hard": planted},
    )
    text, inline = pictures_in(found.page)
    assert "Where MyNet breaks on shapes2/small" in text
    assert re.search(r"where radius &lt; [23]\.\d+ pixel", text)
    assert "of circles are taken for rectangles" in found.sentences[1]
    assert "expected calibration error is" in text
    files = sorted(path.name for path in found.page.parent.iterdir())
    assert files == [
        "calibration.png", "confusion.png", "coordinates.png", "findings.png", "index.html",
        "rungs.png", "worst.png",
    ]  # fmt: skip
    assert inline == {path.read_bytes() for path in found.page.parent.glob("*.png")}
    assert found.rungs.index.tolist() == ["shapes2/small", "sharp", "shapes2/hard"]
    assert found.sentences[-1].startswith("On shapes2/hard it is ")
    assert str(found).splitlines()[-1] == str(found.page)


def test_labels_alone_have_no_calibration_and_chance_no_findings(tmp_path, nowhere):
    truth = ground_truth("shapes2")
    rng = np.random.default_rng(0)
    wrong = rng.random(len(truth.rows)) < 0.05
    labels = np.where(wrong, 1 - truth.answers, truth.answers)
    found = sb.diagnose("shapes2", labels, out=tmp_path / "report")
    assert found.findings == ()
    assert found.sentences[1].startswith("Nothing stands out: the errors depend on none of")
    names = {path.name for path in found.page.parent.iterdir()}
    assert {"calibration.png", "findings.png"}.isdisjoint(names)


def test_all_right_needs_no_gallery(tmp_path, nowhere):
    truth = ground_truth("shapes2")
    found = sb.diagnose("shapes2", truth.answers, out=tmp_path / "report")
    assert found.sentences[1].startswith("Every sample is answered alike well")
    assert not (found.page.parent / "worst.png").exists()


def answers_of(truth):
    """Return predictions that are partly wrong."""
    rng = np.random.default_rng(1)
    if truth.key.task == "classification":
        return rng.dirichlet(np.ones(len(truth.key.names)), len(truth.rows))
    if truth.key.task == "multilabel":
        return rng.random(truth.answers.shape)
    if truth.key.task == "regression":
        return truth.answers * rng.uniform(0.8, 1.2, truth.answers.shape)
    return np.roll(truth.answers, 3, axis=2)


@pytest.mark.parametrize(
    "name",
    ["grz", "geometric", "halos", "sphere", "pendulum", "fields"],
)
def test_every_task_and_form_has_a_page(name, tmp_path, nowhere):
    recipe = load_recipe(name).model_copy(update={"samples": 60})
    truth = ground_truth(recipe)
    found = sb.diagnose(recipe, answers_of(truth), out=tmp_path / "report")
    with Image.open(found.page.parent / "worst.png") as worst:
        assert np.ptp(np.asarray(worst.convert("L"))) > 100
    other = {"regression": "answers.png"}.get(truth.key.task, "confusion.png")
    assert (found.page.parent / other).exists()


def test_a_single_sample_has_a_page(tmp_path):
    ds = sb.generate("shapes2", 0, 1).drop_vars("split")
    found = sb.diagnose(ds, np.array([[0.3, 0.7]]), out=tmp_path / "report")
    assert found.page.exists()


def test_a_version_is_diagnosed_with_several_seeds(tmp_path, demo_store):
    truth = ground_truth("objects@0", demo_store)
    rows = len(truth.rows)
    runs = [
        pd.DataFrame(
            answers_of(truth), columns=list(truth.key.names)
        ).assign(sample_id=truth.question.ids, seed=seed)
        for seed in (0, 1)
    ]  # fmt: skip
    predictions = pd.concat(runs, ignore_index=True)
    found = sb.diagnose("objects@0", predictions, out=tmp_path / "report", store=demo_store)
    assert found.evaluation.record.samples == rows
    assert found.sentences[0].endswith("samples of objects@0.0.")


def test_what_is_there_is_never_replaced_and_nothing_is_half_written(planted, tmp_path, nowhere):
    out = tmp_path / "report"
    out.mkdir()
    with pytest.raises(ParameterError, match="report exists; choose another name"):
        sb.diagnose("shapes2", planted, out=out)
    with pytest.raises(PredictionsError):
        sb.diagnose("shapes2/small", planted.iloc[1:], out=tmp_path / "other")
    with pytest.raises(StoreError, match="cannot be written"):
        sb.diagnose("shapes2/small", planted, out="/proc/none/report")
    assert [path.name for path in tmp_path.iterdir()] == ["report"]


def test_a_failure_while_writing_leaves_nothing(planted, tmp_path, nowhere, monkeypatch):
    def fail(*_, **__):
        raise KeyboardInterrupt

    monkeypatch.setattr("skybench.diagnosis.page._part", fail)
    with pytest.raises(KeyboardInterrupt):
        sb.diagnose("shapes2/small", planted, out=tmp_path / "report")
    assert list(tmp_path.iterdir()) == []


def test_without_matplotlib_the_extra_is_named(planted, tmp_path, nowhere, monkeypatch):
    monkeypatch.setitem(sys.modules, "matplotlib.figure", None)
    with pytest.raises(MissingDependencyError, match=r"pip install 'skybench\[report\]'"):
        sb.diagnose("shapes2/small", planted, out=tmp_path / "report")


def test_strange_names_are_text_on_the_page(planted, tmp_path, nowhere):
    ds = sb.generate("shapes2", 0, 40)
    labels = ground_truth(ds).answers
    ds.attrs["recipe"] = "<script>alert(1)</script>"
    found = sb.diagnose(ds, labels, out=tmp_path / "report")
    assert "<script>" not in found.page.read_text(encoding="utf-8")


def test_the_command_prints_what_it_found(skybench, planted, tmp_path, nowhere):
    planted.to_parquet(tmp_path / "mine.parquet")
    out = tmp_path / "report"
    arguments = ("diagnose", "shapes2/small", tmp_path / "mine.parquet", "--out", out)
    status, text, _ = skybench(*arguments, "--rung", f"hard={tmp_path / 'mine.parquet'}")
    assert status == 0
    assert "of circles are taken for rectangles" in text
    assert (out / "rungs.png").exists()
    status, _, errors = skybench(*arguments)
    assert (status, "exists; choose another name" in errors) == (2, True)
    status, _, errors = skybench(*arguments[:-1], tmp_path / "b", "--rung", "hard")
    assert (status, "--rung is a rung and a file" in errors) == (2, True)
