"""Single pendulums: values that can be set swinging."""

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
import xarray as xr

from skybench.errors import ParameterError
from skybench.generators.schema import VARIABLES
from skybench.generators.series.instants import even
from skybench.generators.series.pendulum import exact, hamiltonian
from skybench.generators.series.pendulum.swing import Swing
from skybench.generators.single_object import DrawnObject, scalars


@dataclass(frozen=True, kw_only=True)
class Pendulum(DrawnObject):
    """A pendulum without friction, exactly.

    Parameters
    ----------
    pendulum_length, gravity : float
        In metres and metres per second squared.
    initial_angle, initial_angular_velocity : float
        Radians from the vertical, within 3.12; radians a second.
    seed : int
        Draws the parameters that are not given.
    """

    profile: ClassVar[Swing] = exact.SWING

    pendulum_length: float | None = None
    gravity: float | None = None
    initial_angle: float | None = None
    initial_angular_velocity: float | None = None

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
        >>> swung = Pendulum(pendulum_length=1, gravity=9.81, initial_angle=1).render()
        >>> round(float(swung.swing_period), 4)
        2.1391
        """
        if not (np.isfinite(duration) and duration > 0 and outputs >= 2):
            msg = (
                f"duration must be above 0 and outputs at least 2, got {duration:g} and {outputs}."
            )
            raise ParameterError(msg)
        times, own = even(duration, outputs), self._own()
        pendulums = {name: np.array([own[name]]) for name in self.profile.defaults}
        motion = self.profile.move(pendulums, times)
        data = {
            name: ("time", values[0], VARIABLES[name].attributes())
            for name, values in motion._asdict().items()
        }
        second = {"units": "s", "long_name": "time since the start"}
        return xr.Dataset(data, coords={"time": ("time", times, second), **scalars(own)})


@dataclass(frozen=True, kw_only=True)
class HamiltonianPendulum(Pendulum):
    """A pendulum without friction, integrated; its parameters are those of `Pendulum`."""

    profile: ClassVar[Swing] = hamiltonian.HAMILTONIAN


@dataclass(frozen=True, kw_only=True)
class DampedPendulum(Pendulum):
    """A pendulum with friction.

    Parameters
    ----------
    pendulum_length, gravity, initial_angle, initial_angular_velocity : float
        As for `Pendulum`.
    damping : float
        Deceleration over angular velocity, per second.
    """

    profile: ClassVar[Swing] = hamiltonian.DAMPED

    damping: float | None = None
