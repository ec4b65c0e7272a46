"""Single changes of a recipe by dotted paths."""

import pytest

from skybench.errors import RecipeError
from skybench.generators.changes import parse_changes
from skybench.generators.distributions import Constant
from skybench.generators.recipe_file import load_recipe, packaged_recipes


def test_a_change_goes_where_its_path_leads():
    changes = {"sources.star.flux.high": 7e4, "samples": 50, "psf.fwhm": 2}
    changed = load_recipe("sky", changes=changes)
    assert (changed.sources["star"].flux.high, changed.samples) == (7e4, 50)
    assert changed.psf.fwhm == Constant(value=2)
    assert changed.noise == load_recipe("sky").noise
    assert load_recipe(load_recipe("sky"), changes=changes) == changed


def test_none_takes_a_key_away_and_a_mapping_is_merged():
    halved = load_recipe("sky", changes={"noise.scale": 0.5})
    assert load_recipe(halved, changes={"noise.scale": None}).noise.scale == 1
    assert load_recipe("sky", changes={"noise": {"scale": 0.5}}).noise == halved.noise


def test_one_on_a_rung_and_one_in_a_collection():
    hard = load_recipe("sky/hard", changes={"seed": 3})
    assert (hard.name, hard.noise) == ("sky_hard_changed", load_recipe("sky/hard").noise)
    pair = load_recipe("collection", changes={"members.lensing.recipe.seed": 3})
    before, after = (
        load_recipe("collection").members["lensing"].recipe,
        pair.members["lensing"].recipe,
    )
    assert after == before.model_copy(update={"seed": 3})


@pytest.mark.parametrize("name", packaged_recipes())
def test_a_recipe_that_stays_what_it_is_keeps_its_name(name):
    recipe = load_recipe(name)
    assert load_recipe(name, changes={"seed": recipe.seed}) == recipe
    assert load_recipe(name, changes={}) == recipe


def test_a_changed_recipe_has_a_name_and_a_title_of_its_own():
    changed = load_recipe("sky", changes={"noise.scale": 0})
    assert changed.name == "sky_changed"
    assert changed.title == "Small fields of several stars and galaxies (noise.scale=0)"
    named = load_recipe("sky", changes={"noise.scale": 0, "name": "calm", "title": "A calm sky"})
    assert (named.name, named.title) == ("calm", "A calm sky")
    long = load_recipe("sky", changes={"name": "a" * 32, "description": "two\nlines " * 90})
    again = load_recipe(long, changes={"seed": 1})
    assert (len(again.name), len(again.title)) == (32, 300)
    assert again == load_recipe(again, changes={"seed": 1})


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"noise.scal": 0}, r"noise\.scal: unknown key 'scal'; did you mean 'scale'\?"),
        ({"nois.scale": 0}, r"nois\.scale: unknown key 'nois'; did you mean 'noise'\?"),
        ({"classes.stra.weight": 2}, r"classes\.stra\.weight: unknown key 'stra'; did .* 'star'"),
        ({"noise.scale.x": 0}, r"noise\.scale\.x: there is no 'x' below .* no mapping, 1\.0"),
        ({"noise.scale": -1}, r"noise\.scale: must be at least 0, got -1"),
        ({"sources.star.flx": 3}, r"sources\.star: unknown parameter of star 'flx'; did .*'flux'"),
        ({"noise.sky_level.hi": 3}, r"noise\.sky_level\.hi: unknown key 'hi'; did .* 'high'"),
        ({"sources": None}, "sources: is required and missing"),
        ({"": 1}, "unknown key ''"),
    ],
)
def test_a_change_that_does_not_fit_is_refused_with_its_path(changes, message):
    with pytest.raises(RecipeError, match=f"^changes of sky: {message}"):
        load_recipe("sky", changes=changes)


def test_all_mistakes_are_told_at_once():
    with pytest.raises(RecipeError, match=r"samples: must be a whole number[^\n]*\n.*noise\.scale"):
        load_recipe("sky", changes={"samples": "x", "noise.scale": "y"})


def test_values_in_text_are_yaml():
    texts = ["noise.scale=0", "image.shape=[32, 48]", "title=a=b", "psf.fwhm=", "x={y: 1e3}"]
    assert parse_changes(texts) == {
        "noise.scale": 0,
        "image.shape": [32, 48],
        "title": "a=b",
        "psf.fwhm": None,
        "x": {"y": 1000.0},
    }


@pytest.mark.parametrize(
    ("texts", "message"),
    [
        (["noise.scale"], "a change is PATH=VALUE, such as noise.scale=0, got 'noise.scale'"),
        (["=3"], "a change is PATH=VALUE"),
        (["a=1", "a=2"], "a is changed twice"),
        (["a=[1,"], "a: .* is not valid YAML"),
    ],
)
def test_text_that_is_no_change_is_refused(texts, message):
    with pytest.raises(RecipeError, match=message):
        parse_changes(texts)
