"""HEALPix pixels: equal areas, both orders, and healpy's places."""

import numpy as np
import pytest

from skybench.errors import ParameterError
from skybench.generators.sphere import healpix

EVERY = (1, 2, 4, 16, 128)


@pytest.mark.parametrize("nside", EVERY)
def test_the_rings_hold_all_pixels(nside):
    on = healpix.rings(nside)
    assert on.count.sum() == 12 * nside**2
    assert (on.first == np.cumsum(on.count) - on.count).all()
    # North and south mirror each other, and the longest ring is the equator.
    np.testing.assert_allclose(on.z, -on.z[::-1], atol=1e-15)
    np.testing.assert_allclose(on.z**2 + on.sine**2, 1, atol=1e-15)


@pytest.mark.parametrize("nside", EVERY)
def test_pixels_lie_evenly_about_the_centre(nside):
    # Over equal areas the mean of a direction is 0; that of z^2 is 1/3, up to the size of a
    # pixel: sampling at centres misses 1 / (9 nside^2) of it at most.
    x, y, z = healpix.directions(nside)
    assert abs(x.mean()) < 1e-15
    assert abs(y.mean()) < 1e-15
    assert abs(z.mean()) < 1e-15
    assert (z**2).mean() == pytest.approx(1 / 3, abs=1 / (9 * nside**2))
    assert healpix.pixel_area(nside) * x.size == pytest.approx(4 * np.pi)


@pytest.mark.parametrize("nside", EVERY)
def test_nested_order_is_another_order_of_the_same_pixels(nside):
    numbers = healpix.ring_numbers(nside)
    assert (np.sort(numbers) == np.arange(12 * nside**2)).all()


def test_four_nested_pixels_make_one_of_the_next_coarser():
    fine = healpix.directions(32)[:, healpix.ring_numbers(32)]
    coarse = healpix.directions(16)[:, healpix.ring_numbers(16)]
    middle = fine.reshape(3, -1, 4).mean(axis=2)
    apart = np.degrees(np.arccos(np.clip((middle * coarse).sum(axis=0), -1, 1)))
    assert apart.max() < 1.6  # a pixel of nside 16 is 3.7 degrees wide


@pytest.mark.parametrize("nside", EVERY)
@pytest.mark.parametrize("ordering", ["ring", "nested"])
def test_places_are_those_of_healpy(nside, ordering):
    healpy = pytest.importorskip("healpy")
    pixels = np.arange(12 * nside**2)
    expected = healpy.pix2ang(nside, pixels, nest=ordering == "nested", lonlat=True)
    for ours, theirs in zip(healpix.coordinates(nside, ordering), expected, strict=True):
        np.testing.assert_allclose(ours, theirs, atol=1e-12)


@pytest.mark.parametrize("nside", EVERY)
def test_nested_numbers_are_those_of_healpy(nside):
    healpy = pytest.importorskip("healpy")
    expected = healpy.nest2ring(nside, np.arange(12 * nside**2))
    assert (healpix.ring_numbers(nside) == expected).all()


@pytest.mark.parametrize("nside", [0, 3, 48, -4, 1024])
def test_an_nside_that_cannot_be_drawn_is_refused(nside):
    with pytest.raises(ParameterError, match=f"power of two up to 512 .* got {nside}"):
        healpix.coordinates(nside)


@pytest.mark.parametrize("ordering", ["ring", "nested"])
def test_neighbours_on_a_face_are_neighbours_on_the_sky(ordering):
    faces = healpix.faces(16, ordering)
    assert (np.sort(faces.ravel()) == np.arange(12 * 256)).all()
    places = healpix.directions(16)
    if ordering == "nested":
        places = places[:, healpix.ring_numbers(16)]
    seen = places[:, faces]
    for axis in (2, 3):
        steps = np.linalg.norm(np.diff(seen, axis=axis), axis=0)
        # A pixel is 3.7 degrees wide, at most 1.5 times that from one centre to the next.
        assert np.degrees(steps.max()) < 5.5
