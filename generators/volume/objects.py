"""Single objects in a box: values that can be drawn."""

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
import xarray as xr

from skybench.errors import ParameterError
from skybench.generators.single_object import DrawnObject, scalars
from skybench.generators.volume import nfw
from skybench.generators.volume.recipe import MEAN_DENSITY


@dataclass(frozen=True, kw_only=True)
class Halo(DrawnObject):
    """A dark-matter halo: a triaxial NFW profile.

    Parameters
    ----------
    halo_mass : float
        Solar masses within 200 times the mean density.
    halo_concentration : float
        Truncation radius over scale radius.
    second_axis_ratio, third_axis_ratio : float
        Axes over the first one, 0.2 to 1.
    axis_azimuth : float
        Of the first axis about z in degrees, counter-clockwise from +x.
    axis_cosine : float
        Of the angle between the first axis and +z.
    axis_roll : float
        Turn about the first axis in degrees.
    x, y, z : float, optional
        Position in voxels, (0, 0, 0) the centre of the first one; the box's middle if absent.
    seed : int
        Draws the parameters that are not given.

    References
    ----------
    Navarro, Frenk & White (1997), ApJ 490, 493.
    """

    profile = nfw.PROFILE
    names: ClassVar[dict[str, str]] = {"x": "source_x", "y": "source_y", "z": "source_z"}

    halo_mass: float | None = None
    halo_concentration: float | None = None
    second_axis_ratio: float | None = None
    third_axis_ratio: float | None = None
    axis_azimuth: float | None = None
    axis_cosine: float | None = None
    axis_roll: float | None = None
    x: float | None = None
    y: float | None = None
    z: float | None = None

    def render(self, side: int = 32, size_mpc: float = 16.0) -> xr.DataArray:
        """Return the density of the halo in a periodic box without a field.

        Parameters
        ----------
        side : int
            Voxels along a side.
        size_mpc : float
            Length of a side in Mpc.

        Returns
        -------
        (z, y, x) float64 DataArray
            In units of the mean density of the universe, the parameters as coordinates.

        Raises
        ------
        ParameterError
            The halo is wider than the box.

        Examples
        --------
        >>> cube = Halo(halo_mass=1e14).render(16, size_mpc=8)
        >>> round(float(cube.sum()) * 4e10 * 0.5**3 / 1e14, 9)
        1.0
        """
        middle = (side - 1) / 2
        place = {
            row: middle if getattr(self, name) is None else getattr(self, name)
            for name, row in self.names.items()
        }
        parameters = self._own() | place
        wide = nfw.width(parameters, size_mpc / side, MEAN_DENSITY)
        if wide > side:
            msg = (
                f"a halo of {parameters['halo_mass']:.3g} solar masses is {wide} voxels wide, "
                f"more than the {side} of the box; raise size_mpc or lower halo_mass."
            )
            raise ParameterError(msg)
        cube = np.zeros((side, side, side))
        nfw.add(cube, parameters, size_mpc / side, MEAN_DENSITY)
        attributes = {"units": "1", "long_name": self.profile.name}
        return xr.DataArray(
            cube, dims=("z", "y", "x"), coords=scalars(parameters), attrs=attributes
        )
