"""The recipe reference names all that a recipe may hold."""

import re
from pathlib import Path

import pytest
import yaml

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


def defaults(schema, definitions, path=""):
    """Yield the dotted key and the default of every optional property."""
    for name, part in schema.get("properties", {}).items():
        default = part.get("default")
        if isinstance(default, dict) and default.get("distribution") == "constant":
            default = default["value"]
        yield f"{path}{name}", default
        inner = definitions.get(str(part.get("$ref")).rpartition("/")[2], {})
        for other in part.get("anyOf", ()):
            inner = inner or definitions.get(str(other.get("$ref")).rpartition("/")[2], {})
        yield from defaults(inner, definitions, f"{path}{name}.")


def test_the_defaults_are_those_of_the_code():
    family, compared = None, set()
    for line in PAGE.splitlines():
        if head := re.match(r"\| (?:(\w+) )?key \| type", line):
            family = FAMILIES.get(head[1] or "sky")
            schema = family.recipe.model_json_schema() if family else {}
            known = dict(defaults(schema, schema.get("$defs", {})))
        row = re.match(r"\| `([\w.]+)` \|.*default (`?)([\w.-]+?)\2(?:[;:, ]|$)", line)
        if row and row[1] in known and known[row[1]] is not None:
            value = yaml.safe_load(row[3]) if not row[2] else row[3]
            told = float(value) if isinstance(value, str) and not row[2] else value
            assert str(told) == str(known[row[1]]) or told == known[row[1]], line
            compared.add((family.name, row[1]))
    assert len(compared) > 25
