"""What makes discs less perfect: lopsidedness, and raggedness of their arms.

Azimuthal brightness of most discs has a first harmonic, of an amplitude A1 of 0.1 in the mean and
above 0.2 in a fifth of them (Rix & Zaritsky 1995, ApJ 447, 82); and arms are broken by higher ones
of no fixed pitch (Elmegreen, Elmegreen & Montenegro 1992, ApJS 79, 37). Of a disc of which patterns
P of no light in the mean move the light around there then is

    I / disc = 1 + (1 - A1) ((1 - rho) P + rho mean of cos x_i) + A1 cos(theta - theta_1),
    x_i = m_i (theta - nu_i ln r) - delta_i,

rho being the raggedness. No part is below -1 where P is not, so no light is negative, and flux is
kept. All numbers of x_i come from a seed.
"""

from typing import Any

import numpy as np

from skybench.generators.arrays import Floats
from skybench.generators.declaration import parameter
from skybench.generators.distributions import Constant, uniform
from skybench.generators.random_streams import first_uniforms
from skybench.generators.sky.stamps import Sources
from skybench.generators.variable import Interval

RAGS = 4
"""Harmonics of raggedness."""


def lopsidedness() -> Any:
    """Declare A1; see `lopsidedness_angle`."""
    return parameter(
        "amplitude of the first azimuthal harmonic of a disc over its mean brightness",
        units=None,
        domain=Interval(0, 1),
        default=Constant(value=0),
        switch="lopsidedness",
    )


def lopsidedness_angle() -> Any:
    """Declare theta_1."""
    return parameter(
        "direction of a disc's brighter side within the disc, from its major axis",
        units="degree",
        default=uniform(0, 360),
        switch="lopsidedness",
    )


def raggedness() -> Any:
    """Declare rho."""
    return parameter(
        "depth of the irregular harmonics of a disc's brightness around its centre",
        units=None,
        domain=Interval(0, 1),
        default=Constant(value=0),
        switch="raggedness",
    )


def ragged_seed() -> Any:
    """Declare the seed of raggedness."""
    return parameter(
        "whole part: seed of the irregular harmonics of a disc",
        units=None,
        domain=Interval(0, 65536),
        default=uniform(0, 65535),
        switch="raggedness",
    )


def column(sources: Sources, name: str) -> Floats:
    """Return a parameter of discs; 0 where nobody was given it."""
    return sources.get(name, np.zeros_like(sources["flux"]))


def uneven(sources: Sources) -> np.ndarray[Any, np.dtype[np.bool_]]:
    """Return which discs are lopsided or ragged."""
    return (column(sources, "lopsidedness") > 0) | (column(sources, "raggedness") > 0)


def rags(sources: Sources, fewest: int, most: int) -> tuple[Floats, Floats, Floats]:
    """Return m_i, a number from 0 to 1 for nu_i, and delta_i in radians: (source, `RAGS`) each."""
    drawn = first_uniforms(column(sources, "ragged_seed"), "asymmetry.rags", 3 * RAGS)
    chosen, winding, phase = np.split(drawn, 3, axis=1)
    return fewest + np.floor(chosen * (most - fewest + 1)), winding, 2 * np.pi * phase
