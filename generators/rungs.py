"""A ladder of difficulty: named variations of a recipe, its rungs.

A rung is a mapping laid over the recipe as a JSON merge patch (RFC 7386): mappings are
merged key by key, null removes a key, anything else is replaced, and so is a distribution
as a whole. The seed stays, and random streams are named by what they draw: where a rung
changes only the noise, the objects underneath are the same to the last bit.
"""

from collections.abc import Mapping
from typing import Any, TypeGuard

from skybench.errors import RecipeError
from skybench.generators.suggestion import unknown

_FIXED = ("name", "family", "seed", "rungs")


def rung_names(content: Mapping[str, Any], file: str) -> tuple[str, ...]:
    """Return the names of the rungs of a recipe, in its order.

    Raises
    ------
    RecipeError
        If ``rungs`` is not a mapping of mappings, or a rung changes what must stay.
    """
    rungs = content.get("rungs", {})
    if not isinstance(rungs, Mapping):
        msg = f"{file}: rungs must be a mapping of names to changes of the recipe"
        raise RecipeError(msg)
    for name, changes in rungs.items():
        if not isinstance(changes, Mapping):
            msg = f"{file}: rungs.{name} must be a mapping of changes to the recipe"
            raise RecipeError(msg)
        for key in _FIXED:
            if key in changes:
                msg = f"{file}: rungs.{name} cannot change the {key} of the recipe"
                raise RecipeError(msg)
    return tuple(str(name) for name in rungs)


def on_rung(content: Mapping[str, Any], rung: str | None, file: str) -> dict[str, Any]:
    """Return a recipe's content on one of its rungs, or off the ladder for None.

    The dataset of rung ``hard`` of ``sky`` is called ``sky_hard``.

    Raises
    ------
    RecipeError
        If there is no such rung.
    """
    names = rung_names(content, file)
    base = {key: value for key, value in content.items() if key != "rungs"}
    if rung is None:
        return base
    if rung not in names:
        hint = unknown("rung", rung, names) if names else "the recipe has no rungs."
        msg = f"{file}: {hint}"
        raise RecipeError(msg)
    named = {"name": f"{base.get('name')}_{rung}"}
    if "title" in base:
        named["title"] = f"{base['title']} ({rung})"
    return merged(base | named, content["rungs"][rung])


def merged(base: Mapping[str, Any], changes: Mapping[str, Any]) -> dict[str, Any]:
    """Return a recipe's content with changes laid over it."""
    result = dict(base)
    for key, change in changes.items():
        old = result.get(key)
        if change is None:
            result.pop(key, None)
        elif _is_block(change) and _is_block(old):
            result[key] = merged(old, change)
        else:
            result[key] = change
    return result


def _is_block(value: Any) -> TypeGuard[Mapping[str, Any]]:
    return isinstance(value, Mapping) and "distribution" not in value
