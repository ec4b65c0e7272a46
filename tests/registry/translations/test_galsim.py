"""GalSim's configurations as recipes: their images are those that GalSim draws."""

import copy

import galsim
import numpy as np
import pytest
import yaml

from skybench.errors import RecipeError
from skybench.generators.generate import generate
from skybench.generators.recipe_file import parse_recipe
from skybench.registry.translations.galsim import from_galsim

ONE = {
    "psf": {"type": "Moffat", "beta": 3.0, "fwhm": 0.7},
    "gal": {
        "type": "Sersic",
        "n": 1.5,
        "half_light_radius": 0.8,
        "flux": 20000,
        "ellip": {"type": "QBeta", "q": 0.6, "beta": "30 degrees"},
    },
    "image": {"type": "Single", "size": 64, "pixel_scale": 0.2, "random_seed": 7},
    "output": {"dir": "out", "file_name": "one.fits"},
}
RANDOM = {
    "modules": ["galsim.des"],
    "psf": {"type": "Gaussian", "sigma": {"type": "Random", "min": 0.3, "max": 0.4}},
    "gal": {
        "type": "List",
        "items": [
            {
                "type": "Exponential",
                "scale_radius": {"type": "RandomGaussian", "mean": 1, "sigma": 0.1, "min": 0.5},
                "flux": {"type": "Random", "min": 1e3, "max": 1e4},
                "ellip": {"type": "EBeta", "e": 0.6, "beta": {"type": "Random"}},
                "shear": {"type": "G1G2", "g1": 0.01, "g2": 0.0},
            },
            {"type": "DeVaucouleurs", "half_light_radius": {"type": "Catalog", "col": 3}},
            {"type": "DeltaFunction", "flux": 1000},
        ],
    },
    "image": {
        "type": "Tiled",
        "nx_tiles": 10,
        "ny_tiles": 5,
        "stamp_size": 48,
        "pixel_scale": 0.5,
        "noise": {"type": "CCD", "sky_level_pixel": 200, "gain": 2, "read_noise": 4},
    },
    "output": {"nfiles": 3},
}


@pytest.fixture
def translate(tmp_path):
    def translate(content):
        path = tmp_path / "demo1.yaml"
        path.write_text(yaml.safe_dump(content))
        return from_galsim(path)

    return translate


def with_(content, place, value):
    changed = copy.deepcopy(content)
    *parents, last = place.split(".")
    inner = changed
    for key in parents:
        inner = inner[key]
    inner[last] = value
    return changed


@pytest.mark.parametrize(
    ("place", "value"),
    [
        ("gal.n", 1.5),
        ("gal", {"type": "Exponential", "scale_radius": 0.5, "flux": 1e4}),
        ("gal", {"type": "Gaussian", "sigma": 0.8, "flux": 1e4}),
        ("gal.ellip", {"type": "EBeta", "e": 0.4, "beta": {"type": "Degrees", "theta": 70}}),
        ("gal.ellip", {"type": "G1G2", "g1": -0.2, "g2": 0.15}),
        ("gal.ellip", {"type": "E1E2", "e1": 0.1, "e2": -0.4}),
        ("gal.ellip", {"type": "EtaBeta", "eta": 0.5, "beta": "1 radians"}),
        ("psf", {"type": "Moffat", "beta": 2.5, "half_light_radius": 0.5}),
        ("psf", {"type": "Moffat", "beta": 2.5, "scale_radius": 0.5}),
        ("psf", {"type": "Gaussian", "half_light_radius": 0.5}),
    ],
)
def test_the_image_is_that_of_galsim(translate, place, value):
    content = with_(ONE, place, value)
    config = {k: v for k, v in copy.deepcopy(content).items() if k != "output"}
    theirs = galsim.config.BuildImage(config).array
    recipe = parse_recipe(translate(content).text(), "again")
    assert recipe.noise.scale == 0
    ours = generate(recipe, 0, 1).image.values[0]
    # Whole electrons, and both engines to a few in a thousand of the peak.
    assert np.abs(ours - theirs).max() < 5e-3 * theirs.max() + 1


@pytest.mark.parametrize("content", [ONE, RANDOM], ids=["one", "random"])
def test_every_value_is_told_of_and_the_recipe_generates(translate, content):
    made = translate(content)
    told = [line.partition(": ")[0] for line in made.report]
    assert len(told) == len(set(told))
    for block, inner in content.items():
        for key in inner if isinstance(inner, dict) else ():
            assert any(line.startswith(f"{block}.{key}") for line in told), (block, key)
    recipe = parse_recipe(made.text(), "again")
    assert generate(recipe, 0, 1).image.sizes["sample"] == 1


def test_random_values_are_distributions_and_what_is_lost_is_told(translate):
    made = translate(RANDOM)
    recipe = made.recipe
    assert recipe["task"] == "classification"
    assert recipe["samples"] == 150
    assert list(recipe["sources"]) == ["exponential", "devaucouleurs", "star"]
    disc = recipe["sources"]["exponential"]
    assert disc["flux"] == {"distribution": "uniform", "low": 2000, "high": 20000}
    assert disc["sersic_index"] == 1
    assert disc["axis_ratio"] == 0.5
    # 1.678 arcseconds at a half of them a pixel, and the major axis of the same area.
    assert disc["half_light_radius"]["mean"] == pytest.approx(1.67835 / 0.5 / 0.5**0.5, rel=1e-4)
    assert recipe["psf"]["fwhm"]["low"] == pytest.approx(0.3 * 2.35482 / 0.5, rel=1e-4)
    assert recipe["noise"] == {"sky_level": 400, "read_noise": 4}
    assert recipe["sources"]["star"] == {"profile": "star", "flux": 2000}
    lost = {line.partition(": ")[0] for line in made.report if "-> nothing" in line}
    assert lost == {"modules", "gal.items.0.shear", "gal.items.1.half_light_radius"}


def test_a_scattered_field_is_one_of_several_sources(translate):
    field = with_(RANDOM, "image", {"type": "Scattered", "size": 96, "nobjects": 5})
    recipe = translate(field).recipe
    assert (recipe["task"], recipe["scene"]) == ("multilabel", {"count": 5})
    assert recipe["image"]["shape"] == [96, 96]


@pytest.mark.parametrize(
    ("content", "part"),
    [
        ({"a": 1}, "neither gal nor psf"),
        (
            with_(ONE, "gal.type", "RealGalaxy"),
            "gal.type RealGalaxy is not drawn; it can be Sersic",
        ),
        (with_(ONE, "gal.n", 9), "sersic_index can be 9"),
        (with_(ONE, "image.pixel_scale", "$1/5"), "image.pixel_scale must be a number"),
        (with_(RANDOM, "gal.items", 3), "gal.items must list galaxies"),
    ],
)
def test_what_cannot_be_translated_is_refused_with_its_place(translate, content, part):
    with pytest.raises(RecipeError) as caught:
        translate(content)
    assert part in str(caught.value)
    assert "demo1.yaml" in str(caught.value)
