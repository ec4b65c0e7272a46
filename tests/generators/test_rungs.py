"""The ladder of difficulty: what a rung changes, and that nothing else moves."""

import pytest
import xarray as xr

from skybench.errors import RecipeError
from skybench.generators.generate import generate
from skybench.generators.recipe_file import load_recipe, packaged_recipes, packaged_rungs
from skybench.generators.rungs import on_rung, rung_names

LADDER = {
    "name": "sky",
    "title": "A sky",
    "noise": {"sky_level": {"distribution": "uniform", "low": 1, "high": 2}, "scale": 1},
    "sources": {"star": {"profile": "star"}, "arc": {"profile": "arc"}},
    "rungs": {
        "clean": {"noise": {"scale": 0}},
        "hard": {"noise": {"sky_level": 9}, "sources": {"arc": None}, "title": "A hard sky"},
    },
}


def test_a_rung_is_a_merge_patch():
    hard = on_rung(LADDER, "hard", "sky.yaml")
    assert hard == {
        "name": "sky_hard",
        "title": "A hard sky",
        "noise": {"sky_level": 9, "scale": 1},
        "sources": {"star": {"profile": "star"}},
    }
    assert on_rung(LADDER, "clean", "sky.yaml")["title"] == "A sky (clean)"
    assert on_rung(LADDER, None, "sky.yaml") == {k: v for k, v in LADDER.items() if k != "rungs"}


def test_a_distribution_is_replaced_as_a_whole():
    change = {"noise": {"sky_level": {"distribution": "normal", "mean": 3}}}
    changed = on_rung(LADDER | {"rungs": {"other": change}}, "other", "sky.yaml")
    assert changed["noise"]["sky_level"] == {"distribution": "normal", "mean": 3}


@pytest.mark.parametrize(
    ("rungs", "message"),
    [
        (["clean"], "rungs must be a mapping"),
        ({"clean": 3}, r"rungs\.clean must be a mapping"),
        ({"clean": {"seed": 3}}, r"rungs\.clean cannot change the seed"),
        ({"clean": {"rungs": {}}}, r"rungs\.clean cannot change the rungs"),
    ],
)
def test_a_broken_ladder_is_refused_with_its_place(rungs, message):
    with pytest.raises(RecipeError, match=rf"sky\.yaml: {message}"):
        rung_names(LADDER | {"rungs": rungs}, "sky.yaml")


def test_an_unknown_rung_is_refused_with_the_nearest():
    with pytest.raises(RecipeError, match=r"sky\.yaml: .*did you mean 'clean'"):
        on_rung(LADDER, "clea", "sky.yaml")
    with pytest.raises(RecipeError, match="has no rungs"):
        on_rung({"name": "sky"}, "hard", "sky.yaml")


RUNGS = [rung for name in packaged_recipes() for rung in packaged_rungs(name)]


def test_the_two_first_benchmarks_have_ladders():
    assert {"sky/clean", "sky/easy", "sky/hard", "objects/clean", "objects/hard"} <= set(RUNGS)


@pytest.mark.parametrize("name", RUNGS)
def test_every_packaged_rung_can_be_made(name):
    recipe = load_recipe(name)
    assert recipe.name == name.replace("/", "_")
    assert generate(recipe, 0, 3).sizes["sample"] == 3


@pytest.mark.parametrize("name", ["sky/clean", "objects/clean"])
def test_where_only_noise_changes_the_objects_are_the_same(name):
    base, rung = (generate(n, 5, 40) for n in (name.partition("/")[0], name))
    xr.testing.assert_identical(
        base.drop_vars("image").drop_attrs(), rung.drop_vars("image").drop_attrs()
    )
    assert not base.image.equals(rung.image)


def test_a_rung_of_a_file_is_found(tmp_path):
    text = (
        "name: mine\n" + "rungs: {dark: {noise: {sky_level: 1}}}\n" + _without_name("objects.yaml")
    )
    (tmp_path / "mine.yaml").write_text(text, encoding="utf-8")
    dark = load_recipe(f"{tmp_path}/mine.yaml/dark")
    assert (dark.name, dark.noise.sky_level.value) == ("mine_dark", 1)


def _without_name(file):
    from importlib.resources import files

    text = (files("skybench.generators") / "recipes" / file).read_text(encoding="utf-8")
    lines = text.partition("\nrungs:")[0].splitlines()
    return "\n".join(line for line in lines if not line.startswith("name:"))
