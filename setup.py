"""Name the packages, and describe the project to package indexes.

pyproject's own search for packages goes by the links, which some checkouts lack.
"""

import re
import tomllib
from pathlib import Path

from setuptools import setup

ROOT = Path(__file__).parent
CONFIG = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
FOLDERS = CONFIG["tool"]["setuptools"]["package-dir"]
HOME = CONFIG["project"].get("urls", {}).get("Repository")


def on_an_index(readme: str) -> str:
    """Return a README whose pictures and links lead to the project's home.

    Where there is none, pictures are left out and links are their text.
    """
    here = r"(?!https?:|#)([^)\s]+)"
    picture = rf"![\1]({HOME}/raw/HEAD/\2)" if HOME else ""
    link = rf"[\1]({HOME}/blob/HEAD/\2)" if HOME else r"\1"
    readme = re.sub(rf"!\[([^]]*)\]\({here}\)", picture, readme)
    return re.sub(rf"(?<!!)\[([^]]*)\]\({here}\)", link, readme)


setup(
    packages=[
        ".".join((package, *init.parent.relative_to(ROOT / folder).parts))
        for package, folder in FOLDERS.items()
        for init in (ROOT / folder).rglob("__init__.py")
    ],
    long_description=on_an_index((ROOT / "README.md").read_text(encoding="utf-8")),
    long_description_content_type="text/markdown",
)
