"""The pages of objects, datasets and instruments are what the tables, files and code give."""

from pathlib import Path

import make_datasets
import make_generators as made
import make_instruments
import numpy as np
import pytest
from PIL import Image

from skybench.generators.families import FAMILIES
from skybench.generators.recipe_file import packaged_recipes
from skybench.object_gallery import portraits

DOCS = Path(__file__).parent.parent / "docs"
OBJECTS = [kind for family in FAMILIES.values() for kind in family.objects.values()]


@pytest.mark.parametrize(
    "made", [made, make_datasets, make_instruments], ids=["generators", "datasets", "instruments"]
)
def test_the_page_is_current(made):
    assert made.PAGE.read_text(encoding="utf-8") == made.page(), "run make docs"


@pytest.mark.parametrize("kind", OBJECTS, ids=lambda p: p.name)
def test_the_page_says_all_of_each_object(kind):
    assert kind.example
    page = (DOCS / "generators.md").read_text(encoding="utf-8")
    for text in (kind.summary, kind.formula, kind.reference, kind.accuracy):
        assert text in page
    assert all(f"| `{name}` |" in page for name in kind.defaults)


def test_every_picture_is_what_its_line_of_code_draws():
    for family, kind, image in portraits():
        with Image.open(made.IMAGES / made._file(family, kind)) as stored:
            kept, drawn = (np.asarray(i.convert("RGB"), dtype=int) for i in (stored, image))
        assert kept.shape == drawn.shape, "run make docs"
        # The last bit of a CPU may move a pixel to the next grey.
        assert np.abs(kept - drawn).max() <= 2, f"{kind.name} has changed: run make docs"
        assert drawn.std() > 1, f"{kind.name} shows nothing"


@pytest.mark.parametrize("name", packaged_recipes())
def test_every_contact_sheet_shows_the_dataset_as_it_is_now(name):
    drawn = np.asarray(make_datasets.picture(name), dtype=int)
    with Image.open(make_datasets.IMAGES / f"{name}.webp") as stored:
        kept = np.asarray(stored.convert("RGB"), dtype=int)
    assert kept.shape == drawn.shape, "run make docs"
    # WebP keeps what an eye sees, not each value.
    assert np.abs(kept - drawn).mean() < 6, f"{name} has changed: run make docs"
