"""What differs from band to band: what is known of each by its name, and which variables.

A recipe that lists bands by name gets from here how the sky, the seeing and the flux of each
source differ from those in its reference band. A band of another name does not differ.
"""

from dataclasses import replace
from functools import cache
from typing import NamedTuple

from skybench.generators.sky import spellings
from skybench.generators.sky.objects import SKY_OBJECTS
from skybench.generators.variable import SOURCE, Interval, Variable, table

PRIMARY = "r"
"""The reference band, where it is among the bands."""


class KnownBand(NamedTuple):
    """A band of the ugrizy system.

    Attributes
    ----------
    wavelength : float
        Effective, in nanometres; seeing falls as its power -0.2 (Kolmogorov turbulence).
    sky : float
        Electrons of the dark sky over those in r, for equal zero points.
    locus : float
        AB magnitude minus that in r, for a source of g - r = 1: the locus on which stars and
        galaxies lie.
    second_locus : float
        What it has more where r - i is larger by 1 than on the locus, as along the branch of red
        dwarfs, where g - r stays and i - z grows by 0.55 of r - i, z - y by 0.25 (Covey et al.
        2007, AJ 134, 2398, table 3; y as the slope goes on).
    """

    wavelength: float
    sky: float
    locus: float
    second_locus: float = 0.0


KNOWN = {
    "u": KnownBand(365, 0.15, 2.3),
    "g": KnownBand(477, 0.38, 1.0),
    "r": KnownBand(623, 1.0, 0.0),
    "i": KnownBand(763, 2.5, -0.45, -1.0),
    "z": KnownBand(913, 9.0, -0.8, -1.55),
    "y": KnownBand(1000, 15.0, -0.95, -1.8),
    "Y": KnownBand(1000, 15.0, -0.95, -1.8),
}

BULGE = "bulge_fraction"
"""What differs from band to band where a bulge has a colour of its own."""

KNOTS = "knot_fraction"
"""The same of star-forming knots: their share of the disc."""

SCATTER = 0.04
"""Magnitudes by which a band departs from the locus, source by source."""


def in_bands(name: str) -> str:
    """Return the name of the variable that holds a parameter in each band."""
    return f"{name}_band"


@cache
def fluxes() -> dict[str, Variable]:
    """Return the parameters that differ from band to band: electrons of a source."""
    rows = SKY_OBJECTS.variables.items()
    return {name: row for name, row in rows if row.units == "electron" and row.dims == SOURCE}


@cache
def banded() -> dict[str, Variable]:
    """Return the parameters of sources that may have a value a band."""
    return fluxes() | {name: SKY_OBJECTS.variables[name] for name in (BULGE, KNOTS)}


@cache
def of_sources() -> dict[str, Variable]:
    """Return the variables of the objects, and those of other spellings in recipes."""
    return SKY_OBJECTS.variables | spellings.variables()


@cache
def variables() -> dict[str, Variable]:
    """Return what a dataset of sky images may hold."""
    return of_sources() | table(
        *(
            replace(
                row,
                name=in_bands(name),
                dims=(*SOURCE, "band"),
                long_name=f"{row.long_name} in each band",
                # Of a disc whose knots alone shine in a band they are the whole.
                domain=Interval(0, 1) if name == KNOTS else row.domain,
            )
            for name, row in banded().items()
        )
    )
