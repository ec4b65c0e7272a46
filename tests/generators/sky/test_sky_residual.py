"""What is left of the sky: how much, where, recorded, as noisy as the sky, off by default."""

import numpy as np
import pytest
import xarray as xr

from skybench.generators.generate import generate_as_stored
from skybench.generators.recipe_file import recipe_from

EMPTY = {
    "name": "left",
    "task": "regression",
    "targets": ["psf_fwhm"],
    "samples": 2000,
    "image": {"shape": [40, 60], "expected": True, "ivar": True},
    "psf": {"fwhm": {"distribution": "uniform", "low": 2, "high": 3}},
    "noise": {"sky_level": 1000, "read_noise": 3},
    "scene": {"count": {"distribution": "choice", "values": [0, 1], "weights": [1, 0]}},
    "sources": {"star": {"profile": "star"}},
}


def drawn(sky, stop=200, **changes):
    return generate_as_stored(recipe_from({**EMPTY, **changes, "sky": sky}), 0, stop)


def test_a_gradient_is_a_plane_of_its_height_and_direction():
    ds = drawn({"gradient": 0.1, "angle": 90}, 1)
    seen = ds.expected.values[0]
    # 1000 electrons of sky, 100 more at the upper border than at the lower, 0 in the mean.
    assert seen.mean() == pytest.approx(0, abs=0.02)
    np.testing.assert_allclose(seen[:, 0], 100 * ((np.arange(40) + 0.5) / 40 - 0.5), rtol=3e-4)
    np.testing.assert_allclose(seen, seen[:, :1] * np.ones(60), rtol=1e-6)
    recorded = [float(ds[f"sky_{key}"][0]) for key in ("gradient", "angle", "residual")]
    assert recorded == pytest.approx([0.1, 90, 0], rel=1e-5)


def test_waves_have_their_strength_and_are_smooth():
    ds = drawn({"residual": 0.02, "length": 20}, 2000)
    seen = ds.expected.values
    # Of 2,000 images: six waves of random phases, whose mean square is 20 electrons squared.
    assert seen.std() == pytest.approx(20, rel=0.02)
    # The steepest of waves of 20 pixels: sqrt(12) x 20 x 2 pi / 20.
    assert np.abs(np.diff(seen, axis=2)).max() < 22
    assert ds.attrs["sky_residual_length"] == 20


@pytest.mark.parametrize("noise", [{}, {"shot": False}, {"correlation": 0.3}, {"scale": 0.5}])
def test_image_and_weights_are_those_of_the_sky_that_is_there(noise):
    ds = drawn({"gradient": 0.6, "residual": 0.05}, 300, noise=EMPTY["noise"] | noise)
    pull = (ds.image - ds.expected) * np.sqrt(ds.ivar)
    assert float(pull.mean()) == pytest.approx(0, abs=0.01)
    assert float(pull.var()) == pytest.approx(1, abs=0.01)
    if noise.get("shot", True):
        # Var is proportional to the sky, where that is brighter and where it is fainter.
        dark, bright = ds.ivar.where(ds.expected < -200), ds.ivar.where(ds.expected > 200)
        assert float(bright.mean()) < 0.75 * float(dark.mean())


def test_bands_have_shares_of_their_own_skies():
    image = EMPTY["image"] | {"bands": ["g", "r"]}
    ds = drawn({"gradient": 0.2, "residual": 0.02}, 5, image=image, targets=["sky_gradient"])
    share = ds.expected / ds.sky_level.astype(float)
    np.testing.assert_allclose(share[:, 0], share[:, 1], atol=1e-4)
    assert ds.sky_gradient.dims == ("sample",)


def test_samples_are_pure_and_recipes_without_a_sky_are_as_before():
    sky = {"gradient": {"distribution": "uniform", "low": 0, "high": 0.2}, "residual": 0.02}
    whole = drawn(sky, 8)
    part = generate_as_stored(recipe_from({**EMPTY, "sky": sky}), 5, 7)
    xr.testing.assert_identical(whole.isel(sample=slice(5, 7)), part)
    plain, none = (recipe_from({**EMPTY, **more}) for more in ({}, {"sky": None}))
    assert '"sky"' not in plain.model_dump_json().replace('"family":"sky"', "")
    xr.testing.assert_identical(generate_as_stored(plain, 0, 3), generate_as_stored(none, 0, 3))
    flat = drawn({}, 3)
    np.testing.assert_array_equal(flat.image, generate_as_stored(plain, 0, 3).image)


def test_a_sky_that_would_be_negative_is_refused():
    with pytest.raises(ValueError, match=r"can take 1\.05 of the sky away"):
        recipe_from({**EMPTY, "sky": {"gradient": 0.5, "residual": 0.2}})
    with pytest.raises(ValueError, match=r"outside its domain"):
        recipe_from({**EMPTY, "sky": {"gradient": -0.1}})
