"""DeepBench's configurations as recipes: each value is told of, and what it means is kept."""

import math
from pathlib import Path

import numpy as np
import pytest
import yaml
from astropy.modeling.models import Moffat2D, Sersic2D

from skybench.errors import RecipeError
from skybench.generators.generate import generate
from skybench.generators.recipe_file import parse_recipe
from skybench.registry.translations.deepbench import from_deepbench

PLACE = {"center_x": 14, "center_y": 14}
SKY = {
    "object_type": "sky",
    "object_name": "SkyImage",
    "total_runs": 12,
    "seed": 42,
    "image_parameters": {"image_shape": [29, 29], "object_noise_level": 0.1},
    "object_parameters": {
        "star": {
            "object": PLACE | {"alpha": 2.5},
            "instance": {"radius": 3.0, "amplitude": 1.0, "noise_level": 0},
        },
    },
}
SHAPES = {
    "object_type": "shape",
    "object_name": "ShapeImage",
    "total_runs": 3,
    "image_parameters": {"image_shape": [40, 48], "object_noise_level": 0.2},
    "object_parameters": {
        "rectangle": {"object": {}, "instance": {"width": 20, "height": 10, "angle": 30}},
        "ellipse": {"object": {"fill": True}, "instance": {"width": 10, "height": 20}},
        "polygon": {"object": {}, "instance": {"vertices": 5, "radius": 8, "line_width": 2}},
        "arc": {"object": {}, "instance": {"theta1": 10, "theta2": 100, "center": [20, 20]}},
        "line": {"object": {}, "instance": {"start": [1, 1], "end": [20, 11]}},
    },
}
PENDULUM = {
    "object_type": "physics",
    "object_name": "Pendulum",
    "total_runs": 3,
    "image_parameters": {
        "pendulum_arm_length": 2,
        "starting_angle_radians": 0.25,
        "acceleration_due_to_gravity": 9.8,
        "mass_pendulum_bob": 10.0,
        "noise_std_percent": {"acceleration_due_to_gravity": 0.1},
    },
    "object_parameters": {"time": [0, 1, 2, 3]},
}
ASTRO = {
    "object_type": "astro",
    "object_name": "GalaxyObject",
    "total_runs": 3,
    "image_parameters": {"image_dimensions": [28, 28], "radius": 4, "n": 2, "noise_level": 0.2},
    "object_parameters": {"center_x": 14, "center_y": 14},
}


@pytest.fixture
def translate(tmp_path):
    def translate(content):
        path = tmp_path / "config.yaml"
        path.write_text(yaml.safe_dump(content))
        return from_deepbench(path)

    return translate


def leaves(content, place=""):
    for key, value in content.items():
        if isinstance(value, dict):
            yield from leaves(value, f"{place}{key}.")
        else:
            yield f"{place}{key}"


@pytest.mark.parametrize(
    "content", [SKY, SHAPES, PENDULUM, ASTRO], ids=["sky", "shape", "physics", "astro"]
)
def test_every_value_is_told_of_once_and_the_recipe_generates(translate, content):
    made = translate(content)
    places = [line.partition(": ")[0] for line in made.report]
    assert sorted(places) == sorted(leaves(content))
    assert all(" -> " in line for line in made.report)
    recipe = parse_recipe(made.text(), "again")
    assert (recipe.samples, recipe.name) == (content["total_runs"], "config")
    assert generate(recipe, 0, 3).sizes["sample"] == 3
    for line in (*made.notes, *made.report):
        assert f"# {line}\n" in made.text()


def test_a_star_is_as_wide_as_deepbench_blurs_it(translate):
    recipe = parse_recipe(translate(SKY).text(), "again")
    image = generate(recipe, 0, 1).image.values[0]
    assert image.shape == (29, 29)
    assert np.unravel_index(image.argmax(), image.shape) == (14, 14)
    assert recipe.seed == 42
    assert recipe.noise.read_noise.value == 100
    y, x = np.mgrid[:290, :290] / 10 - 14.45
    moffat = Moffat2D(1, 0, 0, gamma=3.0, alpha=2.5)(x, y)
    kernel = np.exp(-(x**2 + y**2) / 2 / 0.7**2)
    row = np.fft.irfft2(np.fft.rfft2(moffat) * np.fft.rfft2(np.fft.ifftshift(kernel)), moffat.shape)
    width = np.count_nonzero(row[145] > row[145].max() / 2) / 10
    assert recipe.psf.fwhm.value == pytest.approx(width, rel=0.04)


def test_a_galaxy_that_is_not_scaled_has_its_light(translate):
    instance = {"radius": 4.0, "n": 1.0, "ellipse": 0.25, "theta": 0.5, "amplitude": 2.0}
    content = SKY | {
        "image_parameters": {"image_shape": [64, 64], "scale": False},
        "object_parameters": {"galaxy": {"object": PLACE, "instance": instance}},
    }
    source = translate(content).recipe["sources"]["galaxy"]
    y, x = np.mgrid[:801, :801] / 4 - 100.0
    light = Sersic2D(2.0, 4.0, 1.0, 0, 0, ellip=0.25, theta=0.5)(x, y).sum() / 16
    assert source["flux"] == pytest.approx(1000 * light, rel=5e-3)
    assert source["axis_ratio"] == 0.75
    assert source["position_angle"] == pytest.approx(math.degrees(0.5))
    assert (source["half_light_radius"], source["sersic_index"]) == (4.0, 1.0)


def test_noise_of_parameters_becomes_distributions(translate):
    content = SKY | {
        "parameter_noise": 0.5,
        "object_parameters": {"galaxy": {"object": PLACE, "instance": {"radius": 4, "n": 2}}},
    }
    source = translate(content).recipe["sources"]["galaxy"]
    assert source["half_light_radius"] == {"distribution": "uniform", "low": 4, "high": 4.5}
    assert source["sersic_index"] == {"distribution": "uniform", "low": 2, "high": 2.5}
    gravity = translate(PENDULUM).recipe["sources"]["pendulum"]["gravity"]
    assert (gravity["mean"], gravity["sigma"]) == (9.8, pytest.approx(0.98))


def test_shapes_look_as_deepbench_draws_them(translate):
    """Its first index is x: a bar along its x is upright in a picture."""
    bar = {"width": 20, "height": 4, "angle": 0, "line_width": 0}
    content = SHAPES | {"object_parameters": {"rectangle": {"object": {}, "instance": bar}}}
    content["image_parameters"] = {"image_shape": [40, 40]}
    recipe = parse_recipe(translate(content).text(), "again")
    image = generate(recipe, 0, 1).image.values[0]
    assert (image > 0).any(axis=1).sum() == pytest.approx(20, abs=1)
    assert (image > 0).any(axis=0).sum() == pytest.approx(4, abs=1)


@pytest.mark.parametrize(
    ("changes", "part"),
    [
        ({"object_type": "skies"}, "did you mean 'sky'?"),
        ({"object_type": None}, "object_type"),
        ({"object_parameters": {"quasar": {}}}, "unknown object of the sky 'quasar'"),
        ({"object_parameters": {}}, "must name the objects"),
        ({"image_parameters": {"image_shape": [28, 28, 3]}}, "must be [rows, columns]"),
        ({"total_runs": "many"}, "samples: must be a whole number, got 'many'"),
        (
            {"object_parameters": {"star": {"instance": {"radius": "big"}}}},
            "object_parameters.star.instance.radius must be a number to be translated, got 'big'",
        ),
    ],
)
def test_what_cannot_be_translated_is_refused_with_its_place(translate, changes, part):
    with pytest.raises(RecipeError) as caught:
        translate(SKY | changes)
    assert part in str(caught.value)
    assert "config.yaml" in str(caught.value)


def test_files_that_hold_no_configuration(tmp_path):
    for name, content in {
        "a.yaml": b"- 1",
        "b.yaml": b"\xff\xfe",
        "c.yaml": b"#" * 1_000_001,
    }.items():
        (tmp_path / name).write_bytes(content)
        with pytest.raises(RecipeError, match=name):
            from_deepbench(tmp_path / name)
    with pytest.raises(RecipeError, match="cannot be read"):
        from_deepbench(Path(tmp_path / "absent.yaml"))
