"""The table of gates: what passed is kept for the same files, what fails is told and repeated."""

import importlib.util
import subprocess
import sys
from pathlib import Path

import pytest

from skybench.generators.recipe_file import load_recipe
from skybench.learning.examination import Finding
from skybench.registry.recorded import recorded_manifest
from skybench.release.building.build import build

FOLDER = Path(__file__).parent / "gates"


def module(name):
    spec = importlib.util.spec_from_file_location(f"gates_{name}", FOLDER / f"{name}.py")
    found = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = found
    spec.loader.exec_module(found)
    return found


table, recipe_gate = module("__main__"), module("recipe")


def gate(name, code):
    return table.Gate(name=name, asks="that it works", command=(sys.executable, "-c", code))


@pytest.fixture
def counting(tmp_path):
    """A gate that passes and leaves a line a run in a file."""
    file = tmp_path / "runs"
    return gate("counting", f"open({str(file)!r}, 'a').write('x'); print('done')"), file


def test_what_passed_is_not_run_again_on_the_same_files(counting, tmp_path, monkeypatch, capsys):
    one, runs = counting
    monkeypatch.setattr(table, "tree", lambda: "one")
    assert [table.main([one], tmp_path / "kept") for _ in range(2)] == [0, 0]
    assert runs.read_text() == "x"
    monkeypatch.setattr(table, "tree", lambda: "other")
    table.main([one], tmp_path / "kept")
    assert runs.read_text() == "xx"
    assert "gates: 1 of 1 passed on files other" in capsys.readouterr().out


def test_a_failure_is_told_with_its_last_line_and_run_again(tmp_path, capsys):
    broken = gate("broken", "print('the root differs'); raise SystemExit(1)")
    assert table.main([broken, gate("fine", "")], tmp_path) == 1
    said = capsys.readouterr().out
    assert "broken" in said
    assert "FAILED" in said
    assert "the root differs" in said
    assert "1 of 2 passed" in said
    assert table.main([gate("broken", "")], tmp_path) == 0
    assert (tmp_path / "broken.log").read_text() == ""


def test_gates_are_chosen_by_name_or_kind():
    every = table.gates()
    assert [one.name for one in table.choose(["recipe:sky", "check"], every)] == [
        "check",
        "recipe:sky",
    ]
    assert len(table.choose(["recipe"], every)) == 20
    assert table.choose([], every) == list(every)
    with pytest.raises(SystemExit, match="no gate chekc"):
        table.choose(["chekc"], every)


def test_every_newest_recorded_version_has_a_gate():
    names = {one.name for one in table.gates()}
    assert {"recorded:objects@0.4", "recorded:sky@0.4"} <= names
    assert "recorded:objects@0.1" not in names, "older generators make it"


def test_the_digest_of_the_files_changes_with_one_of_them(tmp_path, monkeypatch):
    monkeypatch.setattr(table, "ROOT", tmp_path)
    subprocess.run(["git", "init", "--quiet", tmp_path], check=True)
    (tmp_path / "file").write_text("one")
    first = table.tree()
    assert table.tree() == first
    (tmp_path / "file").write_text("two")
    assert table.tree() != first


def test_a_build_by_plain_kernels_has_the_same_root(tmp_path):
    tiny = Path(__file__).parent / "data" / "tiny.yaml"
    plain = recipe_gate.built_apart(str(tiny), tmp_path / "plain.zarr", recipe_gate.PLAIN)
    made = build(load_recipe(tiny), str(tmp_path / "all.zarr"), progress=False)
    assert plain == made.content.root


@pytest.mark.parametrize(
    ("check", "figure", "passed", "said"),
    [
        ("twins", "2 twins", False, "twins: 2 twins"),
        ("twins", "no twins", True, ""),
        ("given away", "sum tells size with R2 = 0.8", None, "PHYSICS does not say why"),
        ("given away", "sum tells flux with R2 = 0.8", None, ""),
        ("easy way out", "boosted trees reach 0.8", None, ""),
    ],
)
def test_what_is_not_met_is_said(check, figure, passed, said):
    finding = Finding(check=check, figure=figure, number=0.8, bar="", passed=passed)
    found = recipe_gate.fault(finding, None)
    assert found.endswith(said)
    assert bool(found) == bool(said)


def test_trees_too_near_the_best_network_are_told():
    objects = recorded_manifest("objects@0.4")
    assert not recipe_gate.too_easy(0.5, objects)
    assert "12.4 points below" in recipe_gate.too_easy(0.7565, objects)
