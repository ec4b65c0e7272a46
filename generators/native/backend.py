"""The build backend: setuptools, which is given a compiler where the machine has none.

setup.py compiles the kernels. A compiler that is missing is asked for by the hooks of PEP 517, so
that installing from a clone stays one command everywhere.
"""

from typing import Any

from compiling import system_compiler  # type: ignore[import-not-found]
from setuptools import build_meta  # type: ignore[import-untyped]
from setuptools.build_meta import *  # type: ignore[import-untyped]  # noqa: F403

_COMPILER = "ziglang>=0.13"


def get_requires_for_build_wheel(config_settings: Any = None) -> list[str]:
    """Return what a wheel is built with."""
    return [*build_meta.get_requires_for_build_wheel(config_settings), *_missing()]


def get_requires_for_build_editable(config_settings: Any = None) -> list[str]:
    """Return what an editable install is built with."""
    return [*build_meta.get_requires_for_build_editable(config_settings), *_missing()]


def _missing() -> list[str]:
    return [] if system_compiler() else [_COMPILER]
