"""The table of profiles: a new kind of object in a box is a module and a line here."""

from skybench.generators.volume import nfw
from skybench.generators.volume.profile import VolumeProfile

PROFILES: dict[str, VolumeProfile] = {profile.name: profile for profile in (nfw.PROFILE,)}
"""Profiles by the name that recipes use, in the order of their codes."""
