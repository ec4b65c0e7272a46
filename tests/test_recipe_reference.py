"""The recipe reference names all that a recipe may hold."""

from pathlib import Path

from skybench.generators.sky.recipe import SkyRecipe as Recipe

PAGE = (Path(__file__).parent.parent / "docs" / "recipes.md").read_text(encoding="utf-8")


def keys(schema, definitions):
    """Yield every property name of the JSON Schema of recipes."""
    for name, part in schema.get("properties", {}).items():
        yield name
        yield from keys(definitions.get(str(part.get("$ref")).rpartition("/")[2], {}), definitions)


def test_every_key_and_distribution_is_there():
    schema = Recipe.model_json_schema()
    definitions = schema["$defs"]
    named = {*keys(schema, definitions)}
    distributions = [d for d in definitions.values() if "distribution" in d.get("properties", {})]
    for distribution in distributions:
        named |= {distribution["properties"]["distribution"]["const"], *distribution["properties"]}
    assert len(distributions) >= 8
    missing = {name for name in named if f"`{name}`" not in PAGE and f".{name}`" not in PAGE}
    # Groups are named by what they hold.
    assert missing <= {"image", "psf", "noise", "scene", "placement", "sources", "classes"}
