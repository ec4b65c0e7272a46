"""Recipes: what a dataset is made of, validated before anything is made."""

from collections.abc import Mapping
from typing import Annotated, Any, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from skybench.generators.distributions import NUMBER, Constant, Distribution, Finite, Positive
from skybench.generators.schema import SPLITS, VARIABLES, OneOf, Variable
from skybench.generators.sky.catalogue import PROFILES
from skybench.generators.suggestion import unknown

Name = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]{0,31}$")]
Share = Annotated[Positive, Field(ge=0.01, description="at least one sample in a hundred")]
Line = Annotated[str, Field(min_length=1, max_length=300)]

Side = Annotated[int, NUMBER, Field(ge=8, le=2048)]

MAX_SOURCES = 64


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class ImageSpec(_Part):
    """The pixel grid: shape as [ny, nx], the scale of a pixel, the zero point of magnitudes."""

    shape: tuple[Side, Side]
    pixel_scale_arcsec: Positive
    zeropoint: Finite = 25.0


class Psf(_Part):
    """The point-spread function, a Moffat; a fwhm of 0 switches it off."""

    fwhm: Distribution
    beta: Distribution = Constant(value=3.0)


class Noise(_Part):
    """Noise, in the order that a camera adds it.

    ``shot`` switches the Poisson noise of source and sky; a ``read_noise`` of 0 switches
    that off; ``scale`` multiplies the departure of the image from its expectation.
    """

    sky_level: Distribution
    read_noise: Distribution
    shot: bool = True
    scale: Annotated[Finite, Field(ge=0, le=100)] = 1.0


class Placement(_Part):
    """Where sources lie.

    The image less a margin is divided into cells x cells; the sources of a sample take
    different cells and lie within the middle ``fill`` of theirs. One cell lets them lie
    anywhere, blends included.
    """

    margin: Annotated[Finite, Field(ge=0, description="pixels kept free at each border")] = 0.0
    cells: Annotated[int, NUMBER, Field(ge=1, le=16)] = 1
    fill: Annotated[Finite, Field(ge=0, le=1)] = 1.0


class Scene(_Part):
    """How many sources a sample holds, and where."""

    count: Distribution = Constant(value=1)
    placement: Placement = Placement()


class SourceSpec(BaseModel):
    """A kind of source: its profile and a distribution for each parameter it does not default.

    The keys beside ``profile`` are parameters of that profile.
    """

    model_config = ConfigDict(extra="allow", frozen=True)
    __pydantic_extra__: dict[str, Distribution] = Field(init=False)

    profile: str

    @property
    def distributions(self) -> dict[str, Distribution]:
        """Every parameter's distribution, the profile's defaults included."""
        return {**PROFILES[self.profile].defaults, **self.__pydantic_extra__}

    @model_validator(mode="after")
    def _known(self) -> Self:
        if self.profile not in PROFILES:
            raise ValueError(unknown("profile", self.profile, PROFILES))
        allowed = PROFILES[self.profile].defaults
        for name in self.__pydantic_extra__:
            if name not in allowed:
                raise ValueError(unknown(f"parameter of {self.profile}", name, allowed))
        check_domains(self.distributions)
        return self


class ClassSpec(_Part):
    """A class: the sources that belong to it, and how often it is drawn."""

    sources: Annotated[tuple[str, ...], Field(min_length=1)]
    weight: Positive = 1.0


class Recipe(_Part):
    """A dataset that can be generated: the whole of what its pixels depend on, and its papers."""

    name: Name
    title: Line
    description: str
    licence: Line
    citation: str
    seed: Annotated[int, NUMBER, Field(ge=0, lt=2**63)]
    samples: Annotated[int, NUMBER, Field(ge=1, le=10**9)]
    task: Literal["classification", "multilabel"]
    image: ImageSpec
    psf: Psf
    noise: Noise
    scene: Scene = Scene()
    sources: Annotated[dict[Name, SourceSpec], Field(min_length=1)]
    classes: Annotated[dict[Name, ClassSpec], Field(min_length=2, max_length=100)]
    splits: dict[str, Share]

    @property
    def class_names(self) -> tuple[str, ...]:
        """The classes in the order of their codes."""
        return tuple(self.classes)

    @property
    def split_fractions(self) -> dict[str, float]:
        """The share of each split, in the order of the codes; absent splits are 0."""
        return {name: float(self.splits.get(name, 0.0)) for name in SPLITS}

    @property
    def slots(self) -> int:
        """The largest number of sources in a sample: the length of the source dimension."""
        return round(self.scene.count.support({})[1])

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        self._check_classes()
        self._check_scene()
        self._check_splits()
        self._check_conditions()
        return self

    def _check_conditions(self) -> None:
        for place, name, distribution in (
            ("psf.fwhm", "psf_fwhm", self.psf.fwhm),
            ("psf.beta", "psf_beta", self.psf.beta),
            ("noise.sky_level", "sky_level", self.noise.sky_level),
            ("noise.read_noise", "read_noise", self.noise.read_noise),
        ):
            if distribution.depends_on is not None:
                msg = f"{place} cannot be a scaling: only parameters of a source follow another"
                raise ValueError(msg)
            _check_domain(place, VARIABLES[name], distribution, distribution.support({}))

    def _check_classes(self) -> None:
        used = set()
        for name, spec in self.classes.items():
            for source in spec.sources:
                if source not in self.sources:
                    message = unknown("source", source, self.sources)
                    msg = f"classes.{name} can never be produced: {message}"
                    raise ValueError(msg)
                if source in used:
                    msg = f"classes.{name}: source {source!r} already belongs to another class"
                    raise ValueError(msg)
                used.add(source)
        idle = sorted(set(self.sources) - used)
        if idle:
            msg = f"sources.{idle[0]} belongs to no class; list it under one or remove it"
            raise ValueError(msg)

    def _check_scene(self) -> None:
        values = self.scene.count.atoms
        if values is None:
            msg = "scene.count must be a number or a choice of numbers"
            raise ValueError(msg)
        if any(v != int(v) or not 1 <= v <= MAX_SOURCES for v in values):
            msg = f"scene.count must be whole numbers from 1 to {MAX_SOURCES}, got {values}"
            raise ValueError(msg)
        if self.task == "classification" and values != (1,):
            msg = (
                "a classification has one source a sample: set scene.count to 1, "
                "or the task to multilabel"
            )
            raise ValueError(msg)
        placement = self.scene.placement
        if placement.cells > 1 and placement.cells**2 < max(values):
            msg = (
                f"scene.placement.cells {placement.cells} gives {placement.cells**2} cells "
                f"for up to {int(max(values))} sources; use at least "
                f"{int(max(values) ** 0.5 - 1e-9) + 1}, or 1 to place them anywhere"
            )
            raise ValueError(msg)
        if 2 * placement.margin >= min(self.image.shape):
            msg = (
                f"scene.placement.margin {placement.margin:g} leaves no room in an image of "
                f"{self.image.shape[0]} x {self.image.shape[1]}"
            )
            raise ValueError(msg)

    def _check_splits(self) -> None:
        for name in self.splits:
            if name not in SPLITS:
                raise ValueError(unknown("split", name, SPLITS))
        total = sum(self.splits.values())
        if abs(total - 1) > 1e-9:
            msg = f"splits must sum to 1, got {total:g}"
            raise ValueError(msg)


def check_domains(distributions: Mapping[str, Distribution]) -> None:
    """Refuse distributions of a source that can leave their parameter's domain.

    Raises
    ------
    ValueError
        Naming the parameter, what it could become, and its domain.
    """
    supports: dict[str, tuple[float, float]] = {}
    for name in evaluation_order(distributions):
        supports[name] = distributions[name].support(supports)
        _check_domain(name, VARIABLES[name], distributions[name], supports[name])


def _check_domain(
    place: str, row: Variable, distribution: Distribution, support: tuple[float, float]
) -> None:
    atoms = distribution.atoms
    if isinstance(row.domain, OneOf) and atoms is None:
        msg = f"{place} must be one of {row.domain}; use a number or a choice"
        raise ValueError(msg)
    inside = row.domain.contains(atoms).all() if atoms else row.domain.covers(*support)
    if not inside:
        low, high = support
        msg = (
            f"{place} can be {low:g} to {high:g}, outside its domain {row.domain}; "
            "narrow the distribution, or truncate it"
        )
        raise ValueError(msg)


def evaluation_order(distributions: Mapping[str, Any]) -> list[str]:
    """Return the parameters so that each comes after the one it depends on."""
    order: list[str] = []
    waiting = dict(distributions)
    while waiting:
        ready = [n for n, d in waiting.items() if d.depends_on in (None, *order)]
        if not ready:
            name, blocked = next(iter(waiting.items()))
            if blocked.depends_on not in distributions:
                raise ValueError(
                    f"{name}: " + unknown("parameter", blocked.depends_on, distributions)
                )
            msg = f"{' and '.join(waiting)} depend on each other; make one of them independent"
            raise ValueError(msg)
        order += ready
        for name in ready:
            del waiting[name]
    return order
