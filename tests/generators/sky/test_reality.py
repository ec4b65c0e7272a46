"""Elements of reality are removed one by one: each is a key of the recipe, and a rung."""

import numpy as np
import pytest

from skybench.generators.generate import generate_as_stored
from skybench.generators.recipe_file import load_recipe

RECIPE = """
name: real
task: regression
targets: [flux]
samples: 40
image: {shape: [48, 48], bands: [g, r], zeropoint: 27, expected: true, ivar: true}
noise: {sky_level: 300, read_noise: 5, correlation: 0.3}
psf: {fwhm: 3, spikes: {fraction: 0.1}}
detector: {full_well: 3000, bleeding: true, edge: 0.5, cosmic_rays: 1, bad_columns: 0.02}
sky: {gradient: 0.1, residual: 0.02, length: 30}
background: {depth: 21, faintest: 26, stars: 20}
sources:
  galaxy:
    profile: flocculent_spiral
    flux: 300000
    clump_colour: 0.1
    lopsidedness: 0.3
    raggedness: 0.4
rungs:
  no_bleeding: {detector: {bleeding: null}}
  no_edge: {detector: {edge: null}}
  no_detector: {detector: null}
  flat_sky: {sky: null}
  no_stars: {background: {stars: null}}
  no_background: {background: null}
  one_colour: {sources: {galaxy: {clump_colour: null}}}
  even: {sources: {galaxy: {lopsidedness: null, raggedness: null}}}
  no_spikes: {psf: {spikes: null}}
  white: {noise: {correlation: null}}
"""
RUNGS = [line.split(":")[0].strip() for line in RECIPE.partition("rungs:\n")[2].splitlines()]


@pytest.fixture
def file(tmp_path):
    path = tmp_path / "real.yaml"
    path.write_text(RECIPE)
    return path


@pytest.mark.parametrize("rung", RUNGS)
def test_each_rung_takes_one_element_away_and_leaves_the_objects(file, rung):
    whole = generate_as_stored(load_recipe(file), 0, 12)
    without = generate_as_stored(load_recipe(file / rung), 0, 12)
    assert (whole.image.values != without.image.values).any()
    for name in ("flux", "source_x", "axis_ratio", "arm_winding", "pattern_seed"):
        np.testing.assert_array_equal(whole[name], without[name])
    assert set(without.variables) <= set(whole.variables)
