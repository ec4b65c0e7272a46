"""Fields on the sphere: the map against healpy, and the spectrum of matter against CAMB."""

import numpy as np
from accuracy.measure import Measure, over_peak
from sphere.reference_spectrum import CAMB, DEGREES

from skybench.generators import AcousticField, ConvergenceField, PowerLawField
from skybench.generators.sphere import convergence_field, sphere_field


def map_error(field, nside=64, fwhm=0.0):
    import healpy

    nside = int(nside)
    lmax, rows, beam = 2 * nside, np.array([0]), np.array([float(fwhm)])
    powers = field.spectrum(lmax).values[None]
    alm = sphere_field.coefficients(field.seed, rows, powers, beam, lmax)[0]
    truth = healpy.alm2map(alm, nside, lmax=lmax, pol=False)
    return over_peak(field.render(nside, fwhm=fwhm).values, truth)


def spectrum_error(field):
    """Return the largest relative error of C_l, l of 2 to 1000, at one of CAMB's cosmologies."""
    truth = np.array(CAMB[(field.omega_m, field.source_redshift)])
    ours = convergence_field.spectrum(field.omega_m, 0.8, field.source_redshift, DEGREES)
    return np.abs(ours * 1e8 / truth - 1).max()


class CambCosmologies(Measure):
    """The cosmologies that CAMB has been run for: the usual ones, and two at the ends."""

    def usual_case(self, number):
        usual = [c for c in CAMB if 0.1 <= c[0] <= 0.4]
        return _cosmology(usual[number])

    def corners(self):
        for cosmology in CAMB:
            if not 0.1 <= cosmology[0] <= 0.4:
                yield _cosmology(cosmology)


def _cosmology(cosmology):
    return {"omega_m": float(cosmology[0]), "source_redshift": float(cosmology[1]), "seed": 0}


SIZES = {"nside": (1, 512), "fwhm": (20.0,)}


def _measure(kind):
    return Measure(
        kind=kind,
        against=sphere_field.ACCURACY,
        scale="of the largest value",
        error=map_error,
        ends=SIZES,
        bulk=16,
        combined=12,
    )


MEASURES = (
    _measure(PowerLawField),
    _measure(AcousticField),
    _measure(ConvergenceField),
    CambCosmologies(
        kind=ConvergenceField,
        against="CAMB's linear theory in Limber's approximation",
        scale="of C_l, l of 2 to 1000",
        error=spectrum_error,
        bulk=sum(0.1 <= c[0] <= 0.4 for c in CAMB),
        ends={"omega_m": (0.05, 1.0)},
    ),
)
