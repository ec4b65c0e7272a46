"""Commands about recipes: one to begin with, and those of other tools."""

import pytest
import yaml

from skybench.generators.generate import generate


@pytest.fixture(autouse=True)
def _in_a_folder_of_its_own(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)


def test_a_new_recipe_is_checked_and_generated_as_it_is(skybench, tmp_path):
    status, out, _ = skybench("recipe", "new", "mine", "--family", "geometric")
    assert status == 0
    assert "skybench recipe check mine.yaml" in out
    assert skybench("recipe", "check", "mine.yaml")[0] == 0
    assert generate(tmp_path / "mine.yaml", 0, 3).image.shape == (3, 256, 256)


def test_a_recipe_that_is_there_is_not_overwritten(skybench, tmp_path):
    (tmp_path / "mine.yaml").write_text("precious")
    status, _, err = skybench("recipe", "new", "mine")
    assert status == 2
    assert "mine.yaml exists; choose another name by --out" in err
    assert (tmp_path / "mine.yaml").read_text() == "precious"
    assert skybench("recipe", "new", "mine", "--out", "other.yaml")[0] == 0
    assert yaml.safe_load((tmp_path / "other.yaml").read_text())["name"] == "mine"


@pytest.mark.parametrize(
    ("arguments", "part"),
    [
        (("recipe", "new", "Mine!"), "'Mine!' is no name of a dataset"),
        (("recipe", "new", "mine", "--family", "skies"), "did you mean 'sky'?"),
        (("recipe", "new", "mine", "--out", "no/such/folder.yaml"), "cannot be written"),
    ],
)
def test_a_recipe_that_cannot_be_begun_is_refused_in_a_line(skybench, tmp_path, arguments, part):
    status, _, err = skybench(*arguments)
    assert status == 2
    assert part in err
    assert list(tmp_path.iterdir()) == []


DEEPBENCH = {
    "object_type": "sky",
    "object_name": "SkyImage",
    "total_runs": 3,
    "image_parameters": {"image_shape": [28, 28]},
    "object_parameters": {"star": {"object": {}, "instance": {"radius": 1.5}}},
}
GALSIM = {
    "gal": {"type": "Sersic", "n": 2, "half_light_radius": 3, "shift": 1},
    "image": {"size": 32},
}


@pytest.mark.parametrize(
    ("tool", "content", "lines"),
    [
        (
            "deepbench",
            DEEPBENCH,
            [
                "total_runs: 3 -> samples 3",
                "object_parameters.star.instance.radius: 1.5 -> psf.fwhm",
            ],
        ),
        ("galsim", GALSIM, ["gal.n: 2 -> sersic_index", "gal.shift: 1 -> nothing: sources lie in"]),
    ],
)
def test_a_configuration_of_another_tool_becomes_a_recipe(skybench, tmp_path, tool, content, lines):
    (tmp_path / "Their Config.yml").write_text(yaml.safe_dump(content))
    status, out, err = skybench("recipe", f"from-{tool}", "Their Config.yml")
    assert (status, err) == (0, "")
    for line in lines:
        assert line in out
    assert generate(tmp_path / "their_config.yaml", 0, 1).sizes["sample"] == 1
    again = skybench("recipe", f"from-{tool}", "Their Config.yml")
    assert again[0] == 2
    assert "their_config.yaml exists" in again[2]
    assert skybench("recipe", f"from-{tool}", "absent.yaml")[2].startswith("error: absent.yaml")


def test_instruments_are_listed_with_their_depths(skybench):
    status, out, _ = skybench("instruments")
    assert status == 0
    assert "des: Dark Energy Survey" in out
    assert "r: seeing 0.95 arcsec, depth 25.12 mag" in out
