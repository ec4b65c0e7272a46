"""The lowest versions that pyproject.toml admits go together, and give the same pixels.

Run as a script, it prints them as requirements, from which ``make compat`` makes the environment.
"""

import os
import subprocess
import tomllib
from pathlib import Path

import pytest
from packaging.requirements import Requirement

ROOT = Path(__file__).parent.parent
STORE = ROOT / "tests" / "data" / "format-1"

FIRST_HOUR = """
import sys, warnings
import intake, pandas as pd, skybench, xarray as xr
from skybench.generators.recipe_file import packaged_recipes

for recipe in packaged_recipes():
    assert skybench.generate(recipe, 0, 2).sizes["sample"] == 2
for verify in ("fast", "full"):
    ds = skybench.open("tiny@1.0", store=sys.argv[1], split="test", verify=verify)
    labels = ds.label.to_series().to_numpy()
    answers = pd.DataFrame({"sample_id": ds.sample_id, "label": labels})
    assert skybench.evaluate("tiny@1.0", answers, store=sys.argv[1]).score == 1
warnings.simplefilter("ignore")  # of zarr, about the type of strings
ds.to_zarr("test.zarr")
assert xr.open_zarr("test.zarr").image.equals(ds.image)
catalog = intake.open_catalog(sys.argv[1] + "/catalog.yaml")
assert catalog.tiny_v1_test.to_dask().image.equals(ds.image)
"""


def lowest() -> list[str]:
    """Return each dependency of the core at its lowest version."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    needed = [Requirement(text) for text in project["dependencies"]]
    return [pinned(one) for one in needed if one.marker is None or one.marker.evaluate()]


def pinned(requirement: Requirement) -> str:
    (low,) = (part.version for part in requirement.specifier if part.operator == ">=")
    extras = f"[{','.join(requirement.extras)}]" if requirement.extras else ""
    return f"{requirement.name}{extras}=={low}"


@pytest.fixture
def run(compat, tmp_path):
    """Return a function that runs Python with the lowest versions, and returns what it prints."""

    def run(*arguments):
        done = subprocess.run(
            [compat("lowest") / "bin" / "python", *arguments],
            cwd=tmp_path,
            env=os.environ | {"PYTHONPATH": str(ROOT)},
            capture_output=True,
            text=True,
            timeout=300,
        )
        assert done.returncode == 0, done.stderr
        return done.stdout

    return run


@pytest.mark.parametrize("command", [[], ["generate"], ["release"], ["evaluate"]])
def test_help_is_shown(command, run):
    assert "Usage" in run("-m", "skybench", *command, "--help")


@pytest.mark.parametrize("version", ["sky@0.2", "objects@0.2"])
def test_recorded_samples_are_the_same(version, run):
    command = ("-m", "skybench", "reproduce", version, "--samples", "17,99")
    assert "is reproduced" in run(*command)


def test_the_first_hour(run):
    run("-c", FIRST_HOUR, str(STORE))


if __name__ == "__main__":
    print(*lowest())
