"""Protocols in YAML files, and what is wrong with one, told with its line."""

from collections.abc import Sequence
from os import PathLike
from pathlib import Path
from typing import Any

import yaml
from pydantic import ValidationError

from skybench.errors import ParameterError
from skybench.generators.recipe_errors import explain
from skybench.generators.recipe_yaml import load_bounded
from skybench.generators.suggestion import unknown
from skybench.learning.protocols import PROTOCOLS, Protocol

_MOST_VALUES = 1000
_SUFFIXES = (".yaml", ".yml")


def protocol_of(given: "str | PathLike[str] | Protocol") -> Protocol:
    """Return a protocol: itself, one of `PROTOCOLS` by name, or what a YAML file holds.

    Raises
    ------
    ParameterError
        There is none of that name, or the file holds none; the message has the line.
    """
    if isinstance(given, Protocol):
        return given
    if str(given) in PROTOCOLS:
        return PROTOCOLS[str(given)]
    path = Path(given)
    if path.suffix not in _SUFFIXES:
        raise ParameterError(unknown("protocol", str(given), PROTOCOLS) + " A file ends in .yaml.")
    return read_protocol(path)


def read_protocol(path: str | PathLike[str]) -> Protocol:
    """Return the protocol that a YAML file holds; its name is the file's, unless it says another.

    Raises
    ------
    ParameterError
        A line for each mistake, with the line of the file and the nearest valid key.
    """
    place = Path(path)
    try:
        text = place.read_text(encoding="utf-8")
        content = load_bounded(text, _MOST_VALUES)
        # composed apart, for the lines
        root = yaml.compose(text, yaml.SafeLoader)
    except (OSError, UnicodeDecodeError) as error:
        msg = f"cannot read the protocol {place}: {error}"
        raise ParameterError(msg) from error
    except (yaml.YAMLError, RecursionError) as error:
        msg = f"{place} is not valid YAML: {' '.join(str(error).split())}"
        raise ParameterError(msg) from error
    if not isinstance(content, dict):
        msg = f"{place}: a protocol is a mapping with keys such as {', '.join(_FIRST)}"
        raise ParameterError(msg)
    return _checked(place, {"name": place.stem} | content, root)


_FIRST = ("optimizer", "learning_rate", "weight_decay", "epochs")


def _checked(place: Path, content: dict[str, Any], root: Any) -> Protocol:
    try:
        protocol = Protocol.model_validate(content)
    except ValidationError as error:
        raise ParameterError("\n".join(_mistakes(place, error, root))) from None
    if PROTOCOLS.get(protocol.name, protocol) != protocol:
        line = _line(root, ["name"])
        msg = (
            f"{place}{line}: {protocol.name} is a protocol of skybench's; give another name, or "
            "name the file otherwise"
        )
        raise ParameterError(msg)
    return protocol


def _mistakes(place: Path, error: ValidationError, root: Any) -> list[str]:
    places = [mistake["loc"] for mistake in error.errors(include_url=False)]
    lines = explain(error, Protocol)
    if len(lines) != len(places):
        return [f"{place}: {line}" for line in lines]
    return [f"{place}{_line(root, loc)}: {line}" for loc, line in zip(places, lines, strict=True)]


def _line(root: Any, loc: Sequence[int | str]) -> str:
    """Return the line of the deepest key or entry that a place names, as messages say it."""
    node, line = root, 0
    for part in loc:
        if isinstance(node, yaml.MappingNode):
            found = [(key, value) for key, value in node.value if key.value == str(part)]
            if not found:
                break
            key, node = found[0]
            line = key.start_mark.line + 1
        elif isinstance(node, yaml.SequenceNode) and isinstance(part, int):
            node = node.value[part]
            line = node.start_mark.line + 1
        else:
            break
    return f", line {line}" if line else ""
