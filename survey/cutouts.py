"""Cutouts of injected frames as a dataset: pixels, weights, masks, truth, and their origin."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from skybench.errors import ParameterError
from skybench.generators.arrays import Floats
from skybench.generators.schema import SPLITS, variable
from skybench.generators.sky.vocabulary import VOCABULARY
from skybench.generators.strata import deal
from skybench.generators.variable import flags, numbered
from skybench.survey.frame import Frame
from skybench.survey.inject import Injection
from skybench.survey.places import nearest_place

SIDE = 64
"""Of a cutout, pixels."""


def cutouts(injected: Injection, side: int = SIDE) -> xr.Dataset:
    """Return the cutouts about the sources of a frame; those that it does not hold are left out.

    Parameters
    ----------
    injected : Injection
    side : int
        Of a cutout, pixels; the source lies in the pixel (side // 2, side // 2).

    Returns
    -------
    Dataset
        ``image`` and ``ivar`` (sample, band, y, x) float32 in counts, ``mask`` int32; coordinates
        as of sky images, with ``cutout_x``, ``cutout_y`` (the first pixel's place on the frame),
        ``population_row``, ``gain``, ``zeropoint`` of one electron, and where the frame has a WCS
        ``ra`` and ``dec``.

    Raises
    ------
    ParameterError
        The side is larger than the frame.
    """
    frame = injected.after
    if not 1 <= side <= min(frame.shape):
        msg = f"cutouts must be of 1 to {min(frame.shape)} pixels on {frame.name}, got {side}."
        raise ParameterError(msg)
    x, y = (injected.sources[f"frame_{axis}"].values for axis in "xy")
    held, x0, y0 = _held(frame, x, y, side)
    data = _pixels(frame, x0, y0, side)
    return xr.Dataset(data, _truth(injected, held, x0, y0), {})


def cutouts_at(frame: Frame, x: Floats, y: Floats, side: int = SIDE) -> xr.Dataset:
    """Return pixels, weights and masks about places on a frame, where it holds all of a cutout."""
    _, x0, y0 = _held(frame, x, y, side)
    return xr.Dataset(_pixels(frame, x0, y0, side), {"band": _bands(frame)})


def _held(
    frame: Frame, x: Floats, y: Floats, side: int
) -> tuple[NDArray[np.intp], NDArray[np.int64], NDArray[np.int64]]:
    """Return which cutouts a frame holds whole, and the first pixels of these along x and y."""
    x0, y0 = (np.floor(at + 0.5).astype(np.int64) - side // 2 for at in (x, y))
    whole = (x0 >= 0) & (y0 >= 0) & (x0 + side <= frame.shape[1]) & (y0 + side <= frame.shape[0])
    held = np.flatnonzero(whole)
    return held, x0[held], y0[held]


def _bands(frame: Frame) -> xr.Variable:
    return VOCABULARY["band"].holding(np.arange(len(frame.bands)), flags(numbered(frame.bands)))


def _pixels(
    frame: Frame, x0: NDArray[np.int64], y0: NDArray[np.int64], side: int
) -> dict[str, Any]:
    pixels = {
        "image": (frame.image, {"units": frame.units, "long_name": "frame with sources, counts"}),
        "ivar": (
            frame.ivar,
            {
                "units": f"{frame.units}-2",
                "long_name": "inverse variance, sources included; 0 where there is no weight",
            },
        ),
        "mask": (frame.mask, {"long_name": "bits of the frame's mask; 0 is nothing"}),
    }
    return {
        name: (("sample", "band", "y", "x"), _windows(values, x0, y0, side), attributes)
        for name, (values, attributes) in pixels.items()
    }


def _windows(
    planes: NDArray[Any], x0: NDArray[np.int64], y0: NDArray[np.int64], side: int
) -> NDArray[Any]:
    views = np.lib.stride_tricks.sliding_window_view(planes, (side, side), axis=(1, 2))
    return np.ascontiguousarray(np.moveaxis(views[:, y0, x0], 0, 1))


def _truth(
    injected: Injection,
    held: NDArray[np.intp],
    x0: NDArray[np.int64],
    y0: NDArray[np.int64],
) -> dict[Any, Any]:
    frame, own = injected.after, injected.sources.isel(sample=held)
    x, y = own["frame_x"].values, own["frame_y"].values
    truth: dict[Any, Any] = dict(own.drop_vars(["frame_x", "frame_y"]).variables)
    for axis, at, begin in (("x", x, x0), ("y", y, y0)):
        away = own[f"source_{axis}"].values.astype(np.float64)
        truth[f"source_{axis}"] = VOCABULARY[f"source_{axis}"].holding(
            nearest_place(away) + (at - begin)[:, None]
        )
        words = {"long_name": f"first pixel's place on the frame along {axis}", "units": "pixel"}
        truth[f"cutout_{axis}"] = ("sample", begin.astype(np.int32), words)
    if frame.wcs is not None:
        for name, values in zip(("ra", "dec"), frame.sky_of(x, y), strict=True):
            truth[name] = ("sample", values, {"units": "degree", "long_name": f"{name} (J2000)"})
    truth["band"] = _bands(frame)
    for name, values, (units, text) in (
        ("zeropoint", frame.electron_zeropoint, ("mag", "AB magnitude of one electron")),
        ("gain", frame.gain, ("electron", "electrons a count")),
    ):
        each = np.tile(values.astype(np.float32), (held.size, 1))
        truth[name] = (("sample", "band"), each, {"units": units, "long_name": text})
    return truth


def joined(
    parts: Sequence[xr.Dataset],
    frames: Sequence[str],
    digests: Sequence[str],
    *,
    seed: int = 0,
    splits: Sequence[float] = (0.6, 0.2, 0.2),
) -> xr.Dataset:
    """Return the cutouts of several frames as one dataset, numbered and dealt into splits.

    Parameters
    ----------
    parts : sequence of Dataset
        As `cutouts` returns them, perhaps lazy; of frames of the same bands.
    frames, digests : sequence of str
        The name of each frame, and the SHA-256 of its files, which the coordinates ``frame`` and
        ``frame_sha256`` (frame, byte) hold.
    seed : int
        Of the splits.
    splits : (3,) sequence of float
        Shares of train, validation and test.

    Raises
    ------
    ParameterError
        Frames differ in bands or units, or none has a cutout.
    """
    _check_alike(parts, frames)
    common = set.intersection(*({*map(str, part.variables)} for part in parts))
    # Such as the seeing, which not every frame knows as a number.
    parts = [part.drop_vars({*map(str, part.variables)} - common) for part in parts]
    counts = [part.sizes["sample"] for part in parts]
    whole = xr.concat(
        [part for part, count in zip(parts, counts, strict=True) if count],
        "sample",
        data_vars="minimal",
        coords="minimal",
        compat="override",
        join="override",
        combine_attrs="override",
    )
    codes = np.repeat(np.arange(len(frames), dtype=np.int32), counts)
    total = int(np.sum(counts))
    _, dealt = deal(seed, 0, total, [1.0], list(splits))
    proofs = np.array([list(bytes.fromhex(d.removeprefix("sha256:"))) for d in digests], np.uint8)
    meanings: dict[str, Any] = {"long_name": "frame that the cutout is of"}
    meanings |= {"flag_values": np.arange(len(frames), dtype=np.int32)}
    meanings |= {"flag_meanings": " ".join(frames)}
    return whole.assign_coords(
        sample_id=variable("sample_id", np.arange(total)),
        split=variable("split", dealt, flags(numbered(SPLITS))),
        frame=("sample", codes, meanings),
        frame_sha256=(
            ("frame_number", "byte"),
            proofs,
            {"long_name": "SHA-256 of the files of each frame"},
        ),
    )


def _check_alike(parts: Sequence[xr.Dataset], frames: Sequence[str]) -> None:
    if len(set(frames)) < len(frames):
        msg = "two frames have one name; give each its own in the column frame"
        raise ParameterError(msg)
    if not sum(part.sizes["sample"] for part in parts):
        msg = "no source was put where a frame holds its cutout; nothing is to be written"
        raise ParameterError(msg)
    first = _meaning(parts[0])
    for part, name in zip(parts, frames, strict=True):
        if _meaning(part) != first:
            msg = (
                f"{name} has other bands or units than {frames[0]}: "
                f"{_meaning(part)}, expected {first}. Make a dataset of each kind."
            )
            raise ParameterError(msg)


def _meaning(part: xr.Dataset) -> tuple[Any, ...]:
    bands = part["band"].attrs["flag_meanings"]
    return bands, part["image"].attrs["units"]


def planes(ds: xr.Dataset) -> xr.DataArray:
    """Return image and inverse variance as the planes of one array, (sample, y, x, plane) float32.

    Of frames in g, r and z that is 64x64x6: the image in the three bands, then the weights.
    """
    both = [ds[name].reset_coords(drop=True).drop_attrs() for name in ("image", "ivar")]
    stacked = xr.concat(both, "band").rename(band="plane")
    return stacked.transpose("sample", "y", "x", "plane").rename("planes")
