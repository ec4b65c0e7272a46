"""Write datasets.md and a picture of each packaged recipe; `make docs` runs it."""

from collections.abc import Iterator
from pathlib import Path

import xarray as xr
from PIL import Image

from skybench.gallery import contact_sheet
from skybench.generators.codes import flag_names
from skybench.generators.generate import empty, generate
from skybench.generators.recipe_file import load_recipe, packaged_recipes, packaged_rungs
from skybench.generators.schema import main_variable

FOLDER = Path(__file__).parent
PAGE = FOLDER / "datasets.md"
IMAGES = FOLDER / "images" / "datasets"

COUNT, COLUMNS = 12, 6

HEAD = """# Packaged datasets

What each packaged recipe asks and looks like: its first samples, class by class, in a stretch that
shows faint and bright. The page is written by `make docs` from `generators/recipes/`; `skybench
recipe show NAME` prints a recipe whole. Rungs change one thing each, so that you can find where a
model breaks: `skybench.generate("sky/hard", 0, 100)`.
"""


def page() -> str:
    """Return the text of the page."""
    return HEAD + "".join("\n".join(_section(name)) for name in packaged_recipes())


def picture(name: str) -> Image.Image:
    """Return the contact sheet of a packaged recipe."""
    rows = generate(name, 0, 4 * COUNT)  # enough to have a few of each class
    return contact_sheet(rows, count=COUNT, columns=COLUMNS).convert("RGB")


def _section(name: str) -> Iterator[str]:
    recipe, ds = load_recipe(name), empty(name)
    yield f"\n## {name}\n\n{_ended(recipe.title)} {_flowing(recipe.description)}\n"
    yield f"![samples of {name}](images/datasets/{name}.webp)\n"
    yield f"- {recipe.samples:,} samples of {_form(ds)}"
    yield f"- {recipe.task}: {', '.join(_asked(ds))}"
    if rungs := packaged_rungs(name):
        yield f"- rungs: {', '.join(f'`{rung}`' for rung in rungs)}"
    yield ""


def _form(ds: xr.Dataset) -> str:
    data = ds[main_variable(ds)]
    sizes = " x ".join(f"{size} {dim}" for dim, size in list(data.sizes.items())[1:])
    unit = data.attrs.get("units")
    return f"{sizes}, {data.dtype}" + (f", in {unit}" if unit not in (None, "1") else "")


def _asked(ds: xr.Dataset) -> list[str]:
    """Return the names of the classes or targets."""
    if "targets" in ds.attrs:
        return str(ds.attrs["targets"]).split()
    return list(flag_names(ds.variables["class"]).values())


def _ended(title: str) -> str:
    return title if title.endswith("?") else f"{title}."


def _flowing(text: str) -> str:
    return " ".join(text.split())


def write() -> None:
    """Write the page and its pictures."""
    IMAGES.mkdir(exist_ok=True)
    for name in packaged_recipes():
        picture(name).save(IMAGES / f"{name}.webp", quality=80, method=6)
    PAGE.write_text(page(), encoding="utf-8")


if __name__ == "__main__":
    write()
