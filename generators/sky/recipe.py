"""Recipes of sky images: optics, bands, noise and detector beside the sources."""

import json
from collections.abc import Collection, Iterable, Iterator, Mapping
from pathlib import Path
from typing import Annotated, Any, ClassVar, Literal, Self

import numpy as np
from pydantic import (
    BeforeValidator,
    Field,
    PrivateAttr,
    ValidationInfo,
    field_validator,
    model_validator,
)
from typing_extensions import override

from skybench.errors import RecipeError
from skybench.generators.distributions import (
    NUMBER,
    Column,
    Constant,
    Distribution,
    Finite,
    Positive,
    Scaling,
)
from skybench.generators.domains import Drawn, outside_domains
from skybench.generators.geometric.geometric_object import GeometricObject
from skybench.generators.geometric.objects import GEOMETRIC_OBJECTS
from skybench.generators.object_table import JoinedTables
from skybench.generators.recipe import (
    CLASSIFICATION,
    DEBLENDING,
    MAPPED_SOURCES,
    SEGMENTATION,
    Coded,
    Condition,
    Line,
    Name,
    Part,
    SourceSpec,
    in_order,
)
from skybench.generators.recipe_errors import refuse
from skybench.generators.scene_recipe import ImageSpec, SceneRecipe, Side
from skybench.generators.sky import psf_transform, spellings
from skybench.generators.sky.band_table import BULGE, KNOTS, KNOWN, PRIMARY, of_sources
from skybench.generators.sky.detector import Detector
from skybench.generators.sky.instrument import Observed, chosen, laid_under, lifted
from skybench.generators.sky.noise import Noise
from skybench.generators.sky.objects import SKY_OBJECTS
from skybench.generators.sky.psf_file import IMAGE, PSFEX, MeasuredPsf, with_psf
from skybench.generators.sky.shapes import FIRST_CODE
from skybench.generators.sky.sky_residual import SkyResidual
from skybench.generators.sky.spellings import PSF_FWHM_ARCSEC, REDSHIFT, InPixels, Rounded, Sky
from skybench.generators.sky.spikes import SHARPEST, Spikes
from skybench.generators.sky.vocabulary import VOCABULARY
from skybench.generators.suggestion import unknown
from skybench.generators.variable import Variable

BandName = Annotated[str, Field(pattern=r"^[A-Za-z][A-Za-z0-9_]{0,15}$")]

FWHM, MOFFAT_BETA = Constant(value=3.0), Constant(value=3.0)

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


class Background(Part):
    """Faint galaxies that are no sources, from magnitude ``depth`` to ``faintest``.

    AB magnitudes of the whole galaxy in the reference band. ``stars`` is the density of stars of
    the same magnitudes, over that at the Galactic pole.
    """

    depth: Finite = 26.0
    faintest: Finite = 28.0
    stars: Annotated[Finite, Field(ge=0, le=100)] | None = None

    newer: ClassVar = frozenset({"stars"})

    @model_validator(mode="after")
    def _ordered(self) -> Self:
        if not self.depth < self.faintest <= self.depth + 10:
            msg = (
                f"faintest must be above depth, by up to 10 magnitudes, "
                f"got depth {self.depth:g} and faintest {self.faintest:g}"
            )
            raise ValueError(msg)
        return self


class Visibility(Part):
    """How well sources are seen, and how well they have to be.

    ``record`` stores ``signal_to_noise`` and ``feature_signal_to_noise`` of all sources. With
    ``least`` above 0 each of ``sources``, by default those that belong to classes, is drawn up to
    ``attempts`` times until its feature has that signal to noise; if none has, the best is taken.
    With an ``instrument`` that is how it sees them, whichever the recipe's own is: views of one sky
    by several instruments then hold the same sources.
    """

    newer: ClassVar = frozenset({"instrument"})

    record: bool = True
    least: Annotated[Finite, Field(ge=0, le=1e6)] = 0.0
    sources: tuple[str, ...] = ()
    attempts: Annotated[int, NUMBER, Field(ge=1, le=100)] = 8
    instrument: Observed | None = None

    @model_validator(mode="after")
    def _of_use(self) -> Self:
        if not self.record and not self.least:
            msg = "nothing is recorded and nothing asked for; give least, or take visibility out"
            raise ValueError(msg)
        if self.instrument is not None and not self.least:
            msg = "an instrument is to see what has at least some signal to noise; give least"
            raise ValueError(msg)
        return self


class Votes(Part):
    """Simulated volunteers who say of which class a sample is; the label stays the truth.

    A volunteer sees what tells the class with the odds

        (feature signal to noise / seen)^steepness (half-light radius / PSF FWHM)^resolution,

    without the last factor where a source has no half-light radius. Who does not see it says
    ``unseen_as``, as faint and distant spirals of Galaxy Zoo are called smooth (Bamford et al.
    2009, MNRAS 393, 1324; Willett et al. 2013, MNRAS 435, 2835), or guesses any class where that
    is left out. A share of ``lapses`` of all votes falls on any class. ``seen`` is Rose's
    criterion (1948, JOSA 38, 196); the other numbers are choices, not fits.
    """

    volunteers: Annotated[int, NUMBER, Field(ge=1, le=10_000)] = 40
    seen: Annotated[Finite, Field(ge=0.01, le=1e6)] = 5.0
    steepness: Annotated[Positive, Field(le=20)] = 2.5
    resolution: Annotated[Finite, Field(ge=0, le=20)] = 1.0
    lapses: Annotated[Finite, Field(ge=0, le=1)] = 0.01
    unseen_as: str | None = None


class SkySource(SourceSpec):
    """A source on the sky: its profile and the distributions of its parameters.

    ``colour`` is g - r in AB magnitudes, by which fluxes differ from band to band, where it is not
    to be the profile's own. ``bulge_colour`` is that of the bulge, ``clump_colour`` that of the
    star-forming knots; ``colour`` then is that of all else. ``second_colour`` is what r - i has
    beyond the line on which the others lie. All may follow a parameter of the source.
    ``colour_scatter`` is the magnitudes by which each band departs from where they put it; 0.04
    where it is left out. ``redshift`` is recorded, and changes no pixel.

    A parameter may be spelled otherwise, such as ``magnitude`` for ``flux``; see `spellings`. A
    plane shape may be a source, too: it adds its ``brightness``, electrons a pixel.
    """

    objects: ClassVar = JoinedTables(SKY_OBJECTS, GEOMETRIC_OBJECTS)
    newer: ClassVar = frozenset(
        {"colour", "bulge_colour", "clump_colour", "second_colour", "colour_scatter", "redshift"}
    )

    colour: Distribution | None = None
    bulge_colour: Distribution | None = None
    clump_colour: Distribution | None = None
    second_colour: Distribution | None = None
    colour_scatter: Annotated[Finite, Field(ge=0, le=5)] | None = None
    redshift: Distribution | None = None

    @property
    @override
    def distributions(self) -> dict[str, Distribution]:
        """What is drawn, by its name in the recipe: the defaults less what is spelled otherwise."""
        given = dict(self.__pydantic_extra__)
        spelled = {name for s in spellings.used(given, self.profile) for name in s.ours}
        defaults = {n: d for n, d in super().distributions.items() if n not in spelled}
        redshift = {} if self.redshift is None else {REDSHIFT.name: self.redshift}
        return {**defaults, **given, **redshift}

    @property
    @override
    def words(self) -> Collection[str]:
        others = (word for s in spellings.spellings_of(self.profile) for word in s.words)
        return [*self.drawn.defaults, *others]

    @property
    @override
    def takes_columns(self) -> bool:
        return super().takes_columns or any(isinstance(d, Column) for d in self.colours.values())

    @property
    def spells(self) -> bool:
        """Whether some parameter is spelled otherwise."""
        return bool(spellings.used(self.__pydantic_extra__, self.profile))

    @override
    def _outside_domains(self, known: Mapping[str, Distribution]) -> Iterator[str]:
        if self.spells:
            # What follows from them is known with the image alone; the recipe looks at the rest.
            yield from spellings.mistakes(self.__pydantic_extra__, self.profile)
        else:
            yield from outside_domains(known, {**self.drawn.variables, REDSHIFT.name: REDSHIFT})

    @model_validator(mode="after")
    def _possible(self) -> Self:
        refuse([*self._mistakes_of_shapes(), *self._mistakes_of_colours()])
        return self

    @property
    def is_shape(self) -> bool:
        """Whether it is a plane shape rather than an object of the sky."""
        return issubclass(self.drawn, GeometricObject)

    @property
    def code(self) -> int:
        """The code of the object in ``kind``, which those of shapes come after."""
        return super().code + (FIRST_CODE if self.is_shape else 0)

    @property
    def colours(self) -> dict[str, Distribution]:
        """The colours that are given, by their keys; only bands make use of them."""
        keys = ("colour", "bulge_colour", "clump_colour", "second_colour")
        return {key: given for key in keys if (given := getattr(self, key)) is not None}

    @property
    def _followed(self) -> Collection[str]:
        return {*self.drawn.defaults, *self.distributions}

    def _mistakes_of_shapes(self) -> Iterator[str]:
        if self.is_shape and "brightness" not in (self.__pydantic_extra__ or {}):
            yield f"brightness must be given: the electrons a pixel of the {self.profile}"
        if self.is_shape and self.colours:
            yield f"a {self.profile} has no colour: it is alike in all bands"

    def _mistakes_of_colours(self) -> Iterator[str]:
        for key, given in self.colours.items():
            if isinstance(given, Scaling):
                yield f"{key} cannot be a scaling: take a trend or a lookup of a parameter"
            elif given.depends_on and given.depends_on not in self._followed:
                yield f"{key}: {unknown('parameter', given.depends_on, self._followed)}"
        if self.bulge_colour is not None and BULGE not in self.drawn.variables:
            yield f"bulge_colour: {self.profile} has no bulge; take it out, or use colour"
        if self.clump_colour is not None and KNOTS not in self.drawn.variables:
            yield f"clump_colour: {self.profile} has no knots; take it out, or use colour"


class SkyRecipe(SceneRecipe):
    """A dataset of sky images."""

    newer: ClassVar = SceneRecipe.newer | {
        *("background", "instrument", "sky", "visibility", "votes"),
    }

    family: Literal["sky"] = "sky"
    instrument: Observed | None = None
    image: SkyImage = SkyImage()
    psf: Psf = Psf()
    noise: Noise = Noise()
    detector: Detector | None = None
    background: Background | None = None
    visibility: Visibility | None = None
    votes: Votes | None = None
    sky: SkyResidual | None = None
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

    @classmethod
    @override
    def with_files(
        cls, content: Mapping[str, Any], folder: Path | None
    ) -> tuple[Mapping[str, Any], dict[str, Any]]:
        return with_psf(content, folder)

    @property
    @override
    def read_files(self) -> dict[str, tuple[Path, dict[str, Any]]]:
        psf = self.psf
        own = {}
        if psf.folder is not None:
            own["psf"] = (psf.folder, psf.model_dump(mode="json", include={"sha256", "fwhm"}))
        return super().read_files | own

    @property
    @override
    def portable_json(self) -> str:
        if self.psf.file is None:
            return super().portable_json
        content = json.loads(super().portable_json)
        content["psf"]["content"] = self.psf.measured.packed()
        return json.dumps(content)

    @property
    def visible_sources(self) -> tuple[str, ...]:
        """The sources that ``visibility`` asks to be seen."""
        if self.visibility is None:
            return ()
        labelled = (name for spec in self.classes.values() for name in spec.sources)
        return self.visibility.sources or tuple(labelled) or tuple(self.sources)

    @property
    def judged(self) -> Self:
        """The recipe as the instrument of its ``visibility`` observes it, or at its whole noise.

        So rungs that scale the noise hold the same sources.
        """
        if self.visibility is None or (
            self.visibility.instrument is None and self.noise.scale == 1
        ):
            return self
        if self.visibility.instrument is None:
            return self.model_copy(update={"noise": self.noise.model_copy(update={"scale": 1.0})})
        named = self.visibility.instrument
        optics: dict[str, type[Part]] = {"image": SkyImage, "psf": Psf, "noise": Noise}
        recorded = self.model_dump(mode="json", exclude_none=True, include={*optics, "instrument"})
        seen = laid_under(lifted(recorded) | {"instrument": named.model_dump(exclude_none=True)})
        own = {key: model.model_validate(seen[key]) for key, model in optics.items()}
        return self.model_copy(update=own)

    @property
    def conditions(self) -> tuple[Condition, ...]:
        """Optics and noise of a sample."""
        return (
            *self._seeing,
            *self._exponent,
            *self.psf.transformed,
            *(self.psf.spikes.conditions if self.psf.spikes else ()),
            Condition("noise.sky_level", VOCABULARY["sky_level"], self.noise.sky_level),
            *(self.sky.conditions if self.sky else ()),
            Condition("noise.read_noise", VOCABULARY["read_noise"], self.noise.read_noise),
        )

    @property
    def _exponent(self) -> Iterator[Condition]:
        if not self.psf.is_measured:
            yield Condition("psf.beta", VOCABULARY["psf_beta"], self.psf.exponent)

    @property
    def _seeing(self) -> tuple[Condition, ...]:
        """What is drawn of the width of the PSF, in pixels the last."""
        pixels = VOCABULARY["psf_fwhm"]
        if self.psf.fwhm_arcsec is None:
            return (Condition("psf.fwhm", pixels, self.psf.fwhm),)
        place, arcsec = "psf.fwhm_arcsec", Rounded(PSF_FWHM_ARCSEC, self.psf.fwhm_arcsec)
        return (
            Condition(place, PSF_FWHM_ARCSEC, arcsec),
            Condition(place, pixels, InPixels(arcsec, self.image.pixel_scale_arcsec)),
        )

    @property
    @override
    def variables(self) -> Mapping[str, Variable]:
        return SkySource.objects.variables | of_sources()

    @override
    def drawn_of(self, source: str) -> Mapping[str, Drawn]:
        spec = self.sources[source]
        return spellings.drawn_with(spec.distributions, spec.profile, self.image.sky)

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
        if self.sky is not None:
            attributes["sky_residual_length"] = self.sky.length
        if image.east is not None:
            attributes["east"] = image.east
        if image.segmentation:
            attributes["segmentation_threshold"] = image.segmentation_threshold
        if self.detector is not None:
            attributes |= self.detector.attributes
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
        stored += self.slots if self.image.light else 0
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
        if self.task == DEBLENDING and not self.image.light:
            yield "a deblending needs the light of each source: add 'light: true' to image"
        for name in self.targets:
            if self.image.bands and name in BANDED.values():
                yield f"targets: {name} has a value a band, so it is no target; take another"
        yield from self._mistakes_of_sharpness()
        yield from self._mistakes_of_measured_psf()
        yield from self.sky.mistakes() if self.sky else ()
        yield from self._mistakes_of_spellings()
        for source in self.visibility.sources if self.visibility else ():
            yield from self._unknown_source(source, "visibility.sources")
        yield from self._mistakes_of_judge()
        if self.votes is not None:
            yield from self._mistakes_of_votes(self.votes.unseen_as)
        for name, spec in self.sources.items():
            for key in () if self.image.bands else spec.colours:
                yield f"sources.{name}.{key}: only bands have colours; add 'bands' to image"
        for name, band in self.image.bands.items():
            for source in band.flux_ratio:
                yield from self._unknown_source(source, f"image.bands.{name}.flux_ratio")
                if source in self.sources and self.sources[source].is_shape:
                    yield f"image.bands.{name}.flux_ratio: {source} is a shape, alike in all bands"
            yield from self._mistakes_of_band(name, band)

    def _mistakes_of_spellings(self) -> Iterator[str]:
        for name, spec in self.sources.items():
            drawn = self.drawn_of(name) if spec.spells else {}
            place = f"sources.{name}"
            try:
                for line in outside_domains(drawn, self.variables):
                    yield f"{place}.{line}"
            except ValueError as error:
                yield f"{place}: {error}"
            magnitudes = [word for word in drawn if self.variables[word].units == "mag"]
            if magnitudes and not self.image.has_zeropoint:
                yield (
                    f"{place}.{magnitudes[0]} needs image.zeropoint, the AB magnitude of one "
                    "electron in the whole exposure"
                )

    def _mistakes_of_judge(self) -> Iterator[str]:
        try:
            _ = self.judged
        except ValueError as error:
            yield f"visibility.{error}"

    def _mistakes_of_votes(self, unseen_as: str | None) -> Iterator[str]:
        if self.task != CLASSIFICATION:
            yield f"votes are for the classes of a classification; the task is {self.task}"
        elif unseen_as is not None and unseen_as not in self.classes:
            yield f"votes.unseen_as: {unknown('class', unseen_as, self.classes)}"

    def _mistakes_of_sharpness(self) -> Iterator[str]:
        seeing: list[Drawn] = [self._seeing[-1].distribution]
        seeing += [b.fwhm for b in self.image.bands.values() if b.fwhm]
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

    def _mistakes_of_measured_psf(self) -> Iterator[str]:
        if not self.psf.is_measured:
            return
        for name, band in self.image.bands.items():
            if band.fwhm is not None:
                yield f"image.bands.{name}.fwhm: a measured PSF has its own; take it out"
        if isinstance(self.psf.file, dict) and self.psf.file.keys() != self.image.bands.keys():
            bands = ", ".join(self.image.bands) or "none"
            yield f"psf.file must name one for each band, of which there are: {bands}"

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
