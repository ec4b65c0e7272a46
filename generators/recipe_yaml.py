"""YAML text to a mapping: safe, and no key is lost in silence."""

import re
from collections.abc import Iterable
from typing import Any

import yaml

from skybench.errors import RecipeError

MAX_VALUES = 20_000
"""A recipe holds a few hundred."""


def read_mapping(text: str, name: str) -> dict[str, Any]:
    """Return the mapping that YAML text holds; ``name`` is the file to name in errors.

    Raises
    ------
    RecipeError
        It is not YAML, or not a mapping.
    """
    try:
        content = load_bounded(text, MAX_VALUES)
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


def load_bounded(text: str, most_values: int) -> Any:
    """Return what YAML text holds, safely, if it holds at most so many values.

    Raises
    ------
    YAMLError
        It is not YAML, names a Python object, has a key twice, or aliases unfold to more.
    """
    loader = _UniqueKeys(text)
    try:
        node = loader.get_single_node()
        if node is None:
            return None
        _check_size(node, {}, most_values)
        return loader.construct_document(node)
    finally:
        loader.dispose()


def _check_size(node: yaml.Node, sizes: dict[int, int], most: int) -> int:
    """Return how many values a node holds, with each alias written out.

    A page of aliases to aliases can unfold into more than any memory holds.
    """
    known = sizes.get(id(node))
    if known == 0:
        msg = "an alias contains itself"
        raise yaml.composer.ComposerError(None, None, msg, node.start_mark)
    if known is not None:
        return known
    sizes[id(node)] = 0
    size = 1 + sum(_check_size(child, sizes, most) for child in _children(node))
    if size > most:
        msg = f"aliases unfold to {size:,} values, more than {most:,}"
        raise yaml.composer.ComposerError(None, None, msg, node.start_mark)
    sizes[id(node)] = size
    return size


def _children(node: yaml.Node) -> Iterable[yaml.Node]:
    if isinstance(node, yaml.MappingNode):
        return (part for pair in node.value for part in pair)
    return node.value if isinstance(node, yaml.SequenceNode) else ()


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


_UniqueKeys.add_implicit_resolver(
    "tag:yaml.org,2002:float",
    # What YAML 1.2 and people call a number, such as 2e12, and YAML 1.1 calls text.
    re.compile(r"[-+]?[0-9]+(\.[0-9]*)?[eE][-+]?[0-9]+$"),
    list("-+0123456789"),
)
