"""Models of a PSF that was measured: an image, or PSFEx's, which varies over a chip.

Values are those of a star at the centres of pixels, the pixel's response included.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Self

import numpy as np

from skybench.errors import ParameterError
from skybench.generators.arrays import Floats
from skybench.generators.sky.psf_transform import PsfImage

_SUM = 0.05
"""How far the sum of a PSF's image may be from 1: models of measured stars are not exact."""


@dataclass(frozen=True, kw_only=True, eq=False)
class PsfModel:
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
    is_psfex : bool
        Whether PSFEx made it, so that its sampling is known.

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
    is_psfex: bool = False

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

    @classmethod
    def read(cls, path: Path) -> Self:
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
                    basis = np.asarray(hdu.data["PSF_MASK"][0], np.float64)
                    known = _polynomial(hdu.header)
                    # Without a polynomial only the first image is one.
                    basis = basis if "degree" in known else basis[:1]
                    return cls(basis=basis, is_psfex=True, **known)
            for hdu in file:
                if hdu.is_image and hdu.data is not None and hdu.data.ndim == 2:
                    return cls(basis=np.asarray(hdu.data, np.float64)[None])
        msg = f"{path} has neither a column PSF_MASK, as PSFEx writes it, nor an image."
        raise ParameterError(msg)

    @property
    def middle(self) -> tuple[float, float]:
        """The x and y about which the polynomial is: the middle of the stars that it is from."""
        return self.zero[0] - 1, self.zero[1] - 1

    def images(self, x: Floats, y: Floats) -> list[PsfImage]:
        """Return the image for each place, counted from 0; one object where it does not vary."""
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


def _polynomial(card: Mapping[str, Any]) -> dict[str, Any]:
    """Return what the header of PSFEx's table says of its images."""
    sampling = {"sampling": float(card["PSF_SAMP"])}
    axes = int(card.get("POLNAXIS", 0))
    if axes == 0:
        return sampling
    names = [str(card[f"POLNAME{axis + 1}"]).strip() for axis in range(axes)]
    if names != ["X_IMAGE", "Y_IMAGE"]:
        msg = f"the PSF varies with {', '.join(names)}; expected X_IMAGE, Y_IMAGE."
        raise ParameterError(msg)
    return sampling | {
        "degree": int(card["POLDEG1"]),
        "zero": (float(card["POLZERO1"]), float(card["POLZERO2"])),
        "scale": (float(card["POLSCAL1"]), float(card["POLSCAL2"])),
    }
