"""A profile of the sphere: a random field by its power spectrum."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from skybench.generators.profiles import Parameters, Profile

Floats = NDArray[np.float64]

PIVOT = 10.0
"""Multipole at which ``spectrum_amplitude`` is given."""

FIRST = 2
"""The lowest multipole with power: the mean and the dipole of a map are 0."""


@dataclass(frozen=True, kw_only=True)
class SphereProfile(Profile):
    """A kind of Gaussian random field.

    Attributes
    ----------
    power : callable
        (parameters of m samples, multipoles from `FIRST`) -> C_l as (m, l), in units of the
        map squared.
    """

    power: Callable[[Parameters, Floats], Floats]

    def spectrum(self, parameters: Parameters, lmax: int) -> Floats:
        """Return C_l for l from 0 to lmax, (m, l)."""
        rows = len(next(iter(parameters.values())))
        spectra = np.zeros((rows, lmax + 1))
        if lmax >= FIRST:
            spectra[:, FIRST:] = self.power(
                parameters, np.arange(FIRST, lmax + 1, dtype=np.float64)
            )
        return spectra


def scale_free(amplitude: Floats, exponent: Floats, multipoles: Floats) -> Floats:
    """Return amplitude^2 (l / pivot)^exponent, (m, l): a power law of l (l + 1) C_l / 2 pi."""
    return np.asarray(amplitude[:, None] ** 2 * (multipoles / PIVOT) ** exponent[:, None])


def from_band_power(band_power: Floats, multipoles: Floats) -> Floats:
    """Return C_l from D_l = l (l + 1) C_l / 2 pi."""
    return np.asarray(2 * np.pi * band_power / (multipoles * (multipoles + 1)))
