"""Recipes from files: packaged ones by name, the user's own by path."""

from collections.abc import Callable, Sequence
from importlib.resources import files
from os import PathLike, fspath
from pathlib import Path
from typing import Any, get_args

import yaml
from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from skybench.errors import RecipeError
from skybench.generators import distributions
from skybench.generators.recipe import Recipe
from skybench.generators.suggestion import unknown

MAX_BYTES = 1_000_000
"""A recipe is a page of text; anything larger is a mistake or an attack."""

_DISTRIBUTIONS = {
    get_args(model.model_fields["distribution"].annotation)[0]: model
    for model in vars(distributions).values()
    if isinstance(model, type)
    and issubclass(model, BaseModel)
    and "distribution" in model.model_fields
}


def packaged_recipes() -> tuple[str, ...]:
    """Return the names of the recipes that come with skybench."""
    folder = files("skybench.generators") / "recipes"
    return tuple(sorted(f.name.removesuffix(".yaml") for f in folder.iterdir()))


def load_recipe(recipe: str | PathLike[str] | Recipe) -> Recipe:
    """Return a recipe by its packaged name or from a YAML file; a Recipe returns unchanged.

    Raises
    ------
    RecipeError
        If there is no such recipe, or it is not a valid one; the message holds a line for
        every mistake, with its place in the file and the nearest valid key.

    Examples
    --------
    >>> load_recipe("sky").image.shape
    (64, 64)
    """
    if isinstance(recipe, Recipe):
        return recipe
    name = fspath(recipe)
    if name in packaged_recipes():
        resource = files("skybench.generators") / "recipes" / f"{name}.yaml"
        return parse_recipe(resource.read_text(encoding="utf-8"), f"{name}.yaml")
    path = Path(name)
    if not _is_file(path):
        hint = unknown("recipe", name, packaged_recipes())
        msg = f"{hint} Or give the path of a YAML file; there is none at {name!r}."
        raise RecipeError(msg)
    if path.stat().st_size > MAX_BYTES:
        msg = f"{name} is larger than {MAX_BYTES:,} bytes; a recipe is a page of YAML."
        raise RecipeError(msg)
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        msg = f"{name} cannot be read as text: {error}"
        raise RecipeError(msg) from error
    return parse_recipe(text, name)


def _is_file(path: Path) -> bool:
    try:
        return path.is_file()
    except OSError:  # a name too long to be one, or a folder that may not be entered
        return False


def parse_recipe(text: str, name: str) -> Recipe:
    """Return the recipe written in YAML text; ``name`` is the file to name in errors."""
    try:
        content = yaml.load(text, Loader=_UniqueKeys)
    except yaml.YAMLError as error:
        msg = f"{name} is not valid YAML: {' '.join(str(error).split())}"
        raise RecipeError(msg) from error
    except RecursionError as error:
        msg = f"{name} is nested too deeply to be a recipe."
        raise RecipeError(msg) from error
    if not isinstance(content, dict):
        msg = f"{name}: a recipe is a mapping with keys such as name, image, sources."
        raise RecipeError(msg)
    try:
        return Recipe.model_validate(content)
    except ValidationError as error:
        lines = [f"{name}: {line}" for line in _explain(error)]
        raise RecipeError("\n".join(lines)) from error


class _UniqueKeys(yaml.SafeLoader):
    """Safe YAML that refuses a key written twice: the first would be lost in silence."""

    def construct_object(self, node: yaml.Node, deep: bool = False) -> Any:
        try:
            return super().construct_object(node, deep)
        except (ValueError, TypeError, KeyError, AttributeError) as error:
            # What PyYAML lets through for `2024-99-99`, `!!int x`, `? [a]` and the like.
            kind = node.tag.rpartition(":")[2]
            msg = f"{str(node.value)[:60]!r} is no {kind}"
            raise yaml.constructor.ConstructorError(None, None, msg, node.start_mark) from error

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:
        seen = set()
        for key, _ in node.value:
            if not isinstance(key, yaml.ScalarNode):
                msg = "a key must be a name"
                raise yaml.constructor.ConstructorError(None, None, msg, key.start_mark)
            if key.value in seen:
                msg = f"key {key.value!r} is written twice"
                raise yaml.constructor.ConstructorError(None, None, msg, key.start_mark)
            seen.add(key.value)
        return super().construct_mapping(node, deep)


def _explain(error: ValidationError) -> list[str]:
    """Return one line a mistake: place, what is wrong, the nearest valid key."""
    lines = []
    for mistake in error.errors(include_url=False):
        place = ".".join(str(part) for part in mistake["loc"] if part not in _DISTRIBUTIONS)
        text = _TEXTS.get(mistake["type"], _plain)(mistake)
        lines.append(f"{place}: {text}" if place else text)
    return lines


def _plain(mistake: ErrorDetails) -> str:
    text = mistake["msg"].removeprefix("Value error, ")
    if text.endswith((".", "?")) or not _is_short(mistake["input"]):
        return text
    return f"{text}, got {mistake['input']!r}"


def _unknown_key(mistake: ErrorDetails) -> str:
    *parents, key = mistake["loc"]
    return unknown("key", str(key), _allowed_keys(parents))


def _no_distribution(mistake: ErrorDetails) -> str:
    names = ", ".join(_DISTRIBUTIONS)
    return f"needs a number, or a mapping with the key 'distribution' ({names})"


_TEXTS: dict[str, Callable[[ErrorDetails], str]] = {
    "extra_forbidden": _unknown_key,
    "dict_type": lambda _: "must be a mapping",
    "model_type": lambda _: "must be a mapping",
    "tuple_type": lambda _: "must be a list",
    "missing": lambda _: "is required and missing",
    "union_tag_invalid": lambda m: unknown("distribution", str(m["ctx"]["tag"]), _DISTRIBUTIONS),
    "union_tag_not_found": _no_distribution,
    "model_attributes_type": _no_distribution,
}
"""How mistakes are told that pydantic tells for programmers, by its name for them."""


def _is_short(value: Any) -> bool:
    return isinstance(value, str | int | float | bool) and len(str(value)) < 60


def _allowed_keys(loc: Sequence[int | str]) -> list[str]:
    """Walk the models along an error's place and return the keys allowed there."""
    model: Any = Recipe
    for part in loc:
        model = _DISTRIBUTIONS.get(str(part)) or _step(model, str(part))
    return list(model.model_fields) if hasattr(model, "model_fields") else []


def _step(model: Any, part: str) -> Any:
    fields = getattr(model, "model_fields", {})
    if part in fields:
        return fields[part].annotation
    # A mapping such as sources: dict[name, spec].
    arguments = get_args(model)
    return arguments[-1] if arguments else model
