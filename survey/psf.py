"""The point-spread function of a frame: a Moffat by its FWHM, an image of it, or a PSFEx model.

Each gives for places on the frame what `skybench.generators.sky` draws with: the two numbers of a
Moffat, or images whose values are those of a star at the centres of pixels, the pixel's response
included.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from os import PathLike
from pathlib import Path
from typing import Any, Protocol

import numpy as np

from skybench.errors import ParameterError
from skybench.generators.arrays import Floats
from skybench.generators.sky.psf_transform import PsfImage
from skybench.generators.sky.vocabulary import VOCABULARY

_SUM = 0.05
"""How far the sum of a PSF's image may be from 1: models of measured stars are not exact."""


class FramePsf(Protocol):
    """A PSF that may vary over a frame."""

    def moffats(self, x: Floats, y: Floats) -> tuple[Floats, Floats] | None:
        """Return FWHM in pixels and beta at places; None where the PSF is no Moffat."""

    def images(self, x: Floats, y: Floats) -> list[PsfImage]:
        """Return the images at places; empty where the PSF is a Moffat."""


@dataclass(frozen=True, kw_only=True)
class MoffatPsf:
    """A Moffat, the same all over the frame.

    Parameters
    ----------
    fwhm : float
        Full width at half maximum, pixels.
    beta : float
        Exponent; 3 suits the seeing of most sites, 1e6 is a Gaussian.
    """

    fwhm: float
    beta: float = 3.0

    def __post_init__(self) -> None:
        """Refuse what no Moffat has."""
        for name, value in (("psf_fwhm", self.fwhm), ("psf_beta", self.beta)):
            VOCABULARY[name].check(np.float64(value))
            if not np.isfinite(value):
                msg = f"{name} of a frame must be a number, got {value}."
                raise ParameterError(msg)

    def moffats(self, x: Floats, y: Floats) -> tuple[Floats, Floats]:
        """Return FWHM and beta for each place."""
        return np.full(x.shape, self.fwhm), np.full(x.shape, self.beta)

    def images(self, x: Floats, y: Floats) -> list[PsfImage]:
        """Return nothing: it is no image."""
        return []


@dataclass(frozen=True, kw_only=True, eq=False)
class ImagePsf:
    """An image of the PSF, perhaps with terms that vary over the frame as PSFEx has them.

    The image at (x, y) is the sum of ``basis[i] u^p v^q``, u = (x + 1 - x0) / sx and v likewise,
    over powers p + q up to ``degree``, p running first (Bertin 2011, ADASS XX, 435).

    Parameters
    ----------
    basis : (term, y, x) array
        Its middle is the star's centre; the first term sums to 1.
    sampling : float
        Pixels of the frame along one of the basis.
    degree : int
    zero, scale : (2,) sequence of float
        Of x and y, counted from 1.

    Raises
    ------
    ParameterError
        The basis has a value that is no number, another sum, or terms that the degree has not.
    """

    basis: Floats
    sampling: float = 1.0
    degree: int = 0
    zero: Sequence[float] = field(default=(0.0, 0.0))
    scale: Sequence[float] = field(default=(1.0, 1.0))

    def __post_init__(self) -> None:
        """Refuse what is no PSF."""
        terms = (self.degree + 1) * (self.degree + 2) // 2
        if self.basis.ndim != 3 or len(self.basis) != terms:
            msg = (
                f"a PSF of degree {self.degree} has {terms} images, (term, y, x), got shape "
                f"{self.basis.shape}."
            )
            raise ParameterError(msg)
        if not np.isfinite(self.basis).all():
            msg = "the PSF has values that are no numbers; crop it, or set them to 0."
            raise ParameterError(msg)
        if not abs(float(self.basis[0].sum()) - 1) <= _SUM:
            msg = (
                f"the PSF is not normalised: its pixels sum to {self.basis[0].sum():.4g}, expected "
                "1. Subtract its sky and divide it by its sum."
            )
            raise ParameterError(msg)

    def moffats(self, x: Floats, y: Floats) -> None:
        """Return None: it is no Moffat."""

    def images(self, x: Floats, y: Floats) -> list[PsfImage]:
        """Return the image for each place, one object where it does not vary."""
        if not self.degree:
            return [PsfImage(self.basis[0], 1 / self.sampling)] * x.size
        u, v = (
            (at + 1 - zero) / scale
            for at, zero, scale in zip((x, y), self.zero, self.scale, strict=True)
        )
        powers = [(p, q) for q in range(self.degree + 1) for p in range(self.degree + 1 - q)]
        terms = np.stack([u**p * v**q for p, q in powers], axis=1)
        images = np.tensordot(terms, self.basis, axes=1)
        return [PsfImage(image, 1 / self.sampling) for image in images]


def as_psf(given: object) -> FramePsf:
    """Return the PSF that a number, a pair, an image or a file describes.

    Parameters
    ----------
    given : float, (fwhm, beta), (y, x) array, path or FramePsf
        A FWHM in pixels; a file is FITS, of PSFEx or with an image.

    Raises
    ------
    ParameterError
        It describes none.
    """
    if isinstance(given, MoffatPsf | ImagePsf):
        return given
    if isinstance(given, str | PathLike):
        return read_psf(Path(given))
    values = np.asarray(given, dtype=np.float64) if _is_numeric(given) else np.empty(0)
    if values.ndim == 0:
        return MoffatPsf(fwhm=float(values))
    if values.shape == (2,):
        return MoffatPsf(fwhm=float(values[0]), beta=float(values[1]))
    if values.ndim == 2:
        return ImagePsf(basis=values[None])
    msg = (
        "a PSF is a FWHM in pixels, a pair of FWHM and Moffat beta, an image (y, x), or a FITS "
        f"file of PSFEx or with an image; got {type(given).__name__} of shape {values.shape}."
    )
    raise ParameterError(msg)


def _is_numeric(given: object) -> bool:
    if given is None:
        return False
    return np.asarray(given).dtype.kind in "fiu"


def read_psf(path: Path) -> ImagePsf:
    """Return the PSF in a FITS file: a model of PSFEx, or else the first image.

    Raises
    ------
    ParameterError
        There is neither.
    """
    from astropy.io import fits  # late: it takes a while

    with fits.open(path) as file:
        for hdu in file:
            columns = getattr(hdu, "columns", None)
            if columns is not None and "PSF_MASK" in [name.upper() for name in columns.names]:
                return _of_psfex(hdu.header, np.asarray(hdu.data["PSF_MASK"][0], np.float64))
        for hdu in file:
            if hdu.is_image and hdu.data is not None and hdu.data.ndim == 2:
                return ImagePsf(basis=np.asarray(hdu.data, np.float64)[None])
    msg = f"{path} has neither a column PSF_MASK, as PSFEx writes it, nor an image."
    raise ParameterError(msg)


def _of_psfex(card: Mapping[str, Any], basis: Floats) -> ImagePsf:
    axes = int(card.get("POLNAXIS", 0))
    if axes == 0:
        return ImagePsf(basis=basis[:1], sampling=float(card["PSF_SAMP"]))
    names = [str(card[f"POLNAME{axis + 1}"]).strip() for axis in range(axes)]
    if names != ["X_IMAGE", "Y_IMAGE"]:
        msg = f"the PSF varies with {', '.join(names)}; expected X_IMAGE, Y_IMAGE."
        raise ParameterError(msg)
    return ImagePsf(
        basis=basis,
        sampling=float(card["PSF_SAMP"]),
        degree=int(card["POLDEG1"]),
        zero=(float(card["POLZERO1"]), float(card["POLZERO2"])),
        scale=(float(card["POLSCAL1"]), float(card["POLSCAL2"])),
    )
