"""Each tutorial runs from top to bottom in an empty folder, and does what its page says."""

import ast
import importlib.util
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

import skybench

TUTORIALS = Path(__file__).parent.parent / "docs" / "tutorials"
VERSION = "objects@0.3"
MOST_SECONDS = 300


@pytest.fixture
def store(once, tmp_path):
    """A store of one's own that holds objects 0.3, which readers' first call would build there."""
    built = once("tutorial-store", lambda folder: skybench.get(VERSION, store=folder))
    return shutil.copytree(built, tmp_path / "store")


@pytest.fixture
def follow(tmp_path):
    """Return a function that runs a tutorial in `tmp_path` and returns what it prints."""

    def run(name, *arguments, **environment):
        done = subprocess.run(
            [sys.executable, str(TUTORIALS / name), *arguments],
            cwd=tmp_path,
            # The subprocess has the skybench that is tested, wherever it is from.
            env=os.environ | {"PYTHONPATH": os.pathsep.join(filter(None, sys.path))} | environment,
            capture_output=True,
            text=True,
            timeout=MOST_SECONDS,
        )
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    return run


def accuracy_in(text):
    return float(re.search(r"accuracy ([\d.]+)%", text)[1])


def test_a_student_scores_beyond_the_floors(follow, store):
    said = follow("student.py", SKYBENCH_STORE=str(store))
    assert accuracy_in(said) > 85
    assert re.search(r"points .* above logistic-regression, beyond chance", said)
    assert re.search(r"points .* above majority-class, beyond chance", said)


def test_a_student_needs_twenty_lines():
    statements = ast.parse((TUTORIALS / "student.py").read_text(encoding="utf-8")).body[1:]
    lines = ast.unparse(ast.Module(statements, [])).splitlines()
    assert len([line for line in lines if line]) <= 20


def test_a_researcher_sees_where_a_model_breaks_and_submits_it(follow, store, tmp_path):
    said = follow("researcher.py", SKYBENCH_STORE=str(store))
    assert accuracy_in(said) > 85
    assert all(column in said for column in ("psf_fwhm", "confidence", "answer"))
    assert re.search(r"Accuracy falls to \d+ %", said)
    assert re.search(r"On hard it is \d+ %", said)
    assert "On hard it is" in (tmp_path / "report" / "index.html").read_text(encoding="utf-8")
    board = skybench.leaderboard("objects@0.4", store=store).set_index("name")
    assert board.at["resnet50", "rank"] < board.at["ConvNet", "rank"]
    assert board.at["ConvNet", "rank"] < board.at["logistic-regression", "rank"]


def test_an_astronomer_measures_what_was_drawn(follow, store, tmp_path):
    said = follow("astronomer.py", SKYBENCH_STORE=str(store))
    assert (tmp_path / "objects-0.3-test.fits").is_file()
    assert float(re.search(r"over true flux ([\d.]+)", said)[1]) == pytest.approx(1, abs=0.005)
    assert float(re.search(r"off by (\S+) of", said)[1]) == pytest.approx(0, abs=0.15)
    assert float(re.search(r"scattered by ([\d.]+)", said)[1]) == pytest.approx(1, abs=0.1)
    assert re.search(r"arcsec\s+mag\(AB\)", said)
    assert "pix = 0.7 arcsec" in said


def test_a_maintainer_releases_to_s3(follow, s3_server, tmp_path):
    bucket = "s3://skybench-tests/maintainer"
    said = follow("maintainer.py", SKYBENCH_STORE=bucket)
    assert "compact 0.1 is published with content" in said
    assert "compact 0.1 is already published" in said
    assert "120 samples to test" in said
    assert skybench.verify("compact@0.1", store=bucket, full=True).ok
    assert skybench.verify(tmp_path / "compact-0.1-test.h5", store=bucket).ok
    assert "published as test split of compact@0.1" in said


def test_a_user_of_deepbench_gets_its_files_and_is_told_what_is_lost(follow, tmp_path):
    said = follow("deepbench_user.py")
    assert "total_runs: 1000 -> samples 1000" in said
    assert "8 of 23 values have no counterpart:\nimage_name" in said
    folder = tmp_path / "deepbench-0.1-npy"
    x = [np.load(folder / f"xtrain_{number}.npy") for number in (0, 1)]
    y = [np.load(folder / f"ytrain_{number}.npy") for number in (0, 1)]
    assert [len(part) for part in x] == [len(part) for part in y] == [512, 88]
    assert x[0].shape[1:] == (48, 48)
    assert set(map(tuple, y[0].tolist())) == {(1, 1), (0, 1), (1, 0)}
    assert (tmp_path / "look.png").stat().st_size > 10_000


def test_a_user_of_deepbench_brings_a_configuration(follow, tmp_path):
    text = (TUTORIALS / "deepbench.yaml").read_text(encoding="utf-8")
    mine = tmp_path / "mine.yaml"
    mine.write_text(text.replace("total_runs: 1000", "total_runs: 30"), encoding="utf-8")
    before = mine.read_bytes()
    follow("deepbench_user.py", "mine.yaml")
    assert mine.read_bytes() == before
    images = (tmp_path / "mine-0.1-npy").glob("x*.npy")
    assert sum(len(np.load(file)) for file in images) == 30


def test_lenet_is_diagnosed(tmp_path):
    file = TUTORIALS / "where_a_model_breaks.py"
    spec = importlib.util.spec_from_file_location("where_a_model_breaks", file)
    tutorial = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(tutorial)
    found = tutorial.main(tmp_path, epochs=1, samples=200)
    assert found.page == tmp_path / "report" / "index.html"
    assert len(found.evaluation.worst(1000)) == round((1 - found.evaluation.score) * 40)
    assert found.evaluation.coordinates.radius.min() < 3.5


def test_the_page_has_every_tutorial():
    page = (TUTORIALS / "README.md").read_text(encoding="utf-8")
    named = re.findall(r"^\|.*\]\((\w+\.py)\)", page, re.MULTILINE)
    assert sorted(named) == sorted(path.name for path in TUTORIALS.glob("*.py"))
