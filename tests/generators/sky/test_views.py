"""One sky seen by two surveys: the packaged pair, and what its views share."""

import galsim
import numpy as np
import pytest

from skybench.errors import RecipeError
from skybench.generators.generate import generate_as_stored
from skybench.generators.recipe_file import load_recipe, recipe_from

ROWS = 200
SEEN_OTHERWISE = {
    *("flux", "flux_band", "half_light_radius"),
    *("signal_to_noise", "feature_signal_to_noise"),
}
"""What of a source is in pixels and electrons, or is how well a survey sees it."""


@pytest.fixture(scope="module")
def views():
    return tuple(
        generate_as_stored(load_recipe(name), 0, ROWS) for name in ("sdss_des", "sdss_des/des")
    )


def test_both_surveys_see_the_same_galaxies_to_the_last_bit(views):
    sdss, des = views
    of_sources = {n for n, v in sdss.coords.items() if v.dims[:2] == ("sample", "source")}
    assert {"magnitude", "half_light_radius_arcsec", "position_angle_north"} <= of_sources
    for name in (of_sources - SEEN_OTHERWISE) | {"sample_id", "label", "split"}:
        np.testing.assert_array_equal(sdss[name], des[name], err_msg=name)


def test_electrons_follow_the_zero_points_of_both(views):
    sdss, des = views
    ours, theirs = (load_recipe(name).image for name in ("sdss_des", "sdss_des/des"))
    apart = np.array([theirs.zeropoint_of(b) - ours.zeropoint_of(b) for b in "gri"])
    ratio = des.flux_band.values[:, 0].astype(float) / sdss.flux_band.values[:, 0]
    np.testing.assert_allclose(ratio, np.tile(10 ** (0.4 * apart), (ROWS, 1)), rtol=3e-5)


def test_arms_are_seen_by_the_survey_that_is_to_see_them(views):
    sdss, des = (ds.feature_signal_to_noise.values[:, 0] for ds in views)
    # SDSS judges, and nearly all galaxies are seen within their attempts.
    assert (sdss >= load_recipe("sdss_des").visibility.least).mean() > 0.98
    assert (des > sdss).all()


@pytest.mark.parametrize("rung", ["clean", "easy", "hard", "alone", "steady", "few_votes"])
def test_rungs_hold_the_same_galaxies(views, rung):
    other = generate_as_stored(f"sdss_des/{rung}", 0, 40)
    for name in ("magnitude", "half_light_radius_arcsec", "arm_contrast", "label"):
        np.testing.assert_array_equal(other[name], views[0][name][:40], err_msg=name)


def test_volunteers_of_a_survey_make_its_set_of_high_probability(views):
    for ds in views:
        spiral, elliptical = (ds.vote_fraction.sel({"class": code}).values for code in (1, 0))
        agreed = (ds.split.values == 2) & ((spiral > 0.985) | (elliptical > 0.926))
        np.testing.assert_array_equal(ds.in_set.values[:, 0], agreed)
        np.testing.assert_array_equal(ds.in_set.values[:, 1], ds.split.values == 2)
        # Nobody who agrees with nearly all others is wrong.
        winner = ds.vote_fraction.values.argmax(axis=1)
        np.testing.assert_array_equal(winner[agreed], ds.label.values[agreed])


def test_ten_thousand_galaxies_have_no_label_to_learn_from():
    recipe = load_recipe("sdss_des/des")
    assert recipe.samples * recipe.splits["unlabelled"] >= 10_000


@pytest.mark.parametrize("name", ["sdss", "des"])
def test_a_galaxy_is_that_of_galsim_in_each_survey(name):
    ds = generate_as_stored(
        recipe_from(
            {
                "name": "one",
                "task": "regression",
                "targets": ["flux"],
                "instrument": name,
                "image": {"shape": [64, 64], "bands": ["r"], "expected": True},
                "scene": {"placement": {"margin": 28}},
                "sources": {
                    "galaxy": {
                        "profile": "sersic",
                        "magnitude": 17.5,
                        "half_light_radius_arcsec": 2.5,
                        "sersic_index": 2,
                        "axis_ratio": 0.6,
                        "position_angle_north": 30,
                    }
                },
            }
        ),
        0,
        1,
    )
    scale = ds.attrs["pixel_scale_arcsec"]
    flux = 10 ** (0.4 * (float(ds.zeropoint[0]) - 17.5))
    # North is up and east left: 30 degrees east of north are 120 degrees from +x.
    galaxy = galsim.Sersic(n=2, half_light_radius=2.5 * 0.6**0.5, flux=flux)
    galaxy = galaxy.shear(q=0.6, beta=120 * galsim.degrees)
    psf = galsim.Moffat(beta=3, fwhm=float(ds.psf_fwhm[0, 0]) * scale)
    at = (float(ds.source_x[0, 0]) - 31.5) * scale, (float(ds.source_y[0, 0]) - 31.5) * scale
    fine = galsim.GSParams(folding_threshold=1e-4, maxk_threshold=1e-4, maximum_fft_size=16384)
    seen = galsim.Convolve([galaxy, psf], gsparams=fine).shift(*at)
    theirs = seen.drawImage(nx=64, ny=64, scale=scale).array
    assert np.abs(ds.expected.values[0, 0] - theirs).max() < 1e-3 * theirs.max()


@pytest.mark.parametrize(
    ("visibility", "said"),
    [
        ({"least": 5, "instrument": "dess"}, "visibility.instrument: unknown instrument 'dess'"),
        ({"least": 0, "instrument": "sdss"}, "give least"),
    ],
)
def test_who_cannot_judge_is_refused(visibility, said):
    with pytest.raises(RecipeError, match=said):
        load_recipe("sdss_des", changes={"visibility": visibility})
