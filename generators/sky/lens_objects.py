"""Single lenses and arcs as values that can be drawn."""

from dataclasses import dataclass

from skybench.generators.sky import arc, lens
from skybench.generators.sky.objects import SkyObject


@dataclass(frozen=True, kw_only=True)
class Lens(SkyObject):
    """A strong lens: a Sersic galaxy behind an isothermal ellipsoid with external shear.

    Parameters
    ----------
    einstein_radius : float
        In pixels; its circle has the area of the ellipse within which kappa averages 1.
    axis_ratio, position_angle : float
        Of the lens, mass and light alike, as for `Sersic`.
    shear : float
        Strength of the external shear, 0 to 0.5.
    shear_angle : float
        Direction in which it stretches images, in degrees.
    flux : float
        Of the lens's own light in electrons; 0 for a dark lens.
    half_light_radius, sersic_index : float
        Of the lens's own light, as for `Sersic`.
    lensed_offset_x, lensed_offset_y : float
        Place of the lensed galaxy from the lens in pixels, as it would be without it.
    lensed_flux : float
        Total flux of the lensed galaxy in electrons, without the lens.
    lensed_half_light_radius, lensed_sersic_index : float
        Of the lensed galaxy without the lens, as for `Sersic`.
    lensed_axis_ratio, lensed_position_angle : float
        Likewise.

    References
    ----------
    Kormann, Schneider & Bartelmann (1994), A&A 284, 285; Keeton (2001), astro-ph/0102341,
    equations 33 to 35.
    """

    profile = lens.PROFILE

    einstein_radius: float | None = None
    axis_ratio: float | None = None
    position_angle: float | None = None
    shear: float | None = None
    shear_angle: float | None = None
    flux: float | None = None
    half_light_radius: float | None = None
    sersic_index: float | None = None
    lensed_offset_x: float | None = None
    lensed_offset_y: float | None = None
    lensed_flux: float | None = None
    lensed_half_light_radius: float | None = None
    lensed_sersic_index: float | None = None
    lensed_axis_ratio: float | None = None
    lensed_position_angle: float | None = None


@dataclass(frozen=True, kw_only=True)
class LensedArc(SkyObject):
    """The simple picture of a lensed galaxy: a stretch of a ring with soft edges.

    Parameters
    ----------
    flux : float
        Total flux in electrons.
    arc_radius : float
        Of the ring in pixels; x and y are its centre.
    arc_width : float
        Full width at half maximum across the arc in pixels.
    arc_opening : float
        Angle in degrees between the ends, where the light has fallen to a half; 360 is a ring.
    arc_direction : float
        From the centre of the ring to the middle of the arc in degrees.
    """

    profile = arc.PROFILE

    flux: float | None = None
    arc_radius: float | None = None
    arc_width: float | None = None
    arc_opening: float | None = None
    arc_direction: float | None = None
