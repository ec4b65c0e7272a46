"""A sample of real cutouts: images of files, or tiles of frames, less their sky."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from os import PathLike
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from skybench.errors import MissingDependencyError, NotFoundError, ParameterError
from skybench.generators.arrays import Floats, Singles
from skybench.survey.frame import UNNAMED
from skybench.survey.reading import frames_in

_LARGE = 128
"""Pixels along a side from which the sky of an image is a map; below it is one number."""

_BOX = 64
"""Pixels along the side of a cell of this map."""

_ARRAYS = ("images", "image")
"""Of npz files, in this order; else the only one."""


@dataclass(frozen=True, kw_only=True, eq=False)
class CutoutSample:
    """Images of one shape, in counts, less their sky; a pixel without value is no number.

    Make one by `CutoutSample.of` or `read_sample`.

    Attributes
    ----------
    images : (sample, band, y, x) float32 array
    bands : tuple of str
    reference : str
        The band that sources are detected in.
    zeropoint, gain : (band,) float64 array
        AB magnitude of one count, and electrons a count.
    pixel_scale_arcsec : float
    is_centred : bool
        Whether each cutout was made about its brightest source.
    origin : (sample,) int64 array, optional
        Which of the given images each was cut from.
    """

    images: Singles
    bands: tuple[str, ...]
    reference: str
    zeropoint: Floats
    gain: Floats
    pixel_scale_arcsec: float
    is_centred: bool = False
    origin: NDArray[np.int64] | None = None

    @property
    def plane(self) -> int:
        """Which band is the reference."""
        return self.bands.index(self.reference)

    @classmethod
    def of(
        cls,
        images: Sequence[ArrayLike],
        *,
        bands: Sequence[str] = (UNNAMED,),
        reference: str | None = None,
        zeropoint: ArrayLike = 25.0,
        gain: ArrayLike = 1.0,
        pixel_scale_arcsec: float = 1.0,
        tile: int | None = None,
        crop: int | None = None,
        binning: int = 1,
    ) -> "CutoutSample":
        """Return a sample of arrays.

        Parameters
        ----------
        images : sequence of ([band,] y, x) array
            Of any shapes where they are tiled or cropped.
        bands : sequence of str
        reference : str, optional
            Default: ``r``, else the middle one.
        zeropoint, gain : float or (band,) sequence
            AB magnitude of one count, and electrons a count.
        pixel_scale_arcsec : float
            Before any binning.
        tile : int, optional
            Cut each into squares of so many pixels, as many as fit about its middle.
        crop : int, optional
            Keep the middle square of so many pixels, for cutouts about a galaxy; smaller images
            are left out.
        binning : int
            Sum squares of so many pixels first, for images that are sampled more finely than the
            camera did: their noise is correlated beyond what recipes have.

        Raises
        ------
        ParameterError
            Shapes or bands disagree, or nothing is left.
        """
        bands = tuple(bands)
        if tile is not None and crop is not None:
            msg = "a sample is tiled or cropped, not both"
            raise ParameterError(msg)
        binned = (_binned(_checked(one, bands, i), binning) for i, one in enumerate(images))
        flat = [_without_sky(one) for one in binned]
        cut = [list(_squares(one, tile, crop)) for one in flat]
        squares = [square for each in cut for square in each]
        shapes = sorted({square.shape[1:] for square in squares})
        if len(shapes) != 1:
            msg = (
                f"cutouts must be of one shape, got {shapes or 'none'}; cut frames by tile, and "
                "cutouts about a galaxy by crop."
            )
            raise ParameterError(msg)
        word = reference or ("r" if "r" in bands else bands[len(bands) // 2])
        if word not in bands:
            msg = f"reference must be one of the bands {', '.join(bands)}, got {word!r}"
            raise ParameterError(msg)
        return cls(
            images=np.stack(squares),
            bands=bands,
            reference=word,
            zeropoint=_each("zeropoint", zeropoint, bands),
            gain=_each("gain", gain, bands),
            pixel_scale_arcsec=pixel_scale_arcsec * binning,
            is_centred=crop is not None,
            origin=np.repeat(np.arange(len(cut)), list(map(len, cut))),
        )


def read_sample(
    source: str | PathLike[str],
    *,
    pattern: str = "*",
    bands: Sequence[str] | None = None,
    **more: Any,
) -> CutoutSample:
    """Return the sample in a folder or a file.

    FITS files have an image or a cube of bands in each part; NPY and NPZ files one image, a cube
    or a stack of them (of NPZ the array ``images`` or ``image``, its bands the array
    ``filters``). A CSV table lists frames as for `skybench inject`, whose masks, zero points and
    gains count.

    Parameters
    ----------
    source : path
    pattern : str
        Of the names of a folder's files that are read.
    bands : sequence of str, optional
    **more
        As for `CutoutSample.of`.

    Raises
    ------
    NotFoundError
        There is nothing to read.
    ParameterError
        As `CutoutSample.of`.
    """
    path = Path(source)
    if path.suffix == ".csv":
        return _of_frames(path, more)
    files = sorted(p for p in path.glob(pattern) if p.suffix in _READERS) if path.is_dir() else []
    files = [path] if path.is_file() and path.suffix in _READERS else files
    if not files:
        msg = f"there is no image {pattern} in {path}; read are {', '.join(_READERS)} and .csv."
        raise NotFoundError(msg)
    read = [_READERS[file.suffix](file) for file in files]
    named = bands or next((own for _, own in read if own), (UNNAMED,))
    images = [image for found, _ in read for image in _single(found, len(named))]
    return CutoutSample.of(images, bands=named, **more)


def _of_frames(path: Path, more: dict[str, Any]) -> CutoutSample:
    frames = [files.read() for files in frames_in(path)]
    first = frames[0]
    for frame in frames:
        if frame.bands != first.bands:
            msg = f"{path}: frames must have the same bands, got {frame.bands} and {first.bands}."
            raise ParameterError(msg)
    images = []
    for frame in frames:  # counts of all become those of the first
        scale = 10 ** (0.4 * (first.zeropoint - frame.zeropoint))
        counts = frame.image * scale[:, None, None]
        images.append(np.where(frame.is_usable, counts, np.nan))
    own: dict[str, Any] = {"zeropoint": first.zeropoint, "gain": first.gain}
    if first.pixel_scale_arcsec is not None:
        own["pixel_scale_arcsec"] = first.pixel_scale_arcsec
    return CutoutSample.of(images, bands=first.bands, **(own | more))


def _of_fits(path: Path) -> tuple[list[NDArray[Any]], tuple[str, ...]]:
    from astropy.io import fits  # late: it takes a while

    with fits.open(path) as file:
        parts = [hdu.data for hdu in file if hdu.is_image and hdu.data is not None]
        return [np.asarray(data, np.float32) for data in parts if data.ndim in (2, 3)], ()


def _of_npz(path: Path) -> tuple[list[NDArray[Any]], tuple[str, ...]]:
    with np.load(path) as file:
        name = next((word for word in (*_ARRAYS, *file.files) if word in file.files), None)
        if name is None:
            return [], ()
        bands = tuple(map(str, file["filters"])) if "filters" in file.files else ()
        return [file[name]], bands


def _of_npy(path: Path) -> tuple[list[NDArray[Any]], tuple[str, ...]]:
    return [np.load(path)], ()


_READERS = {".fits": _of_fits, ".fit": _of_fits, ".fz": _of_fits, ".npy": _of_npy, ".npz": _of_npz}


def _single(arrays: Sequence[NDArray[Any]], bands: int) -> Iterator[NDArray[Any]]:
    """Give the images of arrays that may be stacks of them."""
    for array in arrays:
        is_stack = array.ndim == 4 or (array.ndim == 3 and bands == 1 and len(array) > 1)
        yield from array if is_stack else [array]


def _checked(image: ArrayLike, bands: tuple[str, ...], number: int) -> Singles:
    values = np.asarray(image)
    planes = values if values.ndim == 3 else values[None]
    if planes.ndim != 3 or planes.dtype.kind not in "fiu" or len(planes) != len(bands):
        msg = (
            f"image {number} has shape {values.shape} of {values.dtype}, and bands are "
            f"{', '.join(bands)}; expected numbers as (y, x) or (band, y, x)."
        )
        raise ParameterError(msg)
    return np.ascontiguousarray(planes, dtype=np.float32)


def _binned(planes: Singles, binning: int) -> Singles:
    if binning < 1 or min(planes.shape[1:]) < binning:
        msg = f"binning must be at least 1 and at most a side of an image, got {binning}"
        raise ParameterError(msg)
    ny, nx = (length // binning for length in planes.shape[1:])
    cut = planes[:, : ny * binning, : nx * binning]
    return np.ascontiguousarray(cut.reshape(-1, ny, binning, nx, binning).sum(axis=(2, 4)))


def _each(name: str, given: ArrayLike, bands: tuple[str, ...]) -> Floats:
    values = np.asarray(given, dtype=np.float64).ravel()
    is_wrong = name == "gain" and not (values > 0).all()
    if values.size not in (1, len(bands)) or not np.isfinite(values).all() or is_wrong:
        msg = f"{name} must be a number for all bands or one each, got {given!r}"
        raise ParameterError(msg)
    return np.array(np.broadcast_to(values, (len(bands),)))


def source_extractor() -> Any:
    """Return the module `sep`.

    Raises
    ------
    MissingDependencyError
        It is not installed.
    """
    try:
        import sep  # late: an extra
    except ImportError:
        msg = "detection needs sep: pip install 'skybench[survey]'"
        raise MissingDependencyError(msg) from None
    return sep


def _without_sky(planes: Singles) -> Singles:
    """Return an image less the map of its sky; small ones lose it when they are measured."""
    if min(planes.shape[1:]) < _LARGE:
        return planes
    sep, flat = source_extractor(), np.empty_like(planes)
    for i, values in enumerate(planes):
        bad = ~np.isfinite(values)
        sky = sep.Background(np.where(bad, 0, values), mask=bad, bw=_BOX, bh=_BOX).back()
        flat[i] = values - sky
    return flat


def _squares(planes: Singles, tile: int | None, crop: int | None) -> Iterator[Singles]:
    side = tile or crop
    if side is None:
        yield planes
        return
    if side < 8:
        msg = f"a cutout needs a side of at least 8 pixels, got {side}"
        raise ParameterError(msg)
    fits = [length // side for length in planes.shape[1:]]
    rows, columns = fits if tile else [min(1, number) for number in fits]
    top, left = (
        (length - n * side) // 2
        for length, n in zip(planes.shape[1:], (rows, columns), strict=True)
    )
    for row in range(rows):
        for column in range(columns):
            y, x = top + row * side, left + column * side
            yield np.ascontiguousarray(planes[:, y : y + side, x : x + side])
