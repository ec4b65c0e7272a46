"""Single light curves: values that can be looked at, at any instants."""

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
import xarray as xr
from numpy.typing import ArrayLike
from typing_extensions import override

from skybench.errors import ParameterError
from skybench.generators.schema import VARIABLES
from skybench.generators.series.instants import even
from skybench.generators.series.light_curve import (
    eclipsing_binary,
    flare,
    pulsator,
    supernova,
    transit,
)
from skybench.generators.series.light_curve.passage import check_limb_darkening
from skybench.generators.series.light_curve.variation import Variation
from skybench.generators.single_object import DrawnObject, scalars


@dataclass(frozen=True, kw_only=True)
class LightCurve(DrawnObject):
    """A star that varies; use one of the subclasses.

    Parameters
    ----------
    seed : int
        Draws the parameters that are not given.
    """

    profile: ClassVar[Variation]

    def render(self, times: ArrayLike | None = None) -> xr.DataArray:
        """Return the noise-free light curve.

        Parameters
        ----------
        times : (time,) array, optional
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
        >>> star = Transit(epoch=1, radius_ratio=0.1, limb_darkening_u1=0, limb_darkening_u2=0)
        >>> star.render([0.5, 1.0]).values.round(6).tolist()
        [1.0, 0.99]
        """
        instants = even(40, 1001) if times is None else np.asarray(times, dtype=np.float64)
        if instants.ndim != 1 or not np.isfinite(instants).all():
            msg = f"times must be a row of finite numbers, got an array of shape {instants.shape}."
            raise ParameterError(msg)
        own = self._own()
        stars = {name: np.full((1, 1), value) for name, value in own.items()}
        day = {"units": "day", "long_name": "time since the start"}
        return xr.DataArray(
            self.profile.flux(stars, instants[None])[0],
            dims=("time",),
            coords={"time": ("time", instants, day), **scalars(own)},
            attrs=VARIABLES["expected_relative_flux"].attributes(),
        )


@dataclass(frozen=True, kw_only=True)
class _Passage(LightCurve):
    """Two bodies that pass in front of each other."""

    period: float | None = None
    epoch: float | None = None
    radius_ratio: float | None = None
    semi_major_axis_ratio: float | None = None
    impact_parameter: float | None = None
    limb_darkening_u1: float | None = None
    limb_darkening_u2: float | None = None

    @override
    def __post_init__(self) -> None:
        super().__post_init__()
        check_limb_darkening(*(getattr(self, f"limb_darkening_{u}") for u in ("u1", "u2")))


@dataclass(frozen=True, kw_only=True)
class Transit(_Passage):
    """A planet that passes in front of its star, on a circular orbit.

    Parameters
    ----------
    period, epoch : float
        Of the orbit and of a transit's middle, in days.
    radius_ratio : float
        Radius of the planet over that of the star, 0 to 1.
    semi_major_axis_ratio, impact_parameter : float
        Size of the orbit, and distance from the star's centre in mid-transit, in radii of the star.
    limb_darkening_u1, limb_darkening_u2 : float
        Of the disc 1 - u1 (1 - mu) - u2 (1 - mu)^2; their sum is at most 1.

    References
    ----------
    Mandel & Agol (2002), ApJ 580, L171.
    """

    profile = transit.VARIATION


@dataclass(frozen=True, kw_only=True)
class EclipsingBinary(_Passage):
    """Two stars that eclipse each other.

    Parameters
    ----------
    period, epoch, semi_major_axis_ratio, impact_parameter : float
        As for `Transit`, in radii of the larger star.
    radius_ratio, surface_brightness_ratio : float
        Of the smaller star over the larger.
    limb_darkening_u1, limb_darkening_u2 : float
        Of both stars.
    ellipsoidal_amplitude : float
        Of the variation by tides, as a share of the flux.
    """

    profile = eclipsing_binary.VARIATION

    surface_brightness_ratio: float | None = None
    ellipsoidal_amplitude: float | None = None


@dataclass(frozen=True, kw_only=True)
class _Pulsator(LightCurve):
    period: float | None = None
    epoch: float | None = None
    pulsation_amplitude: float | None = None
    fourier_r21: float | None = None
    fourier_r31: float | None = None
    fourier_phi21: float | None = None
    fourier_phi31: float | None = None


@dataclass(frozen=True, kw_only=True)
class RRLyrae(_Pulsator):
    """An RR Lyrae star of type ab.

    Parameters
    ----------
    period, epoch : float
        Days; at the epoch the first harmonic is brightest.
    pulsation_amplitude : float
        Of the first harmonic, in magnitudes.
    fourier_r21, fourier_r31, fourier_phi21, fourier_phi31 : float
        Ratios and phase differences (radians) of the harmonics of a cosine series.

    References
    ----------
    Simon & Lee (1981), ApJ 248, 291.
    """

    profile = pulsator.RR_LYRAE


@dataclass(frozen=True, kw_only=True)
class Cepheid(_Pulsator):
    """A classical Cepheid; its parameters are those of `RRLyrae`."""

    profile = pulsator.CEPHEID


@dataclass(frozen=True, kw_only=True)
class Flare(LightCurve):
    """A star with one flare.

    Parameters
    ----------
    epoch, flare_fwhm : float
        Instant of the peak and full width at half of it, in days.
    peak_amplitude : float
        Over the flux of the quiet star.

    References
    ----------
    Davenport et al. (2014), ApJ 797, 122.
    """

    profile = flare.VARIATION

    epoch: float | None = None
    flare_fwhm: float | None = None
    peak_amplitude: float | None = None


@dataclass(frozen=True, kw_only=True)
class Supernova(LightCurve):
    """A supernova-like transient.

    Parameters
    ----------
    epoch, rise_time : float
        Instant of the peak and time scale of the rise, in days.
    fall_rise_ratio : float
        Time scale of the decline over that of the rise, at least 1.1.
    peak_amplitude : float
        Over the flux of the host.

    References
    ----------
    Bazin et al. (2009), A&A 499, 653, equation 1.
    """

    profile = supernova.VARIATION

    epoch: float | None = None
    rise_time: float | None = None
    fall_rise_ratio: float | None = None
    peak_amplitude: float | None = None
