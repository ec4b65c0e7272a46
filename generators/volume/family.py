"""The family of density cubes."""

from skybench.generators.family import Family
from skybench.generators.volume.catalogue import PROFILES
from skybench.generators.volume.recipe import VolumeRecipe
from skybench.generators.volume.render import render
from skybench.generators.volume.sampling import sample

FAMILY = Family(
    name="volume",
    summary="Cubes of density: dark-matter halos on a random field in a periodic box.",
    recipe=VolumeRecipe,
    profiles=PROFILES,
    render=render,
    sample=sample,
)
