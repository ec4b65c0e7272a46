"""Ferrers ellipsoids seen from afar: what ends at an edge, such as plateaus and bars.

An ellipsoid whose density falls as (1 - m^2)^n within its edge at m = 1 (Ferrers 1877) has the
surface brightness

    I(m) = (n + 3/2) / (pi R^2 q) (1 - m^2)^(n + 1/2)  for m <= 1,

of unit flux, m the elliptical radius over the semi-major axis R. With k the frequency over the axes
of the ellipse, its transform is F(x) = (2n + 3)!! j_(n+1)(x) / x^(n+1), x = k R, with the
spherical Bessel function j.
"""

from collections.abc import Callable, Iterator

import numpy as np
from scipy.special import factorial2, spherical_jn

from skybench.generators.arrays import Floats
from skybench.generators.sky import fourier
from skybench.generators.sky.components import along_axes
from skybench.generators.sky.stamps import Sources, Stamps

EVEN, BAR = 0, 2
"""Exponents n: of a sphere of even density, and of bars."""

_LEAST = 1e-9
"""Phase below which the transform is 1: there it would be 0 / 0."""


def draw(
    sources: Sources,
    shape: tuple[int, int],
    exponent: int,
    along: Callable[[fourier.Grid, Sources], tuple[Floats, Floats]] | None = None,
) -> Iterator[Stamps]:
    """Yield the stamps of ellipses whose edge is at the half-light radius given.

    Parameters
    ----------
    sources : Sources
    shape : (ny, nx)
        Of the image.
    exponent : int
        n of the ellipsoids.
    along : callable, optional
        (grid, sources) -> (m, ky, kx) frequencies along both axes, each times the axis' length over
        the half-light radius; absent for ellipses of the sources' axis ratio and position angle.
    """
    axes = along or _axes

    def spectrum(some: Sources, on: fourier.Grid, x: Floats, y: Floats) -> Floats:
        edge = some["half_light_radius"][:, None, None]
        phase = np.maximum(edge * np.hypot(*axes(on, some)), _LEAST)
        return np.asarray(transform(phase, exponent) * some["flux"][:, None, None])

    edge = sources["half_light_radius"]
    yield from fourier.draw(sources, edge, shape, spectrum, centred=True)


def transform(phase: Floats, exponent: int) -> Floats:
    """Return F of unit flux where k R is ``phase``."""
    order = exponent + 1
    return np.asarray(factorial2(2 * order + 1) * spherical_jn(order, phase) / phase**order)


def _axes(on: fourier.Grid, sources: Sources) -> tuple[Floats, Floats]:
    major, minor = along_axes(on, sources["position_angle"])
    return major, minor * sources["axis_ratio"][:, None, None]
