"""Write generators.md and its pictures from the tables of families and profiles.

``make docs`` runs this; a test fails while the page is not what this would write.
"""

from collections.abc import Iterator
from pathlib import Path

from skybench.gallery import save_gallery
from skybench.generators.families import FAMILIES
from skybench.generators.family import Family
from skybench.generators.generate import generate
from skybench.generators.profiles import Profile
from skybench.generators.schema import VARIABLES
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
recorded as a coordinate either way. Angles are counter-clockwise from +x, `half_light_radius` lies
along the major axis, fluxes are totals to infinity, pixel (0, 0) has its centre at (0, 0). How to
write a recipe is in [recipes.md](recipes.md); why the engine is as it is, in
[DESIGN.md](../generators/DESIGN.md).
"""


def page() -> str:
    """Return the text of the page."""
    return HEAD + "".join(_family(family) for family in FAMILIES.values() if family.profiles)


def _family(family: Family) -> str:
    objects = "".join(_object(family, profile) for profile in family.profiles.values())
    return f"\n## {family.name}\n\n{family.summary}\n{objects}"


def _object(family: Family, profile: Profile) -> str:
    lines = [
        f"\n### {family.name}: {profile.name}\n",
        f"{profile.summary}\n",
        f"```python\n{profile.example}\n```\n",
        f"![{profile.name}](images/objects/{_file(family, profile)})\n",
        f"- Formula: {profile.formula}",
        f"- Source: {profile.reference}",
        f"- Accuracy: {profile.accuracy}\n",
        *_table(profile),
    ]
    return "\n".join(lines)


def _table(profile: Profile) -> Iterator[str]:
    if profile.defaults:
        yield "| parameter | meaning | unit | domain | default |"
        yield "| --- | --- | --- | --- | --- |"
    for name, distribution in profile.defaults.items():
        row = VARIABLES[name]
        cells = f"`{name}`", row.long_name, row.units or "", str(row.domain), _default(distribution)
        yield "| " + " | ".join(cells) + " |"
    if profile.derived:
        names = "; ".join(f"`{name}`, {VARIABLES[name].long_name}" for name in profile.derived)
        yield f"\nRecorded beside them: {names}."
    yield ""


def _default(distribution: object) -> str:
    values = distribution.model_dump()  # type: ignore[attr-defined]
    kind = values.pop("distribution")
    if kind == "constant":
        return f"{values['value']:g}"
    return ", ".join([kind, *(f"{key} {_short(v)}" for key, v in values.items() if v is not None)])


def _short(value: object) -> str:
    if isinstance(value, tuple | list):
        return "[" + ", ".join(map(_short, value)) + "]"
    return f"{value:g}" if isinstance(value, int | float) else str(value)


def _file(family: Family, profile: Profile) -> str:
    return f"{family.name}-{profile.name}.png".replace("_", "-")


def main() -> None:
    """Write the page and its pictures."""
    IMAGES.mkdir(parents=True, exist_ok=True)
    for old in IMAGES.glob("*.png"):
        old.unlink()
    for family, profile, image in portraits():
        image.save(IMAGES / _file(family, profile), optimize=True)
    PAGE.write_text(page(), encoding="utf-8")
    save_object_gallery(IMAGES.parent / "generators.png")
    for recipe in SHEETS:
        save_gallery(generate(recipe, 0, 96), IMAGES.parent / f"{recipe}.png")


if __name__ == "__main__":
    main()
