"""The family of geometric images."""

from skybench.generators.family import Family
from skybench.generators.geometric.catalogue import SHAPES
from skybench.generators.geometric.images import render
from skybench.generators.geometric.recipe import GeometricRecipe

FAMILY = Family(
    name="geometric",
    summary="Images of plane shapes: circles, ellipses, rectangles, polygons, arcs and lines.",
    recipe=GeometricRecipe,
    profiles=SHAPES,
    render=render,
)
