"""The table of source profiles: a new kind of source is a module and a line here."""

from skybench.generators.profiles import Profile
from skybench.generators.sky import galaxy, spiral, star

PROFILES: dict[str, Profile] = {
    profile.name: profile for profile in (star.PROFILE, galaxy.PROFILE, spiral.PROFILE)
}
"""Profiles by the name that recipes use, in the order of their codes."""

EMPTY = "empty"
"""Meaning of code 0: a slot that holds no source."""

KINDS = (EMPTY, *PROFILES)
"""Meanings of the ``kind`` coordinate."""
