"""The texts of recipes, of packaged ones and of files; they are found without any family."""

from importlib.resources import files
from pathlib import Path

from skybench.errors import RecipeError
from skybench.generators.suggestion import unknown

MAX_BYTES = 1_000_000
"""A recipe is a page of text; anything larger is a mistake or an attack."""


def packaged_recipes() -> tuple[str, ...]:
    """Return the names of the recipes that come with skybench."""
    folder = files("skybench.generators") / "recipes"
    files_there = (f.name for f in folder.iterdir() if not f.name.startswith("."))
    return tuple(sorted(n.removesuffix(".yaml") for n in files_there if n.endswith(".yaml")))


def text_of(name: str) -> tuple[str, str]:
    """Return the text of a packaged recipe or of a file, and how errors call it.

    Raises
    ------
    RecipeError
        There is neither, or the file is too large or no text.
    """
    if name in packaged_recipes():
        resource = files("skybench.generators") / "recipes" / f"{name}.yaml"
        return resource.read_text(encoding="utf-8"), f"{name}.yaml"
    path = Path(name)
    if not is_file(path):
        hint = unknown("recipe", name, packaged_recipes())
        msg = f"{hint} Or give the path of a YAML file; there is none at this one."
        raise RecipeError(msg)
    if path.stat().st_size > MAX_BYTES:
        msg = f"{name} is larger than {MAX_BYTES:,} bytes; a recipe is a page of YAML."
        raise RecipeError(msg)
    try:
        return path.read_text(encoding="utf-8"), name
    except (OSError, UnicodeDecodeError) as error:
        msg = f"{name} cannot be read as text: {error}"
        raise RecipeError(msg) from error


def is_file(path: Path) -> bool:
    """Tell whether a file is at a path."""
    try:
        return path.is_file()
    except OSError:  # a name too long to be one, or a folder that may not be entered
        return False
