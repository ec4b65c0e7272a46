"""Imports go one way: between the four folders, and between the parts of each."""

import ast
from graphlib import TopologicalSorter
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
ORDER = ["generators", "registry", "catalogs", "learning", "release"]


def imports(path):
    """Return the modules of skybench that a file imports, as tuples of names."""
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("skybench."):
            yield tuple(node.module.split(".")[1:])


def part_of(module):
    """Return the subfolder that a module is in, or the module where it is in none."""
    return module[:2]


@pytest.mark.parametrize("folder", ORDER)
def test_a_folder_uses_only_those_before_it(folder):
    allowed = {*ORDER[: ORDER.index(folder) + 1], "errors", "extensions"}
    used = {m[0]: path for path in (ROOT / folder).rglob("*.py") for m in imports(path)}
    assert {name: path for name, path in used.items() if name not in allowed} == {}


@pytest.mark.parametrize("folder", ["registry", "learning", "release"])
def test_the_parts_of_a_folder_do_not_go_in_circles(folder):
    uses = {}
    for path in (ROOT / folder).rglob("*.py"):
        part = part_of(path.relative_to(ROOT).with_suffix("").parts)
        inside = {part_of(m) for m in imports(path) if m[0] == folder and len(m) > 1}
        uses.setdefault(part, set()).update(inside - {part})
    order = list(TopologicalSorter(uses).static_order())
    assert len(order) > 5
