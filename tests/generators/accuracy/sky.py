"""Objects of the sky, each against points of its light by the formula, seen one by one."""

import galsim
import numpy as np
from accuracy.measure import Measure
from scipy.special import erf, ive
from sky import reference_light as light
from sky.reference_light import Points, together

from skybench.generators import (
    BarredLenticular,
    BarredSpiral,
    BulgeDisc,
    DustyEdgeOn,
    EdgeOn,
    FlocculentSpiral,
    Lens,
    LensedArc,
    Lenticular,
    Merger,
    Ring,
    Sersic,
    Spiral,
    Star,
)
from skybench.generators.distributions import uniform
from skybench.generators.sky import flocculent_spiral, knots, merger

OPTICS = {
    "fwhm": uniform(1.5, 4),
    "beta": uniform(2.5, 5),
    "x": uniform(14, 17),
    "y": uniform(14, 17),
}
SHARP = {"fwhm": (1.0, 8.0), "beta": (1.5, 100.0), "x": (2.0,), "side": (16, 64)}
"""Ends of what every galaxy has. Without a PSF or under a sharper one, no lattice helps."""

MARGIN = 24
"""Pixels around an image in which lensed light is looked for."""

NONE = {"flux": (), "lensed_flux": ()}
"""What an image is proportional to has no corners."""

PEAK = "of the peak"

FAINT = 1e-4
"""Share of a source's flux that the peak is taken as where the image shows less of it."""


def over_peak(image, truth, flux):
    return np.abs(image - truth).max() / max(truth.max(), FAINT * flux)


def star_error(star, side=32):
    shape = (int(side), int(side))
    truth = light.star(star.x, star.y, star.fwhm, star.beta, shape)
    return over_peak(star.render(shape).values / star.flux, truth, 1.0)


def of_points(points):
    """Return the error of a kind of galaxy, whose points of light a function gives."""

    def error(galaxy, side=32):
        shape = (int(side), int(side))
        truth = light.seen(points(galaxy, int(side)), galaxy.fwhm, galaxy.beta, shape)
        return over_peak(galaxy.render(shape).values, truth, galaxy.flux)

    return error


def placed(galaxy, **changes):
    """Return where a light lies and how it is turned."""
    names = ("x", "y", "half_light_radius", "axis_ratio", "position_angle")
    return {name: getattr(galaxy, name) for name in names if hasattr(galaxy, name)} | changes


def sersic(flux, index, place, fwhm, side):
    """Return the points of a Sersic profile."""

    def brightness(radius, azimuth):
        return flux * light.sersic(radius, index)

    return light.polar(brightness, place, resolution=fwhm, far=2 * side)


def bulge(galaxy, side):
    size = galaxy.half_light_radius * galaxy.bulge_radius_ratio
    ratio = getattr(galaxy, "bulge_axis_ratio", None) or galaxy.axis_ratio
    place = placed(galaxy, half_light_radius=size, axis_ratio=ratio)
    flux = galaxy.flux * galaxy.bulge_fraction
    return sersic(flux, galaxy.bulge_sersic_index, place, galaxy.fwhm, side)


def one_sersic(galaxy, side):
    return sersic(galaxy.flux, galaxy.sersic_index, placed(galaxy), galaxy.fwhm, side)


def bulge_and_disc(galaxy, side):
    flux = galaxy.flux * (1 - galaxy.bulge_fraction)
    disc = sersic(flux, 1.0, placed(galaxy), galaxy.fwhm, side)
    return together([disc, bulge(galaxy, side)])


def ring(galaxy, side):
    w = galaxy.ring_width

    def brightness(radius, azimuth):
        across = np.exp(-(np.log(radius) ** 2) / (2 * w**2))
        return flux * across / ((2 * np.pi) ** 1.5 * w * radius**2)

    flux = galaxy.flux * (1 - galaxy.bulge_fraction)
    span = {"inner": np.exp(-7 * w), "outer": np.exp(7 * w), "twist": 5 / w}
    own = light.polar(brightness, placed(galaxy), resolution=galaxy.fwhm, far=2 * side, **span)
    return together([own, bulge(galaxy, side)])


def lenticular(galaxy, side, bar=0.0):
    flux = galaxy.flux * (1 - galaxy.bulge_fraction) * (1 - bar)
    smooth = flux * (1 - galaxy.plateau_fraction)
    disc = sersic(smooth, 1.0, placed(galaxy), galaxy.fwhm, side)
    return together([disc, plateau(galaxy, flux - smooth), bulge(galaxy, side)])


def plateau(galaxy, flux):
    """Return the points of 3 / 2 pi sqrt(1 - m^2): at m = sin a, as it ends in a root."""
    edge = galaxy.half_light_radius * galaxy.plateau_radius_ratio
    count = int(48 + 6 * edge / galaxy.fwhm)
    nodes, weights = np.polynomial.legendre.leggauss(count)
    angle = np.pi / 4 * (nodes + 1)
    azimuth = 2 * np.pi * np.arange(6 * count) / (6 * count)
    share = 1.5 / np.pi * np.cos(angle) ** 2 * np.sin(angle) * weights * np.pi / 4
    place = placed(galaxy, half_light_radius=edge)
    x, y = light.on_sky(place, np.sin(angle)[:, None], azimuth)
    each = flux * share * 2 * np.pi / azimuth.size
    return Points(x.ravel(), y.ravel(), np.repeat(each, azimuth.size))


def bar(galaxy):
    """Return the points of 7 / 2 pi (1 - m^2)^(5/2), turned in the plane of the disc."""
    length = galaxy.half_light_radius * galaxy.bar_length_ratio
    count = int(24 + 6 * length / galaxy.fwhm)
    nodes, weights = np.polynomial.legendre.leggauss(count)
    m = np.sin(np.pi / 4 * (nodes + 1))[:, None]
    share = 7 / (2 * np.pi) * (1 - m**2) ** 3 * m * weights[:, None] * np.pi / 4
    azimuth = 2 * np.pi * np.arange(6 * count) / (6 * count)
    u, v = length * m * np.cos(azimuth), length * galaxy.bar_axis_ratio * m * np.sin(azimuth)
    within, turn = np.deg2rad(galaxy.bar_angle), np.deg2rad(galaxy.position_angle)
    major = np.cos(within) * u - np.sin(within) * v
    minor = galaxy.axis_ratio * (np.sin(within) * u + np.cos(within) * v)
    x = galaxy.x + np.cos(turn) * major - np.sin(turn) * minor
    y = galaxy.y + np.sin(turn) * major + np.cos(turn) * minor
    flux = galaxy.flux * (1 - galaxy.bulge_fraction) * galaxy.bar_fraction
    each = flux * np.broadcast_to(share * 2 * np.pi / azimuth.size, x.shape)
    return Points(x.ravel(), y.ravel(), each.ravel())


def barred_spiral(galaxy, side):
    flux = galaxy.flux * (1 - galaxy.bulge_fraction) * (1 - galaxy.bar_fraction)
    disc = armed_disc(galaxy, flux, long_arms(galaxy), side)
    return together([disc, bar(galaxy), bulge(galaxy, side)])


def barred_lenticular(galaxy, side):
    return together([lenticular(galaxy, side, galaxy.bar_fraction), bar(galaxy)])


def inclined(galaxy, flux, height_ratio):
    """Return GalSim's disc of a height over its half-light radius."""
    return galsim.InclinedExponential(
        galaxy.inclination * galsim.degrees,
        half_light_radius=galaxy.half_light_radius,
        scale_height=height_ratio * galaxy.half_light_radius,
        flux=flux,
        gsparams=TIGHT,
    ).rotate(galaxy.position_angle * galsim.degrees)


def plain_disc(galaxy):
    flux = galaxy.flux * (1 - galaxy.bulge_fraction)
    return inclined(galaxy, flux, galaxy.scale_height_ratio)


def dusty_disc(galaxy):
    """Return a disc less a thinner one: what is seen has the flux."""
    seen, thin = galaxy.flux * (1 - galaxy.bulge_fraction), galaxy.dust_height_ratio
    taken = (1 - np.exp(-galaxy.dust_optical_depth)) * thin
    before = seen / (1 - taken)
    whole = inclined(galaxy, before, galaxy.scale_height_ratio)
    return whole - inclined(galaxy, before * taken, galaxy.scale_height_ratio * thin)


def of_discs(disc):
    """Return the error of a kind of inclined disc that GalSim has."""

    def error(galaxy, side=32):
        shape = (int(side), int(side))
        psf = galsim.Moffat(beta=galaxy.beta, fwhm=galaxy.fwhm, gsparams=TIGHT)
        drawn = galsim.Convolve(disc(galaxy), psf, gsparams=TIGHT)
        centre = galsim.PositionD(galaxy.x + 1, galaxy.y + 1)
        truth = drawn.drawImage(galsim.ImageD(*shape[::-1], scale=1), center=centre).array
        truth = truth + light.seen(bulge(galaxy, int(side)), galaxy.fwhm, galaxy.beta, shape)
        return over_peak(galaxy.render(shape).values, truth, galaxy.flux)

    return error


TIGHT = galsim.GSParams(
    folding_threshold=1e-4, maxk_threshold=1e-5, kvalue_accuracy=1e-7, maximum_fft_size=8192
)


def long_arms(galaxy):
    """Return c (exp(s cos m (theta - crest)) / I0(s) - 1) of the arms of a spiral."""
    winding, s = galaxy.all_parameters()["arm_winding"], galaxy.arm_sharpness
    angle = galaxy.arm_handedness * np.deg2rad(galaxy.arm_angle)

    def pattern(radius, azimuth):
        wound = np.exp(np.minimum(galaxy.arm_radius_ratio / radius, 600))
        crest = angle - 2 * winding * np.arctan(wound / galaxy.arm_bulge_ratio)
        cosine = np.cos(galaxy.arm_count * (azimuth - crest))
        return galaxy.arm_contrast * (np.exp(s * (cosine - 1)) / ive(0, s) - 1)

    return pattern


def armed_disc(galaxy, flux, pattern, side):
    """Return the points of a disc with a pattern, which the middle is without."""

    def brightness(radius, azimuth):
        fade = 1 - np.exp(-((radius / 0.4) ** 4))
        return flux * light.sersic(radius, 1.0) * (1 + fade * pattern(radius, azimuth))

    # Counted in the sense in which arms turn outwards, the minor axis may point down.
    place = placed(galaxy, axis_ratio=galaxy.axis_ratio * galaxy.arm_handedness)
    tangent = np.tan(np.deg2rad(max(galaxy.pitch_angle, 0.5)))
    harmonics = max(galaxy.arm_count, 7) * (1 + 4 * np.sqrt(galaxy.arm_sharpness))
    wave = {"twist": 2 * harmonics / tangent, "harmonics": harmonics}
    return light.polar(
        brightness, place, resolution=galaxy.fwhm, far=2 * side, inner=1e-4, outer=16, **wave
    )


def spiral(galaxy, side):
    flux = galaxy.flux * (1 - galaxy.bulge_fraction)
    disc = armed_disc(galaxy, flux, long_arms(galaxy), side)
    return together([disc, bulge(galaxy, side)])


def flocculent(galaxy, side):
    """Return the points of a disc with arms, patches and knots; where those lie is the object's."""
    sources = {n: np.array([v]) for n, v in galaxy.parameters((side, side)).items()}
    arms, patches = long_arms(galaxy), patches_of(galaxy, sources)
    in_knots = float(knots.flux(sources)[0])
    flux = galaxy.flux * (1 - galaxy.bulge_fraction) - in_knots
    disc = armed_disc(galaxy, flux, lambda r, a: arms(r, a) + patches(r, a), side)
    parts = [disc, bulge(galaxy, side)]
    if in_knots:
        flux, x, y, sigma = (row[0] for row in knots.knots(sources))
        at = galaxy.x + x, galaxy.y + y
        parts.append(light.gaussians(flux, *at, sigma, resolution=galaxy.fwhm))
    return together(parts)


def patches_of(galaxy, sources):
    """Return (1 - c) p mean(exp(s cos x_i) / I0(s) - 1) of the patches."""
    numbers = flocculent_spiral._patterns(sources)
    waves = [
        [float(np.ravel(v)[0]) for v in wave]
        for wave in zip(*(_columns(numbers, n) for n in ("arms", "winding", "phase")), strict=True)
    ]
    depth = (1 - galaxy.arm_contrast) * galaxy.arm_patchiness / len(waves)

    def pattern(radius, azimuth):
        total = 0.0
        for number, winding, phase in waves:
            x = number * (azimuth - winding * np.log(radius)) - phase
            total = total + np.exp(2 * (np.cos(x) - 1)) / ive(0, 2.0) - 1
        return depth * total

    return pattern


def _columns(numbers, name):
    if f"_{name}" in numbers:
        return list(numbers[f"_{name}"][0])
    return [numbers[n] for n in sorted(numbers) if n.startswith(f"_{name}")]


def merging(galaxy, side):
    """Return the points of both galaxies and their tides; where those lie is the object's."""
    sources = {n: np.array([v]) for n, v in galaxy.parameters((side, side)).items()}
    pair = merger.layout(sources)
    ratio, stars = galaxy.flux_ratio, galaxy.flux * (1 - galaxy.tail_fraction)
    both = (
        (pair.primary[0], 1 / (1 + ratio), {}),
        (
            pair.companion[0],
            ratio / (1 + ratio),
            {
                "half_light_radius": galaxy.half_light_radius * np.sqrt(ratio),
                "axis_ratio": galaxy.companion_axis_ratio,
                "position_angle": galaxy.companion_position_angle,
            },
        ),
    )
    parts = []
    for at, share, changes in both:
        place = placed(galaxy, x=galaxy.x + at[0], y=galaxy.y + at[1], **changes)
        parts.append(sersic(stars * share, galaxy.sersic_index, place, galaxy.fwhm, side))
    flux, x, y, sigma = (row[0] for row in pair.tides)
    tides = light.gaussians(flux, galaxy.x + x, galaxy.y + y, sigma, resolution=galaxy.fwhm)
    return together([*parts, tides])


def window(side):
    """Return the part of the sky that is searched for light."""
    return (-MARGIN - 0.5, -MARGIN - 0.5, side + MARGIN - 0.5, side + MARGIN - 0.5)


def lensed(galaxy, side):
    """Return the points of a lensed galaxy and of the lens, its deflection by lenstronomy."""
    from lenstronomy.LensModel.lens_model import LensModel
    from lenstronomy.Util.param_util import phi_q2_ellipticity, shear_polar2cartesian

    e1, e2 = phi_q2_ellipticity(np.deg2rad(galaxy.position_angle), galaxy.axis_ratio)
    gamma1, gamma2 = shear_polar2cartesian(np.deg2rad(galaxy.shear_angle), galaxy.shear)
    model = LensModel(["SIE", "SHEAR"])
    mass = [
        {"theta_E": galaxy.einstein_radius, "e1": e1, "e2": e2},
        {"gamma1": gamma1, "gamma2": gamma2},
    ]
    size, q = galaxy.lensed_half_light_radius, galaxy.lensed_axis_ratio
    angle, index = np.deg2rad(galaxy.lensed_position_angle), galaxy.lensed_sersic_index

    def brightness(x, y):
        at = (x - galaxy.x).ravel(), (y - galaxy.y).ravel()
        beta = model.ray_shooting(*at, mass)
        u, v = beta[0] - galaxy.lensed_offset_x, beta[1] - galaxy.lensed_offset_y
        major = np.cos(angle) * u + np.sin(angle) * v
        minor = (np.cos(angle) * v - np.sin(angle) * u) / q
        shown = light.sersic(np.hypot(major, minor) / size, index)
        return (galaxy.lensed_flux * shown / (size**2 * q)).reshape(x.shape)

    far = window(side)
    rays = light.adaptive(
        brightness, far, resolution=galaxy.fwhm / 2, tolerance=2e-8 * galaxy.lensed_flux
    )
    own = sersic(galaxy.flux, galaxy.sersic_index, placed(galaxy), galaxy.fwhm, side)
    return together([rays, own])


def arc(galaxy, side):
    radius, opening = galaxy.arc_radius, np.deg2rad(galaxy.arc_opening)
    sigma = galaxy.arc_width / (2 * np.sqrt(2 * np.log(2)))
    ratio, direction = radius / (np.sqrt(2) * sigma), np.deg2rad(galaxy.arc_direction)
    across = sigma**2 * np.exp(-(ratio**2))
    across += radius * sigma * np.sqrt(np.pi / 2) * (1 + erf(ratio))
    width = np.sqrt(2) * min(sigma / radius, 1)

    def brightness(x, y):
        x, y = x - galaxy.x, y - galaxy.y
        phi = np.remainder(np.arctan2(y, x) - direction + np.pi, 2 * np.pi) - np.pi
        along = sum(
            erf((opening / 2 + phi + turn) / width) + erf((opening / 2 - phi - turn) / width)
            for turn in (-2 * np.pi, 0, 2 * np.pi)
        )
        off = (np.hypot(x, y) - radius) / sigma
        return galaxy.flux / (across * opening) * np.exp(-(off**2) / 2) * along / 2

    far = window(side)
    return light.adaptive(brightness, far, resolution=galaxy.fwhm / 2, tolerance=2e-8 * galaxy.flux)


GALAXY = SHARP | NONE | {"half_light_radius": (0.3, 30.0), "position_angle": (0.0, 45.0)}
BULGE = GALAXY | {"half_light_radius": (1.0, 20.0)}
INCLINED = BULGE | {"half_light_radius": (2.0, 15.0), "beta": (2.5, 100.0)}
ARMS = BULGE | {
    "pitch_angle": (3.0, 60.0),
    "arm_bulge_ratio": (0.2, 5.0),
    "arm_radius_ratio": (0.2, 3.0),
    "arm_sharpness": (0.1, 20.0),
}


def _measure(kind, error, ends, **more):
    return Measure(kind=kind, scale=PEAK, error=error, usual=OPTICS, ends=ends, **more)


MEASURES = (
    _measure(
        Star,
        star_error,
        NONE
        | {"fwhm": (0.05, 0.3, 1.0, 10.0), "beta": (1.05, 1.5, 100.0, 1e6)}
        | {"x": (0.0, -0.5, -9.0), "side": (8, 256)},
        bulk=200,
        combined=80,
    ),
    _measure(Sersic, of_points(one_sersic), GALAXY),
    _measure(Spiral, of_points(spiral), ARMS, bulk=24, combined=12),
    _measure(BulgeDisc, of_points(bulge_and_disc), BULGE),
    _measure(Ring, of_points(ring), BULGE),
    _measure(BarredSpiral, of_points(barred_spiral), ARMS, bulk=16, combined=8),
    _measure(BarredLenticular, of_points(barred_lenticular), BULGE, bulk=16, combined=8),
    _measure(EdgeOn, of_discs(plain_disc), INCLINED, bulk=24, combined=12),
    _measure(DustyEdgeOn, of_discs(dusty_disc), INCLINED, bulk=16, combined=8),
    _measure(Merger, of_points(merging), GALAXY | {"half_light_radius": (1.0, 10.0)}),
    _measure(FlocculentSpiral, of_points(flocculent), ARMS, bulk=16, combined=10),
    _measure(
        Lens,
        of_points(lensed),
        GALAXY
        | {"half_light_radius": (1.0, 20.0), "einstein_radius": (0.0, 15.0)}
        | {"lensed_half_light_radius": (0.3, 6.0), "lensed_offset_x": (0.0, 8.0)}
        | {"lensed_offset_y": (0.0,), "lensed_position_angle": (0.0,), "shear_angle": (45.0,)}
        | {"x": (), "side": ()},
        bulk=12,
        combined=8,
    ),
    _measure(
        LensedArc,
        of_points(arc),
        SHARP | NONE | {"arc_radius": (1.0, 15.0), "arc_width": (0.3, 10.0)} | {"beta": (2.5, 100)},
        bulk=24,
        combined=16,
    ),
    _measure(Lenticular, of_points(lenticular), BULGE),
)
