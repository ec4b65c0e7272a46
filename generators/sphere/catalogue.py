"""The table of profiles: a new kind of field is a module and a line here."""

from skybench.generators.sphere import acoustic, convergence, power_law
from skybench.generators.sphere.profile import SphereProfile

PROFILES: dict[str, SphereProfile] = {
    profile.name: profile for profile in (power_law.PROFILE, acoustic.PROFILE, convergence.PROFILE)
}
"""Profiles by the name that recipes use, in the order of their codes."""
