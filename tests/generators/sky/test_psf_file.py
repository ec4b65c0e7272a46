"""Recipes whose PSF is in a file: an image, or PSFEx's model."""

import json
import pickle

import numpy as np
import pytest
import xarray as xr
import yaml
from astropy.io import fits

from skybench.errors import RecipeError
from skybench.generators import Star
from skybench.generators.generate import generate, generate_as_stored
from skybench.generators.recipe_file import load_recipe, recipe_from
from skybench.generators.sky.source_light import expected
from skybench.release.building.build import build


def moffat(fwhm, side=31):
    return Star(flux=1.0, fwhm=fwhm, beta=4.0).render((side, side)).values


def psfex(path, basis, degree, sampling=1.0):
    table = fits.BinTableHDU.from_columns(
        [fits.Column("PSF_MASK", f"{basis.size}E", dim=str(basis.shape[::-1]), array=[basis])]
    )
    cards = {"PSF_SAMP": sampling, "POLNAXIS": 2, "POLDEG1": degree}
    for axis, name in enumerate(("X_IMAGE", "Y_IMAGE"), 1):
        cards |= {f"POLNAME{axis}": name, f"POLZERO{axis}": 101.0, f"POLSCAL{axis}": 100.0}
    table.header.update(cards)
    fits.HDUList([fits.PrimaryHDU(), table]).writeto(path, overwrite=True)


CONTENT = {
    "name": "seen",
    "task": "regression",
    "targets": ["flux"],
    "samples": 12,
    "image": {"shape": [41, 41], "expected": True},
    "psf": {"profile": "image", "file": "psf.fits"},
    "scene": {"placement": {"margin": 20}},
    "noise": {"scale": 0},
    "sources": {"star": {"profile": "star", "flux": 1e5}},
}


@pytest.fixture
def folder(tmp_path):
    fits.writeto(tmp_path / "psf.fits", moffat(4.0))
    return tmp_path


def written(folder, **changes):
    path = folder / "seen.yaml"
    path.write_text(yaml.safe_dump(CONTENT | changes, sort_keys=False), encoding="utf-8")
    return path


def seen(recipe):
    return generate_as_stored(recipe, 0, 3)


def test_a_star_is_the_image(folder):
    ds = seen(load_recipe(written(folder)))
    image = moffat(4.0)
    # The image is at whole pixels where the star is in the middle of one.
    centred = ds.isel(sample=[0]).assign_coords(
        source_x=(("sample", "source"), [[20.0]]), source_y=(("sample", "source"), [[20.0]])
    )
    drawn = expected(centred, (41, 41))[0, 5:36, 5:36] / 1e5
    np.testing.assert_allclose(drawn, image / image.sum(), atol=2e-4 * image.max())
    assert ds.psf_fwhm.values == pytest.approx(4.0, rel=0.03)  # the pixel widens it
    assert "psf_beta" not in ds


def test_finer_images_are_as_wide_as_they_say(folder):
    psf = {"profile": "image", "file": "psf.fits", "oversampling": 2}
    ds = seen(load_recipe(written(folder, psf=psf)))
    assert ds.psf_fwhm.values == pytest.approx(2.0, rel=0.03)
    np.testing.assert_array_equal(np.diff(ds.psf_x), 0.5)


def test_psfex_is_taken_at_a_place_of_its_chip(folder):
    broad, narrow = moffat(5.0), moffat(4.0)
    basis = np.stack([broad, narrow - broad, np.zeros_like(broad)])
    psfex(folder / "psf.fits", basis, 1)
    for place, truth in (({}, broad), ({"x": 200, "y": 7}, narrow), ({"x": 100.0}, broad)):
        psf = {"profile": "psfex", "file": "psf.fits", **place}
        image = seen(load_recipe(written(folder, psf=psf))).psf_image.values
        # u = (200 + 1 - 101) / 100 = 1 at 200, and 0 in the middle, at 100.
        np.testing.assert_allclose(image, truth / truth.sum(), atol=1e-5 * truth.max())


def test_bands_have_their_own_files(folder):
    fits.writeto(folder / "r.fits", moffat(3.0))
    psf = {"profile": "image", "file": {"g": "psf.fits", "r": "r.fits"}}
    image = {"shape": [41, 41], "bands": ["g", "r"], "expected": True}
    ds = seen(load_recipe(written(folder, psf=psf, image=image)))
    assert ds.psf_image.dims == ("band", "psf_y", "psf_x")
    assert ds.psf_fwhm.values[0] == pytest.approx([4.0, 3.0], rel=0.04)
    one = load_recipe(written(folder, image=image))
    alike = seen(one)
    np.testing.assert_allclose(ds.expected[:, 0], alike.expected[:, 0])
    assert (ds.expected[:, 1] != alike.expected[:, 1]).any()


def test_images_are_drawn_again_from_a_store(folder, tmp_path):
    recipe = load_recipe(written(folder))
    path = tmp_path / "seen.zarr"
    build(recipe, str(path), workers=1, progress=False)
    (folder / "psf.fits").unlink()
    ds = xr.open_zarr(path)
    again = expected(ds.reset_coords(drop=False).set_coords(list(ds.variables)), (41, 41))
    np.testing.assert_allclose(ds.expected, again, rtol=2.0**-12)


def test_it_travels_with_the_recipe_and_is_recorded_by_its_hash(folder):
    recipe = load_recipe(written(folder))
    recorded = json.loads(recipe.model_dump_json())
    ds = generate(recipe, 3)
    assert recorded["psf"]["file"] == "psf.fits"
    xr.testing.assert_identical(generate(recipe_from(recorded, folder=folder), 3), ds)
    elsewhere = recipe_from(recorded)
    for copy in (
        pickle.loads(pickle.dumps(recipe)),
        recipe_from(json.loads(recipe.portable_json)),
    ):
        xr.testing.assert_identical(generate(copy, 3), ds)
    with pytest.raises(
        RecipeError, match=r"the PSF psf\.fits is not at hand, whose hash is sha256:"
    ):
        generate(elsewhere, 3)
    fits.writeto(folder / "psf.fits", moffat(4.1), overwrite=True)
    with pytest.raises(ValueError, match=r"psf\.sha256: the PSF has the hash"):
        recipe_from(recorded, folder=folder)


def test_a_change_reads_the_files_again(folder):
    recipe = load_recipe(written(folder))
    fits.writeto(folder / "other.fits", moffat(5.0))
    other = load_recipe(recipe, changes={"psf.file": "other.fits"})
    assert generate(other, 1).psf_fwhm.item() == pytest.approx(5.0, rel=0.03)
    same = load_recipe(recipe, changes={"noise.scale": 0.5})
    assert same.psf == recipe.psf
    bare = {f"psf.{key}": None for key in ("file", "sha256", "fwhm")}
    plain = load_recipe(recipe, changes=bare | {"psf.profile": "moffat"})
    assert generate(plain, 1).psf_fwhm.item() == 3


@pytest.mark.parametrize(
    ("psf", "said"),
    [
        ({"profile": "image", "file": "nowhere.fits"}, "psf.file: there is no file nowhere.fits"),
        ({"profile": "image"}, "an image needs the file that it is in"),
        ({"profile": "psfex", "file": "psf.fits"}, "psf.fits is of profile image"),
        ({"file": "psf.fits", "profile": "moffat"}, "a moffat has no file"),
        ({"profile": "image", "file": "psf.fits", "x": 3}, "an image has no x"),
        ({"profile": "image", "file": "psf.fits", "beta": 2}, "an image has no beta"),
        ({"profile": "image", "file": "psf.fits", "fwhm": 2}, "a measured PSF has its own fwhm"),
        ({"profile": "image", "file": {"g": "psf.fits"}}, "one for each band.*are: none"),
        ({"profile": "image", "file": "seen.yaml"}, "psf.file: "),
    ],
)
def test_what_is_wrong_is_told(folder, psf, said):
    with pytest.raises(RecipeError, match=said):
        load_recipe(written(folder, psf=psf))


def test_sums_other_than_1_are_told(folder):
    fits.writeto(folder / "psf.fits", 7 * moffat(4.0), overwrite=True)
    with pytest.raises(RecipeError, match=r"psf.file: the PSF is not normalised.*sum to 6\.9"):
        load_recipe(written(folder))
