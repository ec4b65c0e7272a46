"""What all objects in a periodic box have: a place, and the cube of one alone."""

from collections.abc import Mapping
from typing import ClassVar

import numpy as np
import xarray as xr

from skybench.errors import ParameterError
from skybench.generators.arrays import Floats
from skybench.generators.declaration import setting
from skybench.generators.drawn_object import DrawnObject
from skybench.generators.quantities import in_units
from skybench.generators.variable import SOURCE
from skybench.generators.volume.vocabulary import VOCABULARY

MEAN_DENSITY = 4.0e10
"""Of matter in the universe today, solar masses per cubic Mpc (Planck 2018: 3.97e10)."""


class VolumeObject(DrawnObject):
    """An object that adds mass to the voxels around it; use one of the subclasses.

    Attributes
    ----------
    widest : mapping
        The parameters that its width follows from, and the end of their range at which it is
        widest: 0 the lower, 1 the upper one.
    """

    family = "volume"
    vocabulary = VOCABULARY
    dims = SOURCE

    widest: ClassVar[Mapping[str, int]] = {}

    x: float | None = setting("source_x", default=None)
    y: float | None = setting("source_y", default=None)
    z: float | None = setting("source_z", default=None)

    @staticmethod
    def add(cube: Floats, own: Mapping[str, float], voxel: float, mean_density: float) -> None:
        """Add the object to a cube (z, y, x) in place, in units of the mean density.

        Parameters
        ----------
        cube : (z, y, x) array
        own : mapping
            Its parameters and position by name.
        voxel : float
            Side of a voxel in Mpc.
        mean_density : float
            Solar masses per cubic Mpc.
        """
        raise NotImplementedError

    @staticmethod
    def width(own: Mapping[str, float], voxel: float, mean_density: float) -> int:
        """Return the voxels along an axis that the object needs, wherever it lies."""
        raise NotImplementedError

    def render(self, side: int = 32, size_mpc: float = 16.0) -> xr.DataArray:
        """Return the density of the object in a periodic box without a field.

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
            The object is wider than the box.

        Examples
        --------
        >>> from skybench.generators import Halo
        >>> cube = Halo(halo_mass=1e14).render(16, size_mpc=8)
        >>> round(float(cube.sum()) * 4e10 * 0.5**3 / 1e14, 9)
        1.0
        """
        size_mpc = in_units("size_mpc", size_mpc, "Mpc")
        middle = (side - 1) / 2
        place = {
            row.name: middle if getattr(self, name) is None else getattr(self, name)
            for name, row in self.settings.items()
        }
        parameters = self.all_parameters() | place
        wide = self.width(parameters, size_mpc / side, MEAN_DENSITY)
        if wide > side:
            hint = too_wide(type(self), wide, side)
            msg = f"a {self.name} of these parameters is {hint} size_mpc."
            raise ParameterError(msg)
        cube = np.zeros((side, side, side))
        self.add(cube, parameters, size_mpc / side, MEAN_DENSITY)
        attributes = {"units": "1", "long_name": self.name}
        coordinates = self._labels(parameters)
        return xr.DataArray(cube, dims=("z", "y", "x"), coords=coordinates, attrs=attributes)


def too_wide(kind: type[VolumeObject], wide: int, side: int) -> str:
    """Return what is wrong with an object wider than its box, and how to mend it."""
    ways = {0: "raise", 1: "lower"}
    hints = ", ".join(f"{ways[end]} {name}" for name, end in kind.widest.items())
    return f"{wide} voxels wide, more than the {side} of the box; {hints}, or raise"
