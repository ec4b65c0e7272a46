"""Lenses: images where the lens equation puts them, as bright as they are magnified."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from lenstronomy.Data.pixel_grid import PixelGrid
from lenstronomy.Data.psf import PSF
from lenstronomy.ImSim.image_model import ImageModel
from lenstronomy.LensModel.lens_model import LensModel
from lenstronomy.LightModel.light_model import LightModel
from lenstronomy.Util.param_util import phi_q2_ellipticity, shear_polar2cartesian
from scipy.ndimage import center_of_mass, label
from scipy.optimize import fsolve
from scipy.signal import fftconvolve

from skybench.errors import ParameterError
from skybench.generators import Lens, Sersic
from skybench.generators.sky import rays as light_rays
from skybench.generators.sky import sersic_profile, sie
from skybench.generators.sky.stamps import add

BUDGET = 1e-3


def make(**changes):
    """Return a lens in which everything is given, so that a test states what it changes."""
    return Lens(
        **{
            "einstein_radius": 9.0,
            "axis_ratio": 0.75,
            "position_angle": 25.0,
            "shear": 0.05,
            "shear_angle": 110.0,
            "flux": 0.0,
            "half_light_radius": 4.0,
            "sersic_index": 4.0,
            "lensed_offset_x": 1.0,
            "lensed_offset_y": 0.6,
            "lensed_flux": 1e3,
            "lensed_half_light_radius": 1.0,
            "lensed_sersic_index": 1.0,
            "lensed_axis_ratio": 0.6,
            "lensed_position_angle": 70.0,
            "fwhm": 2.5,
            "x": 31.7,
            "y": 32.2,
        }
        | changes
    )


def render(source, shape=(64, 64)):
    return source.render(shape).values


def apart(image, reference):
    """Return the largest difference over the peak."""
    return np.abs(image - reference).max() / reference.max()


def rays(source, x, y):
    """Return where light from (x, y), relative to the lens, comes from."""
    model = sie.Lens(
        *map(
            np.asarray,
            (
                source.einstein_radius,
                source.axis_ratio,
                np.deg2rad(source.position_angle),
                source.shear,
                np.deg2rad(source.shear_angle),
            ),
        )
    )
    alpha_x, alpha_y = sie.deflection(np.asarray(x), np.asarray(y), model)
    return x - alpha_x, y - alpha_y


def images(source):
    """Return the images of the lensed galaxy's centre, by Newton's method from many starts."""
    offset = np.array([source.lensed_offset_x, source.lensed_offset_y])
    found = []
    for radius in np.linspace(1, 20, 12):
        for angle in np.arange(0, 2 * np.pi, np.pi / 12):
            start = radius * np.cos(angle), radius * np.sin(angle)
            at, info, _, _ = fsolve(
                lambda p: np.array(rays(source, *p)) - offset, start, full_output=True, xtol=1e-11
            )
            new = all(np.hypot(*(at - other)) > 1e-3 for other in found)
            if np.abs(info["fvec"]).max() < 1e-9 and np.hypot(*at) > 1e-3 and new:
                found.append(at)
    return np.array(found)


def magnification(source, x, y, step=1e-5):
    """Return |d theta / d beta|, the area of an image over that of its source."""
    right, left = np.array(rays(source, x + step, y)), np.array(rays(source, x - step, y))
    above, below = np.array(rays(source, x, y + step)), np.array(rays(source, x, y - step))
    along, across = (right - left) / (2 * step), (above - below) / (2 * step)
    return abs(1 / (along[0] * across[1] - along[1] * across[0]))


# Known answers


@pytest.mark.parametrize("fwhm", [0.0, 2.5])
def test_a_galaxy_right_behind_a_circle_is_a_ring_of_the_einstein_radius(fwhm):
    ring = make(
        axis_ratio=1,
        shear=0,
        lensed_offset_x=0,
        lensed_offset_y=0,
        lensed_axis_ratio=1,
        lensed_half_light_radius=0.1,
        fwhm=fwhm,
        beta=6,
        x=47,
        y=47,
        einstein_radius=20,
    )
    image = render(ring, (95, 95))
    y, x = np.indices(image.shape) - 47
    # A thin ring keeps its mean squared radius, but for the variances of pixel and PSF:
    # 1/12, and a^2 / (2 (beta - 2)), on each axis.
    a = fwhm / (2 * np.sqrt(2 ** (1 / 6) - 1))
    squared = (image * (x**2 + y**2)).sum() / image.sum() - 2 * (1 / 12 + a**2 / 8)
    # Without a PSF the ring is thinner than the pixels that it is cut into.
    assert np.sqrt(squared) == pytest.approx(20, rel=2e-4 if fwhm else 2e-3)
    rings = np.histogram(np.hypot(x, y), bins=[0, 14, 26, 70], weights=image)[0]
    assert rings[1] > 0.99 * image.sum()


@pytest.mark.parametrize("offset", [1.0, 3.0, 6.0])
@pytest.mark.parametrize("fwhm", [0.0, 2.5])
def test_a_circle_magnifies_by_two_einstein_radii_over_the_offset(offset, fwhm):
    source = make(
        axis_ratio=1,
        shear=0,
        lensed_offset_x=offset,
        lensed_offset_y=0,
        lensed_half_light_radius=0.05,
        lensed_sersic_index=0.5,
        fwhm=fwhm,
        beta=6,
    )
    # The images at beta +- theta_E have magnifications theta_E / beta +- 1 of a point.
    assert render(source).sum() / 1e3 == pytest.approx(2 * 9 / offset, rel=2e-3)


@pytest.mark.parametrize(
    "changes",
    [
        {},
        {"lensed_offset_x": 4.0, "lensed_offset_y": -3.0},
        {"axis_ratio": 0.5, "shear": 0.15, "lensed_offset_x": 0.2, "lensed_offset_y": -0.3},
        {"axis_ratio": 1.0, "shear": 0.3, "lensed_offset_x": 0.5, "lensed_offset_y": 0.5},
    ],
)
def test_images_lie_where_the_lens_equation_puts_them(changes):
    source = make(
        lensed_half_light_radius=0.03,
        lensed_sersic_index=0.5,
        fwhm=0,
        einstein_radius=12,
        **changes,
    )
    source = replace(source, x=60.0, y=60.0)
    image = render(source, (121, 121))
    expected = images(source)
    assert len(expected) in (2, 4)
    spots, count = label(image > 1e-6 * image.max(), structure=np.ones((3, 3)))
    assert count == len(expected)
    for number in range(1, count + 1):
        y, x = center_of_mass(image, spots, number)
        distance = np.hypot(*(expected - [x - 60, y - 60]).T)
        flux = image[spots == number].sum() / 1e3
        # A spot in one pixel tells no more than the pixel.
        assert distance.min() < 0.8
        assert flux == pytest.approx(magnification(source, *expected[distance.argmin()]), rel=5e-3)


def test_the_light_of_all_images_is_the_flux_times_the_magnification():
    source = make(
        lensed_half_light_radius=0.05, lensed_sersic_index=1.0, lensed_offset_x=0.1, beta=6
    )
    total = sum(magnification(source, *image) for image in images(source))
    assert render(source, (160, 160)).sum() / 1e3 == pytest.approx(total, rel=5e-3)


@pytest.mark.parametrize("fwhm", [0.0, 1.0, 2.5])
@pytest.mark.parametrize(("index", "radius"), [(0.5, 2.0), (1.0, 1.0), (4.0, 3.0)])
def test_without_mass_the_galaxy_is_as_it_is(fwhm, index, radius):
    source = make(
        einstein_radius=0,
        shear=0,
        lensed_sersic_index=index,
        lensed_half_light_radius=radius,
        fwhm=fwhm,
    )
    plain = Sersic(
        flux=1e3,
        half_light_radius=radius,
        sersic_index=index,
        axis_ratio=0.6,
        position_angle=70,
        fwhm=fwhm,
        x=32.7,
        y=32.8,
    )
    assert apart(render(source), render(plain)) < BUDGET


def test_a_small_mass_changes_little():
    bare = make(einstein_radius=0, shear=0, lensed_half_light_radius=3)
    assert apart(render(replace(bare, einstein_radius=1e-4)), render(bare)) < BUDGET


def test_the_light_of_the_lens_is_a_sersic_galaxy_on_top():
    dark = make()
    own = Sersic(
        flux=5e3,
        half_light_radius=4,
        sersic_index=4,
        axis_ratio=0.75,
        position_angle=25,
        fwhm=2.5,
        x=31.7,
        y=32.2,
    )
    np.testing.assert_allclose(
        render(replace(dark, flux=5e3)), render(dark) + render(own), atol=1e-9
    )
    np.testing.assert_allclose(
        render(replace(dark, flux=5e3, lensed_flux=0)), render(own), atol=1e-9
    )
    assert not render(replace(dark, flux=0, lensed_flux=0)).any()


# Symmetries


@pytest.mark.parametrize("fwhm", [0.0, 2.5])
def test_a_quarter_turn_turns_the_image(fwhm):
    source = make(fwhm=fwhm, x=30.3, y=33.6)
    turn = {
        name: getattr(source, name) + 90
        for name in ("position_angle", "shear_angle", "lensed_position_angle")
    }
    turned = replace(
        source,
        x=63 - source.y,
        y=source.x,
        lensed_offset_x=-source.lensed_offset_y,
        lensed_offset_y=source.lensed_offset_x,
        **turn,
    )
    # Counter-clockwise with y upwards is clockwise in the order of the rows.
    assert apart(render(turned), np.rot90(render(source), -1)) < BUDGET


def test_the_mirror_image_has_mirrored_angles():
    source = make(x=31.5, y=31.5)
    turn = {
        name: -getattr(source, name)
        for name in ("position_angle", "shear_angle", "lensed_position_angle", "lensed_offset_y")
    }
    assert apart(render(replace(source, **turn)), render(source)[::-1]) < BUDGET


@pytest.mark.parametrize("fwhm", [0.0, 2.5])
def test_a_shift_by_whole_pixels_shifts_the_image(fwhm):
    source = make(fwhm=fwhm, x=40.3, y=44.8)
    image = render(source, (96, 96))
    shifted = render(replace(source, x=source.x + 7, y=source.y - 4), (96, 96))
    assert np.abs(shifted[:-4, 7:] - image[4:, :-7]).max() < 1e-4 * image.max()


@pytest.mark.parametrize("position", [(3, 10), (-6, 10), (20, -9), (39.6, 29.5), (51, 10)])
@pytest.mark.parametrize("fwhm", [0.0, 2.5])
def test_at_the_border_an_image_is_the_cut_of_a_larger_one(position, fwhm):
    source = make(fwhm=fwhm)
    x, y = position
    small = render(replace(source, x=x, y=y), (30, 40))
    large = render(replace(source, x=x + 48, y=y + 48), (126, 136))
    assert np.abs(small - large[48:78, 48:88]).max() < BUDGET * large.max()


def test_brightness_is_proportional_to_flux():
    image = render(make())
    brighter = render(make(lensed_flux=3e7))
    # Stamps are of single precision.
    np.testing.assert_allclose(brighter, 3e4 * image, rtol=0, atol=2e-6 * brighter.max())


# lenstronomy

SOURCES = {
    "arc": make(beta=6),
    "quad": make(lensed_offset_x=0.2, lensed_half_light_radius=0.5, axis_ratio=0.6, beta=6),
    "ring": make(lensed_offset_x=0.0, lensed_offset_y=0.1, axis_ratio=0.95, shear=0, beta=6),
    "steep": make(lensed_sersic_index=2.0, lensed_half_light_radius=2.0, beta=6),
    "wide": make(lensed_half_light_radius=3.0, lensed_sersic_index=0.7, shear=0.3, beta=6),
}


def lenstronomy_image(source, fine):
    """Return its picture with fine x fine rays a pixel, in our conventions.

    Its radius is that of a circle of the same area, its b_n an approximation (4e-3 off at n =
    1), and its centre is the middle of the pixel grid's coordinates.
    """
    n, q = source.lensed_sersic_index, source.lensed_axis_ratio
    radius = source.lensed_half_light_radius * np.sqrt(q)
    b, theirs = float(sersic_profile.b_n(n)), 1.9992 * n - 0.3271
    central = float(sersic_profile.surface_brightness(np.zeros(()), np.asarray(n))) / radius**2
    e1, e2 = phi_q2_ellipticity(np.deg2rad(source.lensed_position_angle), q)
    galaxy = {
        "amp": source.lensed_flux * central * np.exp(-theirs),
        "R_sersic": radius * (theirs / b) ** n,
        "n_sersic": n,
        "e1": e1,
        "e2": e2,
        "center_x": source.lensed_offset_x,
        "center_y": source.lensed_offset_y,
    }
    e1, e2 = phi_q2_ellipticity(np.deg2rad(source.position_angle), source.axis_ratio)
    gamma1, gamma2 = shear_polar2cartesian(np.deg2rad(source.shear_angle), source.shear)
    mass = [
        {"theta_E": source.einstein_radius, "e1": e1, "e2": e2},
        {"gamma1": gamma1, "gamma2": gamma2},
    ]
    numerics = {"supersampling_factor": fine}
    psf = PSF("NONE")
    if source.fwhm:
        psf = PSF("PIXEL", kernel_point_source=moffat(source, fine), **_fine_kernel(fine))
        numerics |= {"supersampling_convolution": True, "supersampling_kernel_size": None}
    grid = PixelGrid(64, 64, np.eye(2), ra_at_xy_0=-source.x, dec_at_xy_0=-source.y)
    light = LightModel(["SERSIC_ELLIPSE"])
    model = ImageModel(grid, psf, LensModel(["SIE", "SHEAR"]), light, kwargs_numerics=numerics)
    return model.image(mass, [galaxy], None, None)


def _fine_kernel(fine):
    return {"point_source_supersampling_factor": fine}


def moffat(source, fine, parts=3):
    """Return the PSF in fractions of a pixel, each integrated by parts x parts points."""
    side = 24 * fine + 1
    lag = (np.arange(side * parts) - (side * parts - 1) / 2) / (fine * parts)
    a = source.fwhm / (2 * np.sqrt(2 ** (1 / source.beta) - 1))
    kernel = (1 + (lag**2 + lag[:, None] ** 2) / a**2) ** -source.beta
    kernel = kernel.reshape(side, parts, side, parts).sum(axis=(1, 3))
    return kernel / kernel.sum()


@pytest.mark.filterwarnings("ignore:.*axes.*:DeprecationWarning")  # its way to call numpy
@pytest.mark.parametrize("name", SOURCES)
def test_blurred_images_agree_with_lenstronomy(name):
    source = SOURCES[name]
    assert apart(render(source), lenstronomy_image(source, 13)) < BUDGET


@pytest.mark.parametrize("name", [name for name in SOURCES if name != "steep"])
def test_sharp_images_agree_with_lenstronomy(name):
    source = replace(SOURCES[name], fwhm=0.0)
    # Its midpoints err as the square of their spacing: two spacings give the limit.
    coarse, fine = (lenstronomy_image(source, points) for points in (15, 21))
    reference = fine + (fine - coarse) * 15**2 / (21**2 - 15**2)
    assert apart(render(source), reference) < BUDGET


# Brute force


def brute_force(source, size=48, fine=8, margin=16):
    """Return the image by fine x fine rays a pixel, each convolved with the PSF as it is."""
    at = (np.arange((size + 2 * margin) * fine) + 0.5) / fine - margin - 0.5
    beta_x, beta_y = rays(source, *np.broadcast_arrays(at - source.x, (at - source.y)[:, None]))
    beta_x, beta_y = beta_x - source.lensed_offset_x, beta_y - source.lensed_offset_y
    along, across = sie.turned(beta_x, beta_y, -np.deg2rad(source.lensed_position_angle))
    radius, q = source.lensed_half_light_radius, source.lensed_axis_ratio
    m = np.hypot(along / radius, across / (q * radius))
    light = sersic_profile.surface_brightness(m, source.lensed_sersic_index)
    light *= source.lensed_flux / (q * radius**2) / fine**2
    lag = np.arange(-(size + margin) * fine, (size + margin) * fine + 1) / fine
    light = fftconvolve(light, wings_of(source, lag, lag[:, None]) / fine**2, mode="same")
    cut = light[margin * fine : -margin * fine, margin * fine : -margin * fine]
    return cut.reshape(size, fine, size, fine).sum(axis=(1, 3))


def wings_of(source, x, y):
    """Return the Moffat profile of unit flux."""
    a = source.fwhm / (2 * np.sqrt(2 ** (1 / source.beta) - 1))
    return (source.beta - 1) / (np.pi * a**2) * (1 + (x**2 + y**2) / a**2) ** -source.beta


@pytest.mark.parametrize(
    "changes",
    [
        {"beta": 1.05},
        {"beta": 1.5, "fwhm": 5.0},
        {"beta": 2.2, "axis_ratio": 0.05},
        {"beta": 6.0, "axis_ratio": 0.5, "lensed_offset_x": 2.2},  # across a caustic
        {"beta": 1.2, "lensed_half_light_radius": 12.0, "lensed_sersic_index": 0.5},
        {"lensed_half_light_radius": 50.0},
        {"shear": 0.5},
        {"axis_ratio": 1.0, "shear": 0.0, "lensed_offset_x": 0.0, "lensed_offset_y": 0.0},
    ],
)
def test_images_are_those_of_brute_force(changes):
    source = make(
        **{"lensed_half_light_radius": 2.0, "lensed_sersic_index": 0.8, "x": 23.6, "y": 24.3}
        | changes
    )
    image, expected = render(source, (48, 48)), brute_force(source)
    assert apart(image, expected) < BUDGET
    assert image.sum() == pytest.approx(expected.sum(), rel=2e-4)


@pytest.mark.parametrize("beta", [1.05, 1.2, 1.5, 2.0, 2.4])
@pytest.mark.parametrize("fwhm", [1.0, 2.5, 6.0])
def test_wide_wings_are_those_of_the_moffat_profile(beta, fwhm):
    source = make(
        einstein_radius=0, shear=0, lensed_axis_ratio=1, lensed_half_light_radius=0.01,
        lensed_sersic_index=0.5, lensed_offset_x=0, lensed_offset_y=0, fwhm=fwhm, beta=beta,
    )  # fmt: skip
    image = render(source)
    offsets = (np.arange(64 * 16) + 0.5) / 16 - 0.5
    fine = wings_of(source, offsets - source.x, (offsets - source.y)[:, None])
    expected = 1e3 / 16**2 * fine.reshape(64, 16, 64, 16).sum(axis=(1, 3))
    assert apart(image, expected) < BUDGET
    assert image.sum() == pytest.approx(expected.sum(), rel=2e-4)
    y, x = np.indices(image.shape)
    far = np.hypot(x - source.x, y - source.y) > 25
    np.testing.assert_allclose(image[far], expected[far], rtol=0.05, atol=1e-5 * image.max())


@settings(deadline=None, max_examples=10)
@given(
    st.just(0.0) | st.floats(1, 8),
    st.floats(1.05, 20),
    st.floats(0.05, 1),
    st.floats(0.01, 20),
    st.floats(0.5, 6),
)
def test_no_light_is_negative(fwhm, beta, axis_ratio, radius, index):
    source = make(
        fwhm=fwhm, beta=beta, axis_ratio=axis_ratio, lensed_half_light_radius=radius,
        lensed_sersic_index=index,
    )  # fmt: skip
    image = render(source, (40, 40))
    assert np.isfinite(image).all()
    assert image.min() >= 0


# Accuracy and corners

CORNERS = {
    "as it is": {},
    "no shear": {"shear": 0},
    "strong shear": {"shear": 0.5},
    "flat": {"axis_ratio": 0.05},
    "round": {"axis_ratio": 1},
    "centred": {"lensed_offset_x": 0, "lensed_offset_y": 0, "x": 32, "y": 32},
    "ring": {"lensed_offset_x": 0, "lensed_offset_y": 0, "axis_ratio": 1, "shear": 0},
    "far": {"lensed_offset_x": 500, "lensed_offset_y": -400},
    "compact": {"lensed_half_light_radius": 0.05},
    "least": {"lensed_half_light_radius": 0.01, "lensed_sersic_index": 6},
    "large": {"lensed_half_light_radius": 500},
    "thin": {"lensed_axis_ratio": 0.05, "lensed_half_light_radius": 4},
    "massive": {"einstein_radius": 500},
    "cusp": {"lensed_sersic_index": 6},
    "flat core": {"lensed_sersic_index": 0.5},
    "between pixels": {"x": 31.5, "y": 31.5},
    "outside": {"x": -200, "y": 12},
    "sharp": {"fwhm": 0.3, "lensed_half_light_radius": 0.3},
}


@pytest.mark.parametrize("name", CORNERS)
@pytest.mark.parametrize("fwhm", [0.0, 2.5])
def test_finer_cells_change_little(monkeypatch, name, fwhm):
    source = make(**({"fwhm": fwhm} | CORNERS[name]))
    image = render(source)
    assert np.isfinite(image).all()
    assert image.min() >= 0
    monkeypatch.setattr(light_rays, "TOLERANCE", light_rays.TOLERANCE / 100)
    finer = render(source)
    # Of the peak, or of that of the galaxy without the lens where the image shows no more than
    # the faint end of its wings.
    scale = max(finer.max(), 0.02)
    assert np.abs(image - finer).max() < BUDGET * scale


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("einstein_radius", -1),
        ("shear", 0.6),
        ("axis_ratio", 0),
        ("lensed_half_light_radius", 0),
        ("lensed_sersic_index", 8),
        ("lensed_flux", -5),
    ],
)
def test_what_cannot_be_is_refused_by_name(name, value):
    with pytest.raises(ParameterError, match=f"{name} must be"):
        make(**{name: value})


@pytest.mark.parametrize("fwhm", [0.0, 2.5])
def test_companions_change_no_bit_of_a_lens(fwhm):
    some = [Lens(seed=i, fwhm=fwhm, x=31.5 + i / 7, y=30.1).parameters((64, 64)) for i in range(9)]
    table = {name: np.array([one[name] for one in some]) for name in some[0]}

    def drawn(rows):
        sources = {name: values[rows] for name, values in table.items()}
        canvas = np.zeros((len(rows), 64, 64))
        add(canvas, np.arange(len(rows)), Lens.draw(sources, (64, 64)))
        return canvas

    whole = drawn(np.arange(9))
    for i in range(9):
        np.testing.assert_array_equal(drawn(np.array([i]))[0], whole[i])
    np.testing.assert_array_equal(drawn(np.array([7, 2, 5])), whole[[7, 2, 5]])
