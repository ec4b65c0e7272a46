"""Colours of sources and of their bulges, from band to band."""

import numpy as np
import pytest
import xarray as xr

from skybench.generators import BulgeDisc
from skybench.generators.generate import generate_as_stored
from skybench.generators.recipe_file import recipe_from
from skybench.generators.sky.images import render

BULGES = {
    "name": "gradients",
    "task": "regression",
    "targets": ["flux"],
    "samples": 50,
    "image": {"shape": [40, 40], "bands": ["g", "r", "i"], "expected": True, "zeropoint": 27},
    "psf": {"fwhm": 2.5},
    "sources": {"galaxy": {"profile": "bulge_disc", "colour": 0.5, "bulge_colour": 0.9}},
}


def recipe(source=None, **changes):
    galaxy = {
        k: v for k, v in (BULGES["sources"]["galaxy"] | (source or {})).items() if v is not None
    }
    return recipe_from({**BULGES, **changes, "sources": {"galaxy": galaxy}})


def test_bulge_and_disc_have_their_own_colours():
    ds = generate_as_stored(recipe(), 0, 40)
    flux, share = ds.flux_band.values[:, 0], ds.bulge_fraction_band.values[:, 0]
    bulge, disc = -2.5 * np.log10(flux * share), -2.5 * np.log10(flux * (1 - share))
    # g - r is the colour, apart from the scatter of 0.04 that bulge and disc share.
    assert np.abs(bulge[:, 0] - bulge[:, 1] - 0.9).std() < 0.06
    assert np.mean(bulge[:, 0] - bulge[:, 1]) == pytest.approx(0.9, abs=0.03)
    assert np.mean(disc[:, 0] - disc[:, 1]) == pytest.approx(0.5, abs=0.03)
    difference = (bulge - disc)[:, 0] - (bulge - disc)[:, 1]
    # Shares are rounded to 16 bits.
    np.testing.assert_allclose(difference, 0.4, atol=1e-3)


def test_in_the_reference_band_all_is_as_the_recipe_gives_it():
    ds = generate_as_stored(recipe(), 0, 10)
    np.testing.assert_array_equal(ds.bulge_fraction_band[..., 1], ds.bulge_fraction)
    np.testing.assert_array_equal(ds.flux_band[..., 1], ds.flux)


def test_the_middle_of_a_galaxy_is_redder_than_its_outskirts():
    ds = generate_as_stored(recipe({"bulge_fraction": 0.5, "half_light_radius": 6}), 0, 5)
    seen = ds.expected.values
    y, x = np.indices((40, 40))
    for one in range(5):
        radius = np.hypot(x - float(ds.source_x[one, 0]), y - float(ds.source_y[one, 0]))
        g, r = (seen[one, band] for band in (0, 1))
        inner, outer = radius < 2, (radius > 6) & (radius < 9)
        assert g[inner].sum() / r[inner].sum() < 0.85 * g[outer].sum() / r[outer].sum()


def test_a_band_is_the_sum_of_a_bulge_and_a_disc():
    ds = generate_as_stored(recipe(), 0, 1)
    names = [n for n in BulgeDisc.defaults if n not in ("flux", "bulge_fraction")]
    own = {name: float(ds[name].values[0, 0]) for name in names}
    place = {
        "x": float(ds.source_x[0, 0]),
        "y": float(ds.source_y[0, 0]),
        "fwhm": float(ds.psf_fwhm[0, 0]),
    }
    flux, share = float(ds.flux_band[0, 0, 0]), float(ds.bulge_fraction_band[0, 0, 0])
    bulge = BulgeDisc(flux=flux * share, bulge_fraction=1, **own, **place).render((40, 40))
    disc = BulgeDisc(flux=flux * (1 - share), bulge_fraction=0, **own, **place).render((40, 40))
    both = (bulge + disc).values
    # The seeing in g is another.
    assert ds.psf_fwhm[0, 0] != ds.psf_fwhm[0, 1]
    np.testing.assert_allclose(ds.expected[0, 0], both, rtol=0, atol=3e-4 * both.max())


def test_stored_coordinates_render_the_same_again():
    ds = generate_as_stored(recipe(), 0, 5)
    again = render(recipe(), ds.drop_vars(list(ds.data_vars)))
    np.testing.assert_array_equal(again["expected"].values, ds.expected.values)
    part = generate_as_stored(recipe(), 3, 4)
    xr.testing.assert_identical(ds.isel(sample=[3]), part)


def test_without_a_colour_of_its_own_a_bulge_is_like_the_rest():
    plain = generate_as_stored(recipe({"bulge_colour": None}), 0, 5)
    same = generate_as_stored(recipe({"bulge_colour": 0.5}), 0, 5)
    assert "bulge_fraction_band" not in plain
    np.testing.assert_array_equal(plain.flux_band, same.flux_band)
    np.testing.assert_array_equal(plain.expected, same.expected)
    assert "bulge_colour" not in recipe({"bulge_colour": None}).model_dump_json()


def test_given_ratios_are_those_of_the_disc():
    image = BULGES["image"] | {"bands": {"r": {}, "f814w": {"flux_ratio": {"galaxy": 1.4}}}}
    ds = generate_as_stored(recipe(image=image), 0, 5)
    np.testing.assert_allclose(ds.flux_band[..., 1], 1.4 * ds.flux, rtol=1e-4)
    np.testing.assert_array_equal(ds.bulge_fraction_band[..., 1], ds.bulge_fraction)


def test_slots_without_a_bulge_or_a_source_have_no_share():
    more = {
        "scene": {"count": {"distribution": "choice", "values": [0, 2]}},
        "targets": ["psf_beta"],
    }
    sources = {"star": {"profile": "star"}, "galaxy": BULGES["sources"]["galaxy"]}
    ds = generate_as_stored(recipe_from(BULGES | more | {"sources": sources}), 0, 20)
    has = ~np.isnan(ds.bulge_fraction.values)
    assert 0 < has.sum() < has.size
    np.testing.assert_array_equal(np.isfinite(ds.bulge_fraction_band.values).all(axis=-1), has)
    np.testing.assert_array_equal(np.isfinite(ds.flux_band).all("band"), np.isfinite(ds.flux))


def test_colours_that_mean_nothing_are_refused():
    with pytest.raises(ValueError, match=r"only bands have colours; add 'bands' to image"):
        recipe(image={"shape": [40, 40]})
    with pytest.raises(ValueError, match="sersic has no bulge; take it out, or use colour"):
        recipe_from(BULGES | {"sources": {"galaxy": {"profile": "sersic", "bulge_colour": 0.9}}})
    scaling = {
        "distribution": "scaling",
        "of": "flux",
        "value": 1,
        "pivot": 1e4,
        "exponent": 0.1,
        "low": 0,
        "high": 1,
    }
    with pytest.raises(ValueError, match="bulge_colour cannot be a scaling"):
        recipe({"bulge_colour": scaling})


CLUMPY = {
    "profile": "flocculent_spiral",
    "colour": 0.7,
    "clump_colour": 0.1,
    "knot_fraction": 0.3,
    "bulge_fraction": 0.2,
}


def clumpy(**changes):
    spec = {k: v for k, v in (CLUMPY | changes).items() if v is not None}
    return recipe_from(BULGES | {"sources": {"galaxy": spec}})


def parts(ds):
    """Return the electrons of bulge, of knots and of the smooth disc: (sample, band) each."""
    flux, bulge, knots = (ds[f"{n}_band"].values[:, 0] for n in PARTS)
    return flux * bulge, flux * (1 - bulge) * knots, flux * (1 - bulge) * (1 - knots)


PARTS = ("flux", "bulge_fraction", "knot_fraction")


@pytest.mark.parametrize("bulge_colour", [None, 1.0])
def test_knots_have_their_own_colour_beside_bulge_and_disc(bulge_colour):
    ds = generate_as_stored(clumpy(bulge_colour=bulge_colour), 0, 20)
    bulge, knots, disc = (-2.5 * np.log10(part) for part in parts(ds))
    excess = (
        (knots - disc)[:, 0] - (knots - disc)[:, 1],
        (bulge - disc)[:, 0] - (bulge - disc)[:, 1],
    )
    # Shares are rounded to 16 bits.
    np.testing.assert_allclose(excess[0], 0.1 - 0.7, atol=1e-3)
    np.testing.assert_allclose(excess[1], (bulge_colour or 0.7) - 0.7, atol=1e-3)
    for name in PARTS:
        np.testing.assert_array_equal(ds[f"{name}_band"][..., 1], ds[name])


def test_knots_that_are_not_there_change_nothing():
    none, plain = (
        generate_as_stored(clumpy(clump_colour=c, knot_count=0), 0, 3) for c in (0.1, None)
    )
    np.testing.assert_array_equal(none.flux_band, plain.flux_band)
    np.testing.assert_array_equal(none.expected, plain.expected)
    with pytest.raises(ValueError, match="bulge_disc has no knots"):
        recipe({"clump_colour": 0.1})


def stars(**changes):
    image = BULGES["image"] | {"bands": ["g", "r", "i", "z"], "shape": [8, 8], "expected": False}
    spec = {"profile": "star"} | changes
    return recipe_from(BULGES | {"image": image, "samples": 5000, "sources": {"star": spec}})


def magnitudes(own, stop=3000):
    return -2.5 * np.log10(generate_as_stored(own, 0, stop).flux_band.values[:, 0])


def test_a_second_colour_moves_what_lies_beyond_the_first():
    plain, moved = (magnitudes(stars(colour=1.4, **more)) for more in ({}, {"second_colour": 0.8}))
    # r - i grows by 0.8 and i - z by 0.55 times that; g - r does not.
    change = np.diff(moved - plain, axis=1)
    np.testing.assert_allclose(change, [[0, -0.8, -0.44]] * len(change), atol=1e-4)
    drawn = {"distribution": "normal", "mean": 0, "sigma": 0.2}
    scattered = magnitudes(stars(colour=1.4, colour_scatter=0, second_colour=drawn))
    assert np.std(scattered[:, 1] - scattered[:, 2]) == pytest.approx(0.2, rel=0.05)


def test_colours_scatter_as_much_as_they_are_asked_to():
    for scatter, expected in ((None, 0.04), (0.15, 0.15), (0, 0)):
        own = stars(colour=0.5) if scatter is None else stars(colour=0.5, colour_scatter=scatter)
        spread = magnitudes(own) - magnitudes(own)[:, 1:2]
        np.testing.assert_allclose(
            spread.std(axis=0), expected * np.array([1, 0, 1, 1]), rtol=0.05, atol=1e-4
        )
    assert "second" not in stars().model_dump_json()
    assert "scatter" not in stars().model_dump_json()
