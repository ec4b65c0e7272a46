"""Single changes of a recipe by dotted paths, such as ``noise.scale``, beside its named rungs.

The paths are those of the keys that ``skybench recipe show`` prints. A change is laid over the
recipe as a rung is: mappings are merged, None removes a key, so that its default holds again, and
anything else is replaced.
"""

from collections.abc import Iterable, Mapping
from typing import Any

import yaml

from skybench.errors import RecipeError
from skybench.generators.recipe_yaml import load_bounded
from skybench.generators.rungs import merged
from skybench.generators.suggestion import unknown

_MOST_VALUES = 1000
_LONGEST_NAME, _LONGEST_TITLE = 32, 300
_MARK = "_changed"


def with_changes(content: Mapping[str, Any], changes: Mapping[str, Any]) -> dict[str, Any]:
    """Return a recipe's content with each change at its path.

    Raises
    ------
    RecipeError
        A path leads through a key that is not there; the message has the nearest.
    """
    result = dict(content)
    for path, value in changes.items():
        result = _at(result, path.split("."), value, path)
    return result


def _at(block: Any, keys: list[str], value: Any, path: str) -> dict[str, Any]:
    key, *rest = keys
    if not isinstance(block, Mapping):
        msg = f"{path}: there is no {key!r} below a value that is no mapping, {block!r}"
        raise RecipeError(msg)
    if not rest:
        return merged(block, {key: value})
    if key not in block:
        msg = f"{path}: {unknown('key', key, block)}"
        raise RecipeError(msg)
    return {**block, key: _at(block[key], rest, value, path)}


def marks_of(name: str, title: str, changes: Mapping[str, Any]) -> dict[str, str]:
    """Return another name and title for a recipe that was changed, unless the changes give them.

    What is made from it must not pass for what the recipe itself makes.
    """
    said = " ".join(", ".join(f"{path}={value}" for path, value in changes.items()).split())
    room = _LONGEST_TITLE - len(title) - len(" ()")
    said = said if len(said) <= room else f"{said[: max(0, room - 1)]}…"
    marks = {
        "name": name[: _LONGEST_NAME - len(_MARK)] + _MARK,
        "title": f"{title} ({said})"[:_LONGEST_TITLE],
    }
    return {key: mark for key, mark in marks.items() if key not in changes}


def parse_changes(settings: Iterable[str]) -> dict[str, Any]:
    """Return the changes that texts such as ``noise.scale=0`` ask for; values are YAML.

    Raises
    ------
    RecipeError
        One has no ``=``, its value is not YAML, or a path is given twice.
    """
    changes: dict[str, Any] = {}
    for setting in settings:
        path, equals, text = setting.partition("=")
        if not equals or not path:
            msg = f"a change is PATH=VALUE, such as noise.scale=0, got {setting!r}"
            raise RecipeError(msg)
        if path in changes:
            msg = f"{path} is changed twice; once is enough"
            raise RecipeError(msg)
        changes[path] = _value_of(path, text)
    return changes


def _value_of(path: str, text: str) -> Any:
    try:
        return load_bounded(text, _MOST_VALUES)
    except (yaml.YAMLError, RecursionError) as error:
        msg = f"{path}: {text!r} is not valid YAML: {' '.join(str(error).split())}"
        raise RecipeError(msg) from error
