"""The centre of a galaxy without PSF, where a Fourier grid cannot follow the cusp.

With a PSF the high frequencies of a cusp are gone before the grid ends; without one, a
steep profile has power at every frequency. The pixels near the centre are then integrated
exactly. By Green's theorem the flux in a pixel is an integral along its border: with E(m) the
flux within the elliptical radius m and theta the angle on the circularised profile,

    flux = 1 / (2 pi) * closed integral of E(m) dtheta,    E(m) = P(2n, b m^(1/n)).
"""

import numpy as np
from scipy.special import gammainc

from skybench.generators.arrays import Floats
from skybench.generators.sky import sersic_profile
from skybench.generators.sky.stamps import Pixels, Sources, Stamps, nearest_pixel

RADIUS = 5
"""Pixels around the centre that are integrated; further out the grid is true to 1e-4."""

_NODES, _WEIGHTS = np.polynomial.legendre.leggauss(40)


def sharpen(stamps: Stamps, sources: Sources) -> None:
    """Make stamps of Sersic profiles exact, in place, at the centre where there is no PSF.

    The sources are those of the stamps, in their order.
    """
    for one in np.flatnonzero(sources["psf_fwhm"] == 0).tolist():
        galaxy = {name: float(values[one]) for name, values in sources.items()}
        x, y = (int(nearest_pixel(np.asarray(galaxy[f"source_{axis}"]))) for axis in "xy")
        core = _core(galaxy, x - galaxy["source_x"], y - galaxy["source_y"])
        low, left = y - int(stamps.y0[one]) - RADIUS, x - int(stamps.x0[one]) - RADIUS
        _overlay(stamps.pixels[one], galaxy["flux"] * core, left, low)


def _overlay(image: Pixels, part: Floats, left: int, low: int) -> None:
    """Replace what of the image the part covers."""
    (h, w), (ny, nx) = part.shape, image.shape
    xa, xb, ya, yb = max(left, 0), min(left + w, nx), max(low, 0), min(low + h, ny)
    if xa < xb and ya < yb:
        image[ya:yb, xa:xb] = part[ya - low : yb - low, xa - left : xb - left]


def _core(galaxy: dict[str, float], dx: float, dy: float) -> Floats:
    """Return the share of the flux in the pixels around the one at (dx, dy) off the centre."""
    border = np.arange(-RADIUS - 0.5, RADIUS + 1, dtype=np.float64)
    x, y = np.asarray(border + dx), np.asarray(border + dy)
    angle, q = np.deg2rad(galaxy["position_angle"]), galaxy["axis_ratio"]
    cos, sin = np.cos(angle), np.sin(angle)
    # The squared elliptical radius is xx x^2 + 2 xy x y + yy y^2.
    form = cos**2 + (sin / q) ** 2, cos * sin * (1 - 1 / q**2), sin**2 + (cos / q) ** 2
    along_x = _sweep(galaxy, x, y, *form)
    along_y = _sweep(galaxy, y, x, *reversed(form))
    return along_x[1:] - along_x[:-1] + (along_y[1:] - along_y[:-1]).T


def _sweep(
    galaxy: dict[str, float], points: Floats, at: Floats, along: float, cross: float, across: float
) -> Floats:
    """Return the integrals of E dtheta / 2 pi, (line, part), between points on lines ``at``.

    On a line, m = h cosh t with h the least m: dtheta is dt / cosh t, smooth however near
    to the centre the line passes.
    """
    width = np.maximum(np.abs(at), 1e-12) / along * np.sqrt(along * across - cross**2)
    least = width * np.sqrt(along) / galaxy["half_light_radius"]
    t = np.arcsinh((points + (cross / along * at)[:, None]) / width[:, None])
    middle, half = (t[:, 1:] + t[:, :-1]) / 2, (t[:, 1:] - t[:, :-1]) / 2
    cosh = np.cosh(middle[:, :, None] + half[:, :, None] * _NODES)
    n = galaxy["sersic_index"]
    within = gammainc(
        2 * n, sersic_profile.b_n(np.asarray(n)) * (least[:, None, None] * cosh) ** (1 / n)
    )
    swept = half * ((within / cosh) @ _WEIGHTS)
    return np.asarray(np.sign(at)[:, None] * swept / (2 * np.pi))
