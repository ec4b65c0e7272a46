"""Real detections of small frames, and galaxies that were injected into the same frames.

Frames are those of the folders ``decam_grz_200px`` and ``mzls_bass_grz_200px``, public with
legacysurvey/obiwan on GitHub. Injected ones have the magnitudes, sizes and axis ratios of what is
detected, none is fitted to any one of them.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
import xarray as xr
from astropy.io import fits

import skybench
from skybench.errors import SkybenchError
from skybench.survey.cutout_sample import CutoutSample
from skybench.survey.frame import Frame
from skybench.survey.measure import measure

FOLDERS = ("decam_grz_200px", "mzls_bass_grz_200px")
SIDE = 24
_LEAST = 3.0
"""Signal to noise of what is cut out."""

_AT_ONCE, _APART, _TRIES = 8, 20, 40
_NEAR, _SEEING_SHARE = 2.5, 0.6313
_FAKES_OF_A_REAL = 3


@dataclass(frozen=True, kw_only=True)
class Exposure:
    """A file of a frame; FWHM of its PSF in pixels, zero point of a count, electrons a count."""

    image: str
    fwhm: float
    zeropoint: float
    gain: float


EXPOSURES = {
    "decam-z": Exposure(image="c4d_141206*ooi*", fwhm=3.81, zeropoint=29.837, gain=4.011),
    "decam-g": Exposure(image="c4d_141223*ooi*", fwhm=4.28, zeropoint=29.787, gain=4.011),
    "decam-r": Exposure(image="c4d_141224*ooi*", fwhm=4.03, zeropoint=30.212, gain=4.011),
    "mzls-z": Exposure(image="k4m_170225*ooi*", fwhm=4.08, zeropoint=21.499, gain=80.1),
    "bass-g": Exposure(image="ksb_160704*ooi*", fwhm=3.96, zeropoint=20.637, gain=88.7),
    "bass-r": Exposure(image="ksb_160708*ooi*", fwhm=4.54, zeropoint=20.573, gain=150.0),
}


@dataclass(frozen=True, kw_only=True)
class Pair:
    """Cutouts of real detections and of fakes, (sample, y, x), with the frame of each."""

    real: np.ndarray
    fake: np.ndarray
    real_frames: list[str]
    fake_frames: list[str]


def injected(folder: Path) -> Pair:
    """Return the cutouts of all frames below a folder."""
    found: dict[str, list[np.ndarray]] = {"real": [], "fake": []}
    frames: dict[str, list[str]] = {"real": [], "fake": []}
    for name, exposure in EXPOSURES.items():
        frame = _read(folder, exposure)
        pixels = np.where(frame.is_usable[0], frame.image[0], np.nan)
        detected = _detected(pixels, exposure)
        real = list(_cutouts(pixels, detected.query(f"signal_to_noise > {_LEAST}")))
        fake = _fakes(frame, exposure, detected, _FAKES_OF_A_REAL * len(real))
        for kind, cutouts in (("real", real), ("fake", fake)):
            found[kind] += cutouts
            frames[kind] += [name] * len(cutouts)
    return Pair(
        real=np.stack(found["real"]),
        fake=np.stack(found["fake"]),
        real_frames=frames["real"],
        fake_frames=frames["fake"],
    )


def _read(folder: Path, exposure: Exposure) -> Frame:
    path = next(path for name in FOLDERS for path in (folder / name).glob(exposure.image))
    pixels, ivar, mask = (
        _pixels(path.with_name(path.name.replace("ooi", kind))) for kind in ("ooi", "oow", "ood")
    )
    return Frame.of(
        pixels,
        ivar=ivar,
        mask=mask.astype(int),
        psf=exposure.fwhm,
        zeropoint=exposure.zeropoint,
        gain=exposure.gain,
    )


def _pixels(path: Path) -> np.ndarray:
    with fits.open(path) as file:
        return next(part.data for part in file if part.data is not None).astype(np.float32)


def _detected(pixels: np.ndarray, exposure: Exposure) -> pd.DataFrame:
    sample = CutoutSample.of([pixels], zeropoint=exposure.zeropoint, gain=exposure.gain)
    return measure(sample).sources


def _cutouts(pixels: np.ndarray, sources: pd.DataFrame) -> Iterator[np.ndarray]:
    """Yield the pixels about each source that is far from the border, most of which have values."""
    for x, y in np.rint(sources[["x", "y"]].to_numpy()).astype(int):
        corner = (y - SIDE // 2, x - SIDE // 2)
        if min(corner) < 0:
            continue
        cutout = pixels[corner[0] : corner[0] + SIDE, corner[1] : corner[1] + SIDE]
        if cutout.shape == (SIDE, SIDE) and np.isfinite(cutout).mean() > 0.75:
            yield cutout


def _fakes(
    frame: Frame, exposure: Exposure, detected: pd.DataFrame, wanted: int
) -> list[np.ndarray]:
    """Return cutouts of what is found of injected galaxies, of a few injected at a time."""
    fakes: list[np.ndarray] = []
    for seed in range(_TRIES):
        if len(fakes) >= wanted:
            break
        galaxies = _population(detected, exposure, seed)
        try:
            made = skybench.inject(
                frame, catalogue=galaxies, seed=seed, border=SIDE // 2 + 2, separation=_APART
            )
        except SkybenchError:  # no free place for so many: another draw may have
            continue
        pixels = np.where(frame.is_usable[0], made.image[0], np.nan)
        again = _detected(pixels, exposure).query(f"signal_to_noise > {_LEAST}")
        fakes += _cutouts(pixels, _of_injected(again, made.sources, detected))
    return fakes[:wanted]


def _population(detected: pd.DataFrame, exposure: Exposure, seed: int) -> pd.DataFrame:
    """Return some detections at random, their sizes without the seeing, as galaxies."""
    random = np.random.default_rng(seed)
    some = detected.sample(_AT_ONCE, replace=True, random_state=seed)
    intrinsic = some["half_light_radius"] ** 2 - (_SEEING_SHARE * exposure.fwhm) ** 2
    return pd.DataFrame(
        {
            "magnitude": some["magnitude"].to_numpy(),
            "half_light_radius": np.sqrt(intrinsic.clip(lower=0.2)).to_numpy(),
            "axis_ratio": some["axis_ratio"].clip(0.2, 1).to_numpy(),
            "sersic_index": random.normal(1.3, 0.7, _AT_ONCE).clip(0.5, 4),
            "position_angle": random.uniform(0, 180, _AT_ONCE),
        }
    )


def _of_injected(again: pd.DataFrame, sources: xr.Dataset, before: pd.DataFrame) -> pd.DataFrame:
    """Return the detections near an injected galaxy, where nothing had been detected."""
    near = _distance(again, sources["frame_x"].to_numpy(), sources["frame_y"].to_numpy()) < _NEAR
    return again[near & (_distance(again, before["x"].to_numpy(), before["y"].to_numpy()) > 3)]


def _distance(sources: pd.DataFrame, x: np.ndarray, y: np.ndarray) -> np.ndarray:
    """Return how far each source is from the nearest of some places."""
    own = sources[["x", "y"]].to_numpy()
    apart = np.hypot(own[:, :1] - x, own[:, 1:] - y)
    return apart.min(axis=1, initial=np.inf)
