"""Write generators.md and its pictures from the tables of families and objects.

``make docs`` runs this; a test fails while the page is not what this would write.
"""

from collections.abc import Iterator
from pathlib import Path

import make_accuracy
import make_datasets
import make_instruments

from skybench.gallery import save_gallery
from skybench.generators.distributions import described
from skybench.generators.drawn_object import DrawnObject
from skybench.generators.families import FAMILIES
from skybench.generators.family import Family
from skybench.generators.generate import generate
from skybench.object_gallery import portraits, save_object_gallery

FOLDER = Path(__file__).parent
PAGE = FOLDER / "generators.md"
IMAGES = FOLDER / "images" / "objects"

SHEETS = ("objects", "sky", "grz")
"""Recipes whose contact sheets the README shows."""

HEAD = """# Generators

What skybench draws, family by family. The page is written by `make docs` from the tables that the
code draws from, and each picture is made by the line of code above it, after

```python
from skybench import generate
from skybench.generators import *
```

A parameter that a recipe does not give is drawn from its default distribution; what was drawn is
recorded as a coordinate either way. Errors are measured: how, and where they are largest, is in
[accuracy.md](accuracy.md). Angles are counter-clockwise from +x, `half_light_radius` lies
along the major axis, fluxes are totals to infinity, pixel (0, 0) has its centre at (0, 0). How to
write a recipe is in [recipes.md](recipes.md); why the engine is as it is, in
[DESIGN.md](../generators/DESIGN.md).
"""


def page() -> str:
    """Return the text of the page."""
    return HEAD + "".join(_family(family) for family in FAMILIES.values() if family.objects)


def _family(family: Family) -> str:
    objects = "".join(_object(family, kind) for kind in family.objects.values())
    return f"\n## {family.name}\n\n{family.summary}\n{objects}"


def _object(family: Family, kind: type[DrawnObject]) -> str:
    lines = [
        f"\n### {family.name}: {kind.name}\n",
        f"{kind.summary}\n",
        f"```python\n{kind.example}\n```\n",
        f"![{kind.name}](images/objects/{_file(family, kind)})\n",
        f"- Formula: {kind.formula}",
        f"- Source: {kind.reference}",
        f"- Accuracy: {_accuracy(kind)}\n",
        *_table(kind),
    ]
    return "\n".join(lines)


def _accuracy(kind: type[DrawnObject]) -> str:
    """Return what the error was measured against, and what was found; else what the class says."""
    found = make_accuracy.read().get(kind.__name__, [])
    figures = "; ".join(make_accuracy.sentence(measured) for measured in found)
    return f"{figures}; against {kind.accuracy}" if figures else kind.accuracy


def _table(kind: type[DrawnObject]) -> Iterator[str]:
    if kind.defaults:
        yield "| parameter | meaning | unit | domain | default |"
        yield "| --- | --- | --- | --- | --- |"
    for name, distribution in kind.defaults.items():
        row = kind.variables[name]
        default = described(distribution)
        cells = f"`{name}`", row.long_name, row.units or "", str(row.domain), default
        yield "| " + " | ".join(cells) + " |"
    if kind.derived:
        names = "; ".join(f"`{name}`, {kind.variables[name].long_name}" for name in kind.derived)
        yield f"\nRecorded beside them: {names}."
    yield ""


def _file(family: Family, kind: type[DrawnObject]) -> str:
    return f"{family.name}-{kind.name}.png".replace("_", "-")


def main() -> None:
    """Write the page and its pictures."""
    IMAGES.mkdir(parents=True, exist_ok=True)
    for old in IMAGES.glob("*.png"):
        old.unlink()
    for family, kind, image in portraits():
        image.save(IMAGES / _file(family, kind), optimize=True)
    PAGE.write_text(page(), encoding="utf-8")
    make_instruments.PAGE.write_text(make_instruments.page(), encoding="utf-8")
    make_datasets.write()
    save_object_gallery(IMAGES.parent / "generators.png")
    for recipe in SHEETS:
        save_gallery(generate(recipe, 0, 96), IMAGES.parent / f"{recipe}.png")


if __name__ == "__main__":
    main()
