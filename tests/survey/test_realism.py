import numpy as np
import pytest
import xarray as xr

import skybench
from skybench.errors import NotFoundError, ParameterError
from skybench.survey.cutout_sample import CutoutSample


def pixels(seed, count=24):
    return np.random.default_rng(seed).normal(0, 1, (count, 24, 24)).astype(np.float32)


def found(real, fake, **more):
    return skybench.realism(real, fake, network=None, psf_fwhm=3.0, **more)


def test_arrays_datasets_and_files_of_the_same_pixels_give_the_same(tmp_path):
    real, fake = pixels(0), pixels(1)
    np.save(tmp_path / "real.npy", real)
    dims = ("sample", "y", "x")
    told = [
        found(*pair).certificate.judges
        for pair in (
            (real, fake),
            (tmp_path / "real.npy", fake),
            (xr.Dataset({"image": (dims, real)}), xr.Dataset({"image": (dims, fake)})),
        )
    ]
    assert told[0] == told[1] == told[2]


def test_frames_of_an_injected_dataset_and_of_tiles_are_kept_whole():
    frame = {"flag_meanings": "f1 f2 f3", "flag_values": [0, 1, 2]}
    ds = xr.Dataset(
        {"image": (("sample", "y", "x"), pixels(0))},
        {"frame": ("sample", np.arange(24) % 3, frame)},
    )
    tiles = CutoutSample.of(pixels(2, count=2 * 16).reshape(2, 96, 96), tile=24)
    told = found(ds, tiles).certificate
    assert (told.real_frames, told.fake_frames) == (3, 2)


def test_what_cannot_be_read_is_told(tmp_path):
    with pytest.raises(NotFoundError, match="there is no image"):
        found(tmp_path / "none", pixels(0))
    with pytest.raises(ParameterError, match="drawn in the counts of the real sample"):
        found(pixels(0), "mine.yaml")
    with pytest.raises(ParameterError, match="unknown network 'obivan'; did you mean 'obiwan'"):
        skybench.realism(pixels(0), pixels(1), network="obivan")
