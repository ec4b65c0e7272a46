import numpy as np
import pytest
from astropy.io import fits
from survey_frames import make_frame

from skybench.errors import ParameterError
from skybench.generators import Star
from skybench.survey.inject import inject
from skybench.survey.psf import ImagePsf, MoffatPsf, as_psf

STAR = {"profile": ["star"], "magnitude": [19.0], "x": [100.0], "y": [70.0]}


def psfex(path, basis, degree):
    table = fits.BinTableHDU.from_columns(
        [fits.Column("PSF_MASK", f"{basis.size}E", dim=str(basis.shape[::-1]), array=[basis])]
    )
    cards = {"PSF_SAMP": 0.5, "POLNAXIS": 2, "POLDEG1": degree}
    for axis, name in enumerate(("X_IMAGE", "Y_IMAGE"), 1):
        cards |= {f"POLNAME{axis}": name, f"POLZERO{axis}": 51.0, f"POLSCAL{axis}": 50.0}
    table.header.update(cards)
    fits.HDUList([fits.PrimaryHDU(), table]).writeto(path)


def moffat(fwhm, side=63):
    return Star(flux=1.0, fwhm=fwhm, beta=4.0).render((side, side)).values


def test_a_star_under_an_image_is_that_image():
    image = moffat(4.0)
    frame = make_frame(bands=("r",), psf=image)
    made = inject(frame, catalogue=STAR)
    seen = made.light[0, 70 - 31 : 70 + 32, 100 - 31 : 100 + 32]
    flux = 4 * 10 ** (0.4 * (28 - 19))
    # Sums of the image are 0.998: it ends where it does.
    np.testing.assert_allclose(seen / flux, image / image.sum(), atol=1e-3 * image.max())


def test_psfex_varies_over_the_frame_as_its_polynomial(tmp_path):
    broad, narrow = moffat(9.0), moffat(7.0)
    basis = np.stack([broad, narrow - broad, np.zeros_like(broad)])
    psfex(tmp_path / "psf.fits", basis, 1)
    model = as_psf(tmp_path / "psf.fits")
    # In FITS x is 101 at 100: u = (101 - 51) / 50 = 1; at 50 it is 0, whatever y is.
    here, there = model.images(np.array([100.0, 50.0]), np.array([7.0, 90.0]))
    assert here.oversampling == 2
    np.testing.assert_allclose(here.array, narrow / narrow.sum(), atol=1e-6)
    np.testing.assert_allclose(there.array, broad / broad.sum(), atol=1e-6)


def test_spellings_of_a_psf():
    assert as_psf(3) == MoffatPsf(fwhm=3.0)
    assert as_psf((3.0, 2.5)) == MoffatPsf(fwhm=3.0, beta=2.5)
    assert isinstance(as_psf(moffat(3.0)), ImagePsf)
    with pytest.raises(ParameterError, match="a PSF is a FWHM in pixels"):
        as_psf(["3", "4"])


def test_a_file_without_a_psf_is_told(tmp_path):
    fits.PrimaryHDU().writeto(tmp_path / "empty.fits")
    with pytest.raises(ParameterError, match="neither a column PSF_MASK"):
        as_psf(tmp_path / "empty.fits")
