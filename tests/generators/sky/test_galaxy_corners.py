"""Galaxies of several components at the ends of their domains, and row by row."""

import numpy as np
import pytest

from skybench.generators import BulgeDisc, EdgeOn, FlocculentSpiral, Merger, Ring, Spiral
from skybench.generators.generate import generate
from skybench.generators.recipe_file import load_recipe
from skybench.generators.sampling import sample
from skybench.generators.sky.source_light import expected

KINDS = [BulgeDisc, EdgeOn, FlocculentSpiral, Merger, Ring, Spiral]
EACH = pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.__name__)


def light(source):
    image = source.render((40, 40)).values
    assert np.isfinite(image).all()
    assert image.min() >= 0
    assert image.sum() < 1.005 * source.flux
    return image.sum()


@EACH
@pytest.mark.parametrize("size", [0.01, 0.3, 500.0])
def test_galaxies_of_any_size(kind, size):
    total = light(kind(seed=1, flux=1e4, half_light_radius=size, fwhm=2.5, beta=6))
    # A tiny one is a star; of a huge one little is on the image.
    assert total == pytest.approx(1e4, rel=5e-3) if size < 1 else 0 < total < 2000


@EACH
@pytest.mark.parametrize("fwhm", [0.05, 0.5, 30.0])
def test_any_psf(kind, fwhm):
    light(kind(seed=2, flux=1e4, half_light_radius=4, fwhm=fwhm))


@EACH
@pytest.mark.parametrize("place", [(-3.0, 10.0), (45.0, 45.0), (20.0, -300.0)])
def test_at_the_border_and_outside(kind, place):
    x, y = place
    source = kind(seed=3, flux=1e4, half_light_radius=4, x=x, y=y, beta=6)
    image = source.render((40, 40)).values
    assert np.isfinite(image).all()
    assert image.sum() < 1e4
    assert (y > -100) == (image.max() > 1e-3)


@pytest.mark.parametrize(
    "changes",
    [
        {"pitch_angle": 0.05},
        {"pitch_angle": 89.9, "arm_count": 1},
        {"arm_count": 8, "arm_sharpness": 20, "pitch_angle": 4},
        {"axis_ratio": 0.05, "arm_contrast": 1},
        {"arm_bulge_ratio": 100, "arm_radius_ratio": 0.01},
        {"arm_bulge_ratio": 0.01, "arm_radius_ratio": 10},
    ],
)
@pytest.mark.parametrize("kind", [Spiral, FlocculentSpiral])
def test_arms_of_any_form(kind, changes):
    total = light(kind(seed=4, flux=1e4, half_light_radius=3, fwhm=2.5, beta=6, **changes))
    assert total == pytest.approx(1e4, rel=1e-2)


def test_arms_too_close_to_be_seen_are_a_smooth_disc():
    common = {"seed": 5, "flux": 1e4, "half_light_radius": 8, "fwhm": 2.5}
    smooth = Spiral(arm_contrast=0, **common).render((40, 40)).values
    tight = Spiral(pitch_angle=0.05, arm_contrast=1, **common).render((40, 40)).values
    np.testing.assert_allclose(tight, smooth, atol=1e-3 * smooth.max())


def test_morphology_is_the_same_row_by_row():
    recipe = load_recipe("morphology")
    parameters = sample(recipe, 0, 60)
    whole = expected(parameters, recipe.image.shape)
    for row in range(0, 60, 7):
        alone = expected(sample(recipe, row, row + 1), recipe.image.shape)
        np.testing.assert_array_equal(alone[0], whole[row])
    images = generate(recipe, 20, 30).image.values
    np.testing.assert_array_equal(images, generate(recipe, 0, 40).image.values[20:30])
