"""Parts that galaxies of several components share: a bulge, frequencies along their axes."""

import numpy as np

from skybench.generators.arrays import Floats
from skybench.generators.sky.fourier import Grid
from skybench.generators.sky.stamps import Sources


def sersic_part(sources: Sources, **changes: Floats) -> Sources:
    """Return sources of the profile ``sersic``: those given, with some parameters changed."""
    return sources | changes


def bulge(sources: Sources) -> Sources:
    """Return the bulges of disc or ring galaxies as sources of the profile ``sersic``.

    Flux and half-light radius are shares of the galaxy's; a bulge without its own
    ``bulge_axis_ratio`` has that of its disc.
    """
    return sersic_part(
        sources,
        flux=sources["flux"] * sources["bulge_fraction"],
        half_light_radius=sources["half_light_radius"] * sources["bulge_radius_ratio"],
        sersic_index=sources["bulge_sersic_index"],
        axis_ratio=sources["bulge_axis_ratio"],
    )


def along_axes(on: Grid, position_angle: Floats) -> tuple[Floats, Floats]:
    """Return the frequencies along the major and the minor axis of each source.

    Parameters
    ----------
    on : Grid
    position_angle : (m,) array
        In degrees.

    Returns
    -------
    two (m, ky, kx) arrays, radians a pixel
    """
    angle = np.deg2rad(position_angle)[:, None, None]
    cos, sin = np.cos(angle), np.sin(angle)
    ky = on.ky[:, None]
    return cos * on.kx + sin * ky, cos * ky - sin * on.kx
