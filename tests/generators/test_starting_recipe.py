"""A first recipe is valid as it stands, says what it means, and gives data."""

import pytest
import yaml

from skybench.errors import RecipeError
from skybench.generators.families import FAMILIES
from skybench.generators.generate import generate
from skybench.generators.recipe_file import parse_recipe, recipe_from
from skybench.generators.starting_recipe import starting_recipe


@pytest.mark.parametrize("family", FAMILIES)
def test_it_is_a_recipe_of_its_family_and_generates(family):
    text = starting_recipe("mine", family)
    recipe = parse_recipe(text, "mine.yaml")
    assert (recipe.name, recipe.family) == ("mine", family)
    ds = generate(recipe, 0, 4)
    assert ds.sizes["sample"] == 4
    assert len(set(ds["class"].attrs["flag_meanings"].split())) >= 2


@pytest.mark.parametrize("family", [f for f in FAMILIES if f != "collection"])
def test_what_it_writes_is_what_is_taken_where_it_is_left_out(family):
    written = yaml.safe_load(starting_recipe("mine", family))
    bare = {key: written[key] for key in ("name", "task", "family")}
    bare["sources"] = {n: {"profile": s["profile"]} for n, s in written["sources"].items()}
    full, short = (generate(recipe_from(content), 0, 3) for content in (written, bare))
    assert full.equals(short)


def test_every_parameter_has_its_meaning_beside_it():
    lines = starting_recipe("mine").splitlines()
    (flux, *_) = (line for line in lines if line.startswith("    flux: "))
    assert flux.startswith("    flux: {distribution: log_uniform, low: ")
    assert flux.endswith("# total flux, electron, in [0, 1e+12]")
    assert "  fwhm: 3.0  # full width at half maximum of the point-spread function" in "\n".join(
        lines
    )


@pytest.mark.parametrize(
    ("name", "family", "part"),
    [
        ("My Sky", "sky", "'My Sky' is no name of a dataset"),
        ("mine", "skies", "did you mean 'sky'?"),
    ],
)
def test_what_it_cannot_begin_is_refused(name, family, part):
    with pytest.raises(RecipeError, match=part.replace("?", r"\?")):
        starting_recipe(name, family)
