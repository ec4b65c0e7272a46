"""The versions of installed packages, as manifests, records and files of weights say them."""

import platform
from collections.abc import Iterable
from importlib.metadata import PackageNotFoundError, version


def library_versions(names: Iterable[str]) -> dict[str, str]:
    """Return the versions of Python and of installed packages, "unknown" for those that are not."""
    return {"python": platform.python_version()} | {name: _version(name) for name in names}


def _version(name: str) -> str:
    try:
        return version(name)
    except PackageNotFoundError:
        return "unknown"
