"""What is known about bands by their names, and about the colours of sources by their kinds.

A recipe that lists bands by name gets from here how the sky, the seeing and the flux of each
source differ from those in its reference band. A band of another name does not differ.
"""

from typing import NamedTuple

from skybench.generators.distributions import Distribution, TruncatedNormal

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
    """

    wavelength: float
    sky: float
    locus: float


KNOWN = {
    "u": KnownBand(365, 0.15, 2.3),
    "g": KnownBand(477, 0.38, 1.0),
    "r": KnownBand(623, 1.0, 0.0),
    "i": KnownBand(763, 2.5, -0.45),
    "z": KnownBand(913, 9.0, -0.8),
    "y": KnownBand(1000, 15.0, -0.95),
    "Y": KnownBand(1000, 15.0, -0.95),
}

SCATTER = 0.04
"""Magnitudes by which a band departs from the locus, source by source."""


def _colour(mean: float, sigma: float, low: float, high: float) -> Distribution:
    return TruncatedNormal(
        distribution="truncated_normal", mean=mean, sigma=sigma, low=low, high=high
    )


_RED = _colour(0.75, 0.1, 0.4, 1.1)
_BLUE = _colour(0.45, 0.13, 0.0, 0.9)

COLOURS: dict[str, Distribution] = {
    "star": _colour(0.7, 0.4, -0.3, 1.6),
    "sersic": _RED,
    "lens": _RED,
    "bulge_disc": _colour(0.6, 0.13, 0.2, 1.0),
    "spiral": _BLUE,
    "flocculent_spiral": _BLUE,
    "ring": _BLUE,
    "edge_on": _colour(0.55, 0.13, 0.1, 1.0),
    "merger": _colour(0.4, 0.15, 0.0, 0.9),
    "arc": _colour(0.2, 0.15, -0.2, 0.7),
    "lensed_flux": _colour(0.2, 0.15, -0.2, 0.7),
}
"""g - r in AB magnitudes by profile; a second flux of a profile goes by its own name."""

ANY = _colour(0.6, 0.2, 0.0, 1.2)
"""g - r of a profile that is not in the table."""
