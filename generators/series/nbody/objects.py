"""The table of N-body systems: a new one is a file and a line here."""

from skybench.generators.object_table import ObjectTable
from skybench.generators.series.nbody.body_system import BodySystem as BodySystem
from skybench.generators.series.nbody.figure_eight import FigureEight as FigureEight
from skybench.generators.series.nbody.free_fall import FreeFall as FreeFall
from skybench.generators.series.nbody.star_cluster import StarCluster as StarCluster
from skybench.generators.series.nbody.triple import Triple as Triple
from skybench.generators.series.nbody.two_bodies import TwoBodies as TwoBodies

NBODY_OBJECTS = ObjectTable(BodySystem, TwoBodies, Triple, FreeFall, FigureEight, StarCluster)
"""Kinds of systems by name."""
