"""What a detector does to an image: it saturates, it has dead columns, particles hit it.

What is wrong with a pixel is flagged in a mask, a bit each.
"""

from typing import Annotated, Any

import numpy as np
from numpy.typing import NDArray
from pydantic import Field
from scipy.special import pdtr

from skybench.generators.arrays import Floats
from skybench.generators.distributions import Finite, Positive
from skybench.generators.random_streams import RowStreams
from skybench.generators.recipe import Part

MASK_BITS = {"saturated": 1, "cosmic_ray": 2, "bad_column": 4}

_TRACK = 8.0
"""Mean length of a cosmic ray's track in pixels, exponentially distributed."""

_LONGEST = 60.0
_STEP = 0.25
"""Pixels of a track between the points at which its charge is left."""

_FAINTEST, _BRIGHTEST = 300.0, 5000.0
"""Electrons a pixel of track: muons leave about 80 in a micron of silicon."""

_DRAWS = 5
"""Uniforms of a track: x, y, angle, length, charge."""


class Detector(Part):
    """What a detector does to an image; it is flagged in ``mask``, where ``ivar`` is 0.

    ``full_well`` saturates pixels of more electrons, sky included. ``cosmic_rays`` is the mean
    number of tracks in an image of a band, ``bad_columns`` the share of columns that are dead.
    """

    full_well: Annotated[Positive, Field(le=1e9)] | None = None
    cosmic_rays: Annotated[Finite, Field(ge=0, le=1000)] = 0.0
    bad_columns: Annotated[Finite, Field(ge=0, le=1)] = 0.0


def mask_flags() -> dict[str, Any]:
    """Return the CF attributes of the mask: independent bits, so masks rather than values."""
    return {
        "flag_masks": np.array(list(MASK_BITS.values()), dtype=np.uint8),
        "flag_meanings": " ".join(MASK_BITS),
    }


def read_out(
    images: NDArray[np.int32],
    rows: NDArray[np.int64],
    sky: Floats,
    detector: Detector,
    seed: int,
    stream: str,
) -> NDArray[np.uint8]:
    """Put a detector's defects into images, in place, and return their mask.

    Tracks of cosmic rays add electrons; pixels that then hold ``full_well`` electrons or more,
    sky included, are cut to it; dead columns count nothing, which is minus the sky.

    Parameters
    ----------
    images : (sample, y, x) int32 array, electrons, sky subtracted
    rows : (sample,) int64 array
        Stable identities of the samples.
    sky : (sample,) array, electrons
    detector : Detector
    seed : int
    stream : str
        Name of the random stream, another for each band.

    Returns
    -------
    (sample, y, x) uint8 array
    """
    mask = np.zeros(images.shape, dtype=np.uint8)
    if detector.cosmic_rays > 0:
        _add_cosmic_rays(images, mask, rows, detector.cosmic_rays, seed, stream)
    if detector.full_well is not None:
        top = np.rint(detector.full_well - sky).astype(np.int32)[:, None, None]
        mask[images >= top] |= MASK_BITS["saturated"]
        np.minimum(images, top, out=images)
    if detector.bad_columns > 0:
        _kill_columns(images, mask, rows, sky, detector.bad_columns, seed, stream)
    return mask


def _add_cosmic_rays(
    images: NDArray[np.int32],
    mask: NDArray[np.uint8],
    rows: NDArray[np.int64],
    rate: float,
    seed: int,
    stream: str,
) -> None:
    streams = RowStreams(seed, f"{stream}.cosmic_rays")
    most = int(rate + 10 * np.sqrt(rate) + 20)
    shares = np.asarray(pdtr(np.arange(most), rate))
    for image, flagged, row in zip(images, mask, rows.tolist(), strict=True):
        drawn = streams.uniforms(row, 1 + _DRAWS * most)
        count = int(np.searchsorted(shares, drawn[0]))
        charge = np.zeros(image.shape)
        for track in drawn[1 : 1 + _DRAWS * count].reshape(count, _DRAWS):
            _leave_track(charge, *track.tolist())
        electrons = np.rint(charge).astype(np.int64)
        image[...] = np.minimum(image + electrons, np.iinfo(np.int32).max)
        flagged[electrons > 0] |= MASK_BITS["cosmic_ray"]


def _leave_track(
    charge: Floats, x: float, y: float, angle: float, length: float, energy: float
) -> None:
    ny, nx = charge.shape
    path = min(1 - _TRACK * np.log(length), _LONGEST)
    points = int(np.ceil(path / _STEP))
    along = path * ((np.arange(points) + 0.5) / points - 0.5)
    columns = np.floor(nx * x + along * np.cos(2 * np.pi * angle)).astype(np.int64)
    lines = np.floor(ny * y + along * np.sin(2 * np.pi * angle)).astype(np.int64)
    inside = (columns >= 0) & (columns < nx) & (lines >= 0) & (lines < ny)
    each = _FAINTEST * (_BRIGHTEST / _FAINTEST) ** energy * path / points
    np.add.at(charge, (lines[inside], columns[inside]), each)


def _kill_columns(
    images: NDArray[np.int32],
    mask: NDArray[np.uint8],
    rows: NDArray[np.int64],
    sky: Floats,
    share: float,
    seed: int,
    stream: str,
) -> None:
    streams = RowStreams(seed, f"{stream}.bad_columns")
    width = images.shape[2]
    for i, row in enumerate(rows.tolist()):
        dead = np.flatnonzero(streams.uniforms(row, width) < share)
        images[i][:, dead] = np.rint(-sky[i])
        mask[i][:, dead] |= MASK_BITS["bad_column"]
