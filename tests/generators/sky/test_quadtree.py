"""Adaptive cells: as many as the light needs, and all of it."""

import numpy as np
import pytest

from skybench.generators.sky import quadtree
from skybench.generators.sky.quadtree import Frame, gauss_error, integrate


class Spots:
    """Gaussian spots of unit flux at the origin."""

    def __init__(self, sigma):
        self.sigma = np.asarray(sigma, dtype=np.float64)

    def brightness(self, owner, x, y):
        sigma = self.sigma[owner]
        return np.exp(-(x**2 + y**2) / (2 * sigma**2)) / (2 * np.pi * sigma**2)

    def roughness(self, owner, x, y, half):
        sigma = self.sigma[owner]
        off = np.maximum(np.hypot(x, y) - 1.5 * half, 0)
        brightest = self.brightness(owner, off, 0 * off)
        slope = half * (1 / sigma + off / sigma**2)
        return brightest, brightest * gauss_error(slope, half / sigma)


def found(sigma, size=64, merge=1 / 16, fwhm=2.5):
    """Return the points of spots at the middle of their stamps."""
    count = len(sigma)
    at, edge = np.full(count, size / 2 + 0.3), np.zeros(count)
    frame = Frame(size, at, at, edge, edge + size, edge, edge + size)
    peak = 0.16 / (np.asarray(sigma) ** 2 + 1)
    return integrate(Spots(sigma), frame, peak, np.full(count, fwhm), merge)


@pytest.mark.parametrize("slope", [0.1, 0.5, 1.0])
def test_the_error_of_three_points_on_an_exponential(slope):
    nodes, weights = np.polynomial.legendre.leggauss(3)
    exact = np.sinh(slope) / slope
    error = abs((weights * np.exp(slope * nodes)).sum() / 2 - exact)
    assert gauss_error(np.asarray(slope), np.asarray(0.0)) == pytest.approx(error, rel=0.1)


def test_the_error_is_that_of_all_the_light_at_most():
    assert gauss_error(np.asarray(1e3), np.asarray(5.0)) == 1


@pytest.mark.parametrize("merge", [1 / 16, 1.0])
def test_spots_of_any_size_have_their_flux_place_and_width(merge):
    sigma = np.array([1e-4, 0.01, 0.3, 1, 5])
    points = found(sigma, merge=merge)
    for one in range(sigma.size):
        x, flux = points.x[points.owner == one], points.flux[points.owner == one]
        assert flux.sum() == pytest.approx(1, abs=1e-3)
        middle = (x * flux).sum() / flux.sum()
        assert middle == pytest.approx(32.3, abs=1e-3 + 0.1 * merge * (sigma[one] < 1))
        width = np.sqrt((flux * (x - middle) ** 2).sum())
        assert width == pytest.approx(sigma[one], rel=2e-2, abs=merge / 2)


def test_a_smaller_spot_takes_hardly_more_points():
    counts = [np.size(found([sigma]).flux) for sigma in (1.0, 0.1, 1e-3)]
    assert counts[2] < 4 * counts[0]


def test_a_tighter_tolerance_takes_more_points(monkeypatch):
    few = found([1.0]).flux.size
    monkeypatch.setattr(quadtree, "TOLERANCE", quadtree.TOLERANCE / 1000)
    assert found([1.0]).flux.size > few


def test_others_change_no_bit_of_a_spot():
    alone, together = found([0.3]), found([2.0, 0.3, 1e-3])
    own = together.owner == 1
    for column in ("x", "y", "flux"):
        np.testing.assert_array_equal(getattr(alone, column), getattr(together, column)[own])


def test_light_is_wanted_within_the_bounds_alone():
    edge = np.zeros(1)
    at = edge + 32
    frame = Frame(64, at, at, edge + 20, edge + 30, edge, edge + 64)
    points = integrate(Spots([8.0]), frame, np.ones(1) * 1e-3, np.ones(1) * 2.5, 1 / 16)
    # Cells of eight pixels that touch the bounds: from 15.5 to 31.5.
    assert points.x.min() > 15.5
    assert points.x.max() < 31.5
