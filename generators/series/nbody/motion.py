"""From the start of systems to the motion of their bodies, and until when it can be trusted."""

from collections.abc import Callable
from functools import partial
from typing import Annotated, Any, NamedTuple, Self

import numpy as np
from pydantic import Field, model_validator

from skybench.errors import ParameterError
from skybench.generators.arrays import Floats, Integers
from skybench.generators.distributions import NUMBER, Finite, Positive
from skybench.generators.recipe import Part
from skybench.generators.series.instants import TIME, even
from skybench.generators.series.nbody.orbit import State
from skybench.generators.series.nbody.taylor import (
    FOLLOWED,
    MET,
    TOO_MANY_STEPS,
    Energies,
    Track,
    energies,
    integrate,
)
from skybench.generators.series.nbody.vocabulary import VOCABULARY

MAX_STEPS = 1_000_000

SOME_BODIES = 16
"""How many there are in a system that can have any number."""

PATH_TOLERANCE = 1e-3
"""Of a trusted path, over the largest distance of a body from the middle at the start."""

_LONGEST, _LONGER = 3.0, 4 / 3
"""Steps of the runs that are compared with. The errors of the first are 4e7 times as large: a path
that it confirms needs no other. Those of the second are a hundred times as large."""


class Integration(Part):
    """The integration: time, outputs, softening, and what it may cost.

    ``outputs`` instants, the start among them, lie evenly over ``duration``. Steps are as long as
    the motion of each system allows; one that needs more than ``steps_per_output`` from one output
    to the next, in the mean, is refused, and so is one whose energy changes by more than
    ``energy_tolerance`` of its size.
    """

    bodies: Annotated[int, NUMBER, Field(ge=2, le=64)] = SOME_BODIES
    dimensions: Annotated[int, NUMBER, Field(ge=2, le=3)] = 3
    duration: Positive = 10.0
    outputs: Annotated[int, NUMBER, Field(ge=2, le=100_000)] = 101
    steps_per_output: Annotated[int, NUMBER, Field(ge=1, le=100_000)] = 100
    softening: Annotated[Finite, Field(ge=0)] = 0.0
    energy_tolerance: Annotated[Finite, Field(gt=0, le=1)] = 0.01

    @property
    def most_steps(self) -> int:
        """The most that a system may take."""
        return (self.outputs - 1) * self.steps_per_output

    @model_validator(mode="after")
    def _affordable(self) -> Self:
        if self.most_steps > MAX_STEPS:
            msg = (
                f"{self.most_steps} steps a sample are more than {MAX_STEPS}; "
                "lower steps_per_output"
            )
            raise ValueError(msg)
        return self


class Motion(NamedTuple):
    """The motion of m systems, named as in datasets.

    ``time`` is (time,), ``trusted_until`` (sample,), positions and velocities are (sample, time,
    body, axis), masses (sample, body) and energies (sample, time).
    """

    time: Floats
    trusted_until: Floats
    position: Floats
    velocity: Floats
    body_mass: Floats
    kinetic_energy: Floats
    potential_energy: Floats

    def attributes(self) -> dict[str, dict[str, Any]]:
        """Return the attributes of each."""
        return {name: VOCABULARY[name].attributes() for name in self._fields} | {
            "time": TIME.attributes() | {"units": "1"}
        }


def followed(state: State, samples: Integers, on: Integration) -> Motion:
    """Return the motion of systems from their start on.

    Each is followed again with steps three times as long, and where the paths do not agree to 1e-3
    of the system's size to the end, with steps 4/3 as long: the first path, whose errors are a
    hundredth of that one's, is trusted as long as they agree.

    Raises
    ------
    ParameterError
        If two point masses meet, or a system needs more steps than it may take; it names the first
        of the samples.
    """
    instants = TIME.store(even(on.duration, on.outputs))
    run = partial(integrate, instants=instants, softening=on.softening, most_steps=on.most_steps)
    track = run(state)
    energy = energies(track, state.mass, on.softening)
    _check(track, energy, on, samples)
    return Motion(
        time=instants,
        trusted_until=_trusted_until(state, instants, track, run),
        position=track.position,
        velocity=track.velocity,
        body_mass=state.mass.T,
        kinetic_energy=energy.kinetic,
        potential_energy=energy.potential,
    )


def _trusted_until(
    state: State, instants: Floats, track: Track, run: Callable[..., Track]
) -> Floats:
    """Return the last instant up to which longer steps lead along the same path."""
    until = _agreed(instants, track.position, run(state, stretch=_LONGEST).position)
    short = np.flatnonzero(until < instants[-1])
    if short.size:
        some = State(*(part[..., short] for part in state))
        closer = run(some, stretch=_LONGER).position
        until[short] = _agreed(instants, track.position[short], closer)
    return until


def _agreed(instants: Floats, position: Floats, other: Floats) -> Floats:
    """Return the last instant up to which two paths agree, for each system."""
    start = position[:, 0]
    size = np.sqrt((start * start).sum(axis=-1).max(axis=-1, initial=0))
    with np.errstate(invalid="ignore"):
        apart = np.abs(position - other).max(axis=(2, 3), initial=0)
        agrees = apart <= PATH_TOLERANCE * size[:, None]
    # The start itself always agrees.
    count = np.logical_and.accumulate(agrees, axis=1).sum(axis=1)
    return np.asarray(instants[count - 1])


def _check(track: Track, energy: Energies, on: Integration, rows: Integers) -> None:
    """Refuse systems that could not be followed to the end: their motion means nothing."""
    with np.errstate(invalid="ignore"):
        total = energy.kinetic + energy.potential
        size = energy.kinetic[:, 0] - energy.potential[:, 0]
        change = np.abs(total - total[:, :1]).max(axis=1) / size
    wrong = np.flatnonzero((track.outcome != FOLLOWED) | ~(change <= on.energy_tolerance))
    if not wrong.size:
        return
    first = wrong[0]
    how = {
        FOLLOWED: f"its energy changes by {change[first]:.2g} of its size, more than the "
        f"{on.energy_tolerance:g} of integration.energy_tolerance",
        MET: "two point masses meet",
        TOO_MANY_STEPS: f"to keep its path and its energy takes more than {on.most_steps} steps",
    }[int(track.outcome[first])]
    msg = (
        f"sample {rows[first]} cannot be integrated: {how}. Raise integration.steps_per_output "
        f"({on.steps_per_output}) or integration.softening ({on.softening:g})."
    )
    raise ParameterError(msg)
