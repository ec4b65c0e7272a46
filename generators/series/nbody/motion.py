"""From the start of systems to the motion of their bodies, and how it is integrated."""

from typing import Annotated, Self

import numpy as np
import xarray as xr
from pydantic import Field, model_validator

from skybench.errors import ParameterError
from skybench.generators.arrays import Floats, Integers
from skybench.generators.distributions import NUMBER, Finite, Positive
from skybench.generators.recipe import Part
from skybench.generators.series.instants import TIME, even
from skybench.generators.series.nbody.leapfrog import Energies, energies, integrate
from skybench.generators.series.nbody.orbit import State
from skybench.generators.series.nbody.vocabulary import VOCABULARY

MAX_STEPS = 1_000_000

SOME_BODIES = 16
"""How many there are in a system that can have any number."""


class Integration(Part):
    """The integration: time, outputs, steps, softening.

    ``outputs`` instants, the start among them, lie evenly over ``duration``, and
    ``steps_per_output`` steps between two of them. A sample whose energy changes by more
    than ``energy_tolerance`` of its size is refused.
    """

    bodies: Annotated[int, NUMBER, Field(ge=2, le=64)] = SOME_BODIES
    dimensions: Annotated[int, NUMBER, Field(ge=2, le=3)] = 3
    duration: Positive = 10.0
    outputs: Annotated[int, NUMBER, Field(ge=2, le=100_000)] = 101
    steps_per_output: Annotated[int, NUMBER, Field(ge=1, le=100_000)] = 100
    softening: Annotated[Finite, Field(ge=0)] = 0.0
    energy_tolerance: Annotated[Finite, Field(gt=0, le=1)] = 0.01

    @property
    def step(self) -> float:
        """Length of a step."""
        return self.duration / ((self.outputs - 1) * self.steps_per_output)

    @model_validator(mode="after")
    def _affordable(self) -> Self:
        steps = (self.outputs - 1) * self.steps_per_output
        if steps > MAX_STEPS:
            msg = f"{steps} steps a sample are more than {MAX_STEPS}; lower steps_per_output"
            raise ValueError(msg)
        return self


def followed(state: State, samples: Integers, on: Integration) -> dict[str, xr.Variable]:
    """Return positions, velocities and energies over time of systems from their start on.

    Raises
    ------
    ParameterError
        If two point masses meet, or the steps are too long to keep the energy; it names the first
        of the samples.
    """
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
    _check(energy, on, samples)
    return {
        "time": TIME.holding(even(on.duration, on.outputs), {"units": "1"}),
        "position": VOCABULARY["position"].holding(_by_sample(track.position)),
        "velocity": VOCABULARY["velocity"].holding(_by_sample(track.velocity)),
        "body_mass": VOCABULARY["body_mass"].holding(state.mass.T),
        "kinetic_energy": VOCABULARY["kinetic_energy"].holding(energy.kinetic.T),
        "potential_energy": VOCABULARY["potential_energy"].holding(energy.potential.T),
    }


def _by_sample(values: Floats) -> Floats:
    return np.moveaxis(values, -1, 0)


def _check(energy: Energies, on: Integration, rows: Integers) -> None:
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
