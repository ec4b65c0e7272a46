"""Pixels at the centre of a galaxy without PSF."""

import numpy as np
import pytest

from skybench.generators import Sersic, Spiral, Star


def test_the_centre_is_symmetric_about_a_pixel_corner():
    source = Sersic(
        flux=1, fwhm=0, half_light_radius=1.5, sersic_index=6, axis_ratio=1, x=15.5, y=15.5
    )
    image = source.render((32, 32)).values
    np.testing.assert_allclose(image, image[::-1], atol=1e-4 * image.max())
    np.testing.assert_allclose(image, image.T, atol=1e-4 * image.max())


@pytest.mark.parametrize("position", [15.5, 15.5 + 1e-9, 15.5 - 1e-4])
def test_nothing_jumps_where_the_centre_crosses_a_border(position):
    image, reference = (
        Sersic(flux=1, fwhm=0, half_light_radius=3, sersic_index=4, axis_ratio=0.5, x=x, y=16)
        .render((32, 32))
        .values
        for x in (position, 15.5)
    )
    assert np.abs(image - reference).max() < 2e-3 * image.max()


def test_a_bulge_without_psf_is_a_galaxy_without_psf():
    shape = {"axis_ratio": 0.6, "position_angle": 20.0, "fwhm": 0.0, "x": 16.5, "y": 16.5}
    spiral = Spiral(
        flux=100,
        bulge_fraction=1,
        half_light_radius=10,
        bulge_radius_ratio=0.1,
        bulge_sersic_index=4,
        **shape,
    )
    bulge = Sersic(flux=100, half_light_radius=1, sersic_index=4, **shape)
    np.testing.assert_allclose(spiral.render((32, 32)), bulge.render((32, 32)), atol=1e-9)


def test_sources_with_and_without_psf_may_share_a_block(small):
    from skybench.generators.generate import generate
    from skybench.generators.sky.recipe import SkyRecipe as Recipe

    small["psf"]["fwhm"] = {"distribution": "choice", "values": [0, 2.5]}
    small["sources"]["galaxy"]["profile"] = "spiral"
    recipe = Recipe.model_validate(small)
    whole = generate(recipe, 0, 30)
    for i in (3, 11, 29):
        np.testing.assert_array_equal(generate(recipe, i, i + 1).image[0], whole.image[i])


def test_a_cusp_outside_the_image_is_cut():
    inside = Sersic(flux=1, fwhm=0, half_light_radius=3, sersic_index=4, x=30, y=30, seed=1)
    outside = Sersic(flux=1, fwhm=0, half_light_radius=3, sersic_index=4, x=-2, y=30, seed=1)
    large, small = inside.render((64, 64)).values, outside.render((64, 32)).values
    np.testing.assert_allclose(small, large[:, 32:], atol=1e-4 * large.max())
    assert Star(flux=1, fwhm=0, x=-1, y=3).render((8, 8)).sum() == 0
