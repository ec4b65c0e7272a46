"""The published JSON Schemas are those of the models.

After a change of a model, ``python tests/test_schemas.py`` writes them again.
"""

import json
from pathlib import Path

import pytest
from jsonschema import Draft202012Validator

from skybench.generators.recipe_file import recipe_schema
from skybench.registry.scoring.records import record_schema
from skybench.registry.versions.manifest import manifest_schema

FOLDER = Path(__file__).parent.parent / "docs" / "schemas"
SCHEMAS = {
    "recipe": recipe_schema,
    "manifest": manifest_schema,
    "record": record_schema,
}


def text(name):
    return json.dumps(SCHEMAS[name](), indent=2) + "\n"


def path(name):
    return FOLDER / f"{name}.schema.json"


@pytest.mark.parametrize("name", SCHEMAS)
def test_the_published_schema_is_current(name):
    assert path(name).read_text(encoding="utf-8") == text(name)


@pytest.mark.parametrize("name", SCHEMAS)
def test_the_published_schema_is_a_schema(name):
    Draft202012Validator.check_schema(json.loads(path(name).read_text(encoding="utf-8")))


if __name__ == "__main__":
    for name in SCHEMAS:
        path(name).write_text(text(name), encoding="utf-8")
