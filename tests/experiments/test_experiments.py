"""The page says what the results do, stale results are known, and what is there is left out."""

import json

import numpy as np
import pandas as pd
import pytest
from experiments import __main__ as command
from experiments import experiment, page, surveys, transfer
from experiments.experiment import Experiment, Place
from experiments.galaxy_zoo import FOLDER, forms, of_fold
from experiments.table import EXPERIMENTS
from PIL import Image

LARGEST_FIGURE = 100_000


def counting(calls, **settings):
    def measure(place):
        calls.append(place)
        return {"share": 1 / 3}

    return Experiment(name="counting", settings=settings, measure=measure)


@pytest.fixture
def results(tmp_path, monkeypatch):
    monkeypatch.setattr(experiment, "RESULTS", tmp_path / "results")
    return tmp_path / "results"


def test_the_page_is_current():
    text = page.page(page.read())
    assert page.PAGE.read_text(encoding="utf-8") == text, "run make experiments"


def test_results_are_small_and_say_with_what_they_were_made():
    for one in EXPERIMENTS.values():
        if one.numbers() is None:
            continue
        said = json.loads(one.path.read_text(encoding="utf-8"))
        assert {"settings", "numbers", "versions"} <= said.keys()
        if one.draw is not None:
            assert one.figure.stat().st_size < LARGEST_FIGURE


def test_no_result_is_of_an_experiment_that_there_is_not():
    known = {file for one in EXPERIMENTS.values() for file in (one.path, one.figure)}
    assert [file for file in experiment.RESULTS.glob("*") if file not in known] == []


def test_a_result_is_stale_when_its_settings_change(results, tmp_path):
    calls = []
    one = counting(calls, seeds=3)
    assert one.numbers() is None
    one.run(Place(work=tmp_path))
    assert one.numbers() == {"share": 0.333333}
    assert counting(calls, seeds=3).numbers() is not None
    assert counting(calls, seeds=4).numbers() is None


def test_what_is_there_is_not_measured_again(results, tmp_path, monkeypatch, capsys):
    calls = []
    wanting = Experiment(name="wanting", settings={}, measure=calls.append, needs=("no_such",))
    table = {"counting": counting(calls), "wanting": wanting}
    monkeypatch.setattr(command, "EXPERIMENTS", table)
    monkeypatch.setattr(page, "write", lambda: None)
    for _ in range(2):
        assert command.main([]) == 0
    assert len(calls) == 1
    assert "wanting: left out, for it needs REAL with no_such" in capsys.readouterr().out


def test_a_name_that_there_is_not_is_refused(capsys):
    assert command.main(["transfers"]) == 2
    assert "no experiment transfers; there are: transfer_plain" in capsys.readouterr().err


@pytest.fixture
def real(tmp_path):
    """Make a folder as that of the pictures of the Galaxy Zoo sites, of noise."""
    rng, rows = np.random.default_rng(0), []
    questions = {
        "How rounded is it?": ("Cigar shaped", "In between"),
        "How many spiral arms are there?": ("2", "3"),
        "Do you see any of these odd features in the image?": ("Ring", "Merger"),
    }
    images = tmp_path / FOLDER / "examples"
    images.mkdir(parents=True)
    for number, (question, answer) in enumerate(
        (question, answer)
        for question, answers in questions.items()
        for answer in answers
        for _ in range(12)
    ):
        name = f"{number}.jpg"
        Image.fromarray(rng.integers(0, 255, (240, 240, 3), dtype=np.uint8)).save(images / name)
        rows.append({"file": name, "question": question, "answer": answer})
    pd.DataFrame(rows).to_csv(tmp_path / FOLDER / "labels.csv", index=False)
    return tmp_path


def test_a_picture_of_two_forms_has_none(real):
    table = pd.read_csv(real / FOLDER / "labels.csv")
    again = pd.DataFrame([{"file": "0.jpg", "question": "Could it be?", "answer": "Ring"}])
    pd.concat([table, again]).to_csv(real / FOLDER / "labels.csv", index=False)
    found = forms(real / FOLDER).set_index("file")["form"]
    assert "0.jpg" not in found
    assert found["1.jpg"] == "cigar"
    assert found["71.jpg"] == "merging"


def test_a_trial_pools_its_folds(real, tmp_path):
    small = {"epochs": 1, "batch_size": 16}
    trial = transfer.Trial(
        what="small",
        changes={"samples": 60},
        side=16,
        pretraining=small,
        tuning=small,
        labels=(10,),
        folds=2,
        iterations=2,
        rates=(0.01,),
        network="lenet5",
    )
    place = Place(work=tmp_path / "work", real=real)
    told = transfer.without_labels(trial, place)
    assert set(told["recall"]) == {"round", "cigar", "spiral", "ring", "merging"}
    few, whole = transfer.measured(trial, place)["comparisons"]
    tests = [of_fold(transfer.target(trial, place), fold)["split"].values == 2 for fold in (0, 1)]
    assert not (tests[0] & tests[1]).any()
    assert (few["labels"], few["test"], few["seeds"]) == ([10, 10], sum(map(np.sum, tests)), 1)
    value, low, high = whole["difference"]
    assert low <= value <= high
    assert value == pytest.approx(whole["transferred"][0] - whole["scratch"][0])
    transfer.draw({"comparisons": [few, whole]}, tmp_path / "curves.png")
    assert (tmp_path / "curves.png").stat().st_size < LARGEST_FIGURE


# A resample of so few may have one class alone, of which there is no AUC.
@pytest.mark.filterwarnings("ignore:Mean of empty slice")
def test_surveys_are_learnt_by_each_method(tmp_path, monkeypatch):
    monkeypatch.setattr(surveys, "LEARNING", surveys.LEARNING | {"epochs": 1, "batch_size": 16})
    monkeypatch.setattr(surveys, "_STUDENTS", {"epochs": 1})
    place = Place(work=tmp_path)
    small = {"samples": 240, "image.shape": [24, 24], "scene.placement.margin": 10}
    found = surveys.measured(place, seeds=1, changes=small | {"background": None})
    methods = {row["method"] for row in found["table"]}
    assert methods == {"direct", "adabn", "coral", "dann", "recursion", "control"}
    assert {row["set"] for row in found["table"]} == set(surveys.SETS)
    assert [one["of"] for one in found["gains"] if one["over"] == "control"] == ["recursion"]
    surveys.draw(found, tmp_path / "surveys.png")
    assert (tmp_path / "surveys.png").stat().st_size < LARGEST_FIGURE
    told = page.page({"surveys": found})
    assert "| direct | 1 |" in told
