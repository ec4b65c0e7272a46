"""The measured PSF of a recipe, from FITS files: an image, or PSFEx's model at a place of the chip.

As a catalogue is, it is read when the recipe is loaded, recorded by its hash, and travels with the
recipe to other machines. Datasets hold it as the coordinate ``psf_image``, so that their images can
be drawn again from what is stored.
"""

from base64 import b64decode, b64encode
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from hashlib import sha256
from pathlib import Path
from typing import Any, Self

import numpy as np
import xarray as xr
from scipy.fft import irfft2, rfft2

from skybench.errors import ParameterError
from skybench.generators.arrays import Floats, Singles
from skybench.generators.sky.psf_model import PsfModel
from skybench.generators.sky.vocabulary import VOCABULARY

IMAGE, PSFEX = "image", "psfex"
"""Profiles that are read from files."""

_FINER = 8
"""Pixels along one of an image's, by which the area above half of the peak is measured."""


@dataclass(frozen=True, kw_only=True, eq=False)
class MeasuredPsf:
    """Images of a PSF, one for all bands or one for each.

    Attributes
    ----------
    bands : tuple of str
        Empty where one is for all.
    images : (band, y, x) float32 array
        As they are stored; at least two pixels along each side.
    sampling : float
        Pixels of the recipe along one of theirs.
    """

    bands: tuple[str, ...]
    images: Singles
    sampling: float

    @cached_property
    def digest(self) -> str:
        """The hash of the images, their bands and their sampling."""
        told = f"{' '.join(self.bands)}\0{self.sampling!r}\0{self.images.shape}\0".encode()
        return f"sha256:{sha256(told + self.images.astype('<f4').tobytes()).hexdigest()}"

    def __eq__(self, other: object) -> bool:
        """Tell whether two are the same images."""
        return isinstance(other, MeasuredPsf) and self.digest == other.digest

    def __hash__(self) -> int:
        """Return what is equal for equal images."""
        return hash(self.digest)

    def fwhm(self, band: str | None = None) -> float:
        """Return the full width at half maximum, pixels, that of the pixel included.

        It is that of a disc of the area on which there is more than half of the peak.
        """
        image = self.images[self.bands.index(band) if band in self.bands else 0]
        fine = _interpolated(image.astype(np.float64))
        area = np.count_nonzero(fine > fine.max() / 2) / _FINER**2
        return round(float(2 * np.sqrt(area / np.pi) * self.sampling), 3)

    def coordinates(self, bands: tuple[str, ...]) -> dict[str, xr.Variable]:
        """Return ``psf_image`` for the bands of a recipe, and ``psf_x`` and ``psf_y``, pixels."""
        row = VOCABULARY["psf_image"]
        values = self.images[0]
        dims = row.dims
        if self.bands:
            values = self.images[[self.bands.index(band) for band in bands]]
            dims = ("band", *row.dims)
        offsets = {
            name: VOCABULARY[name].holding((np.arange(n) - (n - 1) / 2) * self.sampling)
            for name, n in zip(("psf_y", "psf_x"), values.shape[-2:], strict=True)
        }
        return {"psf_image": xr.Variable(dims, values, row.attributes()), **offsets}

    def packed(self) -> dict[str, Any]:
        """Return it as plain values, for a machine that does not see the files."""
        pixels = b64encode(self.images.astype("<f4").tobytes()).decode()
        shape = list(self.images.shape)
        return {"bands": self.bands, "sampling": self.sampling, "shape": shape, "images": pixels}

    @classmethod
    def unpacked(cls, content: Mapping[str, Any]) -> Self:
        """Return what `packed` was made from."""
        pixels = np.frombuffer(b64decode(content["images"]), "<f4").astype(np.float32)
        return cls(
            bands=tuple(content["bands"]),
            images=pixels.reshape(content["shape"]),
            sampling=content["sampling"],
        )


def _interpolated(image: Floats) -> Floats:
    """Return an image on finer pixels, of the frequencies that its pixels sample."""
    shape = image.shape[0] * _FINER, image.shape[1] * _FINER
    spectrum = rfft2(image)
    half = image.shape[0] // 2
    finer = np.zeros((shape[0], shape[1] // 2 + 1), np.complex128)
    columns = spectrum.shape[1]
    finer[:half, :columns], finer[-half:, :columns] = spectrum[:half], spectrum[-half:]
    return np.asarray(irfft2(finer, shape))


def with_psf(
    content: Mapping[str, Any], folder: Path | None
) -> tuple[Mapping[str, Any], dict[str, Any]]:
    """Return a recipe's content with what is recorded of its measured PSF, and the PSF itself.

    Parameters
    ----------
    content : mapping
        Of a recipe, not yet checked. What is no proper block ``psf`` is left as it is.
    folder : Path or None
        Where its files are looked for; None to read no file.

    Returns
    -------
    content : mapping
        Its psf has ``sha256`` and ``fwhm``, and ``file`` without folders.
    found : dict
        ``psf`` and ``psf_folder``; nothing where it is not at hand but its hash is recorded.

    Raises
    ------
    ValueError
        A file cannot be read, or the PSF is not the one whose hash is recorded.
    """
    block = content.get("psf")
    if not isinstance(block, Mapping) or not _are_files(block.get("file")):
        return content, {}
    where = None
    if block.get("content") is not None:
        psf: MeasuredPsf | None = MeasuredPsf.unpacked(block["content"])
    else:
        files = _named(block["file"])
        where = folder and (folder / next(iter(files.values()))).parent
        psf = _found(block, files, where)
    if psf is None:
        return content, {}
    if block.get("sha256", psf.digest) != psf.digest:
        msg = (
            f"psf.sha256: the PSF has the hash {psf.digest}, expected {block['sha256']}; another "
            "file or place was recorded. Take the key out to use this one"
        )
        raise ValueError(msg)
    told = {key: value for key, value in block.items() if key != "content"}
    if "sha256" not in block and ("fwhm" in block or "fwhm_arcsec" in block):
        msg = f"psf: a measured PSF has its own fwhm, of {psf.fwhm():g} pixels; take it out"
        raise ValueError(msg)
    fwhm = {"distribution": "constant", "value": psf.fwhm()}
    told |= {"file": _bare(block["file"]), "sha256": psf.digest, "fwhm": fwhm}
    return {**content, "psf": told}, {"psf": psf, "psf_folder": where}


def _are_files(value: Any) -> bool:
    names = value.values() if isinstance(value, Mapping) else [value]
    return bool(names) and all(isinstance(name, str) for name in names)


def _named(file: str | Mapping[str, str]) -> Mapping[str, str]:
    """Return files by their bands; by an empty name what is for all."""
    return {"": file} if isinstance(file, str) else file


def _bare(file: str | Mapping[str, str]) -> str | dict[str, str]:
    bare = {band: Path(name).name for band, name in _named(file).items()}
    return bare[""] if isinstance(file, str) else bare


def _found(
    block: Mapping[str, Any], files: Mapping[str, str], folder: Path | None
) -> MeasuredPsf | None:
    """Return the PSF in files; None where a recorded one is not at hand."""
    bare = {band: Path(name).name for band, name in files.items()}
    missing = [n for b, n in bare.items() if folder is None or not (folder / n).is_file()]
    if folder is None or missing:
        if "sha256" in block:
            return None
        msg = (
            f"psf.file: there is no file {missing[0]} in {folder or 'any folder'}; all are in the "
            "folder of the first, and paths begin at the recipe's folder"
        )
        raise ValueError(msg)
    try:
        read = [_image(folder / name, block) for name in bare.values()]
    except (ParameterError, OSError, KeyError) as error:
        msg = f"psf.file: {error}"
        raise ValueError(msg) from error
    if len({(image.shape, sampling) for image, sampling in read}) > 1:
        told = ", ".join(f"{image.shape} of {sampling:g}" for image, sampling in read)
        msg = f"psf.file: the bands' images must be alike in shape and sampling, got {told}"
        raise ValueError(msg)
    images = VOCABULARY["psf_image"].store(np.stack([image for image, _ in read]))
    return MeasuredPsf(bands=tuple(b for b in bare if b), images=images, sampling=read[0][1])


def _image(path: Path, block: Mapping[str, Any]) -> tuple[Floats, float]:
    """Return the image in a file, of sum 1, and the recipe's pixels along one of its."""
    model, profile = PsfModel.read(path), block.get("profile")
    if model.is_psfex != (profile == PSFEX):
        is_one = PSFEX if model.is_psfex else IMAGE
        msg = f"{path.name} is of profile {is_one}, and the recipe says {profile}"
        raise ParameterError(msg)
    if min(model.basis.shape[1:]) < 2:
        msg = f"{path.name} has the shape {model.basis.shape[1:]}; a PSF has a few pixels a side"
        raise ParameterError(msg)
    places = [block.get(axis) for axis in "xy"]
    chosen = [
        middle if place is None else float(place)
        for middle, place in zip(model.middle, places, strict=True)
    ]
    image = model.images(*(np.array([at]) for at in chosen))[0]
    finer = 1.0 if model.is_psfex else float(block.get("oversampling") or 1.0)
    return image.array, model.sampling / finer
