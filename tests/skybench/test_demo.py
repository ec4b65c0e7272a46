"""The demonstration: what a beginner sees, once, twice, and stopped in the middle."""

import json
import sys

import pytest
from PIL import Image

from skybench import cli, demo
from skybench.demo import run_demo
from skybench.errors import StoreError
from skybench.release.release import TrainingOptions

FLOORS = TrainingOptions(protocols=())


@pytest.fixture(scope="module")
def shown(tmp_path_factory):
    """The folder and the two outputs of a demonstration that is run twice, by its floors alone."""
    folder = tmp_path_factory.mktemp("demo") / "demo-store"
    folder.mkdir()
    (folder / "notes.txt").write_text("mine")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("COLUMNS", "80")
        outputs = []
        for _ in range(2):
            with open(folder.parent / "out", "w+") as out:
                patch.setattr(sys, "stdout", out)
                run_demo(folder, samples=60, training=FLOORS)
                out.seek(0)
                outputs.append(out.read())
    return folder, outputs


def test_exactly_objects_and_sky_are_released(shown):
    folder, _ = shown
    lines = [json.loads(line) for line in (folder / "index.jsonl").read_text().splitlines()]
    assert [(line["dataset"], line["version"]) for line in lines] == [
        ("objects", "0.0"),
        ("sky", "0.0"),
    ]
    released = {path.parent.parent.name for path in folder.glob("*/*/manifest.json")}
    assert released == {"objects", "sky"}
    assert (folder / "notes.txt").read_text() == "mine"


def test_it_opens_compares_and_draws_them(shown):
    folder, (output, _) = shown
    for name, size in (("objects", 28), ("sky", 64)):
        catalog = f"intake.open_catalog('{folder / 'catalog.yaml'}')"
        (line,) = [x for x in output.splitlines() if x.startswith(f"{catalog}.{name}_v0_0_test")]
        assert line.endswith(f", y {size}, x {size}")
        assert f"{name}@0.0, accuracy on the test split" in output
        with Image.open(folder / f"{name}-gallery.png") as picture:
            assert picture.format == "PNG"
        assert str(folder / f"{name}-gallery.png") in output.splitlines()
    assert output.count("logistic-regression ") == 2


def test_the_second_time_it_shows_what_is_there(shown):
    _, (first, second) = shown
    assert "is already published" not in first
    assert second.count("is already published with this content; nothing to do") == 2
    tables = [output[output.index("3. Compare") : output.index("Done in")] for output in shown[1]]
    assert tables[0] == tables[1]


def test_a_store_elsewhere_is_refused_before_anything_is_made():
    with pytest.raises(StoreError, match=r"memory:///demo is not a folder on this machine"):
        run_demo("memory://demo")


def test_stopped_by_its_user_it_says_how_to_go_on(monkeypatch, capsys, tmp_path):
    def stopped(*args, **options):
        raise KeyboardInterrupt

    monkeypatch.setattr(demo, "release", stopped)
    monkeypatch.setattr(sys, "argv", ["skybench", "demo", "--store", str(tmp_path)])
    with pytest.raises(SystemExit) as stop:
        cli.main()
    assert stop.value.code == 130
    assert capsys.readouterr().err.strip() == "interrupted; to go on, run the same command again"
