"""The front door: `make` explains itself and refuses in one line."""

import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
MAKEFILE = (ROOT / "Makefile").read_text()
INSTALLED = [f"--old-file=.venv/.{stamp}" for stamp in ("installed", "kernels", "docs-installed")]
TARGETS = re.search(r"^\.PHONY: (.*)$", MAKEFILE, re.MULTILINE)[1].split()


def make(folder, *arguments):
    """Run make as in a fresh clone, with the environment taken as installed where it is given."""
    return subprocess.run(
        ["make", *arguments],
        cwd=folder,
        env={k: v for k, v in os.environ.items() if not k.startswith("MAKE")},
        capture_output=True,
        text=True,
    )


@pytest.fixture
def clone(tmp_path):
    for name in ["Makefile", "pyproject.toml"]:
        shutil.copy(ROOT / name, tmp_path)
    return tmp_path


def test_make_lists_every_target_and_what_it_does(clone):
    listed = re.findall(r"^make ([\w-]+) +\S.*$", make(clone).stdout, re.MULTILINE)
    assert listed == TARGETS


def test_too_old_a_python_is_refused_in_one_line(clone):
    old = clone / "python-of-old"
    old.write_text("#!/bin/sh\nexit 1\n")
    old.chmod(0o755)
    done = make(clone, "install", f"PYTHON={old}")
    message, *rest = done.stderr.splitlines()
    assert done.returncode != 0
    assert message.startswith("skybench needs Python 3.11 or newer")
    assert str(old) in message
    assert len(rest) == 1
    assert not (clone / ".venv").exists()


def test_a_release_without_a_version_is_refused(clone):
    done = make(clone, *INSTALLED, "release")
    assert done.returncode != 0
    assert done.stderr.startswith("which version? For example: make release VERSION=0.1")


def test_a_release_passes_on_what_was_asked(clone):
    options = ["VERSION=0.1", "STORE=/a store", "DATASETS=objects sky", "SCHEDULER=tcp://a:1"]
    done = make(clone, "--dry-run", *INSTALLED, "release", *options)
    command = done.stdout.splitlines()[-1]
    assert command.startswith(".venv/bin/skybench release '0.1' objects sky")
    assert "--store '/a store'" in command
    assert "--scheduler 'tcp://a:1'" in command
    assert "--no-baselines" not in command
    options += ["BASELINES=no"]
    done = make(clone, "--dry-run", *INSTALLED, "release", *options)
    assert done.stdout.splitlines()[-1].endswith("--no-baselines")


def test_a_soak_passes_on_what_was_asked(clone):
    options = ["MINUTES=3", "SEED=7", "ARGS=-k toy", "SKYBENCH_OFFLINE=1"]
    done = make(clone, "--dry-run", *INSTALLED, "soak", *options)
    command = done.stdout.splitlines()[-1]
    assert ".venv/bin/python tests/soak.py --minutes 3 --seed 7 -- " in command
    assert command.endswith(" --dist worksteal -k toy")


def test_pages_are_made_where_it_is_asked_for(clone):
    options = ["OUT=a folder/docs", "NOTEBOOKS=yes"]
    asked, usual = (
        make(clone, "--dry-run", *INSTALLED, "docs-site", *given).stdout.strip()
        for given in (options, [])
    )
    assert "SKYBENCH_NOTEBOOKS=1" in asked
    assert asked.endswith("cp -R build/docs/. 'a folder/docs'")
    assert "SKYBENCH_NOTEBOOKS" not in usual
    assert usual.endswith(" docs build/docs")


def test_a_site_is_of_the_store_that_was_asked_for(clone):
    built = "--old-file=skybench/site/explorer/explorer.js"
    for made in ("explorer.js", "package.json", "package-lock.json"):
        (clone / "skybench/site/explorer").mkdir(parents=True, exist_ok=True)
        (clone / "skybench/site/explorer" / made).touch()
    done = make(clone, "--dry-run", *INSTALLED, built, "site", "STORE=/a store")
    assert "OUT='/a store/site/docs'" in done.stdout
    assert done.stdout.splitlines()[-1] == ".venv/bin/skybench site --store '/a store'"
    assert "skybench demo" not in done.stdout
    done = make(clone, "--dry-run", *INSTALLED, built, "site")
    assert ".venv/bin/skybench demo --store ./demo-store" in done.stdout.splitlines()[0]
    assert done.stdout.splitlines()[-1].endswith("site --store './demo-store'")


def test_the_image_of_docker_ends_with_the_demonstration():
    steps = [line for line in (ROOT / "Dockerfile").read_text().splitlines() if line[:1].isupper()]
    assert re.fullmatch(r"FROM python:(3\.\d+)-slim", steps[0])
    assert steps[0].split(":")[1].removesuffix("-slim") in MAKEFILE.split("PYTHONS := ")[1]
    assert steps[-4:] == [
        "WORKDIR /skybench",
        "COPY . .",
        "RUN make install",
        'CMD ["make", "demo"]',
    ]
    assert {"install", "demo"} <= set(TARGETS)
    ignored = (ROOT / ".dockerignore").read_text().replace("**/", "").splitlines()
    assert {"/.git", *(ROOT / ".gitignore").read_text().splitlines()} <= set(ignored)


def test_the_other_pythons_are_those_that_the_package_claims():
    claimed = re.findall(r"Python :: (3\.\d+)", (ROOT / "pyproject.toml").read_text())
    assert re.search(r"^PYTHONS := (.*)$", MAKEFILE, re.MULTILINE)[1].split() == claimed


def test_continuous_integration_runs_the_three_targets_and_nothing_else():
    script = (ROOT / ".ci" / "run").read_text().splitlines()
    targets = [line for line in script if line.startswith("make")]
    assert targets == ["make check", "make test", "make test-site"]
    assert script[1] == "set -euo pipefail"
    others = [line for line in script[3:] if line not in targets]
    assert len(others) == 1
    assert others[0].startswith("command -v chromium")
    assert os.access(ROOT / ".ci" / "run", os.X_OK)
