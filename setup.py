"""Name the packages, compile the kernels, and describe the project to package indexes.

pyproject's own search for packages goes by the links, which some checkouts lack.
"""

import re
import sys
import tomllib
from pathlib import Path

from setuptools import Distribution, setup
from setuptools.command.bdist_wheel import bdist_wheel
from setuptools.command.build_py import build_py

ROOT = Path(__file__).parent
NATIVE = "generators/native"
sys.path.insert(0, str(ROOT / NATIVE))
from compiling import compile_all, file_name, levels  # noqa: E402

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


class BuildWithKernels(build_py):
    """Compile the kernels into what is built, or in place for an editable install."""

    def run(self) -> None:
        """Build, then compile."""
        super().run()
        compile_all(ROOT / NATIVE if self.editable_mode else self._folder)

    def get_outputs(self, include_bytecode: bool = True) -> list[str]:
        """Return the files that were built, the libraries among them."""
        kernels = [str(self._folder / file_name(level)) for level in levels()]
        return super().get_outputs(include_bytecode) + kernels

    @property
    def _folder(self) -> Path:
        return Path(self.build_lib, "skybench", NATIVE)


class PlatformWheel(bdist_wheel):
    """A wheel for one kind of machine and any Python: the kernels know nothing of Python."""

    def get_tag(self) -> tuple[str, str, str]:
        """Return what the wheel is for."""
        return ("py3", "none", super().get_tag()[2])


class WithKernels(Distribution):
    """A distribution that is not pure Python."""

    def has_ext_modules(self) -> bool:
        """Say that a wheel of it belongs to a platform."""
        return True


setup(
    distclass=WithKernels,
    cmdclass={"build_py": BuildWithKernels, "bdist_wheel": PlatformWheel},
    packages=[
        ".".join((package, *init.parent.relative_to(ROOT / folder).parts))
        for package, folder in FOLDERS.items()
        for init in (ROOT / folder).rglob("__init__.py")
    ],
    long_description=on_an_index((ROOT / "README.md").read_text(encoding="utf-8")),
    long_description_content_type="text/markdown",
)
