"""Recipes: what is valid loads, what is wrong is named with its place and the nearest right key."""

import copy
from importlib.resources import files

import pytest
import xarray as xr
import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from jsonschema import Draft202012Validator

from skybench.errors import RecipeError
from skybench.generators.families import FAMILIES
from skybench.generators.generate import generate_as_stored
from skybench.generators.recipe_file import (
    load_recipe,
    packaged_recipes,
    parse_recipe,
    recipe_from,
    recipe_schema,
)
from skybench.generators.recipe_yaml import read_mapping
from skybench.generators.rungs import on_rung
from skybench.generators.sky.recipe import SkyRecipe as Recipe

KINDS = [(f, k) for f in FAMILIES.values() for k in f.objects.values() if k.family == f.name]


def refused(content, tmp_path):
    """Write a recipe, load it, and return the message it is refused with."""
    path = tmp_path / "mine.yaml"
    path.write_text(content if isinstance(content, str) else yaml.safe_dump(content))
    with pytest.raises(RecipeError) as caught:
        load_recipe(path)
    message = str(caught.value)
    assert "mine.yaml" in message
    return message


def put(recipe, place, value):
    """Set the value at a dotted place; a value of None deletes it."""
    *parents, last = place.split(".")
    for key in parents:
        recipe = recipe[key]
    if value is None:
        del recipe[last]
    else:
        recipe[last] = value


def test_packaged_recipes_load_and_survive_a_round_trip():
    assert {"objects", "sky"} <= set(packaged_recipes())
    for name in packaged_recipes():
        recipe = load_recipe(name)
        assert recipe.name == name
        assert recipe_from(recipe.model_dump(mode="json")) == recipe
        assert load_recipe(recipe) is recipe


def test_numbers_may_be_written_as_yaml_reads_them(small):
    small["sources"]["bright"]["flux"] = "1e4"
    assert Recipe.model_validate(small).sources["bright"].distributions["flux"].value == 1e4


@pytest.mark.parametrize(
    ("place", "value", "parts"),
    [
        ("sampels", 10, ["unknown key 'sampels'", "did you mean 'samples'?"]),
        ("task", None, ["task: is required"]),
        ("samples", 0, ["samples: must be at least 1, got 0"]),
        ("seed", -1, ["seed: must be at least 0, got -1"]),
        ("seed", "one", ["seed: must be a whole number, got 'one'"]),
        ("name", "My Sky", ["name: must be a letter, then letters, digits or '_'", "'My Sky'"]),
        ("licence", "", ["licence: must have a length of at least 1, has 0"]),
        ("noise.shot", "often", ["noise.shot: must be true or false, got 'often'"]),
        ("PSF", {}, ["unknown key 'PSF'; did you mean 'psf'? It can be background, catalogue, "]),
        ("elephant", 1, ["unknown key 'elephant'; it can be background, catalogue, "]),
        ("image.shape", [20], ["image.shape.1: the list is too short"]),
        ("image.pixelscale", 1, ["image.pixelscale", "did you mean 'pixel_scale_arcsec'?"]),
        ("sources.bright.flux", True, ["sources.bright.flux"]),
        ("sources.bright.flux", "lots", ["sources.bright.flux", "uniform"]),
        ("sources.bright.flux", float("nan"), ["sources.bright.flux", "finite"]),
        ("sources.bright.flux", float("inf"), ["sources.bright.flux", "finite"]),
        ("sources.bright.flux", -5, ["flux can be -5 to -5", "[0, 1e+12]"]),
        ("sources.bright.flx", 5, ["sources.bright", "'flx'", "did you mean 'flux'?"]),
        (
            "sources.bright.half_light_radius",
            2,
            ["unknown parameter of star", "; it can be flux, magnitude."],
        ),
        ("sources.bright.profile", "stra", ["unknown profile 'stra'", "did you mean 'star'?"]),
        (
            "sources.faint.flux",
            {"distribution": "powerlaw", "low": 1, "high": 2, "exponent": -1},
            ["sources.faint.flux", "unknown distribution 'powerlaw'", "'power_law'"],
        ),
        (
            "sources.faint.flux",
            {"distribution": "uniform", "low": 5, "hihg": 9},
            ["sources.faint.flux.hihg", "did you mean 'high'?", "sources.faint.flux.high: is req"],
        ),
        (
            "sources.faint.flux",
            {"distribution": "uniform", "low": 9, "high": 5},
            ["sources.faint.flux", "low must be below high, got low 9 and high 5"],
        ),
        ("sources.faint.flux", {"low": 1, "high": 2}, ["sources.faint.flux", "'distribution'"]),
        (
            "sources.galaxy.axis_ratio",
            {"distribution": "normal", "mean": 0.6, "sigma": 0.1},
            ["axis_ratio can be -inf to inf", "[0.05, 1]", "truncate"],
        ),
        (
            "sources.galaxy.flux",
            {
                "distribution": "scaling",
                "of": "half_light_radius",
                "value": 1,
                "pivot": 1,
                "exponent": 1,
                "low": 1,
                "high": 2,
            },
            ["depend on each other"],
        ),
        ("sources.galaxy.half_light_radius.of", "size", ["unknown parameter 'size'"]),
        ("classes.star.sources", ["brihgt"], ["classes.star", "did you mean 'bright'?"]),
        ("classes.star.sources", ["bright"], ["sources.faint belongs to no class"]),
        ("classes.galaxy.sources", ["galaxy", "faint"], ["already belongs to another class"]),
        ("classes.star.weight", 0, ["classes.star.weight", "greater than 0"]),
        ("classes.galaxy", None, ["classes", "at least 2"]),
        ("splits.train", 0.9, ["splits must sum to 1, got 1.3"]),
        ("splits", {"train": 0.8, "tset": 0.2}, ["unknown split 'tset'", "did you mean 'test'?"]),
        ("task", "clasification", ["task", "'classification'"]),
        ("task", "classification", ["first source of a sample", "companions under classes.galaxy"]),
        ("scene.count", 0, ["scene.count must be whole numbers"]),
        ("scene.count", 2.5, ["scene.count must be whole numbers"]),
        (
            "scene.count",
            {"distribution": "uniform", "low": 1, "high": 3},
            ["scene.count must be a number or a choice"],
        ),
        ("scene.count", 9, ["4 cells for up to 9 sources", "use at least 3"]),
        ("scene.placement.margin", 10, ["leaves no room in an image of 20 x 36"]),
        ("psf.fwhm", -1, ["psf.fwhm can be -1", "0 or [0.05, 100]"]),
        ("psf.beta", 1, ["psf.beta can be 1", "(1, 1e+06]"]),
        # Stored as float32 it would be 1.
        ("psf.beta", 1 + 1e-7, ["psf.beta can be 1", "(1, 1e+06]"]),
        ("noise.sky_level", -3, ["noise.sky_level can be -3"]),
        ("noise.sky_level", 1e12, ["noise.sky_level can be 1e+12", "[0, 1e+09]"]),
        ("sources.bright.flux", 1e40, ["sources.bright.flux", "within -1e+30 and 1e+30"]),
        ("sources.bright.flux", 10**400, ["sources.bright.flux"]),
        ("sources.bright.flux", 1e15, ["flux can be 1e+15 to 1e+15", "[0, 1e+12]"]),
        ("samples", True, ["samples: must be a number, not true"]),
        ("image.shape", [20, True], ["image.shape.1: must be a number, not true"]),
        ("image.shape", 28, ["image.shape: must be a list"]),
        ("image", 28, ["image: must be a mapping"]),
        ("splits.train", False, ["splits.train: must be a number, not false"]),
        ("splits", {"train": 0.995, "test": 0.005}, ["splits.test", "0.01", "got 0.005"]),
        ("sources", ["bright"], ["sources: must be a mapping"]),
        ("sources.bright", "star", ["sources.bright: must be a mapping"]),
        (
            "sources.faint.flux",
            {"distribution": "uniform", "low": True, "high": 2},
            ["sources.faint.flux.low: must be a number, not true"],
        ),
        (
            "psf.beta",
            {
                "distribution": "scaling",
                "of": "psf_fwhm",
                "value": 3,
                "pivot": 2,
                "exponent": 1,
                "low": 2,
                "high": 4,
            },
            ["psf.beta cannot be a scaling", "parameters of a source"],
        ),
        (
            "sources.galaxy.flux",
            {"distribution": "uniform", "low": 0, "high": 9},
            ["sources.galaxy", "a scaling needs flux above 0, but it can be 0"],
        ),
        ("name", "My Sky", ["name", "pattern"]),
    ],
)
def test_a_mistake_is_named_with_its_place_and_fix(small, tmp_path, place, value, parts):
    put(small, place, value)
    message = refused(small, tmp_path)
    for part in parts:
        assert part in message, message


def test_every_mistake_is_reported_at_once(small, tmp_path):
    """Of a key, of a value, of a source, of what does not go together; and none that follows."""
    wrong = {
        "name": "My Sky",
        "sampels": 3,
        "seed": -1,
        "psf.seeing": 3,
        "noise.shot": "often",
        "sources.bright.mag": 18,
        "sources.bright.flux": "lots",
        "sources.faint.n": 4,
        "sources.galaxy.axis_ratio": 4,
        "classes.star.sources": ["bright", "fiant"],
        "scene.count": 2.5,
        "splits.train": 0.9,
    }
    for place, value in wrong.items():
        put(small, place, value)
    lines = refused(small, tmp_path).splitlines()
    told = [
        "name: must be a letter",
        "unknown key 'sampels'; did you mean 'samples'?",
        "seed: must be at least 0, got -1",
        "psf.seeing: unknown key 'seeing'; write 'fwhm' (in pixels: arcseconds over",
        "noise.shot: must be true or false, got 'often'",
        "sources.bright.flux: needs a number",
        "sources.bright: unknown parameter of star 'mag'; write 'flux' (10 ** (0.4",
        "sources.faint: unknown parameter of star 'n'",
        "sources.galaxy: axis_ratio can be 4 to 4, outside its domain",
        "classes.star can never be produced: unknown source 'fiant'; did you mean 'faint'?",
        "sources.faint belongs to no class",
        "scene.count must be whole numbers",
        "splits must sum to 1, got 1.3",
    ]
    assert [part for part in told if not any(part in line for line in lines)] == []
    assert len(lines) == len(told)


@pytest.mark.parametrize("place", ["image.shape", "imgae", "task", "sources.bright.profile"])
def test_no_mistake_is_told_that_only_follows_from_another(small, tmp_path, place):
    put(small, place, "what")
    assert len(refused(small, tmp_path).splitlines()) == 1


@pytest.mark.parametrize(("family", "kind"), KINDS, ids=lambda x: getattr(x, "name", x))
def test_a_recipe_needs_no_more_than_name_task_and_sources(family, kind):
    two = {"one": {"profile": kind.name}, "other": {"profile": kind.name}}
    given = {"name": "my_own", "family": family.name, "task": "classification", "sources": two}
    recipe = recipe_from(given)
    recorded = recipe.model_dump(mode="json")
    assert recipe_from(recorded) == recipe
    assert recorded["title"] == "My own"
    assert (recorded["seed"], recorded["samples"]) == (0, 10_000)
    assert recorded["splits"] == {"train": 0.6, "validation": 0.2, "test": 0.2}
    assert {n: c["sources"] for n, c in recorded["classes"].items()} == {n: [n] for n in two}
    ds = generate_as_stored(recipe, 0, 4)
    assert ds.sizes["sample"] == 4
    assert set(ds.label.values.tolist()) <= {0, 1}


@pytest.mark.parametrize(
    ("sources", "targets"),
    [
        ({"a": {"profile": "sersic"}}, ("flux", "half_light_radius", "sersic_index", "axis_ratio")),
        (
            {"a": {"profile": "sersic", "flux": 9, "axis_ratio": 1}, "b": {"profile": "star"}},
            ("flux",),
        ),
        ({"a": {"profile": "transit", "period": 3}}, None),
    ],
)
def test_a_regression_predicts_what_varies_in_all_sources(sources, targets):
    recipe = recipe_from({"name": "mine", "task": "regression", "sources": sources})
    if targets is None:
        assert "period" not in recipe.targets
        assert "radius_ratio" in recipe.targets
    else:
        assert recipe.targets == targets


@pytest.mark.parametrize(
    ("profile", "family"), [("circle", "geometric"), ("halo", "volume"), ("star", "sky")]
)
def test_the_family_follows_from_the_profiles(profile, family):
    given = {"name": "mine", "task": "regression", "sources": {"a": {"profile": profile}}}
    assert recipe_from(given).family == family


def test_a_rung_of_a_recipe_without_a_title_has_one(small, tmp_path):
    del small["title"]
    path = tmp_path / "mine.yaml"
    path.write_text(yaml.safe_dump(small | {"rungs": {"hard": {"noise": {"scale": 2}}}}))
    assert load_recipe(f"{path}/hard").title == "Small hard"


def test_a_gaussian_psf_is_recorded_and_read_again(small):
    small["psf"] = {"fwhm": 3, "profile": "gaussian"}
    recipe = recipe_from(small)
    assert recipe_from(recipe.model_dump(mode="json")) == recipe
    with pytest.raises(ValueError, match="a gaussian has no beta"):
        recipe_from(small | {"psf": {"fwhm": 3, "profile": "gaussian", "beta": 2}})


def test_arms_cannot_be_counted_in_fractions(small, tmp_path):
    small["sources"]["galaxy"] = {"profile": "spiral", "arm_count": 2.5}
    assert "arm_count can be 2.5" in refused(small, tmp_path)
    small["sources"]["galaxy"]["arm_count"] = {"distribution": "uniform", "low": 2, "high": 4}
    assert "arm_count must be one of {1, 2" in refused(small, tmp_path)


@pytest.mark.parametrize(
    ("text", "part"),
    [
        ("", "a recipe is a mapping"),
        ("- a\n- b\n", "a recipe is a mapping"),
        ("name: [", "not valid YAML"),
        ("name: a\nname: b\n", "'name' is written twice"),
        ("name: !!python/object/apply:os.system ['true']\n", "not valid YAML"),
        ("name: a\nseed: 2024-99-99\n", "'2024-99-99' is no timestamp in"),
        ("a: !!int x\n", "line 1, column 4"),
        ("a: !!bool x\n", "'x' is no bool"),
        ("a: !!timestamp x\n", "'x' is no timestamp"),
        ("a: 1" + "0" * 5000 + "\n", "is no int"),
        ("? [a, b]\n: 3\n", "a key must be a name"),
        ("? {a: b}\n: 3\n", "a key must be a name"),
        ("3: 3\n", "3: Keys should be strings"),
        ("a: &a [*a]\n", "mine.yaml"),
        ("[" * 5000, "mine.yaml"),
    ],
)
def test_text_that_is_no_recipe(tmp_path, text, part):
    assert part in refused(text, tmp_path)


def test_files_that_are_no_recipe(tmp_path):
    (tmp_path / "binary.yaml").write_bytes(bytes(range(128, 256)))
    (tmp_path / "huge.yaml").write_bytes(b"#" * 1_000_001)
    for name, part in (("binary", "cannot be read as text"), ("huge", "larger than 1,000,000")):
        with pytest.raises(RecipeError, match=part):
            load_recipe(tmp_path / f"{name}.yaml")
    with pytest.raises(RecipeError, match="did you mean 'objects'"):
        load_recipe("object")
    for path in (tmp_path, tmp_path / "absent.yaml", "", "sky" * 2000, "a\0b"):
        with pytest.raises(RecipeError, match="there is none at"):
            load_recipe(path)


@pytest.mark.parametrize("text", ["2e12", "2.0e12", "1.5E+3", "-3e-2", "+1e0", "1."])
def test_a_number_is_one_as_people_write_it(text):
    assert read_mapping(f"a: {text}", "a.yaml") == {"a": float(text)}


@pytest.mark.parametrize("text", ["e12", "1e", "2e12x", "1.2.3e4", "'2e12'"])
def test_other_text_stays_text(text):
    assert read_mapping(f"a: {text}", "a.yaml") == {"a": text.strip("'")}


def test_packaged_recipes_have_a_seed_each():
    seeds = [load_recipe(name).seed for name in packaged_recipes()]
    assert len(set(seeds)) == len(seeds)


def test_the_json_schema_accepts_what_loads(small):
    schema = Draft202012Validator(recipe_schema())
    folder = files("skybench.generators") / "recipes"
    written = [read_mapping((folder / f"{n}.yaml").read_text(), n) for n in packaged_recipes()]
    for content in (small, *written):
        schema.validate(content)
        bare = on_rung(content, None, "the file")
        schema.validate(recipe_from(bare).model_dump(mode="json"))
    put(small, "sources.bright.flux", "lots")
    assert not schema.is_valid(small)


def test_an_angle_may_be_normal(small):
    small["sources"]["faint"]["profile"] = "sersic"
    small["sources"]["faint"]["position_angle"] = {
        "distribution": "normal",
        "mean": 30,
        "sigma": 5,
    }
    assert Recipe.model_validate(small).sources["faint"].distributions["position_angle"].mean == 30


@settings(
    max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(data=st.data())
def test_a_slip_of_the_pen_is_at_most_a_recipe_error(small, data):
    text = yaml.safe_dump(small)
    at = data.draw(st.integers(0, len(text)))
    skipped = data.draw(st.integers(0, 12))
    slip = data.draw(st.text(alphabet="abc019:-[]{},&*!|>#%@`\"'\n\t ?~<=.é", max_size=4))
    try:
        outcome = parse_recipe(text[:at] + slip + text[at + skipped :], "slip.yaml")
    except RecipeError as error:
        outcome = error
    assert isinstance(outcome, Recipe) or "slip.yaml" in str(outcome)


values = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-(2**70), 2**70),
    st.floats(),
    st.text(max_size=8),
    st.lists(st.integers(), max_size=3),
    st.dictionaries(st.text(max_size=6), st.integers(), max_size=3),
)


def places(content, prefix=()):
    yield prefix
    if isinstance(content, dict):
        for key, value in content.items():
            yield from places(value, (*prefix, key))


@settings(
    max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(data=st.data())
def test_nothing_but_a_recipe_error_comes_out(small, data):
    mutated = copy.deepcopy(small)
    place = data.draw(st.sampled_from([p for p in places(small) if p]))
    parent = mutated
    for key in place[:-1]:
        parent = parent[key]
    parent[place[-1]] = data.draw(values)
    try:
        outcome = parse_recipe(yaml.safe_dump(mutated), "mutated.yaml")
    except RecipeError as error:
        outcome = error
    assert isinstance(outcome, Recipe) or "mutated.yaml" in str(outcome)


OLD_WORDS = [
    (family, kind, word)
    for family in FAMILIES.values()
    for kind in family.objects.values()
    for word in kind.former_names
]


@pytest.mark.parametrize(("family", "kind", "word"), OLD_WORDS, ids=lambda x: getattr(x, "name", x))
def test_a_recipe_in_former_words_stays_what_it_was(family, kind, word):
    names = [n for n in packaged_recipes() if uses(load_recipe(n), kind)]
    new = load_recipe(names[0] if names else "lensing/arcs")
    old = recipe_from(in_words(new.model_dump(mode="json"), kind.name, word))
    assert old.model_dump(mode="json") == in_words(new.model_dump(mode="json"), kind.name, word)
    first, second = generate_as_stored(old, 0, 3), generate_as_stored(new, 0, 3)
    xr.testing.assert_equal(first, second)
    meanings = first.kind.attrs["flag_meanings"].split()
    assert [kind.name if m == word else m for m in meanings] == second.kind.flag_meanings.split()
    assert word in meanings


def uses(recipe, kind):
    sources = getattr(recipe, "sources", {}).values()
    return recipe.family == kind.family and kind.name in {spec.profile for spec in sources}


def in_words(content, name, word):
    for spec in content["sources"].values():
        spec["profile"] = word if spec["profile"] == name else spec["profile"]
    return content


def test_one_object_has_one_word_in_a_recipe(small):
    small["sources"]["new"] = {"profile": "lensed_arc"}
    small["sources"]["old"] = {"profile": "arc"}
    small["classes"]["galaxy"]["sources"] += ["new", "old"]
    with pytest.raises(ValueError, match=r"sources.old.profile: arc and lensed_arc are two words"):
        recipe_from(small)
