"""The table of sky profiles: a new kind of source is a module and a line here."""

from skybench.generators.sky import (
    arc,
    bulge_disc,
    edge_on,
    flocculent,
    galaxy,
    lens,
    merger,
    ring,
    spiral,
    star,
)
from skybench.generators.sky.profile import SkyProfile

PROFILES: dict[str, SkyProfile] = {
    profile.name: profile
    for profile in (
        star.PROFILE,
        galaxy.PROFILE,
        spiral.PROFILE,
        ring.PROFILE,
        edge_on.PROFILE,
        merger.PROFILE,
        bulge_disc.PROFILE,
        flocculent.PROFILE,
        lens.PROFILE,
        arc.PROFILE,
    )
}
"""Profiles by the name that recipes use, in the order in which their light is added."""
