"""Stars that pulsate: RR Lyrae and Cepheids, by the Fourier parameters of their light curves."""

from collections.abc import Mapping

import numpy as np

from skybench.generators.distributions import LogUniform, Uniform
from skybench.generators.series.light_curve.variation import Floats, Variation, phase

_HARMONICS = 7


def flux(stars: Mapping[str, Floats], times: Floats) -> Floats:
    """Return 10^(-0.4 m), where m is the magnitude's departure from its mean.

    m = A [cos y + R21 cos(2y + phi21) + R31 cos(3y + phi31) + ...], y = pi + 2 pi x, with x
    the periods since the epoch, when the first harmonic is brightest; so phi_k1 is phi_k -
    k phi_1 of a series of cosines. From the fourth harmonic on ratio and phase continue the
    step from the second to the third, as they do for these stars.
    """
    angle = 2 * np.pi * phase(stars, times)
    ratio, turn = stars["fourier_r31"].copy(), stars["fourier_phi31"].copy()
    fall = np.where(stars["fourier_r21"] > 0, ratio / np.maximum(stars["fourier_r21"], 1e-12), 0)
    fall = np.minimum(fall, 1)
    total = _harmonic(angle, 1, np.ones_like(ratio), np.zeros_like(turn))
    total += _harmonic(angle, 2, stars["fourier_r21"], stars["fourier_phi21"])
    for order in range(3, _HARMONICS + 1):
        total += _harmonic(angle, order, ratio, turn)
        ratio = ratio * fall
        turn = turn + stars["fourier_phi31"] - stars["fourier_phi21"]
    return np.asarray(10 ** (-0.4 * stars["pulsation_amplitude"] * total))


def _harmonic(angle: Floats, order: int, ratio: Floats, turn: Floats) -> Floats:
    return np.asarray(ratio * np.cos(order * (angle + np.pi) + turn))


_FORMULA = (
    "m = A sum of R_k1 cos(2 pi k x + k pi + phi_k1), f = 10^(-0.4 m); R and phi beyond the "
    "third harmonic continue those before"
)

RR_LYRAE = Variation(
    name="rr_lyrae",
    code=4,
    summary="RR Lyrae star of type ab: a steep rise and a slow decline, in half a day.",
    formula=_FORMULA,
    reference="Simon & Lee (1981), ApJ 248, 291; Jurcsik & Kovacs (1996), A&A 312, 111",
    accuracy="exact for the given Fourier parameters",
    example="RRLyrae(period=16, epoch=8).render()",
    defaults={
        "period": Uniform(distribution="uniform", low=0.45, high=0.75),
        "epoch": Uniform(distribution="uniform", low=0, high=0.75),
        "pulsation_amplitude": Uniform(distribution="uniform", low=0.15, high=0.45),
        "fourier_r21": Uniform(distribution="uniform", low=0.42, high=0.52),
        "fourier_r31": Uniform(distribution="uniform", low=0.25, high=0.36),
        "fourier_phi21": Uniform(distribution="uniform", low=3.8, high=4.2),
        "fourier_phi31": Uniform(distribution="uniform", low=7.8, high=8.5),
    },
    flux=flux,
)

CEPHEID = Variation(
    name="cepheid",
    code=5,
    summary="Classical Cepheid: a faster rise than decline, in some days.",
    formula=_FORMULA,
    reference="Simon & Lee (1981), ApJ 248, 291; Soszynski et al. (2008), AcA 58, 163",
    accuracy="exact for the given Fourier parameters",
    example="Cepheid(period=16, epoch=8).render()",
    defaults={
        "period": LogUniform(distribution="log_uniform", low=2.5, high=8),
        "epoch": Uniform(distribution="uniform", low=0, high=8),
        "pulsation_amplitude": Uniform(distribution="uniform", low=0.1, high=0.35),
        "fourier_r21": Uniform(distribution="uniform", low=0.3, high=0.45),
        "fourier_r31": Uniform(distribution="uniform", low=0.1, high=0.2),
        "fourier_phi21": Uniform(distribution="uniform", low=4.1, high=4.6),
        "fourier_phi31": Uniform(distribution="uniform", low=8.2, high=8.9),
    },
    flux=flux,
)
