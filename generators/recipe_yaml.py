"""YAML text to a mapping: safe, and no key is lost in silence."""

from typing import Any

import yaml

from skybench.errors import RecipeError


def read_mapping(text: str, name: str) -> dict[str, Any]:
    """Return the mapping that YAML text holds; ``name`` is the file to name in errors.

    Raises
    ------
    RecipeError
        It is not YAML, or not a mapping.
    """
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
    return content


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
