"""Each notebook runs from top to bottom in an empty folder, and shows what its text says."""

import re
import shutil

import numpy as np
import pytest
import run_notebook
from run_notebook import NOTEBOOKS, printed

import skybench

VERSIONS = {"objects-0.3": "objects@0.3", "objects-0.4": "objects@0.4"}


@pytest.fixture
def follow(tmp_path, monkeypatch):
    """Return a function that runs a notebook in `tmp_path` and returns what it prints."""
    monkeypatch.setenv("SKYBENCH_STORE", str(tmp_path / "own-store"))
    monkeypatch.setenv("IPYTHONDIR", str(tmp_path / "ipython"))
    monkeypatch.delenv("MPLBACKEND", raising=False)

    def run(name, **values):
        done = run_notebook.run(name, tmp_path, **values)
        assert "Warning" not in printed(done, "stderr"), printed(done, "stderr")
        figures = [o for c in done.cells for o in c.get("outputs", ()) if "image/png" in str(o)]
        assert figures, "a notebook shows something"
        return printed(done)

    return run


@pytest.fixture
def store(once, tmp_path):
    """Fill a reader's own store with versions, which their first call would build there."""

    def fill(key):
        built = once(f"notebook-{key}", lambda folder: skybench.get(VERSIONS[key], store=folder))
        return shutil.copytree(built, tmp_path / "own-store")

    return fill


def number(pattern, text):
    return float(re.search(pattern, text)[1])


def test_the_first_five_minutes_end_beyond_the_floors(follow, store):
    store("objects-0.4")
    said = follow("first_five_minutes")
    assert number(r"accuracy ([\d.]+)%", said) > 77
    for floor in ("logistic-regression", "majority-class"):
        assert re.search(rf"points .* above {floor}, beyond chance", said)


def test_size_is_found_to_break_lenet(follow, tmp_path):
    said = follow("where_a_model_breaks")
    assert re.search(r"Accuracy falls to \d+ % .* where (radius|width|height) ", said)
    assert (tmp_path / "report" / "index.html").is_file()


def test_a_network_of_ones_own_is_taken_apart_and_submitted(follow, store, tmp_path):
    mine = store("objects-0.4")
    said = follow("train_your_own_network")
    assert number(r"accuracy ([\d.]+)%", said) > 80
    assert re.search(r"Accuracy falls to \d+ %", said)
    assert re.search(r"On hard it is \d+ %", said)
    assert "On hard it is" in (tmp_path / "report" / "index.html").read_text(encoding="utf-8")
    board = skybench.leaderboard("objects@0.4", store=mine).set_index("name")
    assert board.at["resnet50", "rank"] < board.at["ConvNet", "rank"]
    assert board.at["ConvNet", "rank"] < board.at["logistic-regression", "rank"]


def test_transfer_is_compared_with_a_twin(follow):
    said = follow("transfer_to_real_galaxies")
    assert "spiral: spiral >= 0.8; smooth: smooth >= 0.8" in said
    assert number(r"50 labels, 60 iterations: ([+-][\d.]+) points \[.*\]", said) > 0
    assert number(r"zero-shot: [\d.]+ % .*\nspiral: recall [\d.]+ %, AUC ([\d.]+)", said) > 0.6


def test_a_recipe_of_ones_own_is_released_to_s3(follow, s3_server, tmp_path):
    bucket = "s3://skybench-tests/maintainer"
    said = follow("your_own_recipe_and_release", STORE=bucket)
    assert "did you mean 'shape'?" in said
    assert "compact 0.1 is published with content" in said
    assert "compact 0.1 is already published" in said
    assert "120 samples to test" in said
    assert skybench.verify("compact@0.1", store=bucket, full=True).ok
    assert skybench.verify(tmp_path / "compact-0.1-test.h5", store=bucket).ok
    assert "published as test split of compact@0.1" in said


def test_two_surveys_see_the_same_galaxies(follow):
    said = follow("one_sky_two_surveys")
    assert "same galaxies: True" in said
    assert number(r"DES sees the same galaxies at ([\d.]+) times", said) > 3


def test_injected_galaxies_are_found_down_to_a_magnitude(follow):
    said = follow("injecting_fakes")
    assert 20.5 < number(r"half are found at magnitude ([\d.]+)", said) < 22.5


def test_periods_of_pulsators_are_found(follow):
    said = follow("light_curves")
    assert number(r"(\d+)% of 25 periods are right", said) > 60
    assert number(r"accuracy ([\d.]+)%", said) > 30


def test_a_network_learns_on_the_sphere(follow):
    said = follow("maps_on_the_sphere")
    assert "nside 32, nested ordering, 12,288 pixels" in said
    assert number(r"accuracy ([\d.]+)%", said) > 40


def test_a_user_of_deepbench_gets_its_files_and_is_told_what_is_lost(follow, tmp_path):
    said = follow("coming_from_deepbench")
    assert "total_runs: 1000 -> samples 1000" in said
    assert "8 of 23 values have no counterpart:\nimage_name" in said
    folder = tmp_path / "deepbench-0.1-npy"
    x = [np.load(folder / f"xtrain_{number}.npy") for number in (0, 1)]
    y = [np.load(folder / f"ytrain_{number}.npy") for number in (0, 1)]
    assert [len(part) for part in x] == [len(part) for part in y] == [512, 88]
    assert x[0].shape[1:] == (48, 48)
    assert set(map(tuple, y[0].tolist())) == {(1, 1), (0, 1), (1, 0)}


def test_an_astronomer_measures_what_was_drawn(follow, store, tmp_path):
    store("objects-0.3")
    said = follow("from_electrons_to_magnitudes")
    assert (tmp_path / "objects-0.3-test.fits").is_file()
    assert number(r"over true flux ([\d.]+)", said) == pytest.approx(1, abs=0.005)
    assert number(r"off by (\S+) of", said) == pytest.approx(0, abs=0.15)
    assert number(r"scattered by ([\d.]+)", said) == pytest.approx(1, abs=0.1)
    assert re.search(r"arcsec\s+mag\(AB\)", said)
    assert "pix = 0.7 arcsec" in said


def test_a_value_that_a_notebook_has_not_is_refused(tmp_path):
    with pytest.raises(ValueError, match=r"no value EPOCH in .* it has \['EPOCHS', 'SAMPLES'\]"):
        run_notebook.run("where_a_model_breaks", tmp_path, EPOCH=3)


def test_the_page_has_every_notebook():
    page = (NOTEBOOKS / "README.md").read_text(encoding="utf-8")
    named = re.findall(r"^\|.*\]\((\w+\.md)\)", page, re.MULTILINE)
    assert sorted(named) == sorted(p.name for p in NOTEBOOKS.glob("*.md") if p.stem != "README")


@pytest.mark.parametrize("path", sorted(NOTEBOOKS.glob("[!R]*.md")), ids=lambda path: path.stem)
def test_outputs_are_not_committed_and_sizes_are_said(path):
    text = path.read_text(encoding="utf-8")
    assert text.count(":tags: [parameters]") == 1
    assert re.search(r"^[A-Z]+ = .+  # ", text, re.MULTILINE)
    assert not list(path.parent.glob("*.ipynb"))
