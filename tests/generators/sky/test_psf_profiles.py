"""Recipes whose PSF is that of turbulence or of a mirror."""

import numpy as np
import pytest
import xarray as xr

from skybench.generators import Star
from skybench.generators.generate import generate_as_stored
from skybench.generators.recipe_file import recipe_from
from skybench.generators.sky.images import render
from skybench.generators.sky.objects import SKY_OBJECTS
from skybench.generators.sky.psf_transform import Airy, Kolmogorov, under
from skybench.generators.sky.sky_object import light


def recipe(**psf):
    return recipe_from(
        {
            "name": "seen",
            "task": "regression",
            "targets": ["flux"],
            "samples": 20,
            "image": {"shape": [40, 44], "expected": True},
            "psf": psf,
            "sources": {"star": {"profile": "star", "flux": 1e5}},
        }
    )


@pytest.mark.parametrize(
    ("psf", "transform"),
    [
        ({"profile": "kolmogorov"}, Kolmogorov(fwhm=2.25)),
        ({"profile": "airy"}, Airy(fwhm=2.25)),
        ({"profile": "airy", "obscuration": 0.25}, Airy(fwhm=2.25, obscuration=0.25)),
    ],
)
def test_a_star_is_the_psf_of_its_profile(psf, transform):
    ds = generate_as_stored(recipe(fwhm=2.25, **psf), 0, 1)
    x, y = float(ds.source_x[0, 0]), float(ds.source_y[0, 0])
    star = Star(flux=1e5, x=x, y=y)._dataset((40, 44))

    def draw(parameters, shape, *, scale):
        return light(parameters, shape, SKY_OBJECTS.values(), scale)

    truth = under(transform, star, (40, 44), draw)[0]
    np.testing.assert_allclose(ds.expected[0], truth, atol=2e-4 * truth.max())


@pytest.mark.parametrize("spikes", [None, {"fraction": 0.1}])
def test_they_are_recorded_and_render_the_same_again(spikes):
    varied = {"distribution": "uniform", "low": 2, "high": 4}
    own = recipe(fwhm=varied, profile="kolmogorov", **({"spikes": spikes} if spikes else {}))
    ds = generate_as_stored(own, 0, 6)
    again = render(own, ds.drop_vars(list(ds.data_vars)))
    np.testing.assert_array_equal(again["expected"].values, ds.expected.values)
    xr.testing.assert_identical(ds.isel(sample=[4]), generate_as_stored(own, 4, 5))


def test_other_recipes_know_nothing_of_it():
    plain = recipe(fwhm=2.5)
    assert "obscuration" not in plain.model_dump()["psf"]
    assert "psf_profile" not in generate_as_stored(plain, 0, 1).coords


@pytest.mark.parametrize(
    ("psf", "said"),
    [
        (
            {"fwhm": 0.5, "profile": "airy"},
            r"needs a fwhm of 0\.8 pixels or more, got down to 0\.5",
        ),
        ({"profile": "kolmogorov", "beta": 2}, "a kolmogorov has no beta"),
        ({"profile": "kolmogorov", "obscuration": 0.2}, "a kolmogorov has no obscuration"),
    ],
)
def test_what_does_not_go_together_is_refused(psf, said):
    with pytest.raises(ValueError, match=said):
        recipe(**psf)
