"""Diffraction spikes: lines of displaced copies of whatever is seen."""

import numpy as np
import pytest
import xarray as xr

from skybench.generators import Sersic, Star
from skybench.generators.generate import generate_as_stored
from skybench.generators.recipe_file import recipe_from
from skybench.generators.sky.images import render
from skybench.generators.sky.objects import SKY_OBJECTS
from skybench.generators.sky.sky_object import light

SPIKED = {
    "name": "spiked",
    "task": "regression",
    "targets": ["flux"],
    "samples": 100,
    "image": {"shape": [40, 44], "expected": True},
    "psf": {"fwhm": 2.5, "spikes": {"fraction": 0.1, "length": 5, "angle": 20}},
    "sources": {"star": {"profile": "star", "flux": 1e5}},
}


def recipe(spikes=None, fwhm=2.5, **changes):
    psf = {"fwhm": fwhm, "spikes": SPIKED["psf"]["spikes"] | (spikes or {})}
    return recipe_from({**SPIKED, "psf": psf, **changes})


def coordinates(source, shape, **spikes):
    """Return the parameters of one sample with one source, seen with spikes."""
    known = {"spike_count": 4, "spike_fraction": 0.1, "spike_length": 5.0, "spike_angle": 20.0}
    optics = {n: ("sample", [v]) for n, v in (known | spikes).items()}
    return source._dataset(shape).assign_coords(optics)


def displaced(source, shape, arms, length, angle):
    """Return copies of a source along lines, as the formula weighs them: by midpoints."""
    along = (np.arange(-200, 200) + 0.5) / 4
    turns = np.deg2rad(angle) + 2 * np.pi * np.arange(arms // 2)[:, None] / arms
    weight = np.tile(np.exp(-np.abs(along) / length), arms // 2)
    one = source._dataset(shape)
    copies = one.isel(source=np.zeros(weight.size, dtype=int))
    moved = {
        "source_x": copies.source_x + (along * np.cos(turns)).ravel(),
        "source_y": copies.source_y + (along * np.sin(turns)).ravel(),
        "flux": copies.flux * weight / weight.sum(),
    }
    return light(copies.assign_coords(moved), shape, SKY_OBJECTS.values())[0]


@pytest.mark.parametrize(("count", "fwhm"), [(4, 2.5), (6, 2.0)])
def test_a_star_has_the_spikes_of_the_formula(count, fwhm):
    shape = (40, 44)
    star = Star(flux=1e5, x=20.3, y=17.8, fwhm=fwhm, beta=3.0)
    seen = light(coordinates(star, shape, spike_count=count), shape, SKY_OBJECTS.values())[0]
    lines = displaced(star, shape, count, 5.0, 20.0)
    truth = 0.9 * star.render(shape).values + 0.1 * lines
    assert np.abs(seen - truth).max() < 1.5e-4 * truth.max()
    assert seen.min() >= 0


def test_a_galaxy_at_the_border_has_the_spikes_of_what_lies_outside():
    shape = (32, 32)
    own = {"flux": 1e5, "half_light_radius": 5.0, "sersic_index": 1.0, "axis_ratio": 0.8}
    galaxy = Sersic(**own, position_angle=40.0, x=1.0, y=12.0, fwhm=2.5, beta=3.0)
    seen = light(coordinates(galaxy, shape), shape, SKY_OBJECTS.values())[0]
    truth = 0.9 * galaxy.render(shape).values + 0.1 * displaced(galaxy, shape, 4, 5.0, 20.0)
    assert np.abs(seen - truth).max() < 1e-3 * truth.max()


def test_the_sharpest_psf_that_is_allowed_is_right_to_the_budget():
    shape = (40, 44)
    star = Star(flux=1e5, x=20.3, y=17.8, fwhm=1.5, beta=3.0)
    seen = light(coordinates(star, shape), shape, SKY_OBJECTS.values())[0]
    truth = 0.9 * star.render(shape).values + 0.1 * displaced(star, shape, 4, 5.0, 20.0)
    assert np.abs(seen - truth).max() < 1e-3 * truth.max()


def test_spikes_point_where_they_are_told():
    ds = generate_as_stored(recipe({"angle": 0, "fraction": 0.3}), 0, 1)
    image = ds.expected.values[0]
    y, x = (round(float(ds[f"source_{axis}"][0, 0])) for axis in "yx")
    towards = image[y, (x + 9) if x < 22 else (x - 9)]
    beside = image[(y + 6) if y < 20 else (y - 6), (x + 7) if x < 22 else (x - 7)]
    assert towards > 5 * beside


def test_all_light_stays_where_the_image_is_large():
    ds = generate_as_stored(
        recipe(image={"shape": [200, 200], "expected": True}, scene={"first_margin": 80}), 0, 1
    )
    assert float(ds.expected[0].sum()) == pytest.approx(1e5, rel=2e-3)


def test_they_are_recorded_and_render_the_same_again():
    varied = {"length": {"distribution": "uniform", "low": 2, "high": 9}}
    own = recipe(varied)
    ds = generate_as_stored(own, 0, 8)
    assert (ds.spike_count == 4).all()
    assert float(ds.spike_length.min()) < float(ds.spike_length.max())
    again = render(own, ds.drop_vars(list(ds.data_vars)))
    np.testing.assert_array_equal(again["expected"].values, ds.expected.values)
    xr.testing.assert_identical(ds.isel(sample=[5]), generate_as_stored(own, 5, 6))


def test_without_spikes_nothing_tells_of_them():
    plain = recipe_from({**SPIKED, "psf": {"fwhm": 2.5}})
    assert "spikes" not in plain.model_dump()["psf"]
    assert not any(name.startswith("spike") for name in generate_as_stored(plain, 0, 1).variables)
    none = generate_as_stored(recipe({"fraction": 0}), 0, 2).expected
    own = generate_as_stored(plain, 0, 2).expected
    np.testing.assert_allclose(none, own, rtol=0, atol=2e-4 * float(own.max()))


def test_a_psf_that_pixels_do_not_sample_is_refused():
    with pytest.raises(
        ValueError, match=r"psf\.spikes need a fwhm of 1\.5 pixels or more, got down to 1"
    ):
        recipe(fwhm=1)
    with pytest.raises(ValueError, match=r"psf\.spikes\.count"):
        recipe({"count": 5})
