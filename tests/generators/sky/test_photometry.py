"""Rendering against known answers, symmetries, and GalSim at tight settings.

The error budget is 1e-3 of the peak and of the flux; agreement is far better, so most
limits are tighter, for a loss of accuracy to be seen.
"""

from dataclasses import replace

import galsim
import numpy as np
import pytest
import xarray as xr
from numpy.polynomial.legendre import leggauss

from skybench.generators import Sersic, Spiral, Star
from skybench.generators.families import variables
from skybench.generators.sampling import sample
from skybench.generators.sky import sersic_profile as profile
from skybench.generators.sky.source_light import expected

BUDGET = 1e-3


def render(source, shape):
    return source.render(shape).values


def errors(image, reference, flux):
    """Return the largest error over the peak, and that of the sum over the flux."""
    peak = np.abs(image - reference).max() / reference.max()
    return peak, abs(image.sum() - reference.sum()) / flux


def moments(image):
    """Return the centroid (x, y) and the second moments (xx, yy, xy) about it."""
    y, x = np.indices(image.shape)
    cx, cy = (image * x).sum() / image.sum(), (image * y).sum() / image.sum()
    dx, dy = x - cx, y - cy
    second = [(image * product).sum() / image.sum() for product in (dx * dx, dy * dy, dx * dy)]
    return np.array([cx, cy]), np.array(second)


# Known answers


@pytest.mark.parametrize("fwhm", [1.0, 2.0, 5.0])
def test_a_star_holds_its_flux_but_for_the_wings(fwhm):
    size, beta = 201, 3.0
    image = render(Star(flux=5e4, fwhm=fwhm, beta=beta), (size, size))
    # Outside the radius R of a Moffat lies (1 + R^2 / a^2)^(1 - beta) of its flux; the square
    # image lies between its inscribed and its circumscribed circle.
    a = fwhm / (2 * np.sqrt(2 ** (1 / beta) - 1))
    within = [1 - (1 + (r / a) ** 2) ** (1 - beta) for r in (size / 2, size / np.sqrt(2))]
    assert within[0] - 2e-4 < image.sum() / 5e4 < within[1] + 1e-5


@pytest.mark.parametrize("index", [0.5, 1.0, 2.5])
@pytest.mark.parametrize("fwhm", [0.0, 3.0])
def test_a_galaxy_holds_its_flux_on_a_large_image(index, fwhm):
    source = Sersic(flux=2e4, half_light_radius=4, sersic_index=index, axis_ratio=0.5, fwhm=fwhm)
    assert render(source, (400, 400)).sum() == pytest.approx(2e4, rel=BUDGET)


@pytest.mark.parametrize("index", [0.5, 1.0, 4.0])
@pytest.mark.parametrize("axis_ratio", [1.0, 0.4])
def test_half_the_light_lies_within_the_half_light_ellipse(index, axis_ratio):
    radius, angle, size = 24.0, 35.0, 129
    source = Sersic(
        flux=1,
        half_light_radius=radius,
        sersic_index=index,
        axis_ratio=axis_ratio,
        position_angle=angle,
        fwhm=0,
    )
    image = render(source, (size, size))
    # The share of each pixel within the ellipse, by 8 x 8 points.
    points = (np.arange(size * 8) + 0.5) / 8 - size / 2
    cos, sin = np.cos(np.deg2rad(angle)), np.sin(np.deg2rad(angle))
    major = cos * points + sin * points[:, None]
    minor = (cos * points[:, None] - sin * points) / axis_ratio
    share = (major**2 + minor**2 < radius**2).reshape(size, 8, size, 8).mean(axis=(1, 3))
    assert (image * share).sum() == pytest.approx(0.5, abs=1e-3)


def pixel_flux(source, x, y):
    """Return the flux in the unit pixel about (x, y) of a galaxy without PSF at the origin.

    Adaptive: the quarter of a cell that holds the cusp is cut again, others are smooth
    enough for an 8-point rule in each direction.
    """
    nodes, weights = leggauss(8)
    angle = np.deg2rad(source.position_angle)

    def smooth(x, y, side):
        px, py = x + nodes * side / 2, (y + nodes * side / 2)[:, None]
        major = np.cos(angle) * px + np.sin(angle) * py
        minor = (np.cos(angle) * py - np.sin(angle) * px) / source.axis_ratio
        radius = np.hypot(major, minor) / source.half_light_radius
        values = profile.surface_brightness(radius, np.asarray(source.sersic_index))
        scale = source.axis_ratio * source.half_light_radius**2
        return weights @ values @ weights * side**2 / 4 / scale

    def cut(x, y, side, depth):
        total = 0.0
        for qx in (x - side / 4, x + side / 4):
            for qy in (y - side / 4, y + side / 4):
                near = max(abs(qx), abs(qy)) < side
                again = near and depth < 30
                total += cut(qx, qy, side / 2, depth + 1) if again else smooth(qx, qy, side / 2)
        return total

    return cut(x, y, 1.0, 0)


@pytest.mark.parametrize(("index", "radius"), [(0.5, 1.5), (2.0, 2.0), (4.0, 3.0), (6.0, 1.5)])
@pytest.mark.parametrize(("x", "y"), [(16.2, 15.9), (16, 16), (16.5, 16.5)])
def test_pixels_without_a_psf_are_integrals_of_the_profile(index, radius, x, y):
    source = Sersic(
        flux=1,
        half_light_radius=radius,
        sersic_index=index,
        axis_ratio=0.6,
        position_angle=30,
        fwhm=0,
        x=x,
        y=y,
    )
    image = render(source, (32, 32))
    for i, j in [(16, 16), (17, 17), (16, 15), (18, 17), (12, 16), (22, 16), (16, 24)]:
        exact = pixel_flux(source, i - x, j - y)
        assert abs(image[j, i] - exact) < 1e-4 * image.max(), (i, j)


def test_the_surface_brightness_is_normalised():
    radius = np.geomspace(1e-9, 1e5, 200_001)
    for index in (0.5, 1.0, 4.0, 6.0):
        light = profile.surface_brightness(radius, np.asarray(index)) * 2 * np.pi * radius
        # Trapezia in ln r; the part within 1e-9 and beyond 1e5 is below 1e-6.
        assert np.trapezoid(light * radius, np.log(radius)) == pytest.approx(1, abs=1e-5)


def test_without_a_psf_a_star_lights_one_pixel():
    image = render(Star(flux=7, fwhm=0, x=3.4, y=5.6), (9, 11))
    assert image[6, 3] == 7
    assert image.sum() == 7


# Symmetries

ANYWHERE = [(0.0, 0.0), (0.5, 0.5), (0.37, -0.21), (-0.49, 0.11)]


@pytest.mark.parametrize(
    "make",
    [
        lambda **at: Star(flux=1, fwhm=3, beta=6, **at),
        lambda **at: Sersic(
            flux=1,
            half_light_radius=4,
            sersic_index=1,
            axis_ratio=0.5,
            position_angle=25,
            fwhm=2.5,
            beta=6,
            **at,
        ),
        lambda **at: Spiral(flux=1, half_light_radius=5, fwhm=2.5, beta=6, seed=1, **at),
    ],
    ids=["star", "sersic", "spiral"],
)
def test_the_place_within_a_pixel_changes_neither_flux_nor_shape(make):
    found = []
    for dx, dy in ANYWHERE:
        image = render(make(x=60 + dx, y=60 + dy), (121, 121))
        centre, second = moments(image)
        found.append((image.sum(), *second))
        np.testing.assert_allclose(centre, [60 + dx, 60 + dy], atol=2e-3)
    found = np.array(found)
    np.testing.assert_allclose(found[:, 0], found[0, 0], rtol=1e-4)
    np.testing.assert_allclose(found[:, 1:], np.tile(found[0, 1:], (4, 1)), rtol=2e-3, atol=2e-3)


def test_second_moments_follow_axis_ratio_and_position_angle():
    # An exponential profile of scale h has <r^2> = 6 h^2 with r_half = 1.67835 h, so along the
    # major axis 3 h^2; the pixel's own variance, 1/12, is on top.
    source = Sersic(
        flux=1,
        half_light_radius=5,
        sersic_index=1,
        axis_ratio=0.4,
        position_angle=30,
        fwhm=0,
    )
    (_, second) = moments(render(source, (301, 301)))
    xx, yy, xy = second - [1 / 12, 1 / 12, 0]
    major = 3 * (5 / 1.67835) ** 2
    assert (xx + yy) / major == pytest.approx(1 + 0.4**2, rel=2e-2)
    # Counter-clockwise from +x: 30 degrees has positive xy.
    assert np.rad2deg(np.arctan2(2 * xy, xx - yy)) / 2 == pytest.approx(30, abs=0.1)


SOURCES = [
    Star(flux=1, fwhm=2.7, x=40.3, y=44.8),
    Sersic(
        flux=1,
        fwhm=2.7,
        half_light_radius=3,
        sersic_index=2.2,
        axis_ratio=0.5,
        position_angle=25,
        x=40.3,
        y=44.8,
    ),
    Spiral(flux=1, fwhm=2.7, half_light_radius=5, position_angle=25, x=40.3, y=44.8),
]


@pytest.mark.parametrize("source", SOURCES, ids=lambda s: type(s).__name__)
def test_a_shift_by_whole_pixels_shifts_the_image(source):
    image = render(source, (96, 96))
    shifted = render(replace(source, x=source.x + 7, y=source.y - 4), (96, 96))
    difference = np.abs(shifted[:-4, 7:] - image[4:, :-7]).max()
    # The mesh that carries the wings stays where it is.
    assert difference < 1e-5 * image.max()


@pytest.mark.parametrize("source", SOURCES, ids=lambda s: type(s).__name__)
def test_a_quarter_turn_turns_the_image(source):
    image = render(source, (91, 91))
    turn = {"x": 90 - source.y, "y": source.x}
    if hasattr(source, "position_angle"):
        turn["position_angle"] = source.position_angle + 90
    # Counter-clockwise with y upwards is clockwise in the order of the rows.
    turned = np.rot90(image, -1)
    assert np.abs(render(replace(source, **turn), (91, 91)) - turned).max() < 1e-5 * image.max()


@pytest.mark.parametrize("source", SOURCES, ids=lambda s: type(s).__name__)
@pytest.mark.parametrize("position", [(3, 10), (-2, 10), (20, -6), (39.6, 29.5), (70, 50)])
def test_at_the_border_an_image_is_the_cut_of_a_larger_one(source, position):
    ny, nx, border = 30, 40, 48
    x, y = position
    small = render(replace(source, x=x, y=y), (ny, nx))
    large = render(replace(source, x=x + border, y=y + border), (ny + 2 * border, nx + 2 * border))
    cut = large[border : border + ny, border : border + nx]
    assert small.shape == (ny, nx)
    assert np.abs(small - cut).max() < 1e-4 * large.max()


@pytest.mark.parametrize("source", SOURCES, ids=lambda s: type(s).__name__)
def test_brightness_is_proportional_to_flux(source):
    image = render(source, (64, 64))
    brighter = render(replace(source, flux=3e4), (64, 64))
    # Stamps are of single precision.
    np.testing.assert_allclose(brighter, 3e4 * image, rtol=0, atol=1e-6 * brighter.max())
    assert not render(replace(source, flux=0.0), (64, 64)).any()


def test_a_scene_is_the_sum_of_its_sources(small_recipe):
    parameters = sample(small_recipe, 0, 60)
    kind = parameters["kind"]
    assert (kind > 0).sum(axis=1).max() == 3
    together = expected(parameters, small_recipe.image.shape)
    alone = sum(
        expected(
            parameters.assign_coords(kind=kind.where(kind["source"] == slot, 0)),
            small_recipe.image.shape,
        )
        for slot in kind["source"]
    )
    np.testing.assert_allclose(together, alone, atol=1e-9 * together.max())


def test_companions_change_no_bit_of_a_sample(small_recipe):
    parameters = sample(small_recipe, 0, 40)
    whole = expected(parameters, (20, 36))
    for i in (0, 7, 39):
        one = expected(parameters.isel(sample=[i]), (20, 36))
        np.testing.assert_array_equal(one[0], whole[i])


def test_an_empty_scene_is_dark(small_recipe):
    parameters = sample(small_recipe, 0, 2)
    dark = parameters.assign_coords(kind=xr.zeros_like(parameters["kind"]))
    assert not expected(dark, (20, 36)).any()


# GalSim

TIGHT = galsim.GSParams(
    folding_threshold=1e-4,
    maxk_threshold=1e-5,
    kvalue_accuracy=1e-7,
    maximum_fft_size=20000,
    xvalue_accuracy=1e-7,
    stepk_minimum_hlr=30,
)


def galsim_image(source, shape):
    psf = source.fwhm and galsim.Moffat(beta=source.beta, fwhm=source.fwhm, gsparams=TIGHT)
    if isinstance(source, Star):
        drawn = psf * source.flux
    else:
        radius, q = source.half_light_radius, source.axis_ratio
        round_one = galsim.Sersic(source.sersic_index, half_light_radius=radius, gsparams=TIGHT)
        # Squeezed along y, so that the radius is that of the major axis, then turned.
        squeezed = round_one.transform(1, 0, 0, q) * (source.flux / q)
        drawn = squeezed.rotate(source.position_angle * galsim.degrees)
        if psf:
            drawn = galsim.Convolve(drawn, psf, gsparams=TIGHT)
    image = galsim.ImageD(shape[1], shape[0], scale=1)
    return drawn.drawImage(image, center=galsim.PositionD(source.x + 1, source.y + 1)).array


@pytest.mark.parametrize("fwhm", [0.4, 1.0, 2.0, 2.7, 3.5, 5.0])
@pytest.mark.parametrize("beta", [2.5, 4.765])
def test_stars_agree_with_galsim(fwhm, beta):
    star = Star(flux=3e4, fwhm=fwhm, beta=beta, x=23.3, y=15.6)
    peak, flux = errors(render(star, (32, 48)), galsim_image(star, (32, 48)), 3e4)
    assert peak < 1e-4
    assert flux < 2e-4


@pytest.mark.parametrize(
    ("index", "radius", "fwhm"),
    [
        (0.5, 1.5, 2.0),
        (0.5, 8.0, 4.0),
        (0.73, 5.0, 2.5),
        (1.0, 3.0, 3.0),
        (1.62, 1.5, 2.0),
        (2.37, 8.0, 2.6),
        (3.3, 8.0, 3.0),
        (4.0, 1.5, 2.0),
        (4.0, 3.0, 3.0),
        (4.81, 4.0, 4.0),
        (6.0, 1.5, 3.0),
        (6.0, 3.0, 4.0),
        (6.0, 8.0, 4.0),
    ],
)
def test_galaxies_agree_with_galsim(index, radius, fwhm):
    source = galaxy(index, radius, fwhm, axis_ratio=0.6, position_angle=30)
    peak, flux = errors(render(source, (64, 64)), galsim_image(source, (64, 64)), source.flux)
    assert peak < 1e-4
    assert flux < 2e-4


@pytest.mark.parametrize(("index", "radius", "fwhm"), [(1.0, 3.0, 1.0), (4.0, 1.5, 1.0)])
def test_galaxies_under_a_sharp_psf_agree_with_galsim(index, radius, fwhm):
    source = galaxy(index, radius, fwhm, axis_ratio=0.6, position_angle=30)
    peak, flux = errors(render(source, (48, 48)), galsim_image(source, (48, 48)), source.flux)
    assert peak < 1e-4
    assert flux < 1e-4


@pytest.mark.parametrize(("index", "radius"), [(0.5, 1.5), (0.5, 8.0), (1.0, 3.0)])
def test_galaxies_without_a_psf_agree_with_galsim(index, radius):
    source = galaxy(index, radius, 0.0, axis_ratio=0.6, position_angle=30)
    peak, flux = errors(render(source, (48, 48)), galsim_image(source, (48, 48)), source.flux)
    assert peak < BUDGET
    assert flux < 1e-4


@pytest.mark.parametrize("angle", [0.0, 45.0, 90.0, 121.0, -40.0, 400.0])
def test_position_angles_agree_with_galsim(angle):
    source = galaxy(1.0, 5.0, 2.5, axis_ratio=0.3, position_angle=angle)
    peak, _ = errors(render(source, (40, 56)), galsim_image(source, (40, 56)), source.flux)
    assert peak < 1e-4


@pytest.mark.parametrize("radius", [20.0, 40.0])
def test_galaxies_larger_than_the_image_agree_with_galsim(radius):
    source = galaxy(1.0, radius, 3.0, axis_ratio=0.6, position_angle=30)
    peak, flux = errors(render(source, (48, 48)), galsim_image(source, (48, 48)), source.flux)
    assert peak < 2e-4
    assert flux < 1e-4


def galaxy(index, radius, fwhm, **shape):
    return Sersic(
        flux=2e4,
        half_light_radius=radius,
        sersic_index=index,
        fwhm=fwhm,
        x=24.3,
        y=20.6,
        **shape,
    )


def test_every_profile_of_the_table_has_its_unit():
    assert variables()["flux"].units == "electron"
    assert Star().render().attrs["units"] == "electron"
