"""From the parameters of systems to the motion of their bodies."""

from collections.abc import Mapping

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from skybench.errors import ParameterError
from skybench.generators.random_streams import RowStreams
from skybench.generators.schema import variable
from skybench.generators.series.instants import TIME, even
from skybench.generators.series.nbody import orbit
from skybench.generators.series.nbody.catalogue import SYSTEMS
from skybench.generators.series.nbody.leapfrog import Energies, energies, integrate
from skybench.generators.series.nbody.orbit import State
from skybench.generators.series.nbody.recipe import Integration, NbodyRecipe
from skybench.generators.variable import PARAMETER_BITS, round_mantissa

Floats = NDArray[np.float64]

_START_BITS = 23
"""Mantissa bits kept of the start, which sines and cosines enter: those differ in the last
bit between CPUs, and a chaotic system would let the difference grow."""


def render(recipe: NbodyRecipe, parameters: xr.Dataset) -> dict[str, xr.Variable]:
    """Return positions, velocities and energies over time of the systems described.

    Raises
    ------
    ParameterError
        If two point masses meet, or the steps are too long to keep the energy.
    """
    on = recipe.integration
    return followed(start(parameters, on.bodies, on.dimensions, recipe.seed), parameters, on)


def followed(state: State, parameters: xr.Dataset, on: Integration) -> dict[str, xr.Variable]:
    """Return what becomes of the bodies from their start on, as `render` does."""
    track = integrate(
        state.position,
        state.velocity,
        state.mass,
        step=on.step,
        every=on.steps_per_output,
        outputs=on.outputs,
        softening=on.softening,
    )
    energy = energies(track, state.mass, on.softening)
    _check(energy, on, parameters["sample_id"].values)
    return {
        "time": TIME.holding(even(on.duration, on.outputs), {"units": "1"}),
        "position": variable("position", _by_sample(track.position)),
        "velocity": variable("velocity", _by_sample(track.velocity)),
        "body_mass": variable("body_mass", state.mass.T),
        "kinetic_energy": variable("kinetic_energy", energy.kinetic.T),
        "potential_energy": variable("potential_energy", energy.potential.T),
    }


def _by_sample(values: Floats) -> Floats:
    return np.moveaxis(values, -1, 0)


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
    samples = parameters.sizes["sample"]
    state = State(
        np.zeros((bodies, 3, samples)), np.zeros((bodies, 3, samples)), np.ones((bodies, samples))
    )
    kinds = parameters["kind"].values
    for system in SYSTEMS.values():
        mine = np.flatnonzero(kinds == system.code)
        if not mine.size:
            continue
        names = (*system.defaults, *system.derived)
        values = {n: parameters[n].values[mine].astype(np.float64) for n in names}
        rows = parameters["sample_id"].values[mine].tolist()
        streams = RowStreams(seed, f"bodies.{system.name}")

        def uniforms(count: int, rows: list[int] = rows, streams: RowStreams = streams) -> Floats:
            return np.stack([streams.uniforms(row, count) for row in rows])

        for whole, part in zip(state, system.place(values, bodies, uniforms), strict=True):
            whole[..., mine] = part
        for vectors in state[:2]:
            vectors[..., mine] = _oriented(vectors[..., mine], values)
    return State(
        round_mantissa(state.position[:, :dimensions], _START_BITS),
        round_mantissa(state.velocity[:, :dimensions], _START_BITS),
        round_mantissa(state.mass, PARAMETER_BITS),
    )


def _oriented(vectors: Floats, values: Mapping[str, Floats]) -> Floats:
    """Return a system tilted about x and turned about z, where it can be."""
    if "system_inclination" not in values:
        return vectors
    tilted = orbit.about_x(vectors, np.deg2rad(values["system_inclination"]))
    return orbit.about_z(tilted, np.deg2rad(values["orientation"]))


def _check(energy: Energies, on: Integration, rows: NDArray[np.int64]) -> None:
    """Refuse systems whose energy was not kept: their motion means nothing."""
    with np.errstate(invalid="ignore"):
        total = energy.kinetic + energy.potential
        size = energy.kinetic[0] - energy.potential[0]
        change = np.abs(total - total[0]).max(axis=0) / size
    wrong = np.flatnonzero(~(change <= on.energy_tolerance))
    if not wrong.size:
        return
    first = wrong[0]
    how = (
        f"its energy changes by {change[first]:.2g} of its size, more than the "
        f"{on.energy_tolerance:g} of integration.energy_tolerance"
        if np.isfinite(change[first])
        else "two point masses meet"
    )
    msg = (
        f"sample {rows[first]} cannot be integrated: {how}. Raise integration.steps_per_output "
        f"({on.steps_per_output}) or integration.softening ({on.softening:g})."
    )
    raise ParameterError(msg)
