"""Imports go one way: between the six folders, between the parts of each, and between modules."""

import ast
from graphlib import TopologicalSorter
from pathlib import Path

import pytest

from skybench.generators.families import FAMILIES

ROOT = Path(__file__).parent.parent
ORDER = ["generators", "registry", "catalogs", "learning", "release", "survey"]
SHARED = {"errors", "extensions"}

FACES = {"generators/__init__.py", "catalogs/__init__.py"}
"""What users import from: they load what they offer on first use."""

PUT_OFF = {
    "learning/realism/realism.py": "skybench.learning.realism.network",  # loads torch
    "registry/proof/metadata_check.py": "skybench.generators.recipe_file",  # loads every family
    "registry/storage/place.py": "skybench.registry.storage.web_server",  # loads aiohttp
    "release/publishing/work_baselines.py": "skybench.release.baselines.baselines",  # loads torch
}
"""Modules that import another of skybench's when it is needed, and which."""


UPWARDS = {"registry/open.py"}
"""Modules that ask `skybench.get` for what only higher floors can bring, as a user would."""


def name_of(path):
    return ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__")


PATHS = {name_of(path): path for folder in ORDER for path in (ROOT / folder).rglob("*.py")}


def imported(path, nodes=ast.walk):
    """Yield the modules of skybench that a file imports, without the package's name."""
    for node in nodes(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("skybench."):
            module = node.module.removeprefix("skybench.")
            for alias in node.names:
                whole = f"{module}.{alias.name}"
                yield whole if whole in PATHS else module


@pytest.mark.parametrize("folder", ORDER)
def test_a_folder_uses_only_those_before_it(folder):
    allowed = {*ORDER[: ORDER.index(folder) + 1], *SHARED}
    paths = [path for name, path in PATHS.items() if name.split(".")[0] == folder]
    used = {module.split(".")[0]: path for path in paths for module in imported(path)}
    assert used
    assert {name: path for name, path in used.items() if name not in allowed} == {}


def test_modules_do_not_import_in_circles():
    uses = {name: set(imported(path)) & PATHS.keys() - {name} for name, path in PATHS.items()}
    assert len(list(TopologicalSorter(uses).static_order())) == len(PATHS)


@pytest.mark.parametrize("folder", ["registry", "learning", "release"])
def test_the_parts_of_a_folder_do_not_go_in_circles(folder):
    uses = {}
    for name, path in PATHS.items():
        if name.startswith(f"{folder}."):
            inside = {tuple(m.split(".")[:2]) for m in imported(path) if m.startswith(f"{folder}.")}
            part = tuple(name.split(".")[:2])
            uses.setdefault(part, set()).update(inside - {part})
    order = list(TopologicalSorter(uses).static_order())
    assert len(order) > 5


def test_no_import_is_put_off_to_hide_a_circle():
    late = {}
    for path in PATHS.values():
        within = set(imported(path)) - set(imported(path, ast.iter_child_nodes))
        file = path.relative_to(ROOT).as_posix()
        if within and file not in FACES:
            late[file] = f"skybench.{within.pop()}"
    assert late == PUT_OFF


def test_only_what_opens_versions_goes_by_the_face():
    face = {
        path.relative_to(ROOT).as_posix()
        for path in PATHS.values()
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.Import) and "skybench" in [alias.name for alias in node.names]
    }
    assert face == UPWARDS


def test_the_core_of_the_generators_knows_families_by_their_table_alone():
    families = {path.parent.name for path in PATHS.values() if path.name == "objects.py"}
    assert len(families) == 7
    for path in (ROOT / "generators").glob("*.py"):
        used = {m for m in imported(path) if set(m.split(".")[1:-1]) & families}
        assert not used or path.name in {"families.py", "__init__.py"}, path


def test_objects_do_not_import_their_table():
    tables = {name for name, path in PATHS.items() if path.name == "objects.py"}
    for family in FAMILIES.values():
        for kind in family.objects.values():
            module = kind.__module__.removeprefix("skybench.")
            assert not set(imported(PATHS[module])) & tables, module
