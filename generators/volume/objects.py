"""The table of objects in density cubes: a new one is a file and a line here."""

from skybench.generators.object_table import ObjectTable
from skybench.generators.volume.halo import Halo as Halo
from skybench.generators.volume.volume_object import VolumeObject as VolumeObject

VOLUME_OBJECTS = ObjectTable(VolumeObject, Halo)
"""Objects by the name that recipes use, in the order of their codes."""
