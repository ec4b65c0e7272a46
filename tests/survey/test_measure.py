"""What is measured of images whose truth is known."""

import numpy as np
import pytest
from astropy.io import fits

from skybench.errors import NotFoundError, ParameterError
from skybench.generators import Star
from skybench.survey.cutout_sample import CutoutSample, read_sample
from skybench.survey.measure import HALF_LIGHT, measure, seeing


def sky(count=20, side=64, sigma=5.0, seed=0):
    return np.random.default_rng(seed).normal(100, sigma, (count, side, side)).astype(np.float32)


def stars(count=20, flux=5e3, fwhm=4.0):
    """Return images with a star each, in noise of 5 counts."""
    star = Star(flux=flux, fwhm=fwhm, beta=3.0, seed=1).render((64, 64))
    return sky(count) + star.values


def test_white_noise_is_white_and_as_strong_as_it_is():
    found = measure(CutoutSample.of(list(sky())))
    assert found.images["noise"].mean() == pytest.approx(5, rel=0.01)
    # 4,096 pixels tell a correlation to 1/64 each, twenty images to 0.0035.
    assert np.abs(found.images[["x1", "x2", "y1", "y2"]].mean()).max() < 0.012


def test_the_autocorrelation_is_that_of_the_smoothing():
    white = np.random.default_rng(1).normal(0, 5, (20, 64, 66))
    smooth = white[..., :-2] + white[..., 1:-1] + white[..., 2:]
    found = measure(CutoutSample.of(list(smooth)), threshold=5).images.mean()
    # Three equal weights: neighbours share two of three, those after them one.
    assert found["x1"] == pytest.approx(2 / 3, abs=0.02)
    assert found["x2"] == pytest.approx(1 / 3, abs=0.02)
    assert abs(found["y1"]) < 0.02


def test_a_star_has_its_flux_its_seeing_and_its_signal_to_noise():
    found = measure(CutoutSample.of(list(stars()), zeropoint=25.0, gain=2.0))
    bright = found.sources.query("flux > 2000")
    assert len(bright) == 20
    # A Kron ellipse holds 90 to 99 per cent of a star.
    assert bright["flux"].median() == pytest.approx(4800, rel=0.06)
    assert bright["magnitude"].median() == pytest.approx(25 - 2.5 * np.log10(4800), abs=0.07)
    radius = HALF_LIGHT * 4.0
    assert bright["half_light_radius"].median() == pytest.approx(radius, rel=0.1)
    error = np.sqrt(np.pi * radius**2 * 5**2 + 2500 / 2.0)
    assert bright["signal_to_noise"].median() == pytest.approx(2500 / error, rel=0.1)
    assert seeing(found) == pytest.approx(4.0, rel=0.12)


def test_masked_pixels_do_not_count():
    images = sky(4)
    images[:, :32] = np.nan
    found = measure(CutoutSample.of(list(images)))
    one = found.images.iloc[0]
    assert one["density"] == pytest.approx(1e4 * one["count"] / (32 * 64))
    assert one["noise"] == pytest.approx(5, rel=0.05)


def test_colours_are_of_the_same_ellipse():
    one = stars() - 100
    pair = np.stack([one / 2, one], axis=1)
    found = measure(CutoutSample.of(list(pair), bands=("g", "r"), zeropoint=[25.5, 25.0]))
    # Half the counts are 0.753 mag, the zero point adds 0.5.
    assert found.sources["g - r"].median() == pytest.approx(0.753 + 0.5, abs=0.01)


def test_frames_are_tiled_and_cutouts_cropped_about_their_middle():
    frame = np.arange(70.0 * 50).reshape(70, 50)
    tiles = CutoutSample.of([frame], tile=32).images
    assert tiles.shape == (2, 1, 32, 32)
    np.testing.assert_array_equal(tiles[0, 0], frame[3:35, 9:41])
    cropped = CutoutSample.of([frame, frame[:20]], crop=32)
    np.testing.assert_array_equal(cropped.images[:, 0], frame[None, 19:51, 9:41])
    binned = CutoutSample.of([frame], binning=2, pixel_scale_arcsec=0.1)
    assert binned.images.sum() == frame.sum()
    assert binned.pixel_scale_arcsec == 0.2


def test_folders_and_stacks_are_read(tmp_path):
    images = sky(3)
    np.save(tmp_path / "a.npy", images[:2])
    fits.HDUList([fits.PrimaryHDU(), fits.ImageHDU(images[2])]).writeto(tmp_path / "b.fits")
    cube = np.repeat(images[:1], 2, axis=0)
    np.savez(tmp_path / "c.npz", images=cube, filters=np.array(["g", "r"]))
    (tmp_path / "notes.txt").write_text("no image")
    np.testing.assert_array_equal(read_sample(tmp_path, pattern="[ab].*").images[:, 0], images)
    assert read_sample(tmp_path / "c.npz").bands == ("g", "r")


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"tile": 32, "crop": 32}, "tiled or cropped"),
        ({"bands": ("g", "r")}, "image 0 has shape"),
        ({"reference": "z"}, "reference must be one of"),
        ({"crop": 200}, "cutouts must be of one shape, got none"),
        ({"gain": 0}, "gain must be"),
        ({"binning": 100}, "binning must be"),
    ],
)
def test_what_is_no_sample_is_told(given, message):
    with pytest.raises(ParameterError, match=message):
        CutoutSample.of(list(sky(2)), **given)


def test_an_empty_folder_and_an_unknown_seeing_are_told(tmp_path):
    with pytest.raises(NotFoundError, match="there is no image"):
        read_sample(tmp_path)
    with pytest.raises(ParameterError, match="too few to tell the seeing"):
        seeing(measure(CutoutSample.of(list(sky(2)))))
