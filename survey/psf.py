"""The point-spread function of a frame: a Moffat by its FWHM, an image of it, or a PSFEx model.

Each gives for places on the frame what `skybench.generators.sky` draws with: the two numbers of a
Moffat, or images whose values are those of a star at the centres of pixels, the pixel's response
included.
"""

from dataclasses import dataclass
from os import PathLike
from pathlib import Path
from typing import Protocol

import numpy as np

from skybench.errors import ParameterError
from skybench.generators.arrays import Floats
from skybench.generators.sky.psf_model import PsfModel
from skybench.generators.sky.psf_transform import PsfImage
from skybench.generators.sky.vocabulary import VOCABULARY


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


class ImagePsf(PsfModel):
    """An image of the PSF, or a model of PSFEx: its `images` vary over the frame."""

    def moffats(self, x: Floats, y: Floats) -> None:
        """Return None: it is no Moffat."""


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
        return ImagePsf.read(Path(given))
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
