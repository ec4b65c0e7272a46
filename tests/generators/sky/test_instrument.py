"""Instruments: what their recipes draw is as bright, as sharp and as deep as they say."""

import numpy as np
import pytest

from skybench.errors import RecipeError
from skybench.generators import Star
from skybench.generators.generate import generate_as_stored
from skybench.generators.recipe_file import load_recipe, parse_recipe, recipe_from
from skybench.generators.sky.instrument import instrument, instruments

PAIR = """
name: pair
task: classification
samples: 4000
instrument: sdss
image: {bands: [g, r, i], shape: [48, 48]}
sources:
  star: {profile: star, flux: {distribution: log_uniform, low: 1000, high: 100000}}
  elliptical: {profile: sersic}
rungs:
  des: {instrument: des}
  deep: {instrument: {name: des, exposures: 40}}
"""


def seen_by(name, **more):
    content = {
        "name": "seen",
        "task": "regression",
        "targets": ["flux"],
        "instrument": name,
        "image": {"shape": [105, 105], "expected": True},
        "scene": {"first_margin": 52},
        "detector": None,
        "sources": {"star": {"profile": "star", "flux": 0}},
    }
    return recipe_from(content | more)


def aperture(radius, side=105, at=(52.0, 52.0)):
    """Return the share of each pixel within a circle, of points 20 to the pixel along an axis."""
    fine = (np.arange(20 * side) + 0.5) / 20 - 0.5
    inside = np.hypot(fine - at[0], fine[:, None] - at[1]) < radius
    return inside.reshape(side, 20, side, 20).mean(axis=(1, 3))


@pytest.mark.parametrize("name", instruments())
def test_the_scatter_of_empty_apertures_is_the_depth(name):
    told = instrument(name)
    radius = told.aperture_arcsec / 2 / told.pixel_scale_arcsec
    side = 2 * int(radius) + 3
    share = aperture(radius, side, (side // 2, side // 2))
    empty = generate_as_stored(seen_by(name), 0, 40)
    bright = generate_as_stored(
        seen_by(name, sources={"star": {"profile": "star", "flux": 1e6}}), 0, 1
    )
    at = float(bright.source_x[0, 0]), float(bright.source_y[0, 0])
    for number, band in enumerate(told.bands):
        whole = 105 // side * side
        tiles = empty.image.values[:, number, :whole, :whole].astype(float)
        tiles = tiles.reshape(40, whole // side, side, whole // side, side)
        scatter = np.einsum("iajbk,jk->iab", tiles, share).std()
        star = bright.expected.values[0, number]
        seen = (star * aperture(radius, at=at)).sum() / float(bright.flux_band[0, 0, number])
        faintest = 10 ** (0.4 * (told.zeropoint(band) - told.depth(band)))
        assert 5 * scatter / seen == pytest.approx(faintest, rel=0.05)


@pytest.mark.parametrize("name", instruments())
def test_flux_in_electrons_follows_the_zero_points(name):
    told = instrument(name)
    ratios = {band: {"flux_ratio": {"star": 1}} for band in told.bands}
    image = {"shape": [32, 32], "bands": ratios}
    ds = generate_as_stored(
        seen_by(name, image=image, scene={}, sources={"star": {"profile": "star", "flux": 1e4}}),
        0, 1,
    )  # fmt: skip
    # A source of one AB magnitude: its electrons in T seconds are 10^(0.4 (zeropoint - m)) T.
    rates = [10 ** (0.4 * b.zeropoint) * told.seconds(n) for n, b in told.bands.items()]
    electrons = ds.flux_band.values[0, 0]
    np.testing.assert_allclose(electrons / electrons[0], np.array(rates) / rates[0], rtol=1e-4)


@pytest.mark.parametrize("name", instruments())
def test_depths_are_near_the_published_ones(name):
    # Those of optimal weights are deeper than those of an aperture of 2 arcsec, the more so the
    # sharper the seeing; the zero points and skies of some are derived or another camera's.
    told = instrument(name)
    off = [told.depth(band) - own.depth for band, own in told.bands.items()]
    assert np.abs(off).max() < 0.9
    assert name not in ("des", "euclid_vis") or np.abs(off).max() < 0.15


def test_what_an_instrument_lays_is_recorded_and_read_again():
    recipe = parse_recipe(PAIR, "pair.yaml")
    recorded = recipe.model_dump(mode="json")
    assert recorded["image"]["pixel_scale_arcsec"] == 0.396
    assert recorded["image"]["bands"]["g"]["fwhm"]["value"] == pytest.approx(1.39 / 0.396)
    assert recipe_from(recorded) == recipe
    assert recipe_from(recorded).model_dump(mode="json") == recorded


def test_a_view_is_a_rung_with_the_same_sky():
    sdss, des = (parse_recipe(PAIR, "pair.yaml", rung) for rung in (None, "des"))
    ours, theirs = (generate_as_stored(recipe, 7, 9) for recipe in (sdss, des))
    for name in ("sample_id", "label", "flux", "half_light_radius", "axis_ratio", "sersic_index"):
        np.testing.assert_array_equal(ours[name], theirs[name])
    assert ours.attrs["instrument"] == "sdss"
    assert theirs.attrs["pixel_scale_arcsec"] == 0.263
    assert theirs.attrs["instrument_depth_r"] > ours.attrs["instrument_depth_r"] + 2


def test_four_times_the_exposures_are_three_quarters_of_a_magnitude_deeper():
    # Where the sky outweighs the read noise, depth grows by 2.5 log10(sqrt(4)) = 0.753.
    des, deep = (parse_recipe(PAIR, "pair.yaml", rung) for rung in ("des", "deep"))
    gain = deep.attributes["instrument_depth_r"] - des.attributes["instrument_depth_r"]
    assert gain == pytest.approx(0.753, abs=2e-3)


def test_another_instrument_can_be_asked_for_in_memory():
    recipe = parse_recipe(PAIR, "pair.yaml")
    changed = load_recipe(recipe, changes={"instrument": "des"})
    des = parse_recipe(PAIR, "pair.yaml", "des")
    assert changed.image == des.image
    assert changed.noise == des.noise
    assert changed.psf == des.psf


def test_what_the_recipe_says_itself_stays():
    own = {"distribution": "uniform", "low": 3.0, "high": 4.0}
    recipe = seen_by("des", psf={"fwhm": own}, noise={"read_noise": 3})
    ds = generate_as_stored(recipe, 0, 30)
    assert ((ds.psf_fwhm.sel(band=1) >= 3) & (ds.psf_fwhm.sel(band=1) <= 4)).all()
    assert (ds.read_noise == 3).all()
    assert "mask" not in ds


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ("instrument: dess", r"unknown instrument 'dess'; did you mean 'des'"),
        ("instrument: {name: des, bands: [u]}", r"unknown band 'u'"),
        ("instrument: {name: des, exposure: 3}", r"instrument\.exposure"),
        ("instrument: [des]", r"instrument"),
    ],
)
def test_what_no_instrument_has_is_refused(change, said):
    text = PAIR.replace("instrument: sdss\n", f"{change}\n").replace("bands: [g, r, i], ", "")
    with pytest.raises(RecipeError, match=said):
        parse_recipe(text, "pair.yaml")


@pytest.mark.parametrize(
    ("bands", "said"),
    [
        ("[g, g]", "a band is there twice"),
        ("[[g]]", "each band in the list must be a name"),
        ("3", r"image\.bands"),
        ("[g, r], reference_band: q", "unknown band 'q'"),
    ],
)
def test_bands_that_are_none_are_told_as_without_an_instrument(bands, said):
    with pytest.raises(RecipeError, match=said):
        parse_recipe(PAIR.replace("[g, r, i]", bands), "pair.yaml")


def test_recipes_without_an_instrument_know_nothing_of_it():
    assert "instrument" not in load_recipe("sky").model_dump()


@pytest.mark.parametrize(("name", "band"), [("des", "r"), ("euclid_vis", None), ("lsst", "i")])
def test_a_single_object_is_observed_by_an_instrument(name, band):
    told, shown = instrument(name), band or next(iter(instrument(name).bands))
    image = Star(flux=1e6, x=20, y=20).observe((41, 41), instrument=name, band=band)
    assert float(image.psf_fwhm) == pytest.approx(told.fwhm(shown), rel=1e-4)
    assert float(image.sky_level) == pytest.approx(told.sky_level(shown), rel=1e-4)
    share = float((image * aperture(told.fwhm(shown), 41, (20, 20))).sum()) / 1e6
    assert share == pytest.approx(told.enclosed(shown, told.fwhm(shown)), abs=0.03)


def test_a_band_that_the_instrument_lacks_is_refused():
    with pytest.raises(RecipeError, match="des: unknown band 'u'; it can be g, i, r, z"):
        Star(seed=1).observe(instrument="des", band="u")
