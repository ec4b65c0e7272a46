"""Each kind of system starts as it is defined, and moves as it should."""

import numpy as np
import pytest

from skybench.generators.series.nbody import figure_eight, triple
from skybench.generators.series.nbody.objects import NBODY_OBJECTS
from skybench.generators.series.nbody.orbit import State
from skybench.generators.series.nbody.taylor import Track, energies, integrate


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


def path(state, instants, softening=0.0):
    """Return the path of one system, (time, body, axis)."""
    return integrate(state, np.asarray(instants), softening=softening).position[0]


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
    half, whole = path(state, [0, period / 2, period])[1:]
    np.testing.assert_allclose(whole, state.position[..., 0], atol=1e-13)
    assert np.abs(half - whole).max() > 0.1


def test_two_bodies_stay_on_their_ellipse():
    # Distance over time from Kepler's equation: r = a (1 - e cos E).
    state = place("two_bodies", 2, semi_major_axis=1.0, eccentricity=0.6, mean_anomaly=0.0)
    total = float(state.mass.sum())
    one, other = np.moveaxis(path(state, 0.1 * np.arange(80)), 1, 0)
    distance = np.sqrt(((other - one) ** 2).sum(axis=1))
    mean = np.sqrt(total) * 0.1 * np.arange(80)
    anomaly = mean.copy()
    for _ in range(200):
        anomaly = mean + 0.6 * np.sin(anomaly)
    np.testing.assert_allclose(distance, 1 - 0.6 * np.cos(anomaly), atol=1e-13)


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
    one, other, _ = np.moveaxis(path(state, 0.4 * np.arange(500)), 1, 0)
    pair = np.sqrt(((other - one) ** 2).sum(axis=1))
    assert (pair.max() < 1.6) == survives


BURRAU = {
    "primary_mass": 3.0,
    "secondary_mass": 4.0,
    "tertiary_mass": 5.0,
    "base_length": 5.0,
    "apex_x": 0.14,
    "apex_y": 0.48,
}


def test_the_pythagorean_problem_starts_as_burraus():
    state = place("free_fall", 3, **BURRAU)
    assert not state.velocity.any()
    sides = [
        np.linalg.norm(state.position[i] - state.position[j]) for i, j in ((0, 1), (1, 2), (0, 2))
    ]
    # Opposite each mass lies the side of its length.
    np.testing.assert_allclose(sides, [5, 3, 4], rtol=1e-14)


def test_the_pythagorean_bodies_meet_and_part_as_szebehely_and_peters_found():
    # (1967), AJ 72, 876: the masses 4 and 5 first pass at t = 1.879, come within 4e-4 at 15.8299,
    # and from 60 on they are a close pair that leaves the mass 3 behind.
    times = np.append(np.arange(60_000) * 1e-3, 80.0)
    bodies = np.moveaxis(path(place("free_fall", 3, **BURRAU), times), 1, 0)
    apart = np.linalg.norm(bodies[1] - bodies[2], axis=-1)
    early = apart[:3000]
    assert early.argmin() * 1e-3 == pytest.approx(1.879, abs=2e-3)
    assert times[apart[:20_000].argmin()] == pytest.approx(15.830, abs=2e-3)
    assert apart[-1] < 1.5
    assert np.linalg.norm(bodies[0, -1] - bodies[1, -1]) > 10


def test_the_figure_eight_closes_and_the_bodies_follow_each_other():
    state = place("figure_eight", 3, length_scale=1.0, velocity_factor=1.0)
    start, first, second, whole = path(state, figure_eight.PERIOD * np.arange(4) / 3)
    # What is left is of the eight digits that the start and the period are given to.
    np.testing.assert_allclose(whole, start, atol=2e-7)
    # A third of the period on, each body is where another was.
    for body, other in ((0, 2), (1, 0), (2, 1)):
        gaps = [np.abs(third[body] - start[other]).max() for third in (first, second)]
        assert min(gaps) < 2e-7


def test_a_larger_figure_eight_takes_longer():
    state = place("figure_eight", 3, primary_mass=2.0, length_scale=1.5, velocity_factor=1.0)
    period = figure_eight.PERIOD * np.sqrt(1.5**3 / 2)
    start, whole = path(state, [0, period])
    np.testing.assert_allclose(whole, start, atol=1e-6)


@pytest.mark.parametrize("virial", [0.0, 0.2, 0.5])
def test_clusters_have_their_virial_ratio(virial):
    state = place("star_cluster", 12, count=8, virial_ratio=virial)
    none = np.zeros(8, dtype=np.int64)
    start = (np.moveaxis(vectors, -1, 0)[:, None] for vectors in state[:2])
    energy = energies(Track(*start, none, none), state.mass, 0.0)
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
