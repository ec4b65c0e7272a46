"""Single galaxies of several components as values that can be drawn."""

from dataclasses import dataclass

from skybench.generators.sky import bulge_disc, edge_on, flocculent, merger, ring
from skybench.generators.sky.objects import SkyObject, Spiral


@dataclass(frozen=True, kw_only=True)
class BulgeDisc(SkyObject):
    """A disc galaxy with a bulge: an exponential disc and a Sersic profile.

    Parameters
    ----------
    flux : float
        Total flux of disc and bulge in electrons.
    half_light_radius : float
        Of the disc, along its major axis, in pixels.
    axis_ratio, position_angle : float
        Of the disc, as for `Sersic`.
    bulge_fraction : float
        Share of the flux in the bulge, 0 to 1.
    bulge_radius_ratio, bulge_sersic_index, bulge_axis_ratio : float
        Half-light radius over that of the disc; Sersic index; minor over major axis.

    References
    ----------
    Simard et al. (2011), ApJS 196, 11, equations 1 and 3.
    """

    profile = bulge_disc.PROFILE

    flux: float | None = None
    half_light_radius: float | None = None
    axis_ratio: float | None = None
    position_angle: float | None = None
    bulge_fraction: float | None = None
    bulge_radius_ratio: float | None = None
    bulge_sersic_index: float | None = None
    bulge_axis_ratio: float | None = None


@dataclass(frozen=True, kw_only=True)
class Ring(SkyObject):
    """A ring galaxy: a ring of log-normal profile around a core.

    Parameters
    ----------
    flux : float
        Total flux of ring and core in electrons.
    half_light_radius : float
        Of the ring, along its major axis, in pixels.
    axis_ratio, position_angle : float
        Of the ring, as for `Sersic`.
    ring_width : float
        Standard deviation of ln r of the ring's light, 0.05 to 0.5.
    bulge_fraction : float
        Share of the flux in the core, 0 to 1.
    bulge_radius_ratio, bulge_sersic_index, bulge_axis_ratio : float
        Half-light radius of the core over that of the ring; Sersic index; minor over major axis.

    References
    ----------
    Madore, Nelson & Petrillo (2009), ApJS 181, 572.
    """

    profile = ring.PROFILE

    flux: float | None = None
    half_light_radius: float | None = None
    axis_ratio: float | None = None
    position_angle: float | None = None
    ring_width: float | None = None
    bulge_fraction: float | None = None
    bulge_radius_ratio: float | None = None
    bulge_sersic_index: float | None = None
    bulge_axis_ratio: float | None = None


@dataclass(frozen=True, kw_only=True)
class EdgeOn(SkyObject):
    """A disc galaxy seen from the side: a thick exponential disc and a bulge.

    Parameters
    ----------
    flux : float
        Total flux of disc and bulge in electrons.
    half_light_radius : float
        Of the disc if it were seen face-on, in pixels.
    inclination : float
        0 is face-on, 90 edge-on, in degrees.
    scale_height_ratio : float
        z0 of the disc over its half-light radius.
    position_angle : float
        Of the major axis in degrees, counter-clockwise from +x.
    bulge_fraction : float
        Share of the flux in the bulge, 0 to 1.
    bulge_radius_ratio, bulge_sersic_index, bulge_axis_ratio : float
        Half-light radius over that of the disc; Sersic index; minor over major axis.

    References
    ----------
    van der Kruit & Searle (1981), A&A 95, 105, equation 4.
    """

    profile = edge_on.PROFILE

    flux: float | None = None
    half_light_radius: float | None = None
    inclination: float | None = None
    scale_height_ratio: float | None = None
    position_angle: float | None = None
    bulge_fraction: float | None = None
    bulge_radius_ratio: float | None = None
    bulge_sersic_index: float | None = None
    bulge_axis_ratio: float | None = None


@dataclass(frozen=True, kw_only=True)
class Merger(SkyObject):
    """A merging pair: two Sersic galaxies with tidal tails and a bridge; x, y its centroid.

    Parameters
    ----------
    flux : float
        Total flux of the pair in electrons.
    half_light_radius : float
        Of the first galaxy, along its major axis, in pixels.
    sersic_index : float
        Of both galaxies.
    axis_ratio, position_angle : float
        Of the first galaxy, as for `Sersic`.
    flux_ratio : float
        Companion over first galaxy, 0.05 to 1; their radii go as its square root.
    separation_ratio, separation_angle : float
        Distance of the companion over the half-light radius; its direction in degrees.
    companion_axis_ratio, companion_position_angle : float
        Of the companion.
    tail_fraction : float
        Share of the flux in the tails and the bridge, 0 to 0.6.
    tail_length_ratio : float
        Length of a tail over the half-light radius of its galaxy.
    tail_curl : float
        Turn of a tail from root to tip in degrees, positive counter-clockwise.

    References
    ----------
    Toomre & Toomre (1972), ApJ 178, 623, section VI.
    """

    profile = merger.PROFILE

    flux: float | None = None
    half_light_radius: float | None = None
    sersic_index: float | None = None
    axis_ratio: float | None = None
    position_angle: float | None = None
    flux_ratio: float | None = None
    separation_ratio: float | None = None
    separation_angle: float | None = None
    companion_axis_ratio: float | None = None
    companion_position_angle: float | None = None
    tail_fraction: float | None = None
    tail_length_ratio: float | None = None
    tail_curl: float | None = None


@dataclass(frozen=True, kw_only=True)
class FlocculentSpiral(Spiral):
    """A flocculent spiral galaxy: ragged arms and star-forming knots.

    It has the parameters of `Spiral`, and these.

    Parameters
    ----------
    arm_patchiness : float
        Depth of the patches, 0 to 1, in what the contrast of the arms leaves smooth.
    knot_count : int
        Number of knots, 0 to 64.
    knot_fraction : float
        Share of the disc's flux in knots, 0 to 0.5.
    knot_radius_ratio : float
        Standard deviation of a knot over the half-light radius of the disc.
    pattern_seed : float
        From 0 to 65536; its whole part draws the places of patches and knots.

    References
    ----------
    Elmegreen & Elmegreen (1984), ApJS 54, 127; Kennicutt, Edgar & Hodge (1989), ApJ 337, 761.
    """

    profile = flocculent.PROFILE

    arm_patchiness: float | None = None
    knot_count: float | None = None
    knot_fraction: float | None = None
    knot_radius_ratio: float | None = None
    pattern_seed: float | None = None
