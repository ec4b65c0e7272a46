"""The family of sky images."""

from skybench.generators.family import Family
from skybench.generators.sky.bands import sample
from skybench.generators.sky.catalogue import PROFILES
from skybench.generators.sky.images import render
from skybench.generators.sky.recipe import SkyRecipe

FAMILY = Family(
    name="sky",
    summary="Images of stars, galaxies and lenses under one point-spread function, with noise.",
    recipe=SkyRecipe,
    profiles=PROFILES,
    render=render,
    sample=sample,
)
