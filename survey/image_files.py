"""Images in files: what is in a folder of them, and the pixels of each."""

from collections.abc import Iterable
from pathlib import Path, PurePath
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from skybench.errors import ParameterError

COLOURS = ("blue", "green", "red")
"""The planes of a colour picture, by wavelength as other bands are."""

GREY = ("grey",)

_ARRAYS = ("images", "image")
"""Of npz files, in this order; else the only one."""

_GREY_MODES = {"1": np.uint8, "L": np.uint8, "I;16": np.uint16, "I": np.uint16}
"""Of Pillow; 16-bit greys are ``I`` before its version 10.3."""

_OPAQUE = 255


class ImageArrays(NamedTuple):
    """What a file of arrays holds.

    Attributes
    ----------
    arrays : list of array
        An image (y, x), planes of one (band, y, x), or a stack of these each.
    bands : tuple of str
        That the file names.
    """

    arrays: list[NDArray[Any]]
    bands: tuple[str, ...] = ()


def _of_fits(path: Path) -> ImageArrays:
    from astropy.io import fits  # late: it takes a while

    with fits.open(path) as file:
        parts = [hdu.data for hdu in file if hdu.is_image and hdu.data is not None]
        return ImageArrays([np.asarray(data, np.float32) for data in parts if data.ndim in (2, 3)])


def _of_npz(path: Path) -> ImageArrays:
    with np.load(path) as file:
        name = next((word for word in (*_ARRAYS, *file.files) if word in file.files), None)
        if name is None:
            return ImageArrays([])
        bands = tuple(map(str, file["filters"])) if "filters" in file.files else ()
        return ImageArrays([file[name]], bands)


def _of_npy(path: Path) -> ImageArrays:
    return ImageArrays([np.load(path)])


ARRAY_FILES = {
    ".fits": _of_fits,
    ".fit": _of_fits,
    ".fz": _of_fits,
    ".npy": _of_npy,
    ".npz": _of_npz,
}
"""How each kind of file of numbers is read."""

PICTURE_FILES = (".jpg", ".jpeg", ".png")


def files_in(folder: Path, suffixes: Iterable[str], pattern: str = "*") -> list[Path]:
    """Return the files of some kinds in a folder, in the order of their paths.

    Hidden files, and what a Mac leaves in archives, are left out.

    Parameters
    ----------
    folder : Path
    suffixes : iterable of str
    pattern : str
        Of the files; ``**/*`` also takes those in folders within.
    """
    known = set(suffixes)
    found = (p for p in folder.glob(pattern) if p.suffix.lower() in known and p.is_file())
    return sorted(p for p in found if not _is_litter(p.relative_to(folder)))


def _is_litter(path: PurePath) -> bool:
    return any(part.startswith(".") or part == "__MACOSX" for part in path.parts)


class OneImage(NamedTuple):
    """One image of a file.

    Attributes
    ----------
    planes : (band, y, x) array
        Row 0 is at the bottom, as in FITS.
    bands : tuple of str
        That the file tells: `COLOURS` or `GREY` of a picture, or none.
    """

    planes: NDArray[Any]
    bands: tuple[str, ...]


def read_image(path: Path) -> OneImage:
    """Return the image in a file: the first of a FITS file, and all of the other kinds.

    Pictures are 8-bit values as they are, 16-bit ones of a grey PNG; transparency is left out
    where there is none.

    Raises
    ------
    ParameterError
        It cannot be read, or not without loss. The message does not name it.
    """
    try:
        return _picture(path) if path.suffix.lower() in PICTURE_FILES else _array(path)
    except ParameterError:
        raise
    except Exception as error:  # whatever a decoder raises at the bytes of strangers
        reason = " ".join(str(error).split()) or type(error).__name__
        msg = f"cannot be read: {reason}"
        raise ParameterError(msg) from error


def _array(path: Path) -> OneImage:
    read = ARRAY_FILES[path.suffix.lower()](path)
    first = read.arrays[0] if read.arrays else np.empty(0)
    if first.ndim not in (2, 3) or first.dtype.kind not in "fiu":
        msg = f"holds no image (y, x) or (band, y, x), but {first.dtype} of shape {first.shape}"
        raise ParameterError(msg)
    return OneImage(first if first.ndim == 3 else first[None], read.bands)


def _picture(path: Path) -> OneImage:
    from PIL import Image  # late: it takes a while

    with Image.open(path) as picture:
        deep = any(";16" in str(tile[3]) for tile in picture.tile)
        picture.load()
        if picture.mode in _GREY_MODES:
            grey = picture.convert("L") if picture.mode == "1" else picture
            pixels = np.asarray(grey).astype(_GREY_MODES[picture.mode])
            return OneImage(pixels[None, ::-1], GREY)
        if deep:
            msg = "has 16 bits a colour, of which 8 would be lost; write it as FITS or NPY"
            raise ParameterError(msg)
        return OneImage(*_planes(picture))


def _planes(picture: Any) -> tuple[NDArray[np.uint8], tuple[str, ...]]:
    """Return the planes of a colour picture, or of a grey one with transparency."""
    if picture.mode == "P":
        picture = picture.convert("RGBA" if "transparency" in picture.info else "RGB")
    pixels = np.asarray(picture)
    if picture.mode in ("RGBA", "LA"):
        if pixels[..., -1].min() < _OPAQUE:
            msg = "has transparent pixels; put it on a background first"
            raise ParameterError(msg)
        pixels = pixels[..., :-1]
    elif picture.mode != "RGB":
        msg = f"has the colours {picture.mode}, which are for print or film; convert it to RGB"
        raise ParameterError(msg)
    # Row 0 of a picture is at the top; its colours are red first.
    turned = np.moveaxis(pixels[::-1, :, ::-1], -1, 0)
    return turned, COLOURS if len(turned) == len(COLOURS) else GREY
