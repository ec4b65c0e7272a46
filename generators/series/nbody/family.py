"""The family of N-body systems."""

from skybench.generators.family import Family
from skybench.generators.series.nbody.catalogue import SYSTEMS
from skybench.generators.series.nbody.motion import render
from skybench.generators.series.nbody.recipe import NbodyRecipe

FAMILY = Family(
    name="nbody",
    summary="Systems of bodies under their own gravity: positions, velocities and energies.",
    recipe=NbodyRecipe,
    profiles=SYSTEMS,
    render=render,
)
"""A line in the table of families."""
