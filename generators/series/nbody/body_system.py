"""What all N-body systems have: a start of their bodies, and the motion of one system alone."""

from collections.abc import Callable
from typing import Any, ClassVar

import numpy as np
import xarray as xr
from pydantic import ValidationError

from skybench.errors import ParameterError
from skybench.generators.arrays import Floats, Integers, Parameters
from skybench.generators.declaration import parameter
from skybench.generators.distributions import uniform
from skybench.generators.drawn_object import DrawnObject
from skybench.generators.random_streams import RowStreams
from skybench.generators.series.nbody import orbit
from skybench.generators.series.nbody.motion import SOME_BODIES, Integration, followed
from skybench.generators.series.nbody.orbit import State
from skybench.generators.series.nbody.vocabulary import START_BITS, VOCABULARY
from skybench.generators.variable import PARAMETER_BITS, SAMPLE, round_mantissa

Uniforms = Callable[[int], Floats]
"""The first so many random numbers of each system, (system, count)."""


class BodySystem(DrawnObject):
    """A system of bodies under their own gravity, with G = 1; use one of the subclasses.

    Attributes
    ----------
    bodies : int or None
        How many it has; None for any number.

    Parameters
    ----------
    seed : int
        Draws the parameters that are not given, and the bodies of a cluster.
    """

    family = "nbody"
    vocabulary = VOCABULARY
    dims = SAMPLE

    bodies: ClassVar[int | None] = None

    @staticmethod
    def place(systems: Parameters, bodies: int, uniforms: Uniforms) -> State:
        """Return m systems at the start, in three dimensions and about their centres of mass."""
        raise NotImplementedError

    @classmethod
    def start(
        cls, systems: Parameters, samples: Integers, bodies: int, dimensions: int, seed: int
    ) -> State:
        """Return where the bodies of some systems start, turned as they lie in space."""
        streams = RowStreams(seed, f"bodies.{cls.oldest_name()}")

        def uniforms(count: int) -> Floats:
            return np.stack([streams.uniforms(row, count) for row in samples.tolist()])

        state = cls.place(systems, bodies, uniforms)
        position, velocity = (cls.oriented(vectors, systems) for vectors in state[:2])
        return State(
            round_mantissa(position[:, :dimensions], START_BITS),
            round_mantissa(velocity[:, :dimensions], START_BITS),
            round_mantissa(state.mass, PARAMETER_BITS),
        )

    @classmethod
    def oriented(cls, vectors: Floats, systems: Parameters) -> Floats:
        """Return vectors (body, axis, system) as a system lies in space."""
        return vectors

    def render(
        self,
        duration: float = 10.0,
        outputs: int = 201,
        *,
        steps_per_output: int = 100,
        softening: float = 0.0,
        dimensions: int = 3,
        bodies: int | None = None,
    ) -> xr.Dataset:
        """Return the motion.

        Parameters
        ----------
        duration : float
            In units with G = 1, above 0.
        outputs : int
            Instants from 0 to the duration, at least 2.
        steps_per_output : int
            The most steps from one to the next, in the mean; a system that needs more is refused.
        softening : float
            Length below which the pull of two bodies weakens.
        dimensions : {3, 2}
            In two, what lies outside the xy plane is left out.
        bodies : int
            Of a cluster; the other systems know how many they have.

        Returns
        -------
        xr.Dataset
            ``position`` and ``velocity`` on (time, body, axis), ``kinetic_energy`` and
            ``potential_energy`` on (time), float64; the parameters as coordinates, and
            ``trusted_until``: the time until which the path is right to 1e-3 of the largest
            distance of a body from the middle at the start. After that chaos has made rounding
            errors as large: it is a motion of such bodies, but not of these.

        Raises
        ------
        ParameterError
            If these make no sense, two point masses meet, or the motion takes too many steps.

        Examples
        --------
        >>> from skybench.generators import FigureEight
        >>> FigureEight().render(6.3).position.shape
        (201, 3, 3)
        """
        count = bodies if bodies is not None else self.bodies or SOME_BODIES
        if self.bodies not in (None, count):
            msg = f"a {self.name} has {self.bodies} bodies, got {bodies}."
            raise ParameterError(msg)
        on = _integration(
            bodies=count,
            dimensions=dimensions,
            duration=duration,
            outputs=outputs,
            steps_per_output=steps_per_output,
            softening=softening,
        )
        own, alone = self.all_parameters(), np.array([0])
        systems = {name: np.array([value]) for name, value in own.items()}
        state = self.start(systems, alone, on.bodies, on.dimensions, self.seed)
        motion = followed(state, alone, on)
        made = xr.Dataset(
            {
                name: (VOCABULARY[name].dims, values, motion.attributes()[name])
                for name, values in motion._asdict().items()
            }
        ).isel(sample=0)
        return made.set_coords(["body_mass", "trusted_until"]).assign_coords(self._labels(own))


class TurnedSystem(BodySystem):
    """A system drawn in the xy plane: tilted about x, then turned about z."""

    system_inclination: float = parameter(default=0)
    orientation: float = parameter(default=uniform(0, 360))

    @classmethod
    def oriented(cls, vectors: Floats, systems: Parameters) -> Floats:
        """Return vectors (body, axis, system) tilted and turned."""
        tilted = orbit.about_x(vectors, np.deg2rad(systems["system_inclination"]))
        return orbit.about_z(tilted, np.deg2rad(systems["orientation"]))


def _integration(**settings: Any) -> Integration:
    try:
        return Integration(**settings)
    except ValidationError as error:
        first = error.errors()[0]
        place = ".".join(str(part) for part in first["loc"]) or "integration"
        msg = f"{place}: {first['msg']}, got {first['input']!r}."
        raise ParameterError(msg) from error
