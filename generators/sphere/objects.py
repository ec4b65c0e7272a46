"""Single random fields on the sphere: values that can be drawn."""

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
import xarray as xr

from skybench.errors import ParameterError
from skybench.generators.single_object import DrawnObject, checked, scalars
from skybench.generators.sphere import acoustic, convergence, field, power_law
from skybench.generators.sphere.harmonics import synthesis
from skybench.generators.sphere.healpix import Ordering, check_nside, ring_numbers
from skybench.generators.sphere.profile import SphereProfile


@dataclass(frozen=True, kw_only=True)
class SphereField(DrawnObject):
    """A Gaussian random field on the sphere; use one of the subclasses.

    Parameters
    ----------
    seed : int
        Draws the field, and the parameters that are not given.
    """

    profile: ClassVar[SphereProfile]

    def spectrum(self, lmax: int) -> xr.DataArray:
        """Return the power spectrum C_l.

        Parameters
        ----------
        lmax : int
            The highest multipole, 0 or more.

        Returns
        -------
        (multipole,) float64 DataArray
            From 0 to lmax; the mean and the dipole have no power.
        """
        if lmax < 0:
            msg = f"lmax must be 0 or more, got {lmax}."
            raise ParameterError(msg)
        own = {name: np.array([value]) for name, value in self._own().items()}
        powers = self.profile.spectrum(own, lmax)[0]
        return xr.DataArray(powers, dims="multipole", coords={"multipole": np.arange(lmax + 1)})

    def render(
        self, nside: int = 64, *, ordering: Ordering = "ring", fwhm: float = 0.0
    ) -> xr.DataArray:
        """Return the noise-free map, with multipoles up to 2 nside.

        Parameters
        ----------
        nside : int
            A power of two up to 512; a finer map shows the same sky.
        ordering : {"ring", "nested"}
            Of the pixels.
        fwhm : float
            Full width at half maximum of a Gaussian beam, in degrees.

        Returns
        -------
        (pixel,) float64 DataArray
            The values at the pixel centres, the parameters as coordinates.

        Raises
        ------
        ParameterError
            nside is no power of two, or the beam outside its domain.

        Examples
        --------
        >>> PowerLawField(spectral_slope=-2).render(nside=8).sizes["pixel"]
        768
        """
        check_nside(nside)
        lmax, width = 2 * nside, checked("fwhm", fwhm, {"fwhm": "beam_fwhm"})
        unit = field.unit_coefficients(self.seed, np.array([0]), lmax)
        powers = self.spectrum(lmax).values[None]
        seen = field.coefficients(unit, powers, np.array([width]), lmax)
        values = synthesis(seen, nside, lmax)[0]
        if ordering == "nested":
            values = values[ring_numbers(nside)]
        coordinates = scalars(self._own() | {"beam_fwhm": width})
        attributes = {"units": "1", "long_name": self.profile.name, "ordering": ordering}
        return xr.DataArray(values, dims="pixel", coords=coordinates, attrs=attributes)


@dataclass(frozen=True, kw_only=True)
class PowerLawField(SphereField):
    """A field whose power is a power of the multipole.

    Parameters
    ----------
    spectrum_amplitude : float
        Square root of l (l + 1) C_l / 2 pi at l = 10.
    spectral_slope : float
        Exponent of C_l.
    """

    profile = power_law.PROFILE

    spectrum_amplitude: float | None = None
    spectral_slope: float | None = None


@dataclass(frozen=True, kw_only=True)
class AcousticField(SphereField):
    """A field with acoustic peaks and a damping tail, like the microwave background.

    Parameters
    ----------
    spectrum_amplitude : float
        Square root of the smooth part of l (l + 1) C_l / 2 pi at l = 10.
    spectrum_tilt : float
        Exponent of the smooth part.
    acoustic_scale : float
        Distance of the peaks in multipole.
    acoustic_contrast : float
        Height of the peaks over the smooth part.
    damping_scale : float
        Multipole at which damping takes 1/e of the power.
    """

    profile = acoustic.PROFILE

    spectrum_amplitude: float | None = None
    spectrum_tilt: float | None = None
    acoustic_scale: float | None = None
    acoustic_contrast: float | None = None
    damping_scale: float | None = None


@dataclass(frozen=True, kw_only=True)
class ConvergenceField(SphereField):
    """The weak-lensing convergence of a flat universe, as a Gaussian field.

    Parameters
    ----------
    omega_m : float
        Matter density over the critical.
    sigma8 : float
        rms of linear fluctuations in spheres of 8 Mpc/h.
    source_redshift : float
        Of the lensed plane.
    """

    profile = convergence.PROFILE

    omega_m: float | None = None
    sigma8: float | None = None
    source_redshift: float | None = None
