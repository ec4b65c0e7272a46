"""Name the packages: pyproject's own search goes by the links, which some checkouts lack."""

import tomllib
from pathlib import Path

from setuptools import setup

ROOT = Path(__file__).parent
CONFIG = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
FOLDERS = CONFIG["tool"]["setuptools"]["package-dir"]

setup(
    packages=[
        ".".join((package, *init.parent.relative_to(ROOT / folder).parts))
        for package, folder in FOLDERS.items()
        for init in (ROOT / folder).rglob("__init__.py")
    ]
)
