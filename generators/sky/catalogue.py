"""The table of sky profiles: a new kind of source is a module and a line here."""

from skybench.generators.sky import arc, galaxy, lens, spiral, star
from skybench.generators.sky.profile import SkyProfile

PROFILES: dict[str, SkyProfile] = {
    profile.name: profile
    for profile in (star.PROFILE, galaxy.PROFILE, spiral.PROFILE, lens.PROFILE, arc.PROFILE)
}
"""Profiles by the name that recipes use, in the order in which their light is added."""
