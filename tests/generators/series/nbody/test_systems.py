"""Each kind of system starts as it is defined, and moves as it should."""

import numpy as np
import pytest

from skybench.generators.series.nbody import figure_eight, triple
from skybench.generators.series.nbody.leapfrog import Track, energies, integrate
from skybench.generators.series.nbody.objects import NBODY_OBJECTS
from skybench.generators.series.nbody.orbit import State


def place(name, bodies, count=1, seed=0, **given):
    """Return systems of one kind, all alike but for what is drawn at random."""
    system = NBODY_OBJECTS[name]
    values = {
        n: np.full(count, given.get(n, d.quantile(np.array([0.5]), {})[0]))
        for n, d in system.defaults.items()
    }
    values |= system.derive(values)
    random = np.random.default_rng(seed)
    return system.place(values, bodies, lambda n: random.uniform(size=(count, n)))


def at_rest(state: State):
    """Return the total momentum and the centre of mass, both to be 0."""
    return np.stack([(state.mass[:, None] * vectors).sum(0) for vectors in state[:2]])


@pytest.mark.parametrize("name", NBODY_OBJECTS)
def test_systems_start_about_their_centre_of_mass(name):
    state = place(name, NBODY_OBJECTS[name].bodies or 7, count=3)
    np.testing.assert_allclose(at_rest(state), 0, atol=1e-13)
    assert state.position.shape == state.velocity.shape == (*state.mass.shape[:1], 3, 3)


@pytest.mark.parametrize("eccentricity", [0.0, 0.3, 0.7])
def test_two_bodies_return_after_keplers_period(eccentricity):
    state = place(
        "two_bodies",
        2,
        primary_mass=1.0,
        secondary_mass=0.5,
        semi_major_axis=1.3,
        eccentricity=eccentricity,
    )
    period = 2 * np.pi * np.sqrt(1.3**3 / 1.5)
    track = integrate(*state, step=period / 40000, every=10000, outputs=5, softening=0.0)
    np.testing.assert_allclose(track.position[4], state.position, atol=2e-5)
    assert np.abs(track.position[2] - state.position).max() > 0.1


def test_two_bodies_stay_on_their_ellipse():
    # Distance over time from Kepler's equation: r = a (1 - e cos E).
    state = place("two_bodies", 2, semi_major_axis=1.0, eccentricity=0.6, mean_anomaly=0.0)
    total = float(state.mass.sum())
    track = integrate(*state, step=1e-4, every=1000, outputs=80, softening=0.0)
    distance = np.sqrt(((track.position[:, 1] - track.position[:, 0]) ** 2).sum(axis=1))[:, 0]
    mean = np.sqrt(total) * 0.1 * np.arange(80)
    anomaly = mean.copy()
    for _ in range(200):
        anomaly = mean + 0.6 * np.sin(anomaly)
    np.testing.assert_allclose(distance, 1 - 0.6 * np.cos(anomaly), atol=2e-5)


def test_the_limit_of_stability_is_mardling_and_aarseths():
    # Three equal masses, circular, in one plane: 2.8 (1 + 1/2)^0.4 = 3.293.
    one = np.array([1.0])
    assert triple.critical_ratio(one / 2, 0 * one, 0 * one)[0] == pytest.approx(3.2930, abs=1e-4)
    retrograde = triple.critical_ratio(one / 2, 0 * one, 180 * one)[0]
    assert retrograde == pytest.approx(0.7 * 3.2930, abs=1e-4)


@pytest.mark.parametrize(("ratio", "survives"), [(1.5, True), (0.55, False)])
def test_triples_beyond_the_limit_survive_and_others_do_not(ratio, survives):
    state = place(
        "triple", 3, stability_ratio=ratio, mutual_inclination=0.0, outer_eccentricity=0.0
    )
    track = integrate(*state, step=0.002, every=200, outputs=500, softening=0.0)
    pair = np.sqrt(((track.position[:, 1] - track.position[:, 0]) ** 2).sum(axis=1))
    assert (pair.max() < 1.6) == survives


def test_the_pythagorean_problem_starts_as_burraus():
    state = place(
        "free_fall",
        3,
        primary_mass=3.0,
        secondary_mass=4.0,
        tertiary_mass=5.0,
        base_length=5.0,
        apex_x=0.14,
        apex_y=0.48,
    )
    assert not state.velocity.any()
    sides = [
        np.linalg.norm(state.position[i] - state.position[j]) for i, j in ((0, 1), (1, 2), (0, 2))
    ]
    # Opposite each mass lies the side of its length.
    np.testing.assert_allclose(sides, [5, 3, 4], rtol=1e-14)


def test_the_pythagorean_bodies_meet_when_burraus_do():
    # Szebehely & Peters (1967), AJ 72, 876: the masses 4 and 5 first pass at t = 1.879.
    state = place(
        "free_fall",
        3,
        primary_mass=3.0,
        secondary_mass=4.0,
        tertiary_mass=5.0,
        base_length=5.0,
        apex_x=0.14,
        apex_y=0.48,
    )
    track = integrate(*state, step=2e-5, every=500, outputs=250, softening=0.0)
    apart = np.linalg.norm(track.position[:, 1] - track.position[:, 2], axis=1)[:, 0]
    assert apart.argmin() * 0.01 == pytest.approx(1.88, abs=0.02)
    assert apart.min() < 0.05


def test_the_figure_eight_closes_and_the_bodies_follow_each_other():
    state = place("figure_eight", 3, length_scale=1.0, velocity_factor=1.0)
    steps = 3 * 4000
    track = integrate(
        *state, step=figure_eight.PERIOD / steps, every=steps // 3, outputs=4, softening=0.0
    )
    np.testing.assert_allclose(track.position[3], state.position, atol=2e-6)
    # A third of the period on, each body is where another was.
    for body, other in ((0, 2), (1, 0), (2, 1)):
        swapped = np.abs(track.position[1, body] - state.position[other]).max()
        assert (
            swapped < 1e-5 or np.abs(track.position[2, body] - state.position[other]).max() < 1e-5
        )


def test_a_larger_figure_eight_takes_longer():
    state = place("figure_eight", 3, primary_mass=2.0, length_scale=1.5, velocity_factor=1.0)
    period = figure_eight.PERIOD * np.sqrt(1.5**3 / 2)
    track = integrate(*state, step=period / 10000, every=10000, outputs=2, softening=0.0)
    np.testing.assert_allclose(track.position[1], state.position, atol=1e-5)


@pytest.mark.parametrize("virial", [0.0, 0.2, 0.5])
def test_clusters_have_their_virial_ratio(virial):
    state = place("star_cluster", 12, count=8, virial_ratio=virial)
    energy = energies(Track(state.position[None], state.velocity[None]), state.mass, 0.0)
    np.testing.assert_allclose(-energy.kinetic / energy.potential, virial, rtol=1e-12)


def test_clusters_are_plummer_spheres():
    # Half of the 99 % kept lie within r / a = sqrt(s / (1 - s)), s = (0.99 / 2)^(2/3).
    state = place("star_cluster", 20, count=400, cluster_radius=2.0, total_mass=3.0)
    assert state.mass.sum(axis=0) == pytest.approx(3)
    share = (0.99 / 2) ** (2 / 3)
    radius = np.sqrt((state.position**2).sum(axis=1))
    inside = (radius < 2 * np.sqrt(share / (1 - share))).mean()
    # 8000 bodies: the binomial error is 0.006; centring on 20 bodies shifts it a little.
    assert inside == pytest.approx(0.5, abs=0.03)
    # No direction is preferred: the mean of cos^2 is 1/3.
    assert ((state.position[:, 2] / radius) ** 2).mean() == pytest.approx(1 / 3, abs=0.015)
