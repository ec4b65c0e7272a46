"""Gaussian random fields on the sphere: their spectrum, the coefficients of a row, and its map."""

import numpy as np
import xarray as xr

from skybench.errors import ParameterError
from skybench.generators.arrays import Complexes, Floats, Integers, Parameters
from skybench.generators.domains import checked
from skybench.generators.drawn_object import DrawnObject
from skybench.generators.native.elementary import exponential, logarithm
from skybench.generators.native.library import kernel
from skybench.generators.random_streams import key_of, normal_cells
from skybench.generators.sphere.harmonics import coefficient_count, synthesis
from skybench.generators.sphere.healpix import Ordering, check_nside, ring_numbers
from skybench.generators.sphere.vocabulary import VOCABULARY
from skybench.generators.variable import SAMPLE

STREAM = "field"

_draw_coefficients = kernel("draw_coefficients")


def beam(fwhm: Floats, lmax: int) -> Floats:
    """Return the transform of a Gaussian beam, (sample, l): exp(-l (l + 1) s^2 / 2).

    Parameters
    ----------
    fwhm : (sample,) array
        Full width at half maximum in degrees; s is the standard deviation in radians.
    """
    sigma = np.deg2rad(fwhm) / np.sqrt(8 * np.log(2))
    multipoles = np.arange(lmax + 1)
    return exponential(-multipoles * (multipoles + 1) / 2 * sigma[:, None] ** 2)


def coefficients(seed: int, rows: Integers, spectra: Floats, fwhm: Floats, lmax: int) -> Complexes:
    """Return the coefficients of each row's field seen through its beam, (row, lm).

    They are drawn by l and then m, so a map of finer pixels shows the same sky.

    Parameters
    ----------
    seed : int
    rows : (row,) int64 array
    spectra : (row, l) array
        C_l.
    fwhm : (row,) array
        Of the beam, in degrees.
    lmax : int
    """
    amplitudes = np.sqrt(spectra) * beam(fwhm, lmax)
    drawn = np.empty((len(rows), coefficient_count(lmax)), dtype=np.complex128)
    scratch = np.empty(2 * drawn.shape[1])
    whole = drawn.view(np.float64)
    _draw_coefficients(key_of(seed, STREAM), rows, normal_cells(), amplitudes, whole, scratch, lmax)
    return drawn


PIVOT = 10.0
"""Multipole at which ``spectrum_amplitude`` is given."""

FIRST = 2
"""The lowest multipole with power: the mean and the dipole of a map are 0."""

ACCURACY = "healpy's map of the same coefficients"


class SphereField(DrawnObject):
    """A Gaussian random field on the sphere; use one of the subclasses.

    Parameters
    ----------
    seed : int
        Draws the field, and the parameters that are not given.
    """

    family = "sphere"
    vocabulary = VOCABULARY
    dims = SAMPLE

    @staticmethod
    def power(parameters: Parameters, multipoles: Floats) -> Floats:
        """Return C_l of m samples at multipoles from `FIRST`, (m, l), in map units squared."""
        raise NotImplementedError

    @classmethod
    def spectra(cls, parameters: Parameters, lmax: int) -> Floats:
        """Return C_l for l from 0 to lmax, (m, l)."""
        rows = len(next(iter(parameters.values())))
        spectra = np.zeros((rows, lmax + 1))
        if lmax >= FIRST:
            spectra[:, FIRST:] = cls.power(parameters, np.arange(FIRST, lmax + 1, dtype=np.float64))
        return spectra

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
        own = {name: np.array([value]) for name, value in self.all_parameters().items()}
        powers = self.spectra(own, lmax)[0]
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
        >>> from skybench.generators import PowerLawField
        >>> PowerLawField(spectral_slope=-2).render(nside=8).sizes["pixel"]
        768
        """
        check_nside(nside)
        lmax, width = 2 * nside, checked("fwhm", fwhm, VOCABULARY["beam_fwhm"])
        powers = self.spectrum(lmax).values[None]
        seen = coefficients(self.seed, np.array([0]), powers, np.array([width]), lmax)
        values = synthesis(seen, nside, lmax)[0]
        if ordering == "nested":
            values = values[ring_numbers(nside)]
        coordinates = self._labels(self.all_parameters() | {"beam_fwhm": width})
        attributes = {"units": "1", "long_name": self.name, "ordering": ordering}
        return xr.DataArray(values, dims="pixel", coords=coordinates, attrs=attributes)


def scale_free(amplitude: Floats, exponent: Floats, multipoles: Floats) -> Floats:
    """Return amplitude^2 (l / pivot)^exponent, (m, l): a power law of l (l + 1) C_l / 2 pi."""
    power = exponential(exponent[:, None] * logarithm(multipoles / PIVOT))
    return np.asarray(amplitude[:, None] ** 2 * power)


def from_band_power(band_power: Floats, multipoles: Floats) -> Floats:
    """Return C_l from D_l = l (l + 1) C_l / 2 pi."""
    return np.asarray(2 * np.pi * band_power / (multipoles * (multipoles + 1)))
