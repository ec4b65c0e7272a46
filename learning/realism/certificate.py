"""What a realism test found, as JSON: shown in the card of the release that its fakes are of."""

import json
from os import PathLike
from pathlib import Path

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from skybench.errors import NotFoundError, ParameterError

BOUND = 0.55
"""Below this, at 95 %, an AUC is no better than chance."""


class Interval(BaseModel):
    """An AUC with its interval of 95 %."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    value: float = Field(ge=0, le=1)
    low: float = Field(ge=0, le=1)
    high: float = Field(ge=0, le=1)

    def __str__(self) -> str:
        """Say the value and its interval."""
        return f"{self.value:.3f} [{self.low:.3f}, {self.high:.3f}]"


class Judged(BaseModel):
    """What one judge found.

    Parameters
    ----------
    judge : str
        ``trees``, or the name of a network.
    auc : Interval
        Of real against fake; 0.5 is chance.
    null_real, null_fake : Interval
        Of halves of one sample against each other.
    control : Interval
        Of fakes against themselves under a PSF that is a tenth broader.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    judge: str
    auc: Interval
    null_real: Interval
    null_fake: Interval
    control: Interval

    @property
    def has_sound_null(self) -> bool:
        """Whether halves of one sample are not told apart."""
        return all(one.low <= 0.5 <= one.high for one in (self.null_real, self.null_fake))

    @property
    def has_power(self) -> bool:
        """Whether the wrong PSF is caught."""
        return self.control.low > 0.5

    @property
    def tells_apart(self) -> bool:
        """Whether it tells fakes from real cutouts."""
        return self.auc.low > 0.5

    @property
    def is_equivalent(self) -> bool:
        """Whether real and fake are alike to it, in a test that could have told otherwise."""
        return self.auc.high < BOUND and self.has_power and self.has_sound_null

    @property
    def verdict(self) -> str:
        """Say it in a clause."""
        if self.tells_apart:
            return "fakes are told from real cutouts"
        if self.is_equivalent:
            return f"no better than chance: below {BOUND} at 95 %"
        return f"fakes are not told apart, but an AUC of {BOUND} is not excluded"


class Certificate(BaseModel):
    """A realism test, as it is kept.

    Parameters
    ----------
    real, fake : str
        What was compared; `fake` is a dataset's name where its recipe or version was given.
    real_cutouts, fake_cutouts, real_frames, fake_frames : int
    shape : tuple of int
        (band, y, x) of a cutout.
    is_split_by_frame : bool
    psf_fwhm : float
        Of the control, pixels.
    epochs, seed : int
    judges : tuple of Judged
    telling : dict
        The statistics that give most away: what is lost of the AUC without each.
    pixels : str
        SHA-256 of all that was compared.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    real: str
    fake: str
    real_cutouts: int
    fake_cutouts: int
    real_frames: int
    fake_frames: int
    shape: tuple[int, int, int]
    is_split_by_frame: bool
    psf_fwhm: float
    epochs: int
    seed: int
    judges: tuple[Judged, ...]
    telling: dict[str, float]
    pixels: str

    def to_json(self) -> str:
        """Return it as text; the same test gives the same text."""
        return json.dumps(self.model_dump(mode="json"), indent=2, sort_keys=True) + "\n"


def read_certificate(path: str | PathLike[str]) -> Certificate:
    """Read what `skybench realism --out` wrote.

    Raises
    ------
    NotFoundError
        There is no such file.
    ParameterError
        It is no certificate.
    """
    file = Path(path)
    try:
        text = file.read_text(encoding="utf-8")
    except OSError as error:
        msg = f"{file} cannot be read ({error.strerror}); 'skybench realism --out' writes one."
        raise NotFoundError(msg) from None
    try:
        return Certificate.model_validate_json(text)
    except ValidationError as error:
        first = error.errors()[0]
        msg = (
            f"{file} is no realism certificate: {'.'.join(map(str, first['loc']))} {first['msg']}; "
            "'skybench realism --out' writes one."
        )
        raise ParameterError(msg) from None
