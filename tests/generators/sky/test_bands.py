import json

import numpy as np
import pytest
import xarray as xr
from jsonschema import Draft202012Validator

from skybench.errors import ParameterError
from skybench.generators.generate import generate_as_stored
from skybench.generators.recipe_file import recipe_from, recipe_schema
from skybench.generators.sky.images import render

GRZ = {"shape": [20, 24], "pixel_scale_arcsec": 0.26, "bands": ["g", "r", "z"]}


def recipe(content, image=None, **changes):
    return recipe_from({**content, "image": {**GRZ, **(image or {})}, **changes})


def test_one_line_gives_images_of_all_bands_with_their_weights(small):
    ds = generate_as_stored(recipe(small, {"ivar": True}), 0, 4)
    assert ds.image.dims == ds.ivar.dims == ("sample", "band", "y", "x")
    assert ds.image.shape == (4, 3, 20, 24)
    assert ds.image.dtype == np.int32
    assert ds.ivar.dtype == np.float32
    assert ds.band.attrs["flag_meanings"] == "g r z"
    assert ds.flux_band.dims == ("sample", "source", "band")
    assert ds.psf_fwhm.dims == ds.sky_level.dims == ds.read_noise.dims == ("sample", "band")
    assert ds.attrs["reference_band"] == "r"


def test_no_rows_have_the_form_of_some(small):
    own = recipe(small, {"ivar": True})
    none, some = generate_as_stored(own, 0, 0), generate_as_stored(own, 0, 2)
    assert {n: (v.dims, v.dtype) for n, v in none.variables.items()} == {
        n: (v.dims, v.dtype) for n, v in some.variables.items()
    }


def test_rows_do_not_depend_on_the_range(small):
    whole = recipe(small, {"ivar": True, "expected": True, "segmentation": True})
    xr.testing.assert_identical(
        generate_as_stored(whole, 0, 9).isel(sample=[7]), generate_as_stored(whole, 7, 8)
    )


def test_reference_band_is_the_image_without_bands(small):
    alone = generate_as_stored(recipe(small, {"bands": [], "expected": True}), 0, 5)
    ds = generate_as_stored(recipe(small, {"expected": True}), 0, 5)
    for name in ("psf_fwhm", "sky_level", "read_noise", "expected"):
        np.testing.assert_array_equal(ds[name].isel(band=1), alone[name])
    np.testing.assert_array_equal(ds.flux_band[..., 1], ds.flux)
    np.testing.assert_array_equal(ds.flux, alone.flux)


def test_stored_coordinates_render_the_same_again(small):
    own = recipe(small, {"expected": True})
    ds = generate_as_stored(own, 0, 5)
    again = render(own, ds.drop_vars(list(ds.data_vars)))
    np.testing.assert_array_equal(again["expected"].values, ds.expected.values)
    np.testing.assert_array_equal(again["image"].values, ds.image.values)


def test_each_band_holds_its_own_flux(small):
    # One star a sample without PSF: all its light is in one pixel.
    scene = {"count": 1, "placement": {"margin": 4}}
    classes = {"one": {"sources": ["bright"]}, "two": {"sources": ["faint"]}}
    sources = {name: small["sources"][name] for name in ("bright", "faint")}
    changes = {"scene": scene, "classes": classes, "sources": sources, "psf": {"fwhm": 0}}
    ds = generate_as_stored(recipe(small, {"expected": True}, **changes), 0, 6)
    np.testing.assert_allclose(ds.expected.max(("y", "x")), ds.flux_band[:, 0], rtol=2e-4)


def test_sky_and_seeing_follow_the_names_of_the_bands(small):
    ds = generate_as_stored(recipe(small), 0, 3)
    # Sky g : r : z is 0.38 : 1 : 9; seeing goes as wavelength^-0.2, (477 / 623)^-0.2 = 1.0549.
    assert ds.sky_level[0].values == pytest.approx([50 * 0.38, 50, 450], rel=1e-4)
    assert (ds.psf_fwhm[:, 0] / ds.psf_fwhm[:, 1]).values == pytest.approx(1.0549, rel=1e-4)
    assert (ds.psf_fwhm[:, 2] < ds.psf_fwhm[:, 1]).all()
    assert (ds.read_noise == 3).all()


def test_galaxies_without_stars_are_red_and_stars_scatter(small):
    ds = generate_as_stored(recipe(small))
    colour = -2.5 * np.log10(ds.flux_band[..., 0] / ds.flux_band[..., 1]).values
    kind = ds.kind.values
    # g - r is 0.75 +- 0.1 for ellipticals and 0.7 +- 0.4 for stars, each with scatter 0.04.
    assert np.mean(colour[kind == 2]) == pytest.approx(0.75, abs=0.02)
    assert np.std(colour[kind == 2]) < 0.15
    assert np.std(colour[kind == 1]) > 0.3
    z = -2.5 * np.log10(ds.flux_band[..., 1] / ds.flux_band[..., 2]).values
    assert np.corrcoef(colour[kind == 1], z[kind == 1])[0, 1] > 0.95


def test_a_mapping_replaces_what_names_stand_for(small):
    bands = {
        "g": {
            "fwhm": 4,
            "sky_level": {"distribution": "uniform", "low": 7, "high": 9},
            "read_noise": 1,
            "zeropoint": 27.5,
            "flux_ratio": {
                "bright": 0.5,
                "galaxy": {"distribution": "uniform", "low": 2, "high": 3},
            },
        },
        "r": {},
    }
    ds = generate_as_stored(recipe(small, {"bands": bands}))
    assert (ds.psf_fwhm[:, 0] == 4).all()
    assert ((ds.sky_level[:, 0] >= 7) & (ds.sky_level[:, 0] <= 9)).all()
    assert (ds.read_noise[:, 0] == 1).all()
    assert ds.zeropoint.values.tolist() == [27.5, 25]
    # 2.5 magnitudes deeper, ten times the electrons.
    ratio = (ds.flux_band[..., 0] / ds.flux).values
    bright = ds.flux.values == 20000
    assert ratio[bright] == pytest.approx(5, rel=1e-4)
    galaxies = ratio[ds.kind.values == 2]
    assert galaxies.min() >= 19.99
    assert galaxies.max() <= 30.01


def test_unknown_bands_are_like_the_reference_but_for_their_noise(small):
    ds = generate_as_stored(recipe(small, {"bands": ["one", "two"], "ivar": True}), 0, 60)
    assert ds.attrs["reference_band"] == "one"
    for name in ("flux_band", "sky_level", "psf_fwhm"):
        np.testing.assert_array_equal(ds[name][..., 0], ds[name][..., 1])
    # Unrelated noise: the variance of the difference is the sum of both.
    difference = (ds.image[:, 0] - ds.image[:, 1]).values
    variance = (1 / ds.ivar).sum("band").values
    assert (difference**2 / variance).mean() == pytest.approx(1, abs=0.03)


def test_no_band_changes_when_another_is_added(small):
    two = generate_as_stored(recipe(small, {"bands": ["r", "z"]}), 0, 5)
    three = generate_as_stored(recipe(small, {"bands": ["r", "g", "z"]}), 0, 5)
    np.testing.assert_array_equal(two.image, three.image[:, [0, 2]])
    np.testing.assert_array_equal(two.flux_band, three.flux_band[..., [0, 2]])


def test_order_of_bands_survives_json(small):
    first = recipe(small, {"bands": ["z", "g", "r"]})
    shuffled = json.loads(json.dumps(first.model_dump(mode="json"), sort_keys=True))
    assert recipe_from(shuffled) == first
    assert list(recipe_from(shuffled).image.bands) == ["z", "g", "r"]


def test_the_json_schema_knows_both_forms(small):
    schema = Draft202012Validator(recipe_schema())
    for bands in (["g", "r"], {"g": {"fwhm": 3}, "r": {}}):
        schema.validate({**small, "family": "sky", "image": {**GRZ, "bands": bands}})


@pytest.mark.parametrize(
    ("image", "expected"),
    [
        ({"bands": ["g", "g"]}, "a band is there twice"),
        ({"bands": {"g": {"flux_ratio": {"brigth": 1}}}}, "did you mean 'bright'"),
        ({"bands": {"g": {"flux_ratio": {"bright": -1}}}}, "must be 0 or more"),
        ({"bands": {"g": {"fwhm": 1000}}}, "outside its domain"),
        ({"reference_band": "i"}, "unknown band 'i'"),
        ({"bands": {"r": {}, "g": {"zeropoint": 90}}}, "sky_level in band g can be"),
    ],
)
def test_what_cannot_be_is_refused(small, image, expected):
    with pytest.raises(ValueError, match=expected):
        recipe(small, image)


def test_targets_with_a_value_a_band_are_refused(small):
    with pytest.raises(ValueError, match="sky_level has a value a band"):
        recipe(small, task="regression", targets=["sky_level"])


def test_a_flux_that_leaves_its_domain_is_refused_by_name(small):
    bands = {"r": {}, "z": {"flux_ratio": {"bright": 1e9}}}
    with pytest.raises(ParameterError, match=r"flux_band must be in \[0, 1e\+12\], got 2e\+13"):
        generate_as_stored(recipe(small, {"bands": bands}), 0, 20)


def test_sources_without_light_have_none_in_any_band(small):
    for source in small["sources"].values():
        source["flux"] = 0
    small["sources"]["galaxy"]["half_light_radius"] = 2
    options = {"expected": True, "ivar": True, "segmentation": True}
    ds = generate_as_stored(recipe(small, options), 0, 5)
    assert (ds.expected == 0).all()
    assert (ds.segmentation == 0).all()
    assert (ds.flux_band.fillna(0) == 0).all()
