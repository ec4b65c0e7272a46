"""The table of families: a new one is a folder and a line here."""

from collections.abc import Mapping
from functools import reduce
from operator import or_
from typing import Any

from pydantic import TypeAdapter

from skybench.generators.collection.family import FAMILY as COLLECTION
from skybench.generators.family import Family
from skybench.generators.geometric.family import FAMILY as GEOMETRIC
from skybench.generators.recipe import Recipe
from skybench.generators.series.light_curve.family import FAMILY as LIGHT_CURVE
from skybench.generators.series.nbody.family import FAMILY as NBODY
from skybench.generators.series.pendulum.family import FAMILY as PENDULUM
from skybench.generators.sky.family import FAMILY as SKY
from skybench.generators.sphere.family import FAMILY as SPHERE
from skybench.generators.suggestion import unknown
from skybench.generators.volume.family import FAMILY as VOLUME

FAMILIES: dict[str, Family] = {
    family.name: family
    for family in (SKY, COLLECTION, GEOMETRIC, SPHERE, VOLUME, NBODY, PENDULUM, LIGHT_CURVE)
}
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
    """Return the JSON Schema of recipe files, of any family, rungs included."""
    models = [family.recipe for family in FAMILIES.values()]
    union = reduce(or_, models)  # a type at run time only
    schema = TypeAdapter[Recipe](union).json_schema()
    for model in models:
        schema["$defs"][model.__name__]["properties"]["rungs"] = {
            "description": "named changes of the recipe",
            "type": "object",
            "additionalProperties": {"type": "object"},
        }
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", "title": "Recipe"} | schema
