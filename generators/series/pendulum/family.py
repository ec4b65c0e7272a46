"""The family of pendulums."""

from skybench.generators.family import Family
from skybench.generators.series.pendulum.catalogue import SWINGS
from skybench.generators.series.pendulum.motion import render
from skybench.generators.series.pendulum.recipe import PendulumRecipe

FAMILY = Family(
    name="pendulum",
    summary="Pendulums of any amplitude, with friction or without: angle and angular velocity.",
    recipe=PendulumRecipe,
    profiles=SWINGS,
    render=render,
)
"""A line in the table of families."""
