"""Recipes of sky images: optics, bands, noise and detector beside the sources."""

from collections.abc import Iterable, Iterator, Mapping
from typing import Annotated, Any, ClassVar, Literal, Self

import numpy as np
from pydantic import (
    BeforeValidator,
    Field,
    field_validator,
    model_validator,
)
from typing_extensions import override

from skybench.generators.distributions import Constant, Distribution, Finite, Positive
from skybench.generators.domains import outside_domains
from skybench.generators.recipe import (
    MAPPED_SOURCES,
    SEGMENTATION,
    Coded,
    Condition,
    Name,
    Part,
    SourceSpec,
    in_order,
)
from skybench.generators.recipe_errors import refuse
from skybench.generators.scene_recipe import ImageSpec, SceneRecipe, Side
from skybench.generators.sky import psf_transform
from skybench.generators.sky.band_table import BULGE, KNOWN, PRIMARY
from skybench.generators.sky.detector import Detector
from skybench.generators.sky.instrument import Observed, chosen, laid_under, lifted
from skybench.generators.sky.noise import Noise
from skybench.generators.sky.objects import SKY_OBJECTS
from skybench.generators.sky.spikes import SHARPEST, Spikes
from skybench.generators.sky.vocabulary import VOCABULARY
from skybench.generators.suggestion import unknown

BandName = Annotated[str, Field(pattern=r"^[A-Za-z][A-Za-z0-9_]{0,15}$")]

MOFFAT_BETA = Constant(value=3.0)

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
    inverse variance of the noise, ``expected`` the image without noise, and ``segmentation``
    the source that dominates each pixel where it outshines ``segmentation_threshold`` times the
    noise of the sky.
    """

    shape: tuple[Side, Side] = (64, 64)
    pixel_scale_arcsec: Positive = 0.26
    zeropoint: Finite = 25.0
    bands: Bands = Field(default_factory=dict)
    reference_band: str | None = None
    ivar: bool = False
    expected: bool = False
    segmentation: bool = False
    segmentation_threshold: Positive = 1.0

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

    def locus(self, band: str) -> float:
        """Return the `KnownBand.locus` less that of the reference band; 0 where one is unknown."""
        if band not in KNOWN or self.reference not in KNOWN:
            return 0.0
        return KNOWN[band].locus - KNOWN[self.reference].locus

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


class Psf(Part):
    """The point-spread function; a fwhm of 0 switches a Moffat or a Gaussian off.

    The ``profile`` is a Moffat, a Gaussian, that of turbulence (``kolmogorov``), or that of a
    mirror in space (``airy``), with an ``obscuration``: the diameter of what stands before the
    mirror over its own. With ``spikes`` it has diffraction spikes, too.

    The Gaussian is recorded as the Moffat that it is the limit of, with a ``psf_beta`` of 1e6.
    """

    fwhm: Distribution = Constant(value=3.0)
    beta: Distribution = MOFFAT_BETA
    profile: Literal["moffat", "gaussian", "kolmogorov", "airy"] = "moffat"
    spikes: Spikes | None = None
    obscuration: Annotated[Finite, Field(ge=0, le=0.9)] | None = None

    newer: ClassVar = frozenset({"spikes", "obscuration"})

    @model_validator(mode="after")
    def _of_one_kind(self) -> Self:
        # Left out, it is written where the recipe is recorded.
        if self.profile != "moffat" and self.beta != MOFFAT_BETA:
            article = "an" if self.profile == "airy" else "a"
            msg = f"{article} {self.profile} has no beta; take it out, or let the profile be moffat"
            raise ValueError(msg)
        if self.profile != "airy" and self.obscuration is not None:
            msg = f"a {self.profile} has no obscuration; take it out, or let the profile be airy"
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
        """Return the distribution of ``psf_beta``."""
        own = psf_transform.PROFILES[self.profile]
        return self.beta if own is None else Constant(value=own)


class Background(Part):
    """Faint galaxies that are no sources, from magnitude ``depth`` to ``faintest``.

    AB magnitudes of the whole galaxy in the reference band.
    """

    depth: Finite = 26.0
    faintest: Finite = 28.0

    @model_validator(mode="after")
    def _ordered(self) -> Self:
        if not self.depth < self.faintest <= self.depth + 10:
            msg = (
                f"faintest must be above depth, by up to 10 magnitudes, "
                f"got depth {self.depth:g} and faintest {self.faintest:g}"
            )
            raise ValueError(msg)
        return self


class SkySource(SourceSpec):
    """A source on the sky: its profile and the distributions of its parameters.

    ``colour`` is g - r in AB magnitudes, by which fluxes differ from band to band, where it is not
    to be the profile's own. ``bulge_colour`` is that of the bulge; ``colour`` then is that of all
    but the bulge.
    """

    objects: ClassVar = SKY_OBJECTS
    newer: ClassVar = frozenset({"colour", "bulge_colour"})

    colour: Distribution | None = None
    bulge_colour: Distribution | None = None

    @model_validator(mode="after")
    def _coloured(self) -> Self:
        refuse(self._mistakes_of_colours())
        return self

    @property
    def colours(self) -> dict[str, Distribution]:
        """The colours that are given, by their keys; only bands make use of them."""
        both = {"colour": self.colour, "bulge_colour": self.bulge_colour}
        return {key: given for key, given in both.items() if given is not None}

    def _mistakes_of_colours(self) -> Iterator[str]:
        for key, given in self.colours.items():
            if given.depends_on is not None:
                yield f"{key} cannot be a scaling: it follows no parameter of the source"
        if self.bulge_colour is not None and BULGE not in self.drawn.variables:
            yield f"bulge_colour: {self.profile} has no bulge; take it out, or use colour"


class SkyRecipe(SceneRecipe):
    """A dataset of sky images."""

    newer: ClassVar = SceneRecipe.newer | {"background", "instrument"}

    family: Literal["sky"] = "sky"
    instrument: Observed | None = None
    image: SkyImage = SkyImage()
    psf: Psf = Psf()
    noise: Noise = Noise()
    detector: Detector | None = None
    background: Background | None = None
    sources: Annotated[dict[Name, SkySource], Field(min_length=1)]

    @model_validator(mode="before")
    @classmethod
    def _seen_by_its_instrument(cls, content: Any) -> Any:
        return laid_under(content) if isinstance(content, Mapping) else content

    @override
    def beneath(self, changes: Iterable[str]) -> dict[str, Any]:
        """Return what is recorded, less what an instrument laid that is to be another."""
        recorded = super().beneath(changes)
        another = any(path.partition(".")[0] == "instrument" for path in changes)
        return lifted(recorded) if another else recorded

    @property
    def conditions(self) -> tuple[Condition, ...]:
        """Optics and noise of a sample."""
        return (
            Condition("psf.fwhm", VOCABULARY["psf_fwhm"], self.psf.fwhm),
            Condition("psf.beta", VOCABULARY["psf_beta"], self.psf.exponent),
            *self.psf.transformed,
            *(self.psf.spikes.conditions if self.psf.spikes else ()),
            Condition("noise.sky_level", VOCABULARY["sky_level"], self.noise.sky_level),
            Condition("noise.read_noise", VOCABULARY["read_noise"], self.noise.read_noise),
        )

    @property
    def attributes(self) -> dict[str, str | int | float]:
        """Scale, zero point, and which noise there is."""
        return {
            "pixel_scale_arcsec": self.image.pixel_scale_arcsec,
            "zeropoint": self.image.zeropoint,
            "shot_noise": str(self.noise.shot).lower(),
            "noise_scale": self.noise.scale,
            **self._optional_attributes(),
        }

    def _optional_attributes(self) -> dict[str, str | int | float]:
        """Return what only some recipes have."""
        image = self.image
        attributes: dict[str, str | int | float] = {}
        if self.instrument is not None:
            attributes["instrument"] = self.instrument.name
        if image.reference is not None:
            attributes["reference_band"] = image.reference
        if self.noise.correlation > 0:
            attributes["noise_correlation"] = self.noise.correlation
        if self.background is not None:
            attributes |= {f"background_{k}": v for k, v in self.background.model_dump().items()}
        if image.segmentation:
            attributes["segmentation_threshold"] = image.segmentation_threshold
        if self.detector is not None:
            attributes |= self.detector.model_dump(exclude_none=True)
        return attributes | self._depths()

    def _depths(self) -> dict[str, float]:
        """Return the instrument's own depth in each band, as an attribute each."""
        if self.instrument is None:
            return {}
        seen = chosen(self.instrument)
        there = [band for band in self.image.bands if band in seen.bands]
        return {f"instrument_depth_{band}": round(seen.depth(band), 3) for band in there}

    @property
    def points(self) -> int:
        """Values in the data of a sample."""
        planes = max(1, len(self.image.bands))
        stored = 1 + self.image.ivar + self.image.expected + (self.detector is not None)
        return super().points * (planes * stored + self.image.segmentation)

    @property
    def most_sources(self) -> int:
        """How many sources a sample may hold: few where a map numbers them."""
        return MAPPED_SOURCES if self.image.segmentation else super().most_sources

    def mistakes(self) -> Iterator[str]:
        """Yield what does not go together, a line each, though each part is right by itself."""
        yield from super().mistakes()
        if self.task == SEGMENTATION and not self.image.segmentation:
            yield "a segmentation needs the map of sources: add 'segmentation: true' to image"
        for name in self.targets:
            if self.image.bands and name in BANDED.values():
                yield f"targets: {name} has a value a band, so it is no target; take another"
        yield from self._mistakes_of_sharpness()
        for name, spec in self.sources.items():
            for key in () if self.image.bands else spec.colours:
                yield f"sources.{name}.{key}: only bands have colours; add 'bands' to image"
        for name, band in self.image.bands.items():
            for source in band.flux_ratio:
                yield from self._unknown_source(source, f"image.bands.{name}.flux_ratio")
            yield from self._mistakes_of_band(name, band)

    def _mistakes_of_sharpness(self) -> Iterator[str]:
        seeing = [self.psf.fwhm, *(b.fwhm for b in self.image.bands.values() if b.fwhm)]
        least = min((d.support({})[0] for d in seeing if d.depends_on is None), default=np.inf)
        if self.psf.spikes is not None and least < SHARPEST:
            yield (
                f"psf.spikes need a fwhm of {SHARPEST:g} pixels or more, got down to {least:g}: "
                "pixels do not sample a sharper PSF; widen it, or take the spikes out"
            )
        if self.psf.profile in psf_transform.TRANSFORMED and least < psf_transform.SHARPEST:
            yield (
                f"psf.profile {self.psf.profile} needs a fwhm of {psf_transform.SHARPEST:g} pixels "
                f"or more, got down to {least:g}; widen it, or let the profile be moffat"
            )

    def _mistakes_of_band(self, name: str, band: Band) -> Iterator[str]:
        common = {condition.variable.name: condition.distribution for condition in self.conditions}
        for key, variable in BANDED.items():
            if getattr(band, key) is not None or common[variable].depends_on is not None:
                continue
            ends = np.array(common[variable].support({})) * self.image.factor(name, variable)
            low, high = ends.tolist()
            domain = VOCABULARY[variable].domain
            if not domain.covers(low, high):
                yield (
                    f"{key} in band {name} can be {low:g} to {high:g}, outside its domain "
                    f"{domain}; give its own"
                )
