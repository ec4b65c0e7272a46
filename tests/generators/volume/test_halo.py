"""Halos in a cube: mass, radius, shape, orientation, and the box's border."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from skybench.generators.volume import halo as halos
from skybench.generators.volume.halo import Halo

VOXEL, DENSITY = 0.5, 4e10


def halo(**changes):
    return {
        "halo_mass": 3e14,
        "halo_concentration": 6.0,
        "second_axis_ratio": 1.0,
        "third_axis_ratio": 1.0,
        "axis_azimuth": 0.0,
        "axis_cosine": 0.0,
        "axis_roll": 0.0,
        "source_x": 16.0,
        "source_y": 16.0,
        "source_z": 16.0,
    } | changes


def drawn(side=32, **changes):
    cube = np.zeros((side, side, side))
    Halo.add(cube, halo(**changes), VOXEL, DENSITY)
    return cube


def mass(cube):
    return cube.sum() * DENSITY * VOXEL**3


def moments(cube, centre=16):
    """Return the second moments of the cube about its centre, in the order x, y, z."""
    offset = np.arange(cube.shape[0]) - centre
    z, y, x = np.meshgrid(offset, offset, offset, indexing="ij")
    place = np.stack([x, y, z]).reshape(3, -1)
    return (place * cube.ravel()) @ place.T / cube.sum()


@given(
    mass_=st.floats(1e-3, 1e15),
    concentration=st.floats(0.1, 1e4),
    second=st.floats(0.4, 1),
    third=st.floats(0.4, 1),
    azimuth=st.floats(0, 360),
    cosine=st.floats(-1, 1),
    place=st.tuples(*(st.floats(-0.5, 31.5),) * 3),
)
@settings(max_examples=25, deadline=None)
def test_no_mass_is_lost(mass_, concentration, second, third, azimuth, cosine, place):
    cube = drawn(
        halo_mass=mass_,
        halo_concentration=concentration,
        second_axis_ratio=second,
        third_axis_ratio=third,
        axis_azimuth=azimuth,
        axis_cosine=cosine,
        **{f"source_{a}": v for a, v in zip("xyz", place, strict=True)},
    )
    assert mass(cube) == pytest.approx(mass_, rel=1e-9)
    assert (cube >= 0).all()


@pytest.mark.parametrize("size", [2.5, 4.0])
@pytest.mark.parametrize("concentration", [0.1, 3.9, 4.0, 20.0])
@pytest.mark.parametrize("shape", [(1.0, 0.2), (0.2, 0.2)])
def test_voxels_are_right_in_the_corners_of_the_domain(size, concentration, shape):
    # The reference: the same flux through the faces by 24 points an edge, for all voxels.
    second, third = shape
    own = halo(second_axis_ratio=second, third_axis_ratio=third, axis_azimuth=37, axis_cosine=0.3)
    to_sphere, offset = halos.to_unit_sphere(own, size), np.array([0.31, -0.2, 0.45])
    found = halos.shares(to_sphere, offset, concentration)
    truth = halos._masses(to_sphere, offset, found.shape[0] // 2, concentration, 24)
    assert np.abs(found - truth).max() < 7e-5 * truth.max()


@pytest.mark.parametrize(
    "corner",
    [
        {"halo_concentration": 0.1},
        {"halo_concentration": 100.0, "source_x": 15.5},
        {"second_axis_ratio": 1.0, "third_axis_ratio": 0.2, "axis_azimuth": 77.0},
        {"halo_mass": 1e12, "halo_concentration": 1e3, "source_x": 15.3, "third_axis_ratio": 0.2},
    ],
)
def test_voxels_hold_as_many_points_of_the_profile_as_their_mass(corner):
    # The reference: a million radii with M(<r) / M even in (0, 1), in even directions, on the
    # ellipsoid. In a voxel their number scatters by its root; the worst of thousands by 4.5 of it.
    own, count, rng = halo(axis_cosine=1.0, **corner), 1_000_000, np.random.default_rng(4)
    radii = np.concatenate([[0], np.geomspace(1e-8, 1, 20_000)])
    x = own["halo_concentration"] * radii
    within = np.log1p(x) - x / (1 + x)
    r = np.interp(rng.random(count), within / within[-1], radii)
    unit = rng.normal(size=(3, count))
    second, third = own["second_axis_ratio"], own["third_axis_ratio"]
    longest = halos.radius(own["halo_mass"], DENSITY) / VOXEL / np.cbrt(second * third)
    along, level, upright = (
        longest * np.array([[1], [second], [third]]) * r * unit / np.sqrt((unit**2).sum(axis=0))
    )
    # With the first axis along z, the second lies at the azimuth + 90 degrees, the third at + 180.
    cos, sin = np.cos(np.deg2rad(own["axis_azimuth"])), np.sin(np.deg2rad(own["axis_azimuth"]))
    place = np.stack([along, cos * level - sin * upright, -sin * level - cos * upright])
    voxel = np.floor(place + [[16], [16], [own["source_x"]]] + 0.5).astype(int)
    expected = np.zeros((32, 32, 32))
    np.add.at(expected, tuple(voxel), 1.0)
    cube = np.zeros((32, 32, 32))
    Halo.add(cube, own, VOXEL, DENSITY)
    found = cube / cube.sum() * count
    seen = found > 25
    assert (np.abs(found - expected)[seen] < 4.5 * np.sqrt(found[seen])).all()
    assert expected[~seen].sum() == pytest.approx(found[~seen].sum(), abs=5 * count**0.5)


def test_the_mean_density_within_the_radius_is_200():
    # A halo of 3e14 suns: r = (3 M / (4 pi 200 rho))^(1/3) = 2.0764 Mpc = 4.15 voxels.
    radius = halos.radius(3e14, DENSITY)
    assert radius == pytest.approx(2.0764, rel=1e-4)
    cube = drawn()
    reach = np.flatnonzero(cube[16, 16] > 0)
    assert (reach.min(), reach.max()) == (12, 20)
    sphere = 4 / 3 * np.pi * (radius / VOXEL) ** 3
    assert cube.sum() / sphere == pytest.approx(200, rel=1e-4)


def test_the_radial_profile_is_that_of_navarro_frenk_and_white():
    # Voxel means of a large halo away from its centre follow the density at their centres.
    cube = drawn(side=64, halo_mass=1.5e16, source_x=32.0, source_y=32.0, source_z=32.0)
    size = halos.radius(1.5e16, DENSITY) / VOXEL
    x = np.arange(5, 12) / size
    mu = np.log1p(6) - 6 / 7
    expected = 200 / 3 * 36 / mu / (x * (1 + 6 * x) ** 2)
    np.testing.assert_allclose(cube[32, 32, 37:44], expected, rtol=0.01)


@pytest.mark.parametrize("shift", [(5, 0, 0), (0, -9, 0), (16, 16, 16)])
def test_a_halo_moves_by_whole_voxels_and_wraps(shift):
    still = drawn(second_axis_ratio=0.6, axis_azimuth=30.0, source_x=15.7)
    moved = drawn(
        second_axis_ratio=0.6,
        axis_azimuth=30.0,
        source_x=15.7 + shift[0],
        source_y=16.0 + shift[1],
        source_z=16.0 + shift[2],
    )
    rolled = np.roll(still, shift[::-1], axis=(0, 1, 2))
    np.testing.assert_allclose(moved, rolled, atol=1e-9 * still.max())


def test_the_first_axis_points_where_it_says():
    # Needles: along x for the azimuth 0, along y for 90, along z for the cosine 1.
    shape = {"second_axis_ratio": 0.4, "third_axis_ratio": 0.4}
    for axis, angles in enumerate(
        (
            {"axis_azimuth": 0.0},
            {"axis_azimuth": 90.0},
            {"axis_cosine": 1.0, "axis_azimuth": 77.0},
        )
    ):
        second = moments(drawn(**shape, **angles))
        assert np.diag(second).argmax() == axis
        others = np.delete(np.diag(second), axis)
        assert others[0] == pytest.approx(others[1], rel=1e-6)
        # Along the axis a needle is 1 / 0.4 times as long, but for the width of a voxel.
        assert np.sqrt(second[axis, axis] / others[0]) == pytest.approx(2.4, abs=0.15)


def test_an_oblique_axis_is_the_eigenvector_of_the_moments():
    azimuth, cosine = 40.0, 0.3
    cube = drawn(
        second_axis_ratio=0.5, third_axis_ratio=0.5, axis_azimuth=azimuth, axis_cosine=cosine
    )
    _, vectors = np.linalg.eigh(moments(cube))
    sine, angle = np.sqrt(1 - cosine**2), np.deg2rad(azimuth)
    expected = sine * np.cos(angle), sine * np.sin(angle), cosine
    assert abs(vectors[:, -1] @ expected) == pytest.approx(1, abs=2e-3)


def test_a_roll_turns_the_third_axis_about_the_first():
    # Flat along z for the roll 0, along y for 90.
    flat = {"second_axis_ratio": 1.0, "third_axis_ratio": 0.4}
    still, rolled = (np.diag(moments(drawn(**flat, axis_roll=r))) for r in (0.0, 90.0))
    assert still.argmin() == 2
    assert rolled.argmin() == 1
    np.testing.assert_allclose(still[[0, 1, 2]], rolled[[0, 2, 1]], rtol=1e-9)


def test_a_quarter_turn_of_the_azimuth_turns_the_array():
    shape = {"second_axis_ratio": 0.7, "third_axis_ratio": 0.5, "axis_cosine": 0.4}
    one, other = (drawn(33, **shape, axis_azimuth=a, axis_roll=20.0) for a in (10.0, 100.0))
    # Around the middle (16, 16): y goes to -x, x to y.
    turned = np.rot90(one, -1, axes=(1, 2))
    np.testing.assert_allclose(other, turned, atol=1e-9 * one.max())


def test_a_halo_within_a_voxel_is_that_voxel():
    # 1e11 suns: a radius of 0.29 voxels.
    cube = drawn(halo_mass=1e11)
    assert cube[16, 16, 16] * DENSITY * VOXEL**3 == pytest.approx(1e11)
    assert np.count_nonzero(cube > 1e-9 * cube.max()) == 1


@pytest.mark.parametrize("mass_", [1e-30, 1e-9, 1e3])
@pytest.mark.parametrize("place", [15.5, 15.9, 16.0])
def test_the_lightest_halo_is_a_point(mass_, place):
    cube = drawn(halo_mass=mass_, source_x=place, second_axis_ratio=0.7)
    share = cube[16, 16] * DENSITY * VOXEL**3 / mass_
    left = 0.5 if place == 15.5 else 0.0
    np.testing.assert_allclose(share[15:17], [left, 1 - left], atol=1e-3)


@pytest.mark.parametrize("concentration", [100.0, 1e4])
def test_a_huge_concentration_on_a_face_is_shared_evenly(concentration):
    cube = drawn(halo_concentration=concentration, halo_mass=1e11, source_x=15.5)
    np.testing.assert_allclose(cube[16, 16, 15], cube[16, 16, 16], rtol=1e-9)
    assert mass(cube) == pytest.approx(1e11, rel=1e-6)


def test_halos_add_up():
    cube = drawn()
    Halo.add(cube, halo(source_x=18.0), VOXEL, DENSITY)
    np.testing.assert_allclose(cube, drawn() + drawn(source_x=18.0), atol=1e-12 * cube.max())
