"""From the parameters of systems to the start of their bodies, and to their motion."""

import numpy as np
import xarray as xr

from skybench.generators.arrays import Floats
from skybench.generators.drawn_object import columns
from skybench.generators.series.nbody.motion import followed
from skybench.generators.series.nbody.objects import NBODY_OBJECTS
from skybench.generators.series.nbody.orbit import State
from skybench.generators.series.nbody.recipe import NbodyRecipe
from skybench.generators.series.nbody.vocabulary import VOCABULARY
from skybench.generators.variable import EXPECTED_BITS, round_mantissa


def render(recipe: NbodyRecipe, parameters: xr.Dataset) -> dict[str, xr.Variable]:
    """Return positions, velocities and energies over time of the systems described.

    Raises
    ------
    ParameterError
        If two point masses meet, or a system needs more steps than it may take.
    """
    on = recipe.integration
    state = start(parameters, on.bodies, on.dimensions, recipe.seed)
    motion = followed(state, parameters["sample_id"].values, on)
    stored = motion._replace(
        position=_whole_at_the_start(motion.position),
        velocity=_whole_at_the_start(motion.velocity),
    )
    return {
        name: VOCABULARY[name].holding(values, motion.attributes()[name])
        for name, values in stored._asdict().items()
    }


def _whole_at_the_start(vectors: Floats) -> Floats:
    """Return vectors (sample, time, …) rounded, but for the first, from which all others follow."""
    rounded = round_mantissa(vectors, EXPECTED_BITS)
    rounded[:, 0] = vectors[:, 0]
    return rounded


def start(parameters: xr.Dataset, bodies: int, dimensions: int, seed: int) -> State:
    """Return where the bodies of all samples start, about their centres of mass.

    Parameters
    ----------
    parameters : xr.Dataset
        With ``kind``, ``sample_id`` and what the systems are made of.
    bodies, dimensions : int
    seed : int
        Of the recipe: draws the bodies of clusters.
    """
    samples = parameters["sample_id"].values
    state = State(
        np.zeros((bodies, dimensions, samples.size)),
        np.zeros((bodies, dimensions, samples.size)),
        np.ones((bodies, samples.size)),
    )
    kinds = parameters["kind"].values
    for kind in NBODY_OBJECTS.values():
        mine = np.flatnonzero(kinds == kind.code)
        if mine.size:
            values = columns(parameters, kind, mine)
            part = kind.start(values, samples[mine], bodies, dimensions, seed)
            for whole, some in zip(state, part, strict=True):
                whole[..., mine] = some
    return state
