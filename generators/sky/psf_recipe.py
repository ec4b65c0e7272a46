"""Of a recipe of sky images: the point-spread function."""

from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, ClassVar, Literal, Self

from pydantic import (
    Field,
    PrivateAttr,
    ValidationInfo,
    model_validator,
)

from skybench.errors import RecipeError
from skybench.generators.distributions import (
    Constant,
    Distribution,
    Finite,
    Positive,
)
from skybench.generators.recipe import (
    Condition,
    Line,
    Part,
)
from skybench.generators.sky import psf_transform
from skybench.generators.sky.image_recipe import BandName
from skybench.generators.sky.psf_file import IMAGE, PSFEX, MeasuredPsf
from skybench.generators.sky.spikes import Spikes
from skybench.generators.sky.vocabulary import VOCABULARY

FWHM, MOFFAT_BETA = Constant(value=3.0), Constant(value=3.0)

_OF_PROFILES: dict[str, tuple[tuple[str, ...], Distribution | None]] = {
    "beta": (("moffat",), MOFFAT_BETA),
    "obscuration": (("airy",), None),
    "file": ((IMAGE, PSFEX), None),
    "oversampling": ((IMAGE,), None),
    "x": ((PSFEX,), None),
    "y": ((PSFEX,), None),
}
"""Keys of a PSF that only some profiles have, and what they are where they are left out."""


class Psf(Part):
    """The point-spread function; a fwhm of 0 switches a Moffat or a Gaussian off.

    The ``profile`` is a Moffat, a Gaussian, that of turbulence (``kolmogorov``), or that of a
    mirror in space (``airy``), with an ``obscuration``: the diameter of what stands before the
    mirror over its own. With ``spikes`` it has diffraction spikes, too.

    It is an ``image`` in a FITS ``file``, with ``oversampling`` pixels along one of the recipe's,
    or a ``psfex`` model, taken at the pixel ``x``, ``y`` of its chip, by default in the middle of
    its stars; ``file`` may name one for each band. They hold the response of a pixel of the
    recipe's scale, and record their hash and ``fwhm``.

    The Gaussian is recorded as the Moffat that it is the limit of, with a ``psf_beta`` of 1e6.
    ``fwhm_arcsec`` stands for ``fwhm``, which is in pixels.
    """

    fwhm: Distribution = FWHM
    fwhm_arcsec: Distribution | None = None
    beta: Distribution = MOFFAT_BETA
    profile: Literal["moffat", "gaussian", "kolmogorov", "airy", "image", "psfex"] = "moffat"
    spikes: Spikes | None = None
    obscuration: Annotated[Finite, Field(ge=0, le=0.9)] | None = None
    file: Annotated[
        Line | dict[BandName, Line] | None,
        Field(description="FITS, or one for each band; relative to the recipe"),
    ] = None
    oversampling: Annotated[Positive, Field(le=100)] | None = None
    x: Finite | None = None
    y: Finite | None = None
    sha256: Annotated[str, Field(pattern=r"^sha256:[0-9a-f]{64}$")] | None = None

    newer: ClassVar = frozenset(
        {
            *("spikes", "fwhm_arcsec", "obscuration"),
            *("file", "oversampling", "x", "y", "sha256"),
        }
    )

    # Private, so that no dump, repr or error shows them.
    _measured: MeasuredPsf | None = PrivateAttr(default=None)
    _folder: Path | None = PrivateAttr(default=None)

    @model_validator(mode="after")
    def _read(self, info: ValidationInfo) -> Self:
        if self.file is not None:
            context = info.context or {}
            self._measured, self._folder = context.get("psf"), context.get("psf_folder")
        return self

    @property
    def folder(self) -> Path | None:
        """Where its files were found; None for a recorded recipe."""
        return self._folder

    @property
    def is_measured(self) -> bool:
        """Whether it is from a file."""
        return self.profile in (IMAGE, PSFEX)

    @property
    def measured(self) -> MeasuredPsf:
        """What is in its files.

        Raises
        ------
        RecipeError
            The recipe was recorded elsewhere, and they are not at hand.
        """
        if self._measured is None:
            msg = (
                f"the PSF {self.file} is not at hand, whose hash is {self.sha256}; put it into the "
                "folder in which you run this"
            )
            raise RecipeError(msg)
        return self._measured

    @model_validator(mode="after")
    def _of_one_kind(self) -> Self:
        # Left out, they are written where the recipe is recorded.
        if self.fwhm_arcsec is not None and self.fwhm != FWHM:
            msg = "fwhm_arcsec and fwhm say the same; give one of them"
            raise ValueError(msg)
        article = "an" if self.profile in ("airy", "image") else "a"
        for key, (profiles, default) in _OF_PROFILES.items():
            if self.profile not in profiles and getattr(self, key) != default:
                msg = (
                    f"{article} {self.profile} has no {key}; take it out, or let the profile be "
                    f"{' or '.join(profiles)}"
                )
                raise ValueError(msg)
        if self.is_measured and self.file is None:
            msg = f"{article} {self.profile} needs the file that it is in: file: psf.fits"
            raise ValueError(msg)
        return self

    @property
    def transformed(self) -> Iterator[Condition]:
        """What is drawn once a sample of a PSF that is known by its transform."""
        if self.profile in psf_transform.TRANSFORMED:
            code = Constant(value=psf_transform.TRANSFORMED[self.profile])
            yield Condition("psf.profile", VOCABULARY["psf_profile"], code)
        if self.profile == "airy":
            inner = Constant(value=self.obscuration or 0.0)
            yield Condition("psf.obscuration", VOCABULARY["psf_obscuration"], inner)

    @property
    def exponent(self) -> Distribution:
        """Return the distribution of ``psf_beta``, which a measured PSF has not."""
        own = psf_transform.PROFILES[self.profile]
        return self.beta if own is None else Constant(value=own)
