"""What is wrong with a recipe, told to the person who wrote it."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from copy import deepcopy
from types import NoneType
from typing import Any, get_args

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from skybench.generators import distributions
from skybench.generators.suggestion import nearest, unknown
from skybench.generators.synonyms import unknown_word

_DISTRIBUTIONS = {
    get_args(model.model_fields["distribution"].annotation)[0]: model
    for model in vars(distributions).values()
    if isinstance(model, type)
    and issubclass(model, BaseModel)
    and "distribution" in model.model_fields
}

_TAGS = {*_DISTRIBUTIONS, "neighbours", "lags"}
"""Of forms that a key may have: they are no keys."""


def refuse(mistakes: Iterable[str]) -> None:
    """Raise one ValueError that holds all mistakes, a line each, if there are any."""
    if lines := list(mistakes):
        raise ValueError("\n".join(lines))


def explain(error: ValidationError, model: type[BaseModel]) -> list[str]:
    """Return one line a mistake of a recipe: place, what is wrong, the nearest valid key."""
    return [line for mistake in error.errors(include_url=False) for line in _told(mistake, model)]


def _told(mistake: ErrorDetails, model: type[BaseModel]) -> Iterator[str]:
    place = ".".join(str(part) for part in mistake["loc"] if part not in _TAGS)
    text = _TEXTS.get(mistake["type"], _plain)(mistake)
    if mistake["type"] == "extra_forbidden":
        text = _unknown_key(mistake, model)
    for line in text.splitlines():
        yield f"{place}: {line}" if place else line


_DROPPED = frozenset(
    [
        *("title", "description", "licence", "citation", "seed", "samples", "splits"),
        *("psf", "noise", "detector", "beam", "blur"),
    ]
)
"""What a recipe is right without, and nothing else in it depends on."""


def without_mistakes(
    content: Mapping[str, Any], error: ValidationError, model: type[BaseModel]
) -> dict[str, Any] | None:
    """Return a recipe less what is wrong with it, to look for further mistakes in the rest.

    None where what is wrong cannot be left out, so that others would follow from it.
    """
    rest = deepcopy(dict(content))
    left_out = all(_dropped(rest, mistake, model) for mistake in error.errors(include_url=False))
    return rest if left_out and rest != content else None


def _dropped(rest: dict[str, Any], mistake: ErrorDetails, model: type[BaseModel]) -> bool:
    if not mistake["loc"]:
        return False
    first, *inside = mistake["loc"]
    if first == "sources" and mistake["type"] != "missing":
        return _dropped_from_source(rest["sources"], inside)
    if first == "name" and "name" in rest:
        rest["name"] = "unnamed"
        return True
    key, known = str(first), model.model_fields
    rest.pop(key, None)
    return (key if key in known else nearest(key, known)) in {None, *_DROPPED}


def _dropped_from_source(sources: Any, place: Sequence[int | str]) -> bool:
    """Leave out the parameter at a place, or all of them where it is the source's."""
    if not place or not isinstance(sources, dict):
        return False
    name, *inside = place
    source = sources.get(name)
    if not isinstance(source, dict) or inside[:1] == ["profile"]:
        return False
    wrong = inside[:1] or source.keys() - {"profile"}
    before = len(source)
    sources[name] = {key: value for key, value in source.items() if key not in wrong}
    return len(sources[name]) < before


def _plain(mistake: ErrorDetails) -> str:
    text = mistake["msg"].removeprefix("Value error, ")
    if mistake["type"] in _WORDS:
        text = _WORDS[mistake["type"]].format(**mistake.get("ctx", {}))
    if text.endswith((".", "?")) or not _is_short(mistake["input"]):
        return text
    return f"{text}, got {mistake['input']!r}"


def _missing(mistake: ErrorDetails) -> str:
    # A number in a place is that of an entry of a list.
    return "the list is too short" if isinstance(mistake["loc"][-1], int) else _REQUIRED


def _unknown_key(mistake: ErrorDetails, model: type[BaseModel]) -> str:
    *parents, key = mistake["loc"]
    return unknown_word("key", str(key), _allowed_keys(model, parents))


def _no_distribution(mistake: ErrorDetails) -> str:
    names = ", ".join(_DISTRIBUTIONS)
    return f"needs a number, or a mapping with the key 'distribution' ({names})"


_REQUIRED = "is required and missing"
_WHOLE = "must be a whole number"
_NUMBER = "must be a number"
_TRUTH = "must be true or false"
_WORDS = {
    "bool_parsing": _TRUTH,
    "bool_type": _TRUTH,
    "finite_number": "must be a finite number",
    "float_parsing": _NUMBER,
    "float_type": _NUMBER,
    "greater_than": "must be greater than {gt}",
    "greater_than_equal": "must be at least {ge}",
    "int_from_float": _WHOLE,
    "int_parsing": _WHOLE,
    "int_parsing_size": _WHOLE,
    "int_type": _WHOLE,
    "less_than": "must be less than {lt}",
    "less_than_equal": "must be at most {le}",
    "literal_error": "must be {expected}",
    "string_pattern_mismatch": "must be a letter, then letters, digits or '_' (pattern {pattern})",
    "string_type": "must be text",
    "too_long": "must have a length of at most {max_length}, has {actual_length}",
    "too_short": "must have a length of at least {min_length}, has {actual_length}",
}
"""How mistakes are told that pydantic tells for programmers, by its name for them."""

_TEXTS: dict[str, Callable[[ErrorDetails], str]] = {
    "dict_type": lambda _: "must be a mapping",
    "model_type": lambda _: "must be a mapping",
    "tuple_type": lambda _: "must be a list",
    "missing": _missing,
    "union_tag_invalid": lambda m: unknown("distribution", str(m["ctx"]["tag"]), _DISTRIBUTIONS),
    "union_tag_not_found": _no_distribution,
    "model_attributes_type": _no_distribution,
}
"""Those that need more than words."""


def _is_short(value: Any) -> bool:
    return isinstance(value, str | int | float | bool) and len(str(value)) < 60


def _allowed_keys(root: type[BaseModel], loc: Sequence[int | str]) -> list[str]:
    """Walk the models along an error's place and return the keys allowed there."""
    model: Any = root
    for part in loc:
        model = _DISTRIBUTIONS.get(str(part)) or _step(model, str(part))
    return list(model.model_fields) if hasattr(model, "model_fields") else []


def _step(model: Any, part: str) -> Any:
    fields = getattr(model, "model_fields", {})
    if part in fields:
        return _given(fields[part].annotation)
    # A mapping such as sources: dict[name, spec].
    arguments = get_args(model)
    return arguments[-1] if arguments else model


def _given(annotation: Any) -> Any:
    """Return the model of a block that may be left out."""
    given = [part for part in get_args(annotation) if part is not NoneType]
    return given[0] if len(given) == 1 else annotation
