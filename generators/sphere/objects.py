"""The table of fields on the sphere: a new one is a file and a line here."""

from skybench.generators.object_table import ObjectTable
from skybench.generators.sphere.acoustic_field import AcousticField as AcousticField
from skybench.generators.sphere.convergence_field import ConvergenceField as ConvergenceField
from skybench.generators.sphere.power_law_field import PowerLawField as PowerLawField
from skybench.generators.sphere.sphere_field import SphereField as SphereField

SPHERE_OBJECTS = ObjectTable(SphereField, PowerLawField, AcousticField, ConvergenceField)
"""Fields by the name that recipes use, in the order of their codes."""
