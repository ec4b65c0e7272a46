"""A first recipe of one's own: everything that can be said, with what it means beside it."""

from collections.abc import Iterator, Mapping
from typing import Any

import yaml

from skybench.errors import RecipeError
from skybench.generators.families import FAMILIES
from skybench.generators.recipe import TASK_NAMES, ObjectRecipe, Recipe
from skybench.generators.recipe_file import recipe_from
from skybench.generators.suggestion import unknown
from skybench.generators.variable import REAL, Variable

_PROFILES = {
    "sky": ("star", "sersic"),
    "geometric": ("circle", "rectangle"),
    "nbody": ("free_fall", "triple"),
    "light_curve": ("constant", "transit"),
}
"""Two objects that go together; of another family the first and the last."""

_MEMBERS = {"clean": {"recipe": "objects/clean"}, "noisy": {"recipe": "objects"}}

_HEAD = """\
# A recipe of skybench. Needed are only name, task and sources (of a collection, members); all else
# is written here as it is where it is left out. Parameters are numbers or distributions.
# skybench recipe check FILE | gallery FILE --recipe | generate FILE | build FILE OUT.zarr
"""

_COMMENTS = {
    "family": "the form of the data",
    "name": "lower case letters, digits and _; the dataset's id",
    "description": "for the data card",
    "licence": "SPDX identifier of the data's licence, such as CC-BY-4.0",
    "citation": "how to cite the data, such as Doe (2026)",
    "seed": "any whole number from 0",
    "task": "one of " + ", ".join(TASK_NAMES),
    "targets": "what a regression is to predict, such as [flux]",
    "splits": "shares, which sum to 1",
    "classes": "what is to be told apart, and the sources of each",
    "image.shape": "rows and columns",
    "image.zeropoint": "AB magnitude of one electron",
    "image.bands": "such as [g, r, z]",
    "scene.count": "sources in a sample",
    "scene.placement.margin": "pixels kept free at each border",
    "noise.scale": "multiplies all noise; 0 for none",
    "noise.correlation": "of neighbouring pixels' noise, 0 to 0.65, or a list by lag",
    "sources": "kinds of objects, their parameters and how these are distributed",
    "members": "recipes that samples are dealt among",
}


def starting_recipe(name: str, family: str = "sky") -> str:
    """Return the YAML of a small, complete recipe with comments, to be changed.

    Parameters
    ----------
    name : str
        The dataset's id.
    family : str
        The form of the data, as in the key ``family`` of recipes.

    Raises
    ------
    RecipeError
        The name is none, or there is no such family.

    Examples
    --------
    >>> print(starting_recipe("mine").splitlines()[4])
    name: mine  # lower case letters, digits and _; the dataset's id
    """
    if family not in FAMILIES:
        raise RecipeError(unknown("family", family, FAMILIES))
    given = {"family": family, "name": name, "task": "classification"}
    try:
        recipe = recipe_from(given | _content(family))
    except ValueError as error:
        msg = f"{name!r} is no name of a dataset; take lower case letters, digits and _."
        raise RecipeError(msg) from error
    return _HEAD + "\n".join(_lines(_written(recipe), _comments(recipe))) + "\n"


def _content(family: str) -> dict[str, Any]:
    objects = FAMILIES[family].objects
    if family == "collection":
        return {"members": _MEMBERS}
    profiles = _PROFILES.get(family) or (next(iter(objects)), [*objects][-1])
    names = profiles if len(set(profiles)) == 2 else ("one", "other")
    return {
        "sources": {
            source: {"profile": profile} for source, profile in zip(names, profiles, strict=True)
        }
    }


def _written(recipe: Recipe) -> dict[str, Any]:
    """Return a recipe as people write it: numbers for constants, nothing that is absent."""
    content: dict[str, Any] = _plain(recipe.model_dump(mode="json", exclude_none=True))
    if not isinstance(recipe, ObjectRecipe):
        return content | {"members": _MEMBERS}
    for name, spec in recipe.sources.items():
        content["sources"][name] |= {
            key: _plain(d.model_dump(mode="json", exclude_none=True))
            for key, d in spec.distributions.items()
        }
    for spec in content["classes"].values():
        del spec["code"], spec["companions"]
    return content


def _plain(value: Any) -> Any:
    if not isinstance(value, Mapping):
        return value
    if value.get("distribution") == "constant":
        return value["value"]
    first = {"distribution": value["distribution"]} if "distribution" in value else {}
    return first | {key: _plain(inner) for key, inner in value.items()}


def _comments(recipe: Recipe) -> dict[str, str]:
    """Return what stands beside a line, by its dotted place."""
    if not isinstance(recipe, ObjectRecipe):
        return _COMMENTS
    beside = {condition.place: _meaning(condition.variable) for condition in recipe.conditions}
    for name, spec in recipe.sources.items():
        rows = spec.drawn.variables
        beside |= {f"sources.{name}.{key}": _meaning(rows[key]) for key in spec.drawn.defaults}
    return beside | _COMMENTS


def _meaning(row: Variable) -> str:
    domain = "" if row.domain == REAL else f"in {row.domain}"
    return ", ".join(filter(None, (row.long_name, row.units, domain)))


def _lines(
    content: Mapping[str, Any], comments: Mapping[str, str], place: str = ""
) -> Iterator[str]:
    indent = "  " * place.count(".")
    for key, value in content.items():
        here = f"{place}{key}"
        beside = f"  # {comments[here]}" if here in comments else ""
        if _is_block(value, f"{here}.", comments):
            yield f"{indent}{key}:{beside}"
            yield from _lines(value, comments, f"{here}.")
        else:
            yield f"{indent}{key}: {_flow(value)}{beside}"


def _is_block(value: Any, place: str, comments: Mapping[str, str]) -> bool:
    """Whether a mapping takes lines of its own: it holds others, or some have comments."""
    return isinstance(value, Mapping) and (
        any(isinstance(inner, Mapping) for inner in value.values())
        or any(known.startswith(place) for known in comments)
    )


def _flow(value: Any) -> str:
    text = yaml.safe_dump(value, default_flow_style=True, sort_keys=False, width=10**6)
    return text.removesuffix("\n").removesuffix("\n...")
