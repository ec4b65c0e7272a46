"""How `make docs-site` makes pages of docs/: Sphinx, with the tools of scientific Python.

Nothing that is written asks another host for anything, and the build fails if it would.
"""

import os
import re
import tomllib
from pathlib import Path
from posixpath import dirname, normpath, relpath
from typing import Any

from sphinx.application import Sphinx
from sphinx.errors import ExtensionError

ROOT = Path(__file__).parent.parent
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]

project = PROJECT["name"]
author = PROJECT["authors"][0]["name"]
version = release = PROJECT["version"]

extensions = ["myst_nb", "numpydoc", "sphinx.ext.autodoc", "sphinx_design"]
exclude_patterns = ["_build", "_templates"]

html_theme = "pydata_sphinx_theme"
html_title = project
html_show_copyright = False
html_show_sourcelink = False
html_static_path = ["_static"]
html_css_files = ["docs.css"]
html_sidebars = {"**": ["globaltoc"]}
html_theme_options: dict[str, Any] = {
    "logo": {"text": project},
    "navbar_center": [],  # every page is in the sidebar instead, under its caption
    "show_toc_level": 2,
    "footer_start": [],
    "footer_end": [],
    "secondary_sidebar_items": ["page-toc"],
}

if os.environ.get("SKYBENCH_SITE"):  # the pages lie in the site of a store: lead back to it
    templates_path = ["_templates"]
    html_theme_options["navbar_end"] = ["site", "theme-switcher"]

myst_heading_anchors = 4
myst_enable_extensions = ["colon_fence"]

# Executed where it is asked for: with what did not change since the last time from a cache.
nb_execution_mode = "cache" if os.environ.get("SKYBENCH_NOTEBOOKS") else "off"
nb_execution_cache_path = str(ROOT / "build" / "notebooks")
nb_execution_timeout = 600
nb_execution_raise_on_error = True
nb_execution_in_temp = True
nb_ipywidgets_js: dict[str, Any] = {}  # no widgets, so nothing from where they lie

autodoc_typehints = "none"  # numpydoc's sections say them
autodoc_member_order = "bysource"
numpydoc_show_class_members = False

ELSEWHERE = {
    "changelog": "CHANGELOG.md",
    "contributing": "CONTRIBUTING.md",
    "engine": "generators/DESIGN.md",
    "security": "SECURITY.md",
}
"""Pages whose text lies outside docs/, where the page holds a link to it."""

_LINK = re.compile(r"\[([^\]]*)\]\(([^)\s:#]+)(#[^)\s]*)?\)")
_ASKS = re.compile(r"<(?:script|link|img|iframe|source)\b[^>]*\b(?:src|href)=.(?:https?:)?//")


def _read(app: Sphinx, page: str, source: list[str]) -> None:
    """Give a page that lies elsewhere its text, and each its links as they are among the pages."""
    if page in ELSEWHERE:
        source[0] = (ROOT / ELSEWHERE[page]).read_text(encoding="utf-8")
    folder = dirname(ELSEWHERE.get(page, f"docs/{page}")) or "."
    source[0] = _LINK.sub(lambda link: _linked(link, folder, page), source[0])


def _linked(link: re.Match[str], folder: str, page: str) -> str:
    text, path, anchor = link[1], normpath(f"{folder}/{link[2]}"), link[3] or ""
    for name, file in ELSEWHERE.items():
        if path == file:
            return f"[{text}]({relpath(f'{name}.md', dirname(page) or '.')}{anchor})"
    if path.startswith("docs/") and not (ROOT / path).is_dir():
        return f"[{text}]({relpath(path.removeprefix('docs/'), dirname(page) or '.')}{anchor})"
    return text  # of a folder, or a file that no page shows


def _plain(app: Sphinx, what: str, name: str, of: Any, options: Any, lines: list[str]) -> None:
    """Let the bars of a formula, as in |u| <= 1, be bars."""
    if name.startswith("skybench.generators."):
        lines[:] = [line.replace("|", r"\|") for line in lines]


def _check(app: Sphinx, failed: Exception | None) -> None:
    """Refuse pages that would ask another host for a script, a style, a font or an image."""
    if failed or app.builder.format != "html":
        return
    for page in Path(app.outdir).rglob("*.html"):
        if asks := _ASKS.search(page.read_text(encoding="utf-8")):
            msg = f"{page} asks another host: {asks[0]}"
            raise ExtensionError(msg)


def setup(app: Sphinx) -> None:
    """Connect what is done to pages before and after Sphinx has them."""
    app.connect("source-read", _read)
    app.connect("autodoc-process-docstring", _plain, priority=0)  # before numpydoc
    app.connect("build-finished", _check)
