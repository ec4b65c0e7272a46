"""The bar of a disc: an ellipse within the disc, inclined with it, that ends at an edge.

A Ferrers ellipsoid of n = 2, as models of barred galaxies have it (Pfenniger 1984, A&A 134, 373;
decompositions fit much the same, Laurikainen, Salo & Buta 2005, MNRAS 362, 1319, section 3.2):

    I(m) = 7 / (2 pi L^2 q_b q) (1 - m^2)^(5/2)  for m <= 1,    m^2 = (u^2 + (v / q_b)^2) / L^2,

with u and v along and across the bar in the plane of the disc, L its half length, q_b its axis
ratio and q the disc's. Its light is taken from the disc.
"""

from collections.abc import Iterator

import numpy as np

from skybench.generators.arrays import Floats
from skybench.generators.sky import components, ferrers
from skybench.generators.sky.fourier import Grid
from skybench.generators.sky.stamps import Sources, Stamps


def flux(sources: Sources) -> Floats:
    """Return the flux of each galaxy's bar."""
    return np.asarray(sources["flux"] * (1 - sources["bulge_fraction"]) * sources["bar_fraction"])


def without(sources: Sources) -> Sources:
    """Return the galaxies without their bars: the bulge keeps its light."""
    rest = sources["flux"] - flux(sources)
    bulge = sources["flux"] * sources["bulge_fraction"]
    share = np.minimum(bulge / np.where(rest > 0, rest, 1), 1)
    return sources | {"flux": rest, "bulge_fraction": share}


def draw(sources: Sources, shape: tuple[int, int]) -> Iterator[Stamps]:
    """Yield the stamps of the bars."""
    length = sources["half_light_radius"] * sources["bar_length_ratio"]
    bars = sources | {"flux": flux(sources), "half_light_radius": length}
    yield from ferrers.draw(bars, shape, ferrers.BAR, _axes)


def _axes(on: Grid, sources: Sources) -> tuple[Floats, Floats]:
    """Return the frequencies along and across the bar, in the plane of the disc."""
    major, minor = components.along_axes(on, sources["position_angle"])
    minor = minor * sources["axis_ratio"][:, None, None]
    angle = np.deg2rad(sources["bar_angle"])[:, None, None]
    along = np.cos(angle) * major + np.sin(angle) * minor
    across = np.cos(angle) * minor - np.sin(angle) * major
    return along, across * sources["bar_axis_ratio"][:, None, None]
