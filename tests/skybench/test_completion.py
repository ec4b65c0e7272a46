"""What a shell is told at a press of Tab, as it asks for it."""

import os
import subprocess
import sys

import pytest

from skybench import completion
from skybench.generators.recipe_file import packaged_recipes, packaged_rungs
from skybench.registry.recorded import recorded_manifest, recorded_references

ASK = """
import sys
sys.argv = ["skybench"]
from skybench.cli import main
try:
    main()
finally:
    heavy = {"numpy", "xarray", "torch", "pandas"} & sys.modules.keys()
    print("loaded:", *sorted(heavy), file=sys.stderr)
"""


def completed(*words):
    """Return what a shell would offer for the last word, and the heavy libraries it took."""
    asked = {
        "_SKYBENCH_COMPLETE": "complete_bash",
        "COMP_WORDS": " ".join(["skybench", *words]),
        "COMP_CWORD": str(len(words)),
    }
    done = subprocess.run(
        [sys.executable, "-c", ASK], env=os.environ | asked, capture_output=True, text=True
    )
    return done.stdout.split(), done.stderr.split("loaded:")[-1].split()


@pytest.mark.parametrize(
    ("words", "offered"),
    [
        (["gen"], ["generate"]),
        (["generate", "obj"], ["objects"]),
        (["recipe", "show", "shapes"], ["shapes2"]),
        (["build", "shapes2/ha"], ["shapes2/hard"]),
        (["info", "sky@0.1"], ["sky@0.1"]),
        (["recipe", "from-d"], ["from-deepbench"]),
        (["generate", "mine.ya"], []),
    ],
)
def test_the_shell_is_offered_what_there_is(words, offered):
    assert completed(*words) == (offered, [])


def test_the_names_are_those_that_skybench_knows():
    assert completion.recipes("") == list(packaged_recipes())
    for name in packaged_recipes():
        assert completion.recipes(f"{name}/") == list(packaged_rungs(name))
    assert completion.recipes("absent/") == []
    assert sorted(completion.versions("")) == sorted(recorded_references())


def test_behind_a_mark_the_pins_of_a_recorded_version_are_completed():
    manifest = recorded_manifest("sky@0.4")
    pins = [f"sky@0.4#manifest:{manifest.digest}", f"sky@0.4#{manifest.content.root}"]
    assert completion.versions("sky@0.4#") == pins
    assert completion.versions("sky@0.4#m") == pins[:1]
    assert completion.versions("sky@7.0#") == []
