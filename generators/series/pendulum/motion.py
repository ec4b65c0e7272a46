"""From the parameters of pendulums to their motion, as it is and as it is measured."""

import numpy as np
import xarray as xr
from scipy.special import ndtri

from skybench.generators.arrays import Floats
from skybench.generators.drawn_object import columns
from skybench.generators.random_streams import RowStreams
from skybench.generators.series.instants import TIME, even
from skybench.generators.series.pendulum.objects import PENDULUM_OBJECTS
from skybench.generators.series.pendulum.pendulum_object import Motion
from skybench.generators.series.pendulum.recipe import PendulumRecipe
from skybench.generators.series.pendulum.vocabulary import VOCABULARY


def render(recipe: PendulumRecipe, parameters: xr.Dataset) -> dict[str, xr.Variable]:
    """Return angle, angular velocity and measured angle over time of the pendulums described."""
    on = recipe.observation
    times = even(on.duration, on.outputs)
    motion = moved(parameters, times)
    return {
        "time": TIME.holding(times, {"units": "s"}),
        "observed_angle": VOCABULARY["observed_angle"].holding(
            motion.angle + _noise(parameters, on.outputs, recipe.seed)
        ),
        "angle": VOCABULARY["angle"].holding(motion.angle),
        "angular_velocity": VOCABULARY["angular_velocity"].holding(motion.angular_velocity),
    }


def moved(parameters: xr.Dataset, times: Floats) -> Motion:
    """Return the motion of all samples.

    Parameters
    ----------
    parameters : xr.Dataset
        With ``kind`` and what the pendulums are made of.
    times : (time,) array
        Seconds, even and from 0.
    """
    kinds = parameters["kind"].values
    motion = Motion(*(np.zeros((kinds.size, times.size)) for _ in Motion._fields))
    for kind in PENDULUM_OBJECTS.values():
        mine = np.flatnonzero(kinds == kind.code)
        if mine.size:
            part = kind.move(columns(parameters, kind, mine), times)
            for whole, values in zip(motion, part, strict=True):
                whole[mine] = values
    return motion


def _noise(parameters: xr.Dataset, outputs: int, seed: int) -> Floats:
    streams = RowStreams(seed, "angle_noise")
    drawn = np.empty((parameters.sizes["sample"], outputs))
    for place, row in enumerate(parameters["sample_id"].values.tolist()):
        drawn[place] = streams.uniforms(row, outputs)
    sigma = parameters["angle_noise"].values.astype(np.float64)
    return np.asarray(sigma[:, None] * ndtri(drawn))
