"""The mass of an NFW sphere in the cells of a grid."""

import numpy as np
import pytest
from scipy.integrate import nquad, quad

from skybench.generators.volume import parallelepiped

SPHERE = np.eye(3)
SHEARED = np.array([[1.0, 0.3, -0.2], [0.0, 1.2, 0.4], [0.1, 0.0, 0.8]])


def mu(x):
    return np.log1p(x) - x / (1 + x)


def grid(*borders):
    return [np.asarray(b, dtype=float) for b in borders]


@pytest.mark.parametrize("concentration", [0.1, 5.0, 1e4])
@pytest.mark.parametrize("to_sphere", [SPHERE, SHEARED], ids=["sphere", "sheared"])
def test_a_box_around_it_holds_all_of_the_mass(concentration, to_sphere):
    inside = np.linspace(-3, 3, 8) + 0.1
    masses = parallelepiped.masses(to_sphere, grid(inside, inside, inside), concentration)
    assert masses.sum() == pytest.approx(1, abs=1e-9)
    assert masses.min() > -1e-12


def test_planes_through_the_centre_halve_it():
    # Eight octants hold an eighth each, although every face passes through the cusp.
    halves = [-2.0, 0.0, 2.0]
    masses = parallelepiped.masses(SPHERE, grid(halves, halves, halves), 10.0)
    np.testing.assert_allclose(masses, 1 / 8, atol=1e-9)


@pytest.mark.parametrize("concentration", [1.0, 20.0])
def test_a_slab_holds_what_the_radial_integral_says(concentration):
    # The mass above the height z of a sphere: the integral over shells of the share of a
    # shell above z, (1 - z / r) / 2.
    z = 0.25

    def shell(r):
        density = concentration**2 * r / (1 + concentration * r) ** 2 / mu(concentration)
        return density * (1 - z / r) / 2

    above = quad(shell, z, 1)[0]
    masses = parallelepiped.masses(
        SPHERE, grid([-2, 2], [-2, 2], [-2, z, 2]), concentration, nodes=40
    )
    assert masses[1, 0, 0] == pytest.approx(above, rel=1e-6)


def test_a_cell_away_from_the_centre_holds_the_integral_of_the_density():
    cell = grid([0.2, 0.5], [-0.1, 0.25], [0.15, 0.3])
    concentration = 6.0

    def density(x, y, z):
        r = np.sqrt(sum((SHEARED @ (x, y, z)) ** 2))
        cusp = concentration**2 / (r * (1 + concentration * r) ** 2)
        return cusp / (4 * np.pi * mu(concentration)) * np.linalg.det(SHEARED)

    expected = nquad(density, cell, opts={"epsrel": 1e-6})[0]
    masses = parallelepiped.masses(SHEARED, cell, concentration)
    assert masses.item() == pytest.approx(expected, rel=1e-6)


def test_cells_add_up_to_the_cell_that_they_make():
    fine = np.linspace(-0.37, 0.41, 5)
    coarse = fine[::2]
    small = parallelepiped.masses(SHEARED, grid(fine, fine, fine), 9.0)
    large = parallelepiped.masses(SHEARED, grid(coarse, coarse, coarse), 9.0)
    summed = small.reshape(2, 2, 2, 2, 2, 2).sum(axis=(1, 3, 5))
    np.testing.assert_allclose(summed, large, atol=1e-7)


def test_the_potential_has_the_enclosed_mass_as_slope():
    # dP/dr = M(<r) / r^2, by differences; it is continuous at the edge.
    r, step = np.array([0.01, 0.3, 0.9, 1.5]), 1e-6
    slope = (parallelepiped.potential(r + step, 7.0) - parallelepiped.potential(r - step, 7.0)) / (
        2 * step
    )
    enclosed = np.where(r < 1, mu(7 * r) / mu(7.0), 1)
    np.testing.assert_allclose(slope, enclosed / r**2, rtol=1e-5)
    ends = parallelepiped.potential(np.array([1 - 1e-12, 1 + 1e-12]), 7.0)
    assert np.ptp(ends) < 1e-10
