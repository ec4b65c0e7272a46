"""Faint galaxies behind the sources: how many, how bright, and nowhere told."""

import numpy as np
import pytest
import xarray as xr

from skybench.generators import Sersic
from skybench.generators.generate import generate_as_stored
from skybench.generators.recipe_file import recipe_from
from skybench.generators.sky.background import galaxies, stars
from skybench.generators.sky.bands import sample

DEEP = {
    "name": "deep",
    "task": "regression",
    "targets": ["flux"],
    "samples": 1000,
    "image": {"shape": [48, 60], "expected": True, "zeropoint": 30, "ivar": True},
    "noise": {"sky_level": 20, "read_noise": 2},
    "sources": {"star": {"profile": "star", "flux": 2000}},
}
FAINT = {"depth": 24, "faintest": 26}


def recipe(background=FAINT, **changes):
    image = DEEP["image"] | changes.pop("image", {})
    return recipe_from({**DEEP, "background": background, "image": image, **changes})


def catalogue(rows=400, **changes):
    own = recipe(**changes)
    return galaxies(own, sample(own, 0, rows))


def magnitudes(found):
    flux = found.flux.values
    return 30 - 2.5 * np.log10(flux[~np.isnan(flux)])


def test_there_are_as_many_as_surveys_count():
    found = catalogue()
    inside = (abs(found.source_x - 29.5) < 30) & (abs(found.source_y - 23.5) < 24)
    # 46 (10^0.31 - 10^-0.31) = 71.4 a square arcminute, on 48 x 60 pixels of 0.26".
    expected = 71.4 * 48 * 60 * (0.26 / 60) ** 2
    counts = inside.sum("source").values
    assert counts.mean() == pytest.approx(expected, abs=4 * np.sqrt(expected / 400))
    # Poisson numbers: the variance is the mean.
    assert counts.var() == pytest.approx(expected, rel=0.25)


def test_magnitudes_follow_the_slope_of_the_counts():
    found = magnitudes(catalogue())
    assert 24 <= found.min() < found.max() <= 26
    # N(< 25) over N(< 26), both from 24 on: (10^0.31 - 1) / (10^0.62 - 1).
    assert np.mean(found < 25) == pytest.approx(1.0417 / 3.1687, abs=0.025)


def test_sizes_are_those_of_faint_discs():
    found = catalogue()
    size = found.half_light_radius.values * 0.26
    near = np.abs(30 - 2.5 * np.log10(found.flux.values) - 25) < 0.1
    # 1.678 exp(-1.145 - 0.269 x 2) arcseconds at magnitude 25.
    assert np.median(size[near]) == pytest.approx(0.312, rel=0.06)


def test_images_have_their_light_and_nothing_else_of_them():
    plain, deep = (generate_as_stored(recipe(b), 0, 3) for b in (None, FAINT))
    assert set(plain.variables) == set(deep.variables)
    for name in plain.coords:
        xr.testing.assert_identical(plain[name].variable, deep[name].variable)
    more = deep.expected.values - plain.expected.values
    assert more.min() > -1e-2
    for one in range(3):
        assert more[one].sum() > 100
    assert deep.attrs["background_depth"] == 24
    assert "background_depth" not in plain.attrs


def test_the_light_is_that_of_each_galaxy_by_itself():
    own = recipe()
    found = galaxies(own, sample(own, 5, 6)).isel(sample=0)
    alone = np.zeros((48, 60))
    for slot in range(found.sizes["source"]):
        one = found.isel(source=slot)
        names = ("flux", "half_light_radius", "sersic_index", "axis_ratio", "position_angle")
        shape = {name: float(one[name]) for name in names}
        place = {"x": float(one.source_x), "y": float(one.source_y)}
        alone += Sersic(**shape, **place, fwhm=3.0, beta=3.0).render((48, 60)).values
    plain, deep = (generate_as_stored(recipe(b), 5, 6).expected.values[0] for b in (None, FAINT))
    np.testing.assert_allclose(deep - plain, alone, rtol=0, atol=2e-4 * deep.max())


def test_expected_and_ivar_describe_the_image():
    ds = generate_as_stored(recipe(), 0, 100)
    pull = (ds.image - ds.expected) * np.sqrt(ds.ivar)
    assert float(pull.mean()) == pytest.approx(0, abs=0.01)
    assert float(pull.var()) == pytest.approx(1, abs=0.02)


def test_a_sample_does_not_depend_on_its_range():
    whole = generate_as_stored(recipe(), 0, 8)
    xr.testing.assert_identical(whole.isel(sample=[6]), generate_as_stored(recipe(), 6, 7))
    other = generate_as_stored(recipe(seed=1), 0, 8)
    assert (other.expected.values != whole.expected.values).any()


def test_bands_see_the_same_galaxies():
    own = recipe(image={"bands": ["g", "r", "f814w"]})
    ds = generate_as_stored(own, 0, 4)
    plain = generate_as_stored(recipe(None, image={"bands": ["g", "r", "f814w"]}), 0, 4)
    more = (ds.expected - plain.expected).sum(("y", "x")).values
    # Blue spirals are fainter in g by 0.45 magnitudes; what is not known does not differ.
    assert np.median(more[:, 0] / more[:, 1]) == pytest.approx(10 ** (-0.4 * 0.45), rel=0.15)
    np.testing.assert_allclose(more[:, 2], more[:, 1], rtol=1e-3)


def test_ends_in_the_wrong_order_are_refused():
    with pytest.raises(ValueError, match="faintest must be above depth"):
        recipe({"depth": 27, "faintest": 26})


def test_a_background_may_be_empty():
    ds = generate_as_stored(recipe({"depth": 10, "faintest": 10.1}), 0, 2)
    assert np.isfinite(ds.expected).all()


def test_stars_are_as_many_as_at_the_pole_times_the_factor():
    own = recipe({"depth": 20, "faintest": 24, "stars": 5})
    found = stars(own, sample(own, 0, 1000))
    inside = (abs(found.source_x - 29.5) < 30) & (abs(found.source_y - 23.5) < 24)
    # 5 x 0.55 (10^0.52 - 1) = 6.36 a square arcminute, on 48 x 60 pixels of 0.26".
    expected = 6.356 * 48 * 60 * (0.26 / 60) ** 2
    assert inside.sum("source").values.mean() == pytest.approx(
        expected, abs=4 * np.sqrt(expected / 1000)
    )
    found = magnitudes(found)
    assert 20 <= found.min() < found.max() <= 24
    # N(< 22) over N(< 24), both from 20 on: (10^0.26 - 1) / (10^0.52 - 1).
    assert np.mean(found < 22) == pytest.approx(0.8197 / 2.3113, abs=0.06)


def test_stars_leave_the_galaxies_where_they_are_and_have_colours():
    bands = {"bands": ["g", "r"]}
    without, with_stars = (
        generate_as_stored(recipe({**FAINT, **more}, image=bands), 0, 40)
        for more in ({}, {"stars": 40})
    )
    assert "background_stars" not in without.attrs
    assert with_stars.attrs["background_stars"] == 40
    assert set(without.variables) == set(with_stars.variables)
    more = (with_stars.expected - without.expected).sum(("sample", "y", "x")).values
    assert more.min() > 0
    # g - r is 0.65 in the mean of what the band is bright in.
    assert 0.3 < more[0] / more[1] < 0.9
    part = generate_as_stored(recipe({**FAINT, "stars": 40}, image=bands), 7, 8)
    xr.testing.assert_identical(with_stars.isel(sample=[7]), part)


def test_neighbours_are_a_background_that_begins_above_the_sources():
    crowded = catalogue(100, background={"depth": 19, "faintest": 25})
    assert magnitudes(crowded).min() < 21.5
