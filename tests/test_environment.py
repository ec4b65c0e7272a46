"""environment.yml and pyproject.toml say the same."""

import re
import tomllib
from pathlib import Path

import yaml

ROOT = Path(__file__).parent.parent
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
ENVIRONMENT = yaml.safe_load((ROOT / "environment.yml").read_text())
PIP = ENVIRONMENT["dependencies"][-1]

# Where conda-forge calls a package something else. Its dask and moto include their servers.
CONDA_NAMES = {"dask[distributed]": "dask", "moto[server]": "moto", "torch": "pytorch"}

FROM_PIP = ("gcp-storage-emulator", "model-signing")
"""What conda-forge may lack."""


def in_conda_words(requirement):
    """Return a requirement as conda writes it, which has no markers."""
    requirement = requirement.partition(";")[0]
    name = re.match(r"[\w.-]+(\[\w+\])?", requirement)[0]
    return requirement.replace(name, CONDA_NAMES.get(name, name), 1)


def test_environment_holds_what_pyproject_requires():
    extras = PROJECT["optional-dependencies"]
    required = [*PROJECT["dependencies"], *extras["baselines"], *extras["dev"]]
    listed = [item for item in ENVIRONMENT["dependencies"] if isinstance(item, str)]
    of_conda = [item for item in required if not item.startswith(FROM_PIP)]
    wanted = [f"python{PROJECT['requires-python']}", "pip", *map(in_conda_words, of_conda)]
    assert sorted(listed) == sorted(set(wanted))
    assert PIP["pip"] == [*sorted(set(required) - set(of_conda)), "--editable ."]


def test_environment_installs_skybench_itself():
    assert PIP["pip"][-1] == "--editable ."
    assert ENVIRONMENT["channels"] == ["conda-forge", "nodefaults"]


def test_dependencies_are_sorted_and_named_once():
    groups = [PROJECT["dependencies"], *PROJECT["optional-dependencies"].values()]
    for group in groups:
        names = [re.match(r"[\w-]+", requirement)[0] for requirement in group]
        assert names == sorted(set(names))


def test_every_dependency_has_its_reason_beside_it():
    lines = (ROOT / "pyproject.toml").read_text().splitlines()
    requirements = [line for line in lines if re.match(r'    "[\w\[\]-]+[>=]', line)]
    assert len(requirements) > len(PROJECT["dependencies"])
    assert [line for line in requirements if not re.search(r'",\s*# \w', line)] == []
