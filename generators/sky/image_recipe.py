"""Of a recipe of sky images: the pixel grid, its bands, and what is stored beside the image."""

from collections.abc import Iterator
from typing import Annotated, Any, ClassVar, Literal, Self

from pydantic import (
    BeforeValidator,
    Field,
    field_validator,
    model_validator,
)

from skybench.generators.distributions import (
    Distribution,
    Finite,
    Positive,
)
from skybench.generators.domains import outside_domains
from skybench.generators.recipe import (
    Coded,
    Name,
    in_order,
)
from skybench.generators.recipe_errors import refuse
from skybench.generators.scene_recipe import ImageSpec, Side
from skybench.generators.sky.band_table import KNOWN, PRIMARY
from skybench.generators.sky.spellings import Sky
from skybench.generators.sky.vocabulary import VOCABULARY
from skybench.generators.suggestion import unknown

BandName = Annotated[str, Field(pattern=r"^[A-Za-z][A-Za-z0-9_]{0,15}$")]

BANDED = {"fwhm": "psf_fwhm", "sky_level": "sky_level", "read_noise": "read_noise"}
"""Keys of a band, and the variables that have a value a band where there are bands."""


class Band(Coded):
    """A band, where it differs from what its name stands for.

    ``fwhm``, ``sky_level`` and ``read_noise`` replace those of the recipe; ``flux_ratio`` gives,
    for a name under ``sources``, the flux density (AB) over that in the reference band.
    """

    fwhm: Distribution | None = None
    sky_level: Distribution | None = None
    read_noise: Distribution | None = None
    zeropoint: Finite | None = None
    flux_ratio: dict[Name, Distribution] = Field(default_factory=dict)

    @model_validator(mode="after")
    def _possible(self) -> Self:
        refuse(self._mistakes())
        return self

    def _mistakes(self) -> Iterator[str]:
        own = {BANDED[key]: given for key in BANDED if (given := getattr(self, key)) is not None}
        yield from outside_domains(own, VOCABULARY)
        for source, ratio in self.flux_ratio.items():
            if ratio.depends_on is not None or not ratio.support({})[0] >= 0:
                yield f"flux_ratio.{source} must be 0 or more, and no scaling; truncate it"


def _as_mapping(bands: Any) -> Any:
    if not isinstance(bands, list | tuple):
        return bands
    if not all(isinstance(name, str) for name in bands):
        msg = f"each band in the list must be a name, got {list(bands)}"
        raise ValueError(msg)
    if len(set(bands)) < len(bands):
        msg = f"a band is there twice in {list(bands)}"
        raise ValueError(msg)
    return {name: {} for name in bands}


Bands = Annotated[
    dict[BandName, Band],
    BeforeValidator(_as_mapping, json_schema_input_type=dict[BandName, Band] | list[BandName]),
]
"""Bands by name, or a list of names."""


class SkyImage(ImageSpec):
    """The pixel grid, its bands, and what is stored beside the observed image.

    ``bands`` is a list of names, or a mapping of names to what differs. ``ivar`` stores the
    inverse variance of the noise, ``expected`` the image without noise, ``light`` that of each
    source alone, and ``segmentation`` the source that dominates each pixel where it outshines
    ``segmentation_threshold`` times the noise of the sky. North is up; ``east`` is left, as on
    the sky, unless it is said to be right.
    """

    newer: ClassVar = frozenset({"east", "light"})

    shape: tuple[Side, Side] = (64, 64)
    pixel_scale_arcsec: Positive = 0.26
    zeropoint: Finite = 25.0
    bands: Bands = Field(default_factory=dict)
    reference_band: str | None = None
    ivar: bool = False
    expected: bool = False
    segmentation: bool = False
    segmentation_threshold: Positive = 1.0
    east: Literal["left", "right"] | None = None
    light: bool | None = None

    @field_validator("bands")
    @classmethod
    def _in_order(cls, bands: dict[str, Band]) -> dict[str, Band]:
        return in_order(bands)

    @model_validator(mode="after")
    def _reference_is_there(self) -> Self:
        if self.reference_band is not None and self.reference_band not in self.bands:
            raise ValueError("reference_band: " + unknown("band", self.reference_band, self.bands))
        return self

    @property
    def reference(self) -> str | None:
        """The band that fluxes, sky and seeing of the recipe belong to: r, else the first."""
        if self.reference_band or not self.bands:
            return self.reference_band
        return PRIMARY if PRIMARY in self.bands else next(iter(self.bands))

    def zeropoint_of(self, band: str) -> float:
        """Return the AB magnitude of one electron in a band."""
        own = self.bands[band].zeropoint
        return self.zeropoint if own is None else own

    @property
    def sky(self) -> Sky:
        """Return what turns units of the sky into pixels and electrons of the reference band."""
        zeropoint = self.zeropoint_of(self.reference) if self.reference else self.zeropoint
        return Sky(zeropoint, self.pixel_scale_arcsec, self.east != "right")

    @property
    def has_zeropoint(self) -> bool:
        """Whether the recipe says what a magnitude is in electrons, in the reference band."""
        own = self.bands[self.reference].zeropoint if self.reference else None
        return own is not None or "zeropoint" in self.model_fields_set

    def locus(self, band: str) -> float:
        """Return the `KnownBand.locus` less that of the reference band; 0 where one is unknown."""
        if band not in KNOWN or self.reference not in KNOWN:
            return 0.0
        return KNOWN[band].locus - KNOWN[self.reference].locus

    def second_locus(self, band: str) -> float:
        """Return the same of `KnownBand.second_locus`."""
        if band not in KNOWN or self.reference not in KNOWN:
            return 0.0
        return KNOWN[band].second_locus - KNOWN[self.reference].second_locus

    def factor(self, band: str, variable: str) -> float:
        """Return a band's seeing or sky over that of the reference band."""
        assert self.reference is not None
        if variable == "read_noise":
            return 1.0
        gain = self.zeropoint_of(band) - self.zeropoint_of(self.reference)
        factor = 10 ** (0.4 * gain) if variable == "sky_level" else 1.0
        if band in KNOWN and self.reference in KNOWN:
            own, first = KNOWN[band], KNOWN[self.reference]
            seeing = (own.wavelength / first.wavelength) ** -0.2
            factor *= own.sky / first.sky if variable == "sky_level" else seeing
        return float(factor)
