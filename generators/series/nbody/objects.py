"""Single systems of bodies: values that can be set in motion."""

from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
import xarray as xr
from pydantic import ValidationError

from skybench.errors import ParameterError
from skybench.generators.schema import variable
from skybench.generators.series.nbody import cluster, figure_eight, free_fall, triple, two_body
from skybench.generators.series.nbody.motion import followed, start
from skybench.generators.series.nbody.recipe import Integration
from skybench.generators.series.nbody.system import System
from skybench.generators.single_object import DrawnObject, scalars


@dataclass(frozen=True, kw_only=True)
class BodySystem(DrawnObject):
    """A system of bodies under their own gravity, with G = 1; use one of the subclasses.

    Parameters
    ----------
    seed : int
        Draws the parameters that are not given, and the bodies of a cluster.
    """

    profile: ClassVar[System]

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
            Steps of the leapfrog from one to the next.
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
            ``potential_energy`` on (time), the parameters as coordinates.

        Raises
        ------
        ParameterError
            If these make no sense, or the steps are too long to keep the energy.

        Examples
        --------
        >>> FigureEight().render(6.3).position.shape
        (201, 3, 3)
        """
        count = bodies if bodies is not None else self.profile.bodies or 16
        if self.profile.bodies not in (None, count):
            msg = f"a {self.profile.name} has {self.profile.bodies} bodies, got {bodies}."
            raise ParameterError(msg)
        on = _integration(
            bodies=count,
            dimensions=dimensions,
            duration=duration,
            outputs=outputs,
            steps_per_output=steps_per_output,
            softening=softening,
        )
        parameters = xr.Dataset(
            coords={
                "kind": ("sample", np.array([self.profile.code])),
                "sample_id": variable("sample_id", [0]),
                **{name: ("sample", np.array([v])) for name, v in self._own().items()},
            }
        )
        state = start(parameters, on.bodies, on.dimensions, self.seed)
        made = xr.Dataset(followed(state, parameters, on)).isel(sample=0)
        return made.set_coords("body_mass").assign_coords(scalars(self._own()))


def _integration(**settings: Any) -> Integration:
    try:
        return Integration(**settings)
    except ValidationError as error:
        first = error.errors()[0]
        place = ".".join(str(part) for part in first["loc"]) or "integration"
        msg = f"{place}: {first['msg']}, got {first['input']!r}."
        raise ParameterError(msg) from error


@dataclass(frozen=True, kw_only=True)
class _Turned(BodySystem):
    system_inclination: float | None = None
    orientation: float | None = None


@dataclass(frozen=True, kw_only=True)
class TwoBodies(_Turned):
    """Two bodies on a Kepler ellipse.

    Parameters
    ----------
    primary_mass, secondary_mass, semi_major_axis, eccentricity : float
        Eccentricity up to 0.99.
    mean_anomaly, pericentre_angle : float
        At the start, and of the pericentre, in degrees.
    system_inclination, orientation : float
        Tilt about the x axis, then turn about the z axis, in degrees.
    """

    profile = two_body.SYSTEM

    primary_mass: float | None = None
    secondary_mass: float | None = None
    semi_major_axis: float | None = None
    eccentricity: float | None = None
    mean_anomaly: float | None = None
    pericentre_angle: float | None = None


@dataclass(frozen=True, kw_only=True)
class Triple(TwoBodies):
    """A hierarchical triple: the parameters of its inner orbit are those of `TwoBodies`.

    Parameters
    ----------
    tertiary_mass, outer_eccentricity, outer_mean_anomaly, outer_pericentre_angle : float
        Of the third body and its orbit.
    stability_ratio : float
        Outer pericentre over the widest that is unstable.
    mutual_inclination : float
        Angle between both orbits in degrees.
    """

    profile = triple.SYSTEM

    tertiary_mass: float | None = None
    stability_ratio: float | None = None
    outer_eccentricity: float | None = None
    outer_mean_anomaly: float | None = None
    outer_pericentre_angle: float | None = None
    mutual_inclination: float | None = None


@dataclass(frozen=True, kw_only=True)
class FreeFall(_Turned):
    """Three bodies released from rest.

    Parameters
    ----------
    primary_mass, secondary_mass, tertiary_mass : float
        The first two at the ends of the base.
    base_length : float
        Distance of the first two.
    apex_x, apex_y : float
        The third body along the base from its middle and over it, in base lengths.
    """

    profile = free_fall.SYSTEM

    primary_mass: float | None = None
    secondary_mass: float | None = None
    tertiary_mass: float | None = None
    base_length: float | None = None
    apex_x: float | None = None
    apex_y: float | None = None


@dataclass(frozen=True, kw_only=True)
class FigureEight(_Turned):
    """Three equal masses on a figure eight.

    Parameters
    ----------
    primary_mass, tertiary_mass_ratio : float
        Of two of them; the third's over it, 1 for the figure eight.
    length_scale, velocity_factor : float
        Size, and speeds over those of the periodic orbit.
    """

    profile = figure_eight.SYSTEM

    primary_mass: float | None = None
    tertiary_mass_ratio: float | None = None
    length_scale: float | None = None
    velocity_factor: float | None = None


@dataclass(frozen=True, kw_only=True)
class StarCluster(BodySystem):
    """A cluster of equal masses, drawn from a Plummer sphere by the seed.

    Parameters
    ----------
    total_mass, cluster_radius : float
        Of all bodies; Plummer radius.
    virial_ratio : float
        Kinetic over minus potential energy at the start.
    """

    profile = cluster.SYSTEM

    total_mass: float | None = None
    cluster_radius: float | None = None
    virial_ratio: float | None = None
