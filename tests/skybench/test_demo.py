"""The demonstration: what a beginner sees, once, twice, and stopped in the middle."""

import sys

import pytest
from PIL import Image

from skybench import cli, demo
from skybench.demo import QUICK, REFERENCES, run_demo
from skybench.errors import StoreError
from skybench.registry.recorded import recorded_references

SHORT = QUICK.model_copy(update={"epochs": 2})


@pytest.fixture
def shown(tmp_path, monkeypatch, tiny_is_recorded):
    """The folder and the two outputs of a demonstration of a tiny version that is run twice."""
    folder = tmp_path / "demo" / "demo-store"
    folder.mkdir(parents=True)
    (folder / "notes.txt").write_text("mine")
    monkeypatch.setenv("COLUMNS", "80")
    outputs = []
    for _ in range(2):
        with open(tmp_path / "out", "w+") as out:
            monkeypatch.setattr(sys, "stdout", out)
            run_demo(folder, references=["tiny@0.3"], protocol=SHORT)
            out.seek(0)
            outputs.append(out.read())
    return folder, outputs


def test_it_builds_trains_compares_and_draws(shown):
    folder, (first, _) = shown
    assert (folder / "notes.txt").read_text() == "mine"
    lines = first.splitlines()
    assert lines[1].startswith("skybench.open('tiny@0.3'): sha256:")
    catalog = f"intake.open_catalog('{folder / 'catalog.yaml'}')"
    assert lines[2] == f"{catalog}.tiny_v0_3_test.to_dask().image: sample 18, y 12, x 12"
    assert "lenet5-demo on tiny 0.3: accuracy" in first
    assert "above majority-class" in first or "below majority-class" in first or "level" in first
    table = first[first.index("3. Compare") : first.index("4. Look")]
    assert all(name in table for name in ("lenet5-demo", "logistic-regression", "majority-class"))
    assert "<html" in (folder / "tiny-diagnosis" / "index.html").read_text()
    with Image.open(folder / "tiny-gallery.png") as picture:
        assert picture.format == "PNG"


def test_the_second_time_it_shows_what_is_there(shown):
    _, (first, second) = shown
    assert "epoch 2/2" in first
    assert "epoch" not in second
    assert "lenet5-demo was scored on tiny@0.3 before" in second
    tables = [out[out.index("3. Compare") : out.index("4. Look")] for out in (first, second)]
    assert tables[0] == tables[1]


def test_what_is_shown_are_recorded_versions():
    assert set(REFERENCES) <= set(recorded_references())


def test_a_store_elsewhere_is_refused_before_anything_is_made():
    with pytest.raises(StoreError, match=r"memory:///demo is not a folder on this machine"):
        run_demo("memory://demo")


def test_stopped_by_its_user_it_says_how_to_go_on(monkeypatch, capsys, tmp_path):
    def stopped(*args, **options):
        raise KeyboardInterrupt

    monkeypatch.setattr(demo, "_open", stopped)
    monkeypatch.setattr(sys, "argv", ["skybench", "demo", "--store", str(tmp_path)])
    with pytest.raises(SystemExit) as stop:
        cli.main()
    assert stop.value.code == 130
    assert capsys.readouterr().err.strip() == "interrupted; to go on, run the same command again"
