"""What a detector does to an image: it saturates and bleeds, it ends, has dead columns, is hit.

What is wrong with a pixel is flagged in a mask, a bit each.
"""

from typing import Annotated, Any, ClassVar, Self

import numpy as np
from numpy.typing import NDArray
from pydantic import Field, model_validator
from scipy.special import pdtr

from skybench.generators.arrays import Floats
from skybench.generators.distributions import Finite, Positive
from skybench.generators.random_streams import RowStreams
from skybench.generators.recipe import Part

MASK_BITS = {"saturated": 1, "cosmic_ray": 2, "bad_column": 4, "bleed": 8, "no_data": 16}

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
    ``bleeding`` lets what is above the full well flow along the columns, and ``edge`` is the share
    of images in which the chip ends, the same in all bands.
    """

    newer: ClassVar = frozenset({"bleeding", "edge"})

    full_well: Annotated[Positive, Field(le=1e9)] | None = None
    cosmic_rays: Annotated[Finite, Field(ge=0, le=1000)] = 0.0
    bad_columns: Annotated[Finite, Field(ge=0, le=1)] = 0.0
    bleeding: bool | None = None
    edge: Annotated[Finite, Field(ge=0, le=1)] | None = None

    @model_validator(mode="after")
    def _has_a_well(self) -> Self:
        if self.bleeding and self.full_well is None:
            msg = "bleeding needs a full_well that electrons flow over; give one"
            raise ValueError(msg)
        return self

    @property
    def attributes(self) -> dict[str, str | int | float]:
        """What the attributes of a dataset say of it, the mask's bits too: so hashes cover them."""
        said: dict[str, str | int | float] = self.model_dump(exclude_none=True)
        said |= {"bleeding": "true"} if said.pop("bleeding", False) else {}
        return said | {"flag_masks": " ".join(map(str, self.mask_bits.values()))}

    @property
    def mask_bits(self) -> dict[str, int]:
        """The bits of its mask: those of what is newer only where it is on."""
        off = {"bleed": not self.bleeding, "no_data": self.edge is None}
        return {name: bit for name, bit in MASK_BITS.items() if not off.get(name, False)}


def mask_flags(detector: Detector) -> dict[str, Any]:
    """Return the CF attributes of the mask: independent bits, so masks rather than values."""
    bits = detector.mask_bits
    return {
        "flag_masks": np.array(list(bits.values()), dtype=np.uint8),
        "flag_meanings": " ".join(bits),
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
    sky included, are cut to it, or bleed; dead columns count nothing, which is minus the sky;
    where there is no chip there is 0.

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
        if detector.bleeding:
            _bleed(images, mask, top[:, 0])
        mask[images >= top] |= MASK_BITS["saturated"]
        np.minimum(images, top, out=images)
    if detector.bad_columns > 0:
        _kill_columns(images, mask, rows, sky, detector.bad_columns, seed, stream)
    if detector.edge is not None:
        _end_chips(images, mask, rows, detector.edge, seed)
    return mask


def _bleed(images: NDArray[np.int32], mask: NDArray[np.uint8], top: NDArray[np.int32]) -> None:
    """Let electrons above the top flow along their columns, half up and half down, to free pixels.

    None is lost but beyond the ends of the column. That is how charge blooms in a CCD without
    drains: channel stops part columns, and a full well spills over the barriers within its own
    (Janesick 2001, Scientific Charge-Coupled Devices, section 4.1).
    """
    for one in np.flatnonzero((images > top[:, None]).any(axis=(1, 2))).tolist():
        columns = np.flatnonzero((images[one] > top[one]).any(axis=0))
        held = images[one][:, columns].astype(np.int64)
        above = np.maximum(held - top[one], 0)
        held -= above
        got = _flow(held, above // 2, int(top[one, 0]))
        got |= _flow(held[::-1], (above - above // 2)[::-1], int(top[one, 0]))[::-1]
        images[one][:, columns] = held
        mask[one][:, columns] |= np.where(got, MASK_BITS["bleed"], 0).astype(np.uint8)


def _flow(held: NDArray[np.int64], above: NDArray[np.int64], top: int) -> NDArray[np.bool_]:
    """Fill lines with what flows from the first to the last, in place; return which got some."""
    got = np.zeros(held.shape, dtype=bool)
    carried = np.zeros(held.shape[1], dtype=np.int64)
    for line, spilt, reached in zip(held, above, got, strict=True):
        kept = np.minimum(carried, top - line)
        line += kept
        reached |= kept > 0
        carried += spilt - kept
    return got


def _end_chips(
    images: NDArray[np.int32],
    mask: NDArray[np.uint8],
    rows: NDArray[np.int64],
    share: float,
    seed: int,
) -> None:
    """Take the data beyond the end of the chip, on one side, up to half of the image."""
    drawn = RowStreams(seed, "detector.edge").uniforms_of(rows, 3)
    for image, flagged, (ends, side, depth) in zip(images, mask, drawn.tolist(), strict=True):
        if ends < share:
            turns = int(4 * side)
            for plane, value in ((image, 0), (flagged, MASK_BITS["no_data"])):
                turned = np.rot90(plane, turns)
                turned[: int(np.ceil(depth * len(turned) / 2))] = value


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
