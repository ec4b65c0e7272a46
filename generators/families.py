"""The table of families: a new one is a folder and a line here."""

from collections.abc import Mapping
from typing import Annotated, Any

from pydantic import Field, TypeAdapter

from skybench.generators.family import Family
from skybench.generators.recipe import Recipe
from skybench.generators.sky.family import FAMILY as SKY
from skybench.generators.suggestion import unknown

FAMILIES: dict[str, Family] = {family.name: family for family in (SKY,)}
"""Families by the key ``family`` of a recipe."""

DEFAULT = "sky"


def recipe_from(content: Mapping[str, Any]) -> Recipe:
    """Return the recipe that a mapping holds, as read from YAML or JSON.

    Raises
    ------
    pydantic.ValidationError
        It is not one; each mistake with its place.
    ValueError
        There is no such family.
    """
    name = content.get("family", DEFAULT)
    if not isinstance(name, str) or name not in FAMILIES:
        raise ValueError("family: " + unknown("family", str(name), FAMILIES))
    return FAMILIES[name].recipe.model_validate(content)


def recipe_schema() -> dict[str, Any]:
    """Return the JSON Schema of recipes, of any family."""
    models = tuple(family.recipe for family in FAMILIES.values())
    union: Any = models[0]
    for model in models[1:]:
        union = union | model
    return TypeAdapter(Annotated[union, Field(title="Recipe")]).json_schema()
