"""Recipes of sky images: optics, bands, noise and detector beside the sources."""

import json
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Annotated, Any, ClassVar, Literal, Self

import numpy as np
from pydantic import (
    Field,
    model_validator,
)
from typing_extensions import override

from skybench.generators.distributions import (
    NUMBER,
    Finite,
    Positive,
)
from skybench.generators.domains import Drawn, outside_domains
from skybench.generators.recipe import (
    CLASSIFICATION,
    DEBLENDING,
    MAPPED_SOURCES,
    SEGMENTATION,
    Condition,
    Name,
    Part,
)
from skybench.generators.scene_recipe import SceneRecipe
from skybench.generators.sky import psf_transform, spellings
from skybench.generators.sky.band_table import of_sources
from skybench.generators.sky.detector import Detector
from skybench.generators.sky.image_recipe import BANDED, Band, SkyImage
from skybench.generators.sky.instrument import Observed, chosen, laid_under, lifted
from skybench.generators.sky.noise import Noise
from skybench.generators.sky.psf_file import with_psf
from skybench.generators.sky.psf_recipe import Psf
from skybench.generators.sky.sky_residual import SkyResidual
from skybench.generators.sky.source_recipe import SkySource
from skybench.generators.sky.spellings import PSF_FWHM_ARCSEC, InPixels, Rounded
from skybench.generators.sky.spikes import SHARPEST
from skybench.generators.sky.vocabulary import VOCABULARY
from skybench.generators.suggestion import unknown
from skybench.generators.variable import Variable


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
        """The recipe as the instrument of its ``visibility`` observes it, at its whole noise.

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
        whole = {**seen, "noise": {**seen["noise"], "scale": 1.0}}
        own = {key: model.model_validate(whole[key]) for key, model in optics.items()}
        alike = all(own[key].model_dump() == getattr(self, key).model_dump() for key in optics)
        return self if alike else self.model_copy(update=own)

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
