"""The pages that `make docs-site` makes have every guide, and the reference every public name."""

import ast
import inspect
import re
from importlib import import_module
from pathlib import Path

import pytest

import skybench
from skybench import errors, generators, torch

ROOT = Path(__file__).parent.parent
DOCS = ROOT / "docs"
INDEX = (DOCS / "index.md").read_text(encoding="utf-8")
REFERENCE = "\n".join(p.read_text(encoding="utf-8") for p in sorted(DOCS.glob("api/*.md")))
DOCUMENTED = re.findall(r"^\.\. auto\w+:: (\S+)$", REFERENCE, re.MULTILINE)
CODE = re.compile(r"^```(?:python|\{code-cell\} ipython3)\n(.*?)^```$", re.MULTILINE | re.DOTALL)


def public():
    """Yield the full name of all that users are offered."""
    names = (n for n in skybench.__all__ if not inspect.ismodule(getattr(skybench, n)))
    yield from (f"skybench.{name}" for name in names)
    yield from (f"skybench.torch.{name}" for name in torch.__all__)
    yield from (f"skybench.generators.{name}" for name in generators.__all__)
    for name, member in inspect.getmembers(errors, inspect.isclass):
        if not name.startswith("_"):
            yield f"skybench.errors.{member.__name__}"


def imported_in_pages():
    """Yield what the Python of the pages imports from skybench."""
    for page in [ROOT / "README.md", *DOCS.rglob("*.md")]:
        for code in CODE.findall(page.read_text(encoding="utf-8")):
            for node in ast.walk(ast.parse(re.sub(r"^:tags:.*\n", "", code))):
                if isinstance(node, ast.ImportFrom) and node.module.startswith("skybench"):
                    yield from (f"{node.module}.{alias.name}" for alias in node.names)


def test_every_page_is_in_the_table_of_contents():
    trees = re.findall(
        r"^```\{toctree\}\n(?::[^\n]*\n)*\n(.*?)^```$", INDEX, re.MULTILINE | re.DOTALL
    )
    listed = "".join(trees).split()
    pages = {p.relative_to(DOCS).with_suffix("").as_posix() for p in DOCS.rglob("*.md")}
    assert sorted(listed) == sorted(pages - {"index"})


@pytest.mark.parametrize("name", sorted(public()))
def test_the_reference_has_every_public_name(name):
    assert name in DOCUMENTED


def test_the_reference_has_what_pages_import():
    used = {n for n in imported_in_pages() if not n.endswith(".*")}
    assert len(used) > 20
    assert sorted(used - set(DOCUMENTED)) == []


@pytest.mark.parametrize("name", sorted(set(DOCUMENTED)))
def test_the_reference_has_nothing_else_and_says_what_it_is(name):
    module, _, last = name.rpartition(".")
    assert inspect.getdoc(getattr(import_module(module), last))


def test_nothing_is_in_the_reference_twice():
    assert len(DOCUMENTED) == len(set(DOCUMENTED))
