"""The catalog of a stranger's store: nothing in it that Intake would run.

An entry of an Intake catalog may name any class of any module as its driver, and any text in it
may be a template. skybench writes two drivers and one template; all else is refused.
"""

import re
from collections.abc import Iterator
from typing import Any

import yaml

from skybench.catalogs.writer import DRIVER, FALLBACK_DRIVER
from skybench.errors import IntegrityError
from skybench.generators.recipe_yaml import load_bounded

MAX_VALUES = 1_000_000

_TOP = {"metadata", "name", "description", "sources"}
_SOURCE = {"description", "driver", "args", "metadata"}
_ARGUMENTS = {"urlpath", "split"}
_URL = re.compile(r"\{\{ CATALOG_DIR \}\}(/(?!\.{1,2}(/|$))[A-Za-z0-9._+-]+){3}")
_NAME = re.compile(r"[a-z][a-z0-9_]*")
_BRACE = "{% raw %}{{% endraw %}"
_TEMPLATE = re.compile(r"\{[{%#]")


def check_catalog(text: str, where: str) -> None:
    """Refuse the text of a catalog that is not as skybench writes it.

    Parameters
    ----------
    text : str
        Of ``catalog.yaml``.
    where : str
        Its name, for messages.

    Raises
    ------
    IntegrityError
        With the entry at fault.
    """
    try:
        fault = next(_faults(load_bounded(text, MAX_VALUES)), None)
    except (yaml.YAMLError, RecursionError) as error:
        fault = f"it is no YAML: {' '.join(str(error).split())[:200]}"
    if fault:
        msg = (
            f"{where} is not as skybench writes it: {fault}. Open the version by "
            "skybench.open, which reads no catalog, or ask for another copy of the store."
        )
        raise IntegrityError(msg)


def _faults(catalog: Any) -> Iterator[str]:
    sources = catalog.get("sources") if isinstance(catalog, dict) else None
    if not isinstance(sources, dict) or not catalog.keys() <= _TOP:
        yield f"it must have the keys {', '.join(sorted(_TOP))} and no others"
        return
    if _has_template({key: value for key, value in catalog.items() if key != "sources"}):
        yield "its header has a template"
    for name, source in sources.items():
        if fault := _fault_of_source(name, source):
            yield f"entry {str(name)[:80]!a} {fault}"


def _fault_of_source(name: Any, source: Any) -> str | None:
    if not isinstance(name, str) or not _NAME.fullmatch(name):
        return "has no name of a version"
    if not isinstance(source, dict) or source.keys() != _SOURCE:
        return f"must have the keys {', '.join(sorted(_SOURCE))} and no others"
    if source["driver"] not in ([DRIVER], [DRIVER, FALLBACK_DRIVER]):
        return f"has the driver {str(source['driver'])[:80]!a}"
    arguments = source["args"]
    if not isinstance(arguments, dict) or not {"urlpath"} <= arguments.keys() <= _ARGUMENTS:
        return f"must have the arguments {', '.join(sorted(_ARGUMENTS))}"
    if not _URL.fullmatch(str(arguments["urlpath"])):
        return f"leads to {str(arguments['urlpath'])[:80]!a}, not to a version beside the catalog"
    if not _NAME.fullmatch(str(arguments.get("split", "all"))):
        return "has no name of a split"
    return "has a template in its metadata" if _has_template(source["metadata"]) else None


def _has_template(value: Any) -> bool:
    """Tell whether Intake would find a template, but for the one that writes a brace."""
    if isinstance(value, str):
        return _TEMPLATE.search(value.replace(_BRACE, "")) is not None
    if isinstance(value, dict):
        return any(_has_template(part) for pair in value.items() for part in pair)
    return isinstance(value, list) and any(map(_has_template, value))
