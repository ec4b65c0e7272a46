"""What pyproject.toml admits works: the lowest versions, all at once, and each Python.

Run as a script, it prints what ``make compat`` makes the environments from: the lowest versions as
requirements; with a version such as 3.13, that Python on this machine and what it needs.
"""

import os
import re
import shutil
import subprocess
import sys
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
    ds = skybench.generate(recipe, 0, 2)
    assert ds.sizes["sample"] == len(skybench.samples(ds)) == 2
    assert len(skybench.samples(ds, as_="astropy")) == 2
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


PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
RUNNING = "{}.{}".format(*sys.version_info)
PYTHONS = re.findall(r"Python :: (3\.\d+)", " ".join(PROJECT["classifiers"]))
OTHERS = [f"python{version}" for version in PYTHONS if version != RUNNING]


def needed(python: str = RUNNING) -> list[Requirement]:
    """Return the dependencies of the core under a Python."""
    every = [Requirement(text) for text in PROJECT["dependencies"]]
    under = {"python_version": python}
    return [one for one in every if one.marker is None or one.marker.evaluate(under)]


def lowest() -> list[str]:
    """Return each dependency of the core at its lowest version."""
    return [pinned(one) for one in needed()]


def interpreter(python: str) -> str | None:
    """Return where another Python of this machine is, pyenv's included; None where it has none."""
    roots = [Path(os.environ.get("PYENV_ROOT", Path.home() / ".pyenv")) / "versions"]
    found = [path for root in roots for path in sorted(root.glob(f"{python}.*/bin/python"))]
    for candidate in (shutil.which(f"python{python}"), *map(str, found)):
        command = [candidate, "-c", "import sys, venv; print('{}.{}'.format(*sys.version_info))"]
        if candidate and python != RUNNING:
            said = subprocess.run(command, capture_output=True, text=True)
            if said.stdout.strip() == python:
                return candidate
    return None


def pinned(requirement: Requirement) -> str:
    (low,) = (part.version for part in requirement.specifier if part.operator == ">=")
    return f"{with_extras(requirement)}=={low}"


def unmarked(requirement: Requirement) -> str:
    return f"{with_extras(requirement)}{requirement.specifier}"


def with_extras(requirement: Requirement) -> str:
    extras = f"[{','.join(requirement.extras)}]" if requirement.extras else ""
    return f"{requirement.name}{extras}"


@pytest.fixture(params=["lowest", *OTHERS])
def run(request, compat, tmp_path):
    """Return a function that runs an environment's Python, and returns what it prints."""
    python = request.param.removeprefix("python")
    if request.param != "lowest" and interpreter(python) is None:
        pytest.skip(f"this machine has no Python {python}")
    folder = compat(request.param)

    def run(*arguments):
        done = subprocess.run(
            [folder / "bin" / "python", *arguments],
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


@pytest.mark.parametrize("version", ["sky@0.3", "objects@0.3"])
def test_recorded_samples_are_the_same(version, run):
    command = ("-m", "skybench", "reproduce", version, "--samples", "17,99")
    assert "is reproduced" in run(*command)


def test_the_first_hour(run):
    run("-c", FIRST_HOUR, str(STORE))


def test_every_python_that_is_claimed_is_admitted():
    assert f">={PYTHONS[0]}" == PROJECT["requires-python"]
    assert RUNNING in PYTHONS


if __name__ == "__main__":
    if versions := sys.argv[1:]:
        print(interpreter(versions[0]) or "", *map(unmarked, needed(versions[0])))
    else:
        print(*lowest())
