"""The family of maps of the sphere."""

from skybench.generators.family import Family
from skybench.generators.sphere.catalogue import PROFILES
from skybench.generators.sphere.recipe import SphereRecipe
from skybench.generators.sphere.render import render

FAMILY = Family(
    name="sphere",
    summary="HEALPix maps of random fields and point sources, with a beam, noise and a mask.",
    recipe=SphereRecipe,
    profiles=PROFILES,
    render=render,
)
