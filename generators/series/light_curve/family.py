"""The family of light curves."""

from skybench.generators.family import Family
from skybench.generators.series.light_curve.catalogue import VARIATIONS
from skybench.generators.series.light_curve.observation import render
from skybench.generators.series.light_curve.recipe import LightCurveRecipe

FAMILY = Family(
    name="light_curve",
    summary="Light curves of stars: steady, transited, eclipsing, pulsating, flaring, exploding.",
    recipe=LightCurveRecipe,
    profiles=VARIATIONS,
    render=render,
)
"""A line in the table of families."""
