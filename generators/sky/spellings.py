"""Other spellings of parameters: magnitudes, arcseconds, angles from north, ellipticities.

A spelling is drawn like any parameter, rounded and stored under its own name; ours follows from the
rounded value, and is stored as always. So a source that is written in units of the sky has the same
ones, to the last bit, on any pixels and for any zero point.

The table is made by a rule a row, for each object:

=================================== ============================ ===============================
stands for                          is written                   by
=================================== ============================ ===============================
``flux`` and the like, in electrons ``magnitude``                10^(0.4 (zeropoint - mag))
a length in pixels                  ``half_light_radius_arcsec`` length / pixel scale
``position_angle`` and the like     ``position_angle_north``     90 + angle; 90 - if east is right
``axis_ratio``, ``position_angle``  ``e1``, ``e2``               |e| = (1 - q^2) / (1 + q^2)
the same                            ``g1``, ``g2``               |g| = (1 - q) / (1 + q)
=================================== ============================ ===============================
"""

from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache
from typing import ClassVar, NamedTuple

import numpy as np
from typing_extensions import override

from skybench.generators.arrays import Floats
from skybench.generators.distributions import Distribution
from skybench.generators.domains import Drawn
from skybench.generators.quantities import PIXEL
from skybench.generators.sky.objects import SKY_OBJECTS
from skybench.generators.variable import Interval, Variable, of_sample, of_source, table

Support = tuple[float, float]

REDSHIFT = of_source("redshift", "redshift", domain=Interval(0, 20))
"""Recorded of sources that say it; no pixel depends on it."""

PSF_FWHM_ARCSEC = of_sample(
    "psf_fwhm_arcsec",
    "full width at half maximum of the point-spread function; 0 is none",
    units="arcsec",
    domain=Interval(0, 1e4),
)

_AXIS_RATIO, _POSITION_ANGLE = "axis_ratio", "position_angle"


class Sky(NamedTuple):
    """What lies between the sky and the pixels of an image.

    Attributes
    ----------
    zeropoint : float
        AB magnitude of one electron in the reference band.
    pixel_scale : float
        Arcseconds a pixel.
    east_left : bool
        North is up, along +y; whether east is left, along -x, as on the sky, or right.
    """

    zeropoint: float
    pixel_scale: float
    east_left: bool


@dataclass(frozen=True)
class Spelling(ABC):
    """Words of recipes, and which of our parameters follow from them.

    Attributes
    ----------
    variables : tuple of Variable
        Of the words.
    ours : tuple of str
    """

    variables: tuple[Variable, ...]
    ours: tuple[str, ...]

    @property
    def words(self) -> tuple[str, ...]:
        """What is written in recipes."""
        return tuple(row.name for row in self.variables)

    @abstractmethod
    def converted(self, values: Sequence[Floats], sky: Sky) -> tuple[Floats, ...]:
        """Return each of ours from the values of the words."""

    def supports(self, supports: Sequence[Support], sky: Sky) -> tuple[Support, ...]:
        """Return the smallest and largest value of each of ours, given those of the words."""
        with np.errstate(over="ignore"):
            ends = self.converted([np.array(support) for support in supports], sky)
        return tuple((float(end.min()), float(end.max())) for end in ends)


class _Magnitude(Spelling):
    @override
    def converted(self, values: Sequence[Floats], sky: Sky) -> tuple[Floats, ...]:
        return (np.asarray(10 ** (0.4 * (sky.zeropoint - values[0]))),)


class _Arcseconds(Spelling):
    @override
    def converted(self, values: Sequence[Floats], sky: Sky) -> tuple[Floats, ...]:
        return (values[0] / sky.pixel_scale,)


class _FromNorth(Spelling):
    """North is +y, 90 degrees from +x; towards east, on the left, angles grow as ours do."""

    @override
    def converted(self, values: Sequence[Floats], sky: Sky) -> tuple[Floats, ...]:
        return (90 + values[0] if sky.east_left else 90 - values[0],)


class _Ellipticity(Spelling):
    """Components along +x and 45 degrees from it, as GalSim has them."""

    @staticmethod
    def axis_ratio(size: Floats) -> Floats:
        """Return minor over major axis; NaN where there is none."""
        raise NotImplementedError

    @override
    def converted(self, values: Sequence[Floats], sky: Sky) -> tuple[Floats, ...]:
        first, second = values
        with np.errstate(invalid="ignore", divide="ignore"):
            ratio = self.axis_ratio(np.hypot(first, second))
        return ratio, np.degrees(np.arctan2(second, first)) / 2

    @override
    def supports(self, supports: Sequence[Support], sky: Sky) -> tuple[Support, ...]:
        ends = np.abs(supports).astype(np.float64)
        across = np.array([low <= 0 <= high for low, high in supports])
        least, most = np.hypot(*np.where(across, 0, ends.min(axis=1))), np.hypot(*ends.max(axis=1))
        flattest = float(self.axis_ratio(np.asarray(most))) if most < 1 else 0.0
        roundest = float(self.axis_ratio(np.asarray(least))) if least < 1 else flattest
        return (flattest, roundest), (-90.0, 90.0)


class _Distortion(_Ellipticity):
    @staticmethod
    @override
    def axis_ratio(size: Floats) -> Floats:
        return np.sqrt((1 - size) / (1 + size))


class _Shear(_Ellipticity):
    @staticmethod
    @override
    def axis_ratio(size: Floats) -> Floats:
        return (1 - size) / (1 + size)


@cache
def spellings_of(profile: str) -> tuple[Spelling, ...]:
    """Return every spelling of the parameters of an object; plane shapes have none."""
    if profile not in SKY_OBJECTS:
        return ()
    kind = SKY_OBJECTS[profile]
    given = {name: kind.variables[name] for name in kind.defaults}
    return tuple(spelling for row in given.values() for spelling in _spellings(row, given))


def _spellings(row: Variable, given: Mapping[str, Variable]) -> Iterator[Spelling]:
    meaning, _, _ = row.long_name.partition(", ")
    if row.units == "electron":
        said = of_source(
            row.name.replace("flux", "magnitude"),
            f"AB magnitude of the {row.long_name} in the reference band",
            units="mag",
            domain=Interval(-50, 100),
        )
        yield _Magnitude((said,), (row.name,))
    if row.units == PIXEL:
        said = replace(row, name=f"{row.name}_arcsec", units="arcsec")
        yield _Arcseconds((said,), (row.name,))
    if row.name.endswith(_POSITION_ANGLE):
        said = replace(row, name=f"{row.name}_north", long_name=f"{meaning}, from north to east")
        yield _FromNorth((said,), (row.name,))
    prefix, found, _ = row.name.rpartition(_AXIS_RATIO)
    if found and f"{prefix}{_POSITION_ANGLE}" in given:
        ours = (row.name, f"{prefix}{_POSITION_ANGLE}")
        yield _Distortion(_components(f"{prefix}e", "(1 - q^2) / (1 + q^2)"), ours)
        yield _Shear(_components(f"{prefix}g", "(1 - q) / (1 + q)"), ours)


def tractor_shape() -> Spelling:
    """Return the spelling ``shape_e1``, ``shape_e2`` of catalogues of the Legacy Surveys.

    Their size is (1 - q) / (1 + q), as of ``g1`` and ``g2``, and the angle is from north to east:
    https://www.legacysurvey.org/dr10/catalogs/. No recipe has it, as it needs a WCS.
    """
    axes = ("along north", "along north-east")
    return _Shear(_components("shape_e", "(1 - q) / (1 + q)", axes), (_AXIS_RATIO, _POSITION_ANGLE))


def _components(
    name: str, size: str, axes: tuple[str, str] = ("along x", "along x = y")
) -> tuple[Variable, Variable]:
    whole = Interval(-1, 1, open_low=True, open_high=True)
    along, across = (
        of_source(f"{name}{i}", f"ellipticity {size}, {axis}", domain=whole)
        for i, axis in enumerate(axes, 1)
    )
    return along, across


@cache
def variables() -> dict[str, Variable]:
    """Return what is stored of spellings, and the redshift, by name."""
    rows = [
        row
        for profile in SKY_OBJECTS
        for spelling in spellings_of(profile)
        for row in spelling.variables
    ]
    return table(*rows, REDSHIFT, PSF_FWHM_ARCSEC)


@dataclass(frozen=True)
class Rounded:
    """A distribution of a spelling: its values are those that are stored."""

    row: Variable
    distribution: Distribution

    @property
    def depends_on(self) -> str | None:
        """The parameter that must be drawn first, if any."""
        return self.distribution.depends_on

    @property
    def stream(self) -> str | None:
        """Name of the uniforms that it shares."""
        return self.distribution.stream

    @property
    def atoms(self) -> tuple[float, ...] | None:
        """The only values it can take."""
        return self.distribution.atoms

    @property
    def narrowing(self) -> str:
        """What to do where it can leave a domain."""
        return self.distribution.narrowing

    def quantile(self, uniform: Floats, drawn: Mapping[str, Floats]) -> Floats:
        """Return the values at the given probabilities, as stored."""
        values = self.distribution.quantile(uniform, drawn)
        return self.row.store(values).astype(np.float64)

    def support(self, supports: Mapping[str, Support]) -> Support:
        """Return the smallest and largest possible value."""
        return self.distribution.support(supports)


@dataclass(frozen=True)
class Spelled:
    """One of our parameters where a recipe spells it: it follows from the values of the words."""

    spelling: Spelling
    name: str
    sky: Sky

    stream: ClassVar[str | None] = None
    atoms: ClassVar[tuple[float, ...] | None] = None

    @property
    def depends_on(self) -> tuple[str, ...]:
        """The words."""
        return self.spelling.words

    @property
    def narrowing(self) -> str:
        """What to do where it can leave a domain."""
        return f"it follows from {' and '.join(self.spelling.words)}: narrow or truncate these"

    def quantile(self, uniform: Floats, drawn: Mapping[str, Floats]) -> Floats:
        """Return what follows from what is drawn; the uniforms are not used."""
        values = [drawn[word] for word in self.spelling.words]
        return self.spelling.converted(values, self.sky)[self.spelling.ours.index(self.name)]

    def support(self, supports: Mapping[str, Support]) -> Support:
        """Return the smallest and largest possible value, given those of the words."""
        own = [supports[word] for word in self.spelling.words]
        return self.spelling.supports(own, self.sky)[self.spelling.ours.index(self.name)]


@dataclass(frozen=True)
class InPixels:
    """The distribution of a length in pixels that a recipe gives in arcseconds, of a sample."""

    arcseconds: Rounded
    pixel_scale: float

    stream: ClassVar[str | None] = None

    @property
    def depends_on(self) -> str | None:
        """The parameter that must be drawn first, if any."""
        return self.arcseconds.depends_on

    @property
    def atoms(self) -> tuple[float, ...] | None:
        """The only values it can take."""
        atoms = self.arcseconds.atoms
        return atoms and tuple(atom / self.pixel_scale for atom in atoms)

    @property
    def narrowing(self) -> str:
        """What to do where it can leave a domain."""
        return self.arcseconds.narrowing

    def quantile(self, uniform: Floats, drawn: Mapping[str, Floats]) -> Floats:
        """Return the values at the given probabilities."""
        return self.arcseconds.quantile(uniform, drawn) / self.pixel_scale

    def support(self, supports: Mapping[str, Support]) -> Support:
        """Return the smallest and largest possible value."""
        low, high = self.arcseconds.support(supports)
        return low / self.pixel_scale, high / self.pixel_scale


def drawn_with(
    distributions: Mapping[str, Distribution], profile: str, sky: Sky
) -> dict[str, Drawn]:
    """Return what is drawn of a source that may be spelled otherwise, and what follows from that.

    Parameters
    ----------
    distributions : mapping
        As the source gives them, less those of ours that it spells.
    """
    rows = variables()
    drawn: dict[str, Drawn] = {
        name: Rounded(rows[name], given) if name in rows and name != REDSHIFT.name else given
        for name, given in distributions.items()
    }
    for spelling in used(distributions, profile):
        drawn |= {name: Spelled(spelling, name, sky) for name in spelling.ours}
    return drawn


def used(given: Mapping[str, object], profile: str) -> list[Spelling]:
    """Return the spellings of which some word is given."""
    return [s for s in spellings_of(profile) if any(word in given for word in s.words)]


def mistakes(given: Mapping[str, object], profile: str) -> Iterator[str]:
    """Yield what does not go together among the parameters that a source gives, a line each."""
    taken: dict[str, str] = {}
    for spelling in used(given, profile):
        words = " and ".join(spelling.words)
        for word in spelling.words:
            if word not in given:
                yield f"{word} is missing: {words} are given together"
        for name in spelling.ours:
            if name in given:
                yield f"{words} and {name} say the same; give one of them"
            elif name in taken:
                yield f"{words} and {taken[name]} both say the {name}; give one of them"
            taken.setdefault(name, words)
