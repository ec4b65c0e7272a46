"""Parameters in units of the sky: against GalSim, a WCS and what the words mean."""

import re

import numpy as np
import pytest
import xarray as xr
from astropy import units as u
from astropy.coordinates import SkyCoord
from astropy.wcs import WCS

from skybench.errors import RecipeError
from skybench.generators.generate import generate, generate_as_stored
from skybench.generators.recipe_file import load_recipe, recipe_from

galsim = pytest.importorskip("galsim")


def uniform(low, high):
    return {"distribution": "uniform", "low": low, "high": high}


def recipe(source=(), **more):
    content = {
        "name": "mine",
        "task": "regression",
        "samples": 1000,
        "image": {"shape": [24, 24], "pixel_scale_arcsec": 0.2, "zeropoint": 27.5},
        "sources": {"galaxy": {"profile": "sersic", **dict(source)}},
        **more,
    }
    return recipe_from(content)


def drawn(*args, **more):
    return generate_as_stored(recipe(*args, **more), 0, 200).isel(source=0)


def test_a_magnitude_is_a_flux_by_the_zero_point():
    ds = drawn({"magnitude": uniform(18, 22)})
    # One electron at 27.5 mag, and 100 times as many five magnitudes brighter.
    expected = 100 ** ((27.5 - ds["magnitude"].values.astype(float)) / 5)
    np.testing.assert_allclose(ds["flux"], expected, rtol=2**-16)
    assert ds["magnitude"].attrs["units"] == "mag"
    assert 18 <= ds["magnitude"].min() < 18.2
    assert 21.8 < ds["magnitude"].max() <= 22


def test_the_zero_point_is_that_of_the_reference_band():
    image = {"shape": [8, 8], "bands": {"g": {"zeropoint": 26}, "r": {"zeropoint": 28}}}
    ds = drawn({"magnitude": 20}, image=image)
    np.testing.assert_allclose(ds["flux"], 10**3.2, rtol=2**-16)


def test_lengths_are_angles_over_the_pixel_scale():
    ds = drawn(
        {"half_light_radius_arcsec": uniform(0.4, 1.5)}, psf={"fwhm_arcsec": uniform(0.5, 1)}
    )
    for pixels, arcsec in (
        ("half_light_radius", "half_light_radius_arcsec"),
        ("psf_fwhm", "psf_fwhm_arcsec"),
    ):
        np.testing.assert_allclose(ds[pixels], ds[arcsec].astype(float) / 0.2, rtol=2**-16)
        assert ds[arcsec].attrs["units"] == "arcsec"


@pytest.mark.parametrize(("east", "step"), [("left", -1), ("right", 1)])
def test_angles_from_north_are_those_of_a_wcs(east, step):
    image = {"shape": [24, 24], "zeropoint": 27.5, "east": east}
    ds = drawn({"position_angle_north": uniform(-90, 200)}, image=image)
    wcs = WCS(naxis=2)
    wcs.wcs.ctype, wcs.wcs.crval = ["RA---TAN", "DEC--TAN"], [150, 20]
    wcs.wcs.cdelt = [step * 1e-4, 1e-4]
    angle = np.radians(ds["position_angle"].values.astype(float))
    # The end of the major axis on the sky, seen from the centre.
    centre = SkyCoord(150, 20, unit="deg")
    end = wcs.pixel_to_world(
        wcs.wcs.crpix[0] - 1 + np.cos(angle), wcs.wcs.crpix[1] - 1 + np.sin(angle)
    )
    found = centre.position_angle(end).to_value(u.deg)
    difference = (found - ds["position_angle_north"].values + 180) % 360 - 180
    assert np.abs(difference).max() < 0.01


@pytest.mark.parametrize("letter", ["e", "g"])
def test_ellipticities_are_those_of_galsim(letter):
    ds = drawn({f"{letter}1": uniform(-0.6, 0.6), f"{letter}2": uniform(-0.5, 0.5)})
    for one in (ds.isel(sample=i) for i in range(50)):
        first, second = float(one[f"{letter}1"]), float(one[f"{letter}2"])
        shear = galsim.Shear(**{f"{letter}1": first, f"{letter}2": second})
        assert float(one["axis_ratio"]) == pytest.approx(shear.q, rel=1e-5)
        assert float(one["position_angle"]) == pytest.approx(shear.beta / galsim.degrees, rel=1e-5)


def test_other_pixels_and_zero_points_have_the_same_sky_to_the_last_bit():
    words = ["magnitude", "half_light_radius_arcsec", "position_angle_north", "psf_fwhm_arcsec"]
    source = {
        "magnitude": uniform(18, 22),
        "half_light_radius_arcsec": {
            "distribution": "trend",
            "of": "magnitude",
            "value": 0.8,
            "slope": -0.1,
            "pivot": 20,
            "scatter": 0.1,
            "low": 0.2,
            "high": 2,
        },
        "position_angle_north": uniform(0, 180),
    }
    psf = {"fwhm_arcsec": uniform(0.8, 1.2)}
    sdss, des = (
        drawn(
            source, psf=psf, image={"shape": [8, 8], "pixel_scale_arcsec": scale, "zeropoint": zero}
        )
        for scale, zero in ((0.396, 26.1), (0.263, 30.0))
    )
    for word in words:
        xr.testing.assert_identical(sdss[word].variable, des[word].variable)
    np.testing.assert_allclose(des["flux"] / sdss["flux"], 10 ** (0.4 * 3.9), rtol=1e-4)
    ratio = des["half_light_radius"] / sdss["half_light_radius"]
    np.testing.assert_allclose(ratio, 0.396 / 0.263, rtol=1e-4)


def test_what_is_said_in_both_ways_gives_the_same_image():
    source = {"magnitude": 20.0, "half_light_radius_arcsec": 1.0, "g1": 0.0, "g2": 0.25}
    ours = {"flux": 1000.0, "half_light_radius": 5.0, "axis_ratio": 0.6, "position_angle": 45}
    noiseless = {"noise": {"sky_level": 0, "read_noise": 0, "shot": False}}
    first, second = (generate(recipe(s, **noiseless), 2).image for s in (source, ours))
    np.testing.assert_allclose(first.values, second.values, atol=1)


def test_lensed_sources_are_spelled_too():
    content = {"profile": "lens", "lensed_magnitude": 22, "einstein_radius_arcsec": 1.2}
    ds = generate_as_stored(recipe(content), 0, 3)
    np.testing.assert_allclose(ds["einstein_radius"], 6, rtol=1e-5)
    np.testing.assert_allclose(ds["lensed_flux"], 10**2.2, rtol=1e-5)


def test_colours_and_redshifts_follow_the_magnitude():
    points = {"distribution": "lookup", "of": "magnitude", "points": [[18, 0.2], [22, 1.0]]}
    image = {"shape": [8, 8], "zeropoint": 28, "bands": ["g", "r"]}
    source = {"magnitude": uniform(18, 22), "colour": points, "redshift": points}
    ds = drawn(source, image=image)
    expected = 0.2 * (ds["magnitude"].values - 18) + 0.2
    np.testing.assert_allclose(ds["redshift"], expected, rtol=1e-5)
    colour = -2.5 * np.log10(ds["flux_band"][:, 0] / ds["flux_band"][:, 1])
    assert np.std(colour - expected) == pytest.approx(0.04, rel=0.2)


def test_spellings_are_recorded_as_written_and_read_again():
    first = recipe({"magnitude": uniform(18, 22)}, psf={"fwhm_arcsec": 0.7})
    again = recipe_from(first.model_dump(mode="json"))
    assert again == first
    assert "flux" not in first.model_dump()["sources"]["galaxy"]
    # What varies is to be predicted, in the words of the recipe.
    assert "magnitude" in first.targets
    assert "flux" not in first.targets


def test_recipes_without_them_are_recorded_as_before():
    content = load_recipe("sky").model_dump(mode="json")
    assert "catalogue" not in content
    assert "east" not in content["image"]
    assert "fwhm_arcsec" not in content["psf"]
    assert all("redshift" not in source for source in content["sources"].values())


@pytest.mark.parametrize(
    ("source", "message"),
    [
        ({"magnitude": 20, "flux": 100}, "magnitude and flux say the same; give one of them"),
        ({"e1": 0.1}, "e2 is missing: e1 and e2 are given together"),
        ({"e1": 0.1, "e2": 0, "axis_ratio": 0.5}, "e1 and e2 and axis_ratio say the same"),
        (
            {"g1": 0.1, "g2": 0, "position_angle_north": 3},
            "position_angle_north and g1 and g2 both say the position_angle",
        ),
        ({"e1": uniform(-0.9, 0.9), "e2": uniform(-0.9, 0.9)}, "axis_ratio can be 0 to 1, outside"),
        ({"magnitude": uniform(-20, 20)}, "flux can be 1000 to 1e+19, outside its domain"),
        ({"magnitud": 20}, "unknown parameter of sersic 'magnitud'; did you mean 'magnitude'"),
        (
            {
                "magnitude": 20,
                "half_light_radius": {
                    "distribution": "trend",
                    "of": "mag",
                    "value": 1,
                    "slope": 0,
                    "low": 1,
                    "high": 2,
                },
            },
            "unknown parameter 'mag'",
        ),
        ({"redshift": uniform(-1, 2)}, "redshift can be -1 to 2, outside its domain [0, 20]"),
    ],
)
def test_mistakes_are_told(source, message):
    with pytest.raises(ValueError, match=re.escape(message)):
        recipe(source)


def test_a_magnitude_needs_a_zero_point(tmp_path):
    path = tmp_path / "mine.yaml"
    path.write_text(
        "name: mine\ntask: classification\nsources:\n"
        "  a: {profile: star, magnitude: 20}\n  b: {profile: sersic}\n"
    )
    with pytest.raises(RecipeError, match=r"sources.a.magnitude needs image.zeropoint, the AB mag"):
        load_recipe(path)


def test_the_psf_is_said_once():
    with pytest.raises(ValueError, match="fwhm_arcsec and fwhm say the same"):
        recipe(psf={"fwhm": 2, "fwhm_arcsec": 0.8})
