"""The table of families: a new one is a folder and a line here."""

from functools import cache

from skybench.errors import ExtensionError
from skybench.generators.collection.family import collection_of
from skybench.generators.drawn_object import DrawnObject
from skybench.generators.family import Family
from skybench.generators.geometric import images as geometric_images
from skybench.generators.geometric.objects import GEOMETRIC_OBJECTS
from skybench.generators.geometric.recipe import GeometricRecipe
from skybench.generators.object_table import ObjectTable
from skybench.generators.schema import COMMON
from skybench.generators.series.light_curve import observation
from skybench.generators.series.light_curve.objects import LIGHT_CURVE_OBJECTS
from skybench.generators.series.light_curve.recipe import LightCurveRecipe
from skybench.generators.series.nbody import render as nbody_render
from skybench.generators.series.nbody.objects import NBODY_OBJECTS
from skybench.generators.series.nbody.recipe import NbodyRecipe
from skybench.generators.series.pendulum import motion as pendulum_motion
from skybench.generators.series.pendulum.objects import PENDULUM_OBJECTS
from skybench.generators.series.pendulum.recipe import PendulumRecipe
from skybench.generators.sky import band_table, visibility
from skybench.generators.sky import images as sky_images
from skybench.generators.sky.objects import SKY_OBJECTS
from skybench.generators.sky.recipe import SkyRecipe
from skybench.generators.sphere import render as sphere_maps
from skybench.generators.sphere.objects import SPHERE_OBJECTS
from skybench.generators.sphere.recipe import SphereRecipe
from skybench.generators.variable import Variable
from skybench.generators.volume import render as volume_cubes
from skybench.generators.volume.objects import VOLUME_OBJECTS
from skybench.generators.volume.recipe import VolumeRecipe

_SKY = Family.of(
    SKY_OBJECTS,
    "Images of stars, galaxies and lenses under one point-spread function, with noise.",
    recipe=SkyRecipe,
    variables=band_table.variables,
    render=sky_images.render,
    observed=frozenset({"image", "mask"}),
    sample=visibility.sample,
)

_OTHERS = (
    Family.of(
        GEOMETRIC_OBJECTS,
        "Images of plane shapes: circles, ellipses, rectangles, polygons, arcs and lines.",
        recipe=GeometricRecipe,
        render=geometric_images.render,
        observed=frozenset({"image"}),
    ),
    Family.of(
        SPHERE_OBJECTS,
        "HEALPix maps of random fields and point sources, with a beam, noise and a mask.",
        recipe=SphereRecipe,
        render=sphere_maps.render,
        observed=frozenset({"sky_map", "masked"}),
    ),
    Family.of(
        VOLUME_OBJECTS,
        "Cubes of density: dark-matter halos on a random field in a periodic box.",
        recipe=VolumeRecipe,
        render=volume_cubes.render,
        observed=frozenset({"density"}),
        sample=volume_cubes.sample,
    ),
    Family.of(
        NBODY_OBJECTS,
        "Systems of bodies under their own gravity: positions, velocities and energies.",
        recipe=NbodyRecipe,
        render=nbody_render.render,
        observed=frozenset({"position"}),
    ),
    Family.of(
        PENDULUM_OBJECTS,
        "Pendulums of any amplitude, with friction or without: angle and angular velocity.",
        recipe=PendulumRecipe,
        render=pendulum_motion.render,
        observed=frozenset({"observed_angle"}),
    ),
    Family.of(
        LIGHT_CURVE_OBJECTS,
        "Light curves of stars: steady, transited, eclipsing, pulsating, flaring, exploding.",
        recipe=LightCurveRecipe,
        render=observation.render,
        observed=frozenset({"observation_time", "relative_flux", "relative_flux_error"}),
    ),
)

FAMILIES: dict[str, Family] = {
    family.name: family for family in (_SKY, collection_of((_SKY, *_OTHERS)), *_OTHERS)
}
"""Families by the key ``family`` of a recipe."""


@cache
def variables() -> dict[str, Variable]:
    """Return every variable that a store may hold, by name.

    Raises
    ------
    ExtensionError
        A name means two things.
    """
    merged = dict(COMMON)
    for family in FAMILIES.values():
        for name, row in family.variables().items():
            if merged.setdefault(name, row) != row:
                msg = (
                    f"{name} of the family {family.name} means {row}, and elsewhere "
                    f"{merged[name]}; choose another name."
                )
                raise ExtensionError(msg)
    return merged


def own_classes() -> dict[str, type[DrawnObject]]:
    """Return skybench's own objects and their base classes, by the names of the classes."""
    tables = (f.objects for f in FAMILIES.values() if isinstance(f.objects, ObjectTable))
    kinds = [kind for table in tables for kind in table.own]
    lines = [base for kind in kinds for base in kind.__mro__ if issubclass(base, DrawnObject)]
    return {base.__name__: base for base in lines}
