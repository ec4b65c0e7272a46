"""Point sources: brightness, places, number counts and shape."""

import numpy as np
import pytest

from skybench.generators.random_streams import RowStreams
from skybench.generators.sphere import healpix, point_sources
from skybench.generators.sphere.point_sources import SQUARE_DEGREE, PointSources


def towards(longitude, latitude):
    lon, lat = np.deg2rad(longitude), np.deg2rad(latitude)
    return np.array([[np.cos(lat) * np.cos(lon)], [np.cos(lat) * np.sin(lon)], [np.sin(lat)]])


def drawn(longitude, latitude, fwhm, nside=32, brightness=7.0):
    values = np.zeros(12 * nside**2)
    sources = PointSources(towards(longitude, latitude), np.array([brightness]))
    point_sources.add(values, sources, fwhm, nside)
    return values


@pytest.mark.parametrize("nside", [1, 2, 32])
@pytest.mark.parametrize("fwhm", [0.0, 1e-3, 2.0, 5.0, 60.0])
@pytest.mark.parametrize("place", [(30, 0), (123, 45), (0, 90), (200, -90), (359.99, -10)])
def test_the_brightness_is_the_sum_over_the_area(nside, fwhm, place):
    values = drawn(*place, fwhm, nside)
    area = healpix.pixel_area(nside) / SQUARE_DEGREE
    assert values.sum() * area == pytest.approx(7.0, rel=1e-12)
    assert (values >= 0).all()


def test_without_a_beam_it_is_one_pixel():
    values = drawn(30, 20, 0.0)
    (pixel,) = np.flatnonzero(values)
    longitude, latitude = healpix.coordinates(32)
    distance = np.hypot((longitude - 30) * np.cos(np.deg2rad(20)), latitude - 20)
    assert distance[pixel] == distance.min()


def test_the_beam_falls_to_a_half_at_half_its_width():
    # Along the equator, 12 degrees wide: 2^-(x / 6)^2 of the peak at x degrees.
    values = drawn(45, 0, 12.0, nside=64)
    longitude, latitude = healpix.coordinates(64)
    line = (np.abs(latitude) < 1e-9) & (np.abs(longitude - 45) < 12)
    beam = 2 ** -(((longitude[line] - 45) / 6) ** 2)
    np.testing.assert_allclose(values[line] / values.max(), beam / beam.max(), rtol=1e-2)


def test_the_centroid_is_the_place():
    values = drawn(70, 33, 6.0, nside=64)
    centre = (healpix.directions(64) * values).sum(axis=1)
    apart = np.cross(centre / np.linalg.norm(centre), towards(70, 33)[:, 0])
    assert np.degrees(np.linalg.norm(apart)) < 0.02


def test_number_counts_are_the_power_law():
    # N(> S) = N (S / S_min)^-g, cut at S_max = 1000: above 10, (0.0316 - 3e-5) of the sources.
    sources = point_sources.draw(RowStreams(1, "t"), 0, 20000, 1.5, 1.0, 1000.0)
    share = (sources.brightness > 10).mean()
    expected = (10**-1.5 - 1000**-1.5) / (1 - 1000**-1.5)
    assert share == pytest.approx(expected, abs=4 * np.sqrt(expected / 20000))
    assert sources.brightness.min() >= 1
    assert sources.brightness.max() <= 1000


def test_places_are_even_on_the_sphere():
    sources = point_sources.draw(RowStreams(1, "t"), 0, 20000, 1.5, 1.0, 10.0)
    # The mean of a coordinate is 0 within sqrt(1 / 3 / 20000), of its square 1/3.
    assert np.abs(sources.towards.mean(axis=1)).max() < 4 * np.sqrt(1 / 3 / 20000)
    assert np.abs((sources.towards**2).mean(axis=1) - 1 / 3).max() < 0.01
    np.testing.assert_allclose((sources.towards**2).sum(axis=0), 1)


def test_more_sources_are_the_same_ones_and_others():
    few, many = (
        point_sources.draw(RowStreams(1, "t"), 4, count, 1.5, 1.0, 10.0) for count in (3, 9)
    )
    assert (few.brightness == many.brightness[:3]).all()
    assert (few.towards == many.towards[:, :3]).all()


def test_no_sources_and_one_brightness_for_all():
    none = point_sources.draw(RowStreams(1, "t"), 0, 0, 1.5, 1.0, 10.0)
    values = np.zeros(48)
    point_sources.add(values, none, 1.0, 2)
    assert (values == 0).all()
    equal = point_sources.draw(RowStreams(1, "t"), 0, 5, 1.5, 3.0, 3.0)
    assert (equal.brightness == 3).all()
