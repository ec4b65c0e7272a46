"""What all pendulums have: a length, gravity, a start, and their motion alone."""

from typing import NamedTuple

import numpy as np
import xarray as xr

from skybench.errors import ParameterError
from skybench.generators.arrays import Floats, Parameters
from skybench.generators.declaration import derived, parameter
from skybench.generators.distributions import uniform
from skybench.generators.drawn_object import DrawnObject
from skybench.generators.quantities import in_units
from skybench.generators.series.instants import even
from skybench.generators.series.pendulum.vocabulary import VOCABULARY
from skybench.generators.variable import SAMPLE


class Motion(NamedTuple):
    """Angle in radians and angular velocity in radians a second, (pendulum, time) each."""

    angle: Floats
    angular_velocity: Floats


class PendulumObject(DrawnObject):
    """A pendulum; use one of the subclasses."""

    family = "pendulum"
    vocabulary = VOCABULARY
    dims = SAMPLE

    pendulum_length: float = parameter(default=uniform(0.5, 2))
    gravity: float = parameter(default=9.81)
    initial_angle: float = parameter(default=uniform(-2.8, 2.8))
    initial_angular_velocity: float = parameter(default=0)
    natural_frequency = derived()

    @staticmethod
    def derive(parameters: Parameters) -> Parameters:
        """Return the natural frequency."""
        return {"natural_frequency": natural_frequency(parameters)}

    @staticmethod
    def move(pendulums: Parameters, times: Floats) -> Motion:
        """Return the motion of m pendulums at instants in seconds, even and from 0."""
        raise NotImplementedError

    def render(self, duration: float = 20.0, outputs: int = 201) -> xr.Dataset:
        """Return the motion.

        Parameters
        ----------
        duration : float
            Seconds, above 0.
        outputs : int
            Instants from 0 to the duration, at least 2.

        Returns
        -------
        xr.Dataset
            ``angle`` and ``angular_velocity`` on (time), float64, the parameters as coordinates.

        Raises
        ------
        ParameterError
            If there are no such instants, or they are too few to follow the motion.

        Examples
        --------
        >>> from skybench.generators import Pendulum
        >>> swung = Pendulum(pendulum_length=1, gravity=9.81, initial_angle=1).render()
        >>> round(float(swung.swing_period), 4)
        2.1391
        """
        duration = in_units("duration", duration, "s")
        if not (np.isfinite(duration) and duration > 0 and outputs >= 2):
            msg = (
                f"duration must be above 0 and outputs at least 2, got {duration:g} and {outputs}."
            )
            raise ParameterError(msg)
        times, own = even(duration, outputs), self.all_parameters()
        motion = self.move({name: np.array([own[name]]) for name in self.defaults}, times)
        data = {
            name: ("time", values[0], VOCABULARY[name].attributes())
            for name, values in motion._asdict().items()
        }
        second = {"units": "s", "long_name": "time since the start"}
        return xr.Dataset(data, coords={"time": ("time", times, second), **self._labels(own)})


def natural_frequency(pendulums: Parameters) -> Floats:
    """Return sqrt(g / L), the angular frequency of small swings."""
    return np.asarray(np.sqrt(pendulums["gravity"] / pendulums["pendulum_length"]))
