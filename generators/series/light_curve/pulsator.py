"""Stars that pulsate: RR Lyrae and Cepheids, by the Fourier parameters of their light curves."""

from skybench.generators.arrays import Floats, Parameters
from skybench.generators.declaration import parameter
from skybench.generators.distributions import log_uniform, uniform
from skybench.generators.native.library import kernel
from skybench.generators.series.light_curve.light_curve import LightCurve, computed

_pulsators = kernel("pulsators")

_FORMULA = (
    "m = A sum of R_k1 cos(2 pi k x + k pi + phi_k1), f = 10^(-0.4 m); R and phi beyond the "
    "third harmonic continue those before"
)


class Pulsator(LightCurve):
    """A star that pulsates; use one of the subclasses."""

    @staticmethod
    def relative_flux(stars: Parameters, times: Floats) -> Floats:
        """Return 10^(-0.4 m), where m is the magnitude's departure from its mean.

        m = A [cos y + R21 cos(2y + phi21) + R31 cos(3y + phi31) + ...], y = pi + 2 pi x, with x
        the periods since the epoch, when the first harmonic is brightest; so phi_k1 is phi_k -
        k phi_1 of a series of cosines. From the fourth harmonic on ratio and phase continue the
        step from the second to the third, as they do for these stars.
        """
        return computed(_pulsators, stars, RRLyrae.variables, times)


class RRLyrae(Pulsator):
    """RR Lyrae star of type ab: a steep rise and a slow decline, in half a day."""

    code = 4
    formula = _FORMULA
    reference = "Simon & Lee (1981), ApJ 248, 291; Jurcsik & Kovacs (1996), A&A 312, 111"
    accuracy = "the sum of the harmonics in long doubles"
    example = "RRLyrae(period=16, epoch=8).render()"

    period: float = parameter(default=uniform(0.45, 0.75))
    epoch: float = parameter(default=uniform(0, 0.75))
    pulsation_amplitude: float = parameter(default=uniform(0.15, 0.45))
    fourier_r21: float = parameter(default=uniform(0.42, 0.52))
    fourier_r31: float = parameter(default=uniform(0.25, 0.36))
    fourier_phi21: float = parameter(default=uniform(3.8, 4.2))
    fourier_phi31: float = parameter(default=uniform(7.8, 8.5))


class Cepheid(Pulsator):
    """Classical Cepheid: a faster rise than decline, in some days."""

    code = 5
    formula = _FORMULA
    reference = "Simon & Lee (1981), ApJ 248, 291; Soszynski et al. (2008), AcA 58, 163"
    accuracy = "the sum of the harmonics in long doubles"
    example = "Cepheid(period=16, epoch=8).render()"

    period: float = parameter(default=log_uniform(2.5, 8))
    epoch: float = parameter(default=uniform(0, 8))
    pulsation_amplitude: float = parameter(default=uniform(0.1, 0.35))
    fourier_r21: float = parameter(default=uniform(0.3, 0.45))
    fourier_r31: float = parameter(default=uniform(0.1, 0.2))
    fourier_phi21: float = parameter(default=uniform(4.1, 4.6))
    fourier_phi31: float = parameter(default=uniform(8.2, 8.9))
