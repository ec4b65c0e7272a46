"""The recipe reference names all that a recipe may hold."""

from pathlib import Path

import pytest

from skybench.generators.families import FAMILIES

PAGE = (Path(__file__).parent.parent / "docs" / "recipes.md").read_text(encoding="utf-8")


def keys(schema, definitions):
    """Yield every property name of the JSON Schema of recipes."""
    for name, part in schema.get("properties", {}).items():
        yield name
        yield from keys(definitions.get(str(part.get("$ref")).rpartition("/")[2], {}), definitions)


@pytest.mark.parametrize("family", FAMILIES.values(), ids=FAMILIES)
def test_every_key_and_distribution_is_there(family):
    schema = family.recipe.model_json_schema()
    definitions = schema["$defs"]
    named = {*keys(schema, definitions)}
    for distribution in definitions.values():
        if "distribution" in distribution.get("properties", {}):
            named |= {distribution["properties"]["distribution"]["const"]}
            named |= {*distribution["properties"]}
    missing = {name for name in named if f"`{name}`" not in PAGE and f".{name}`" not in PAGE}
    # Groups are named by what they hold.
    groups = {name for name in missing if f"`{name}." in PAGE or f".{name}." in PAGE}
    assert missing == groups
