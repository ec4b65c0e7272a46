"""The attributes that give the numbers of a dataset their meaning, as ``skyhash-2`` covers them.

Of a dataset all but where it is from and how it is described: a zero point, a pixel scale, a task.
Of a variable its units and codes, which are in its header. What would change a value between the
file and its reader, such as ``scale_factor``, is in no hash and therefore refused.
"""

import math
from collections.abc import Hashable, Iterator, Mapping
from typing import Any

import numpy as np
import xarray as xr
from pydantic import JsonValue

from skybench.errors import IntegrityError

Attributes = dict[str, JsonValue]
"""Texts, whole numbers, floats, booleans and lists of them, by name."""

PROVENANCE = frozenset(
    [
        "title",
        "recipe",
        "generator",
        "seed",
        "license",
        "citation",
        "coordinates",
        "dataset",
        "version",
        "content_hash",
        "manifest_hash",
        "split",
        "exported_from",
        "exported_content_hash",
        "exported_variable_hashes",
        "exported_attributes",
    ]
)
"""Attributes of a dataset that say where it is from, who may use it, what the hash proves."""

IN_HEADER = ("units", "flag_values", "flag_meanings")
"""Attributes of a variable that its header has."""

_WORDING = frozenset(["long_name", "coordinates"])
_WHOLE = 1 << 63


def attributes_of(ds: xr.Dataset) -> Attributes:
    """Return the attributes of a dataset that its hash covers, as JSON has them.

    Raises
    ------
    IntegrityError
        One of them has no canonical JSON, or a variable has one that no hash covers.
    """
    found = {name: plain(value) for name, value in ds.attrs.items() if name not in PROVENANCE}
    for fault in attribute_faults(found):
        msg = f"the dataset has {fault}. Leave it out, or write it in another way."
        raise IntegrityError(msg)
    for name, variable in ds.variables.items():
        _check_variable(name, variable, found)
    return found


def attribute_faults(attributes: Mapping[Any, Any]) -> Iterator[str]:
    """Yield which attributes of a dataset its hash cannot cover, and why."""
    for name, value in attributes.items():
        if not isinstance(name, str) or not is_text(name):
            yield f"an attribute called {name!a}, which is no text"
        elif name in PROVENANCE:
            yield f"an attribute {name}, which is not hashed"
        elif not all(map(_is_hashable, value if isinstance(value, list) else [value])):
            yield (
                f"an attribute {name!a} of {str(value)[:80]!a}; those that are hashed are texts, "
                "whole numbers of 64 bits, finite floats, booleans and lists of them"
            )


def plain(value: Any) -> Any:
    """Return the value of an attribute as JSON has it, without numpy."""
    return value.tolist() if isinstance(value, np.ndarray | np.generic) else value


def is_text(value: object) -> bool:
    """Tell whether a value is text that UTF-8 can say: a str without half a surrogate pair."""
    return isinstance(value, str) and not any("\ud800" <= sign <= "\udfff" for sign in value)


def flag_fault(values: Any, meanings: Any) -> str | None:
    """Return why these codes and meanings are no CF flags, None where they are."""
    if values is None:
        return None
    if not isinstance(values, list) or not all(type(value) is int for value in values):
        return "has flag_values that are no whole numbers"
    words = meanings.split() if isinstance(meanings, str) else []
    if len(words) != len(values):
        return "has flag_values and flag_meanings of different lengths"
    if len(set(values)) != len(values):
        return f"has one code twice in flag_values {values}"
    if len(set(words)) != len(words):
        return f"has two codes of one name in flag_meanings {meanings!a}"
    return None


def _is_hashable(value: object) -> bool:
    if isinstance(value, float):
        return math.isfinite(value)
    if isinstance(value, int):  # a bool, too
        return -_WHOLE <= value < _WHOLE
    return is_text(value)


def _check_variable(name: Hashable, variable: xr.Variable, attributes: Attributes) -> None:
    """Refuse what is neither in the header, nor wording, nor said of the whole dataset."""
    for key, value in variable.attrs.items():
        if key in IN_HEADER or key in _WORDING:
            continue
        if key not in attributes:
            msg = (
                f"variable {name!r} has the attribute {key!a}, which no hash covers: it may change "
                f"what readers see. Store the values as they are meant, with no attributes but "
                f"{', '.join(IN_HEADER)} and long_name, and say the rest of the dataset."
            )
            raise IntegrityError(msg)
        own = plain(value)
        if isinstance(own, list):  # which the dataset says as text, such as the bits of a mask
            own = " ".join(map(str, own))
        if own != attributes[key]:
            msg = f"variable {name!r} has {key} {own!a}, but the dataset has {attributes[key]!a}"
            raise IntegrityError(msg)
