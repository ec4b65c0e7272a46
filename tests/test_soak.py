"""`make test` tells the same story twice; what `make soak` finds at random becomes part of it."""

import os
import re
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
PYTEST = [sys.executable, "-m", "pytest", "-p", "_hypothesis_pytestplugin"]
SOAK = [sys.executable, "tests/soak.py", "--minutes=0"]

TOY = """
import os, time
import pytest
from hypothesis import given, settings, strategies as st

if "MORE" in os.environ:
    import constants_of_ours

@settings(max_examples=30)
@given(st.lists(st.integers(), min_size=9), st.text())
def test_toy(numbers, text):
    with open("tried", "a") as tried:
        print(ascii((numbers, text)), file=tried)
    time.sleep(float(os.environ.get("SLEEP", 0)))
    assert max(numbers) < 100 or "BROKEN" not in os.environ

@pytest.mark.soak
def test_slow():
    open("slow-ran", "w").close()
"""


@pytest.fixture
def clone(tmp_path):
    """A clone with our conftest.py and a property test that writes what it tries."""
    (tmp_path / "tests").mkdir()
    for name in ["pyproject.toml", "tests/conftest.py", "tests/soak.py"]:
        shutil.copy(ROOT / name, tmp_path / name)
    (tmp_path / "tests" / "test_toy.py").write_text(TOY)
    (tmp_path / "constants_of_ours.py").write_text(f"NUMBERS = {[*range(7000, 7300)]}\n")
    return tmp_path


def surroundings(**given):
    """The variables of a run, without plugins that take long to load."""
    ours = {key: value for key, value in os.environ.items() if not key.startswith("PYTEST_")}
    quick = {"PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1", "PYTHONDONTWRITEBYTECODE": "1"}
    return ours | quick | {"PYTHONPATH": "."} | given


def run(clone, *command, code=0, **given):
    """Run a command; return what it printed and the examples that it tried."""
    (clone / "tried").unlink(missing_ok=True)
    done = subprocess.run(
        command, cwd=clone, env=surroundings(**given), capture_output=True, text=True
    )
    assert done.returncode == code, done.stdout + done.stderr
    return done.stdout, (clone / "tried").read_text().splitlines()


def soak(clone, seed, **given):
    return run(clone, *SOAK, f"--seed={seed}", "--", *PYTEST[3:], **given)


def files(clone):
    """The files of a clone and what is in them, but for pytest's cache and what the toy writes."""
    return {
        path: path.read_bytes()
        for path in clone.rglob("*")
        if path.is_file() and ".pytest_cache" not in path.parts and path.name != "tried"
    }


def test_two_runs_try_the_same_examples_whatever_else_is_loaded_and_write_nothing(clone):
    before = files(clone)
    _, first = run(clone, *PYTEST)
    _, second = run(clone, *PYTEST, MORE="1")
    assert first == second
    assert len(set(first)) > 20
    assert files(clone) == before


def test_an_example_that_failed_in_a_soak_is_tried_first_ever_after(clone):
    printed, _ = soak(clone, 5, BROKEN="1", code=1)
    assert "soak: round 1, seed 5\n" in printed
    toy = "tests/test_toy.py::test_toy"
    assert f"  {toy} with seed 5, which this repeats:\n" in printed
    assert f"    make soak MINUTES=0 SEED=5 ARGS={toy}\n" in printed
    stored = files(clone)
    assert any("examples" in path.parts for path in stored)
    _, broken = run(clone, *PYTEST, BROKEN="1", code=1)
    soak(clone, 6)
    _, mended = run(clone, *PYTEST)
    assert broken[0] == mended[0] == "([0, 0, 0, 0, 0, 0, 0, 0, 100], '')"
    assert files(clone).items() >= stored.items()


def test_a_soak_tries_more_and_the_same_again_with_the_same_seed(clone):
    printed, first = soak(clone, 5)
    assert re.search(r"^soak: rounds: 1, minutes: \S+, seeds: 5 to 5, failed: 0$", printed, re.M)
    assert (clone / "slow-ran").exists()
    assert soak(clone, 5)[1] == first
    assert soak(clone, 6)[1] != first
    (clone / "slow-ran").unlink()
    assert len(first) > 5 * len(run(clone, *PYTEST)[1])
    assert not (clone / "slow-ran").exists()


def test_a_soak_that_is_interrupted_says_what_came_of_it(clone):
    command = [*SOAK, "--minutes=60", "--seed=5", "--", *PYTEST[3:]]
    begun = subprocess.Popen(
        command,
        cwd=clone,
        env=surroundings(SLEEP="1"),
        stdout=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    while begun.poll() is None and not (clone / "tried").exists():
        time.sleep(0.05)
    os.killpg(begun.pid, signal.SIGINT)
    printed, _ = begun.communicate(timeout=60)
    assert re.search(r"^soak: rounds: 1, .* failed: 0$", printed, re.M)
    assert begun.returncode == 128 + signal.SIGINT


def test_a_soak_in_which_nothing_is_chosen_is_no_success(clone):
    done = subprocess.run(
        [*SOAK, "--", *PYTEST[3:], "-k", "nothing"],
        cwd=clone,
        env=surroundings(),
        capture_output=True,
        text=True,
    )
    assert done.returncode == 1
    assert "pytest itself, exit code 5" in done.stdout
