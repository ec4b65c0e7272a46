"""Frames in files: a table lists them, each of its rows a band of a frame."""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from hashlib import sha256
from os import PathLike
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from skybench.errors import NotFoundError, ParameterError
from skybench.generators.suggestion import unknown
from skybench.registry.hashing.content_hash import canonical_json
from skybench.survey.frame import UNNAMED, Frame
from skybench.survey.psf import as_psf

_COLUMNS = (
    *("frame", "band", "image", "ivar", "variance", "mask", "psf", "zeropoint", "gain"),
    *("pixel_scale_arcsec", "units"),
)
_PIXELS = ("image", "ivar", "variance", "mask")
"""Columns that name files of pixels."""

_KEYWORDS = {"zeropoint": ("MAGZERO", "ZEROPOINT", "MAGZP"), "gain": ("GAIN", "GAINA", "EGAIN")}
"""Of FITS headers, that are asked where a table says nothing."""

_INSIDE = re.compile(r"(?P<path>.+?)\[(?P<part>[^\[\]]+)\]")
"""``file.fits[S10]``: an extension by name or number, or a variable of a Zarr store."""


@dataclass(frozen=True, kw_only=True)
class FrameFiles:
    """The files of a frame, and what they do not say.

    Attributes
    ----------
    name : str
    rows : tuple of mappings
        A band each, by the columns of the table of frames.
    """

    name: str
    rows: tuple[Mapping[str, Any], ...]

    def read(self) -> Frame:
        """Return the frame; raises as `read_frame`."""
        return read_frame(self.rows, name=self.name)

    @property
    def digest(self) -> str:
        """SHA-256 of all that decides the frame: of its files the content, wherever they lie."""
        told = [{key: _content(key, value) for key, value in row.items()} for row in self.rows]
        return f"sha256:{sha256(canonical_json([self.name, told])).hexdigest()}"


def frames_in(table: str | PathLike[str]) -> list[FrameFiles]:
    """Return the frames that a table lists: CSV, with a row for each band of each frame.

    Its columns are ``image`` and ``ivar`` or ``variance``; if there are, ``frame`` (the same for
    all bands of one), ``band``, ``mask``, ``psf``, ``zeropoint``, ``gain``, ``units`` and
    ``pixel_scale_arcsec``. Paths are beside the table. Where zero point or gain is no number, it is
    a keyword of the image's header; where there is none, those in use are tried.

    Raises
    ------
    ParameterError
        A column is unknown, or ``image`` is missing.
    """
    import pandas as pd  # late: it takes a while

    path = Path(table)
    if not path.is_file():
        msg = f"there is no table of frames {path}; see docs/injection.md for its columns."
        raise NotFoundError(msg)
    listed = pd.read_csv(path)
    for name in map(str, listed.columns):
        if name not in _COLUMNS:
            raise ParameterError(f"{path}: " + unknown("column", name, _COLUMNS))
    if "image" not in listed.columns or not len(listed):
        msg = f"{path} must have a column image and a row for each band of each frame."
        raise ParameterError(msg)
    groups: dict[str, list[Mapping[str, Any]]] = {}
    for row in listed.to_dict(orient="records"):
        own = {str(k): _beside(str(k), v, path.parent) for k, v in row.items() if not pd.isna(v)}
        groups.setdefault(str(own.get("frame", Path(str(own["image"])).stem)), []).append(own)
    return [FrameFiles(name=name, rows=tuple(rows)) for name, rows in groups.items()]


def _is_path(column: str, value: Any) -> bool:
    return column in _PIXELS or (column == "psf" and isinstance(value, str) and not _number(value))


def _beside(column: str, value: Any, folder: Path) -> Any:
    return str(folder / value) if _is_path(column, value) else value


def _content(column: str, value: Any) -> str:
    """Return a value of the table as text, a file by its content and the part of it."""
    if not _is_path(column, value):
        return str(value)
    path, part = _split(str(value))
    _check_there(path)
    return f"{file_digest(path)}[{part}]"


def _check_there(path: Path) -> None:
    if not path.exists():
        msg = f"there is no file {path}; paths are beside the table of frames."
        raise NotFoundError(msg)


def _number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True


def read_frame(rows: Mapping[str, Any] | Sequence[Mapping[str, Any]], *, name: str = "") -> Frame:
    """Return a frame from files, one mapping a band.

    Parameters
    ----------
    rows : mapping or sequence of mappings
        By the columns of `frames_in`. A single row may be a cube, its ``band`` naming the planes:
        ``g r z``.
    name : str, optional
        Default: that of the image's file.

    Raises
    ------
    ParameterError
        As `Frame.of`; or there is no such part, zero point or gain in a file.
    NotFoundError
        There is no such file.
    """
    each = [rows] if isinstance(rows, Mapping) else list(rows)
    read = [_Read(row) for row in each]
    planes = {key: _stacked([one.pixels(key) for one in read]) for key in _PIXELS}
    bands = [band for one in read for band in one.bands]
    psf = [as_psf(one.psf) for one in read for _ in one.bands if one.psf is not None]
    return Frame.of(
        planes["image"] if planes["image"] is not None else np.empty(0),
        **{key: planes[key] for key in _PIXELS[1:]},
        psf=psf or None,
        bands=bands,
        zeropoint=[one.number("zeropoint") for one in read for _ in one.bands],
        gain=[one.number("gain") for one in read for _ in one.bands],
        units=read[0].units,
        name=name or Path(str(each[0]["image"])).stem,
        wcs=read[0].wcs(),
        pixel_scale_arcsec=each[0].get("pixel_scale_arcsec"),
        digest=_digest([path for one in read for path in one.paths()]),
    )


class _Read:
    """A band of a frame, read as it is asked for."""

    def __init__(self, row: Mapping[str, Any]) -> None:
        self._row = dict(row)
        self.image, self._header = _pixels_in(str(row["image"]))
        self.bands = str(row["band"]).split() if "band" in row else self._own_bands()
        psf = row.get("psf")
        self.psf = float(psf) if isinstance(psf, str) and _number(psf) else psf
        self.units = str(row.get("units", self._header.get("BUNIT", "adu"))).strip().lower()

    def _own_bands(self) -> list[str]:
        words = str(self._header.get("FILTER", UNNAMED)).split()
        return [words[0] if words else UNNAMED]

    def pixels(self, key: str) -> NDArray[Any] | None:
        if key not in self._row:
            return None
        values = self.image if key == "image" else _pixels_in(str(self._row[key]))[0]
        return values if values.ndim == 3 else values[None]

    def number(self, key: str) -> float:
        given = self._row.get(key)
        if given is not None and _number(str(given)):
            return float(given)
        asked = _KEYWORDS[key] if given is None else (str(given),)
        found = [float(self._header[word]) for word in asked if word in self._header]
        if not found:
            msg = (
                f"{self._row['image']}: its header has no {' or '.join(asked)}; say {key} in the "
                "table of frames, as a number or the header's keyword."
            )
            raise ParameterError(msg)
        return found[0]

    def wcs(self) -> Any:
        if "CTYPE1" not in self._header:
            return None
        import warnings

        from astropy.wcs import WCS, FITSFixedWarning  # late: it takes a while

        with warnings.catch_warnings():
            warnings.simplefilter("ignore", FITSFixedWarning)
            return WCS(self._header).celestial

    def paths(self) -> Iterator[Path]:
        for key in (*_PIXELS, "psf"):
            value = self._row.get(key)
            if isinstance(value, str) and not _number(value):
                yield _split(value)[0]


def _split(text: str) -> tuple[Path, str | None]:
    match = _INSIDE.fullmatch(text)
    return (Path(text), None) if match is None else (Path(match["path"]), match["part"])


def _pixels_in(text: str) -> tuple[NDArray[Any], Any]:
    """Return the pixels in a part of a file, and the header that goes with them."""
    path, part = _split(text)
    _check_there(path)
    if path.is_dir():
        return _of_zarr(path, part), {}
    from astropy.io import fits  # late: it takes a while

    with fits.open(path) as file:
        place: Any = int(part) if part is not None and part.isdecimal() else part
        if place is None:
            place = next((i for i, hdu in enumerate(file) if _has_pixels(hdu)), None)
        if place is None or not _is_in(file, place) or not _has_pixels(file[place]):
            msg = f"{path} has no image in its part {place!r}; it has {_parts(file)}."
            raise ParameterError(msg)
        header = file[0].header.copy()
        header.update(file[place].header)
        data = np.asarray(file[place].data)
        return data.astype(data.dtype.newbyteorder("=")), header


def _has_pixels(hdu: Any) -> bool:
    return bool(hdu.is_image and hdu.data is not None and hdu.data.ndim in (2, 3))


def _is_in(file: Any, place: Any) -> bool:
    return place < len(file) if isinstance(place, int) else place in file


def _parts(file: Any) -> str:
    return ", ".join(f"{i} {hdu.name}".strip() for i, hdu in enumerate(file))


def _of_zarr(path: Path, part: str | None) -> NDArray[Any]:
    import zarr  # late: it takes a while

    group = zarr.open(str(path), mode="r")
    if isinstance(group, zarr.Array):
        return np.asarray(group[...])
    if part is None or part not in group:
        msg = f"{path} is a group of arrays; name one, like {path.name}[image]."
        raise ParameterError(msg)
    return np.asarray(group[part][...])  # type: ignore[index]


def _stacked(planes: Sequence[NDArray[Any] | None]) -> NDArray[Any] | None:
    given = [plane for plane in planes if plane is not None]
    if not given:
        return None
    if len(given) < len(planes) or len({plane.shape[1:] for plane in given}) > 1:
        shapes = ", ".join("none" if p is None else str(p.shape[1:]) for p in planes)
        msg = f"the bands of a frame are of the same pixels, and have the same files; got {shapes}."
        raise ParameterError(msg)
    return np.concatenate(given)


def _digest(paths: Sequence[Path]) -> str:
    """Return the SHA-256 of one file, or of those of several."""
    digests = [file_digest(path) for path in paths]
    whole = digests[0] if len(digests) == 1 else sha256("".join(digests).encode()).hexdigest()
    return f"sha256:{whole}"


def file_digest(path: Path) -> str:
    """Return the SHA-256 of a file, or of all files in a folder, in hexadecimal."""
    files = sorted(p for p in path.rglob("*") if p.is_file()) if path.is_dir() else [path]
    digest = sha256()
    for file in files:
        with file.open("rb") as stream:
            while block := stream.read(1 << 20):
                digest.update(block)
    return digest.hexdigest()
