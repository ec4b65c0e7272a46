"""What all stars that are watched have: a flux at any instants, alone and without noise."""

from collections.abc import Callable, Iterable

import numpy as np
import xarray as xr
from numpy.typing import ArrayLike

from skybench.errors import ParameterError
from skybench.generators.arrays import Floats, Parameters
from skybench.generators.drawn_object import DrawnObject
from skybench.generators.quantities import in_units
from skybench.generators.series.instants import even
from skybench.generators.series.light_curve.vocabulary import VOCABULARY
from skybench.generators.variable import SAMPLE


class LightCurve(DrawnObject):
    """A star that varies; use one of the subclasses."""

    family = "light_curve"
    vocabulary = VOCABULARY
    dims = SAMPLE

    @staticmethod
    def relative_flux(stars: Parameters, times: Floats) -> Floats:
        """Return the flux of stars over that of the quiet star.

        Parameters
        ----------
        stars : mapping of (star, 1) arrays
        times : (star, time) array
            Days.
        """
        raise NotImplementedError

    def render(self, times: ArrayLike | None = None) -> xr.DataArray:
        """Return the noise-free light curve.

        Parameters
        ----------
        times : (time,) array or Quantity, optional
            Instants in days; a thousand over forty days by default.

        Returns
        -------
        (time,) float64 DataArray
            Flux over that of the quiet star, the parameters as coordinates.

        Raises
        ------
        ParameterError
            If the instants are not a row of finite numbers.

        Examples
        --------
        >>> from skybench.generators import Transit
        >>> star = Transit(epoch=1, radius_ratio=0.1, limb_darkening_u1=0, limb_darkening_u2=0)
        >>> star.render([0.5, 1.0]).values.round(6).tolist()
        [1.0, 0.99]
        """
        days = even(40, 1001) if times is None else in_units("times", times, "day")
        instants = np.asarray(days, dtype=np.float64)
        if instants.ndim != 1 or not np.isfinite(instants).all():
            msg = f"times must be a row of finite numbers, got an array of shape {instants.shape}."
            raise ParameterError(msg)
        own = self.all_parameters()
        stars = {name: np.full((1, 1), value) for name, value in own.items()}
        day = {"units": "day", "long_name": "time since the start"}
        return xr.DataArray(
            self.relative_flux(stars, instants[None])[0],
            dims=("time",),
            coords={"time": ("time", instants, day), **self._labels(own)},
            attrs=VOCABULARY["expected_relative_flux"].attributes(),
        )


def computed(
    native: Callable[..., None], stars: Parameters, names: Iterable[str], times: Floats
) -> Floats:
    """Return what a kernel makes of stars, a row of parameters each, at instants: (star, time)."""
    rows = np.concatenate([stars[name] for name in names], axis=1, dtype=np.float64)
    flux = np.empty(times.shape)
    native(rows, np.ascontiguousarray(times), flux, *times.shape)
    return flux
