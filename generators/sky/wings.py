"""Where a galaxy is nothing but its wings: the light far out, known in closed form.

Far from the centre the PSF hardly changes a smooth profile, and what it scatters there comes
from a core that is small from afar. The convolved light is then the sum of both wings,

    f(x) = S(x) + P(x),

of the profile S and of the PSF P, each of the source's flux. On a periodic grid a source has
copies; where those are farther away than the `Plan.radius`, the light that they shed upon the
image is that sum, smooth across it: a few nodes tell all of it, and the kernel `galaxies` takes
it off. So the grid is little larger than what is visible, however far the wings of a galaxy go.
And on a large image a stamp need not go farther than that radius: what is beyond is laid on a
coarse mesh.
"""

from typing import NamedTuple

import numpy as np

from skybench.generators.arrays import Floats, Integers, Singles
from skybench.generators.native.library import kernel
from skybench.generators.sky import moffat, sersic_profile
from skybench.generators.sky.stamps import Sources, node_counts

_plan, _wings = map(kernel, ("plan_galaxies", "wings"))

_RADII = 4.0 * 2.0 ** (np.arange(28) / 3)

COLUMNS = (
    "source_x",
    "source_y",
    "flux",
    "half_light_radius",
    "sersic_index",
    "axis_ratio",
    "position_angle",
    "psf_fwhm",
    "psf_beta",
    "_b",
    "_log_centre",
    "_least_peak",
    "_tapered",
)
"""What kernels are told of a galaxy, in the order of `Galaxy` in wings.h."""


class Plan(NamedTuple):
    """What the wings of m galaxies ask of their grids.

    Attributes
    ----------
    radius : (m,) array
        Pixels beyond which the wings tell all, to 1e-4 of the peak; where those of the PSF are
        wide, to 1e-4 of the flux on an image, too.
    even : (m,) array
        Smallest of the sides of grids on which the light of far copies is uniform.
    """

    radius: Floats
    even: Integers


def known(sources: Sources) -> Sources:
    """Return galaxies with what follows from their parameters; none is tapered."""
    n, b = sources["sersic_index"], sersic_profile.b_n(sources["sersic_index"])
    size, q = sources["half_light_radius"], sources["axis_ratio"]
    centre = -sersic_profile.log_norm(n, b) - np.log(q) - 2 * np.log(size)
    return sources | {
        "_b": b,
        "_log_centre": centre,
        "_least_peak": least_peak(sources),
        "_tapered": np.zeros_like(b),
        "_place": sersic_profile.transforms().place(np.log(n)),
    }


def columns(galaxies: Sources) -> Floats:
    """Return (m, column) what kernels are told of the galaxies that `known` returns."""
    return np.stack([galaxies[name] for name in COLUMNS], axis=1)


def places(galaxies: Sources, psf_place: Floats) -> Floats:
    """Return (m, 2): where galaxies lie in the tables of profiles and of PSFs."""
    return np.stack([galaxies["_place"], psf_place], axis=1)


def plan(galaxies: Sources, sizes: Integers, length: int) -> Plan:
    """Return what the wings ask of grids of the given sides, upon images so long."""
    count = galaxies["flux"].size
    found = Plan(np.empty(count), np.empty(count, dtype=np.int64))
    at = places(galaxies, np.zeros(count))
    _plan(columns(galaxies), at, sersic_profile.shares().singles, _RADII, sizes, length, *found)
    return found


def light(galaxies: Sources, x0: Integers, y0: Integers, shape: tuple[int, int]) -> Singles:
    """Return (m, node, node) light at the `nodes` of stamps that begin at (x0, y0).

    It is no more than four times the least that the peak can be, where a node lies on a cusp.
    """
    rows, across = node_counts(shape)
    nodes = np.empty((x0.size, rows, across), dtype=np.float32)
    _wings(columns(galaxies), x0, y0, *shape, np.empty(2 * across), nodes)
    return nodes


def least_peak(sources: Sources) -> Floats:
    """Return what the peak of a source of unit flux exceeds: that of Gaussians of its size."""
    q = sources["axis_ratio"]
    profile = sources["half_light_radius"] ** 2 / (2 * np.log(2))
    beta = sources["psf_beta"]
    a = moffat.scale_radius(sources["psf_fwhm"], beta)
    psf = a**2 / (2 * (beta - 1)) + 1 / 12
    return np.asarray(1 / (2 * np.pi * np.sqrt((profile + psf) * (q**2 * profile + psf))))
