"""Bodies followed by Taylor series: against other integrators, what is conserved, and the bits."""

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from series.nbody import reference_taylor
from series.nbody.ias15 import followed_by_ias15
from series.nbody.reference_taylor import follow

from skybench.generators.native.library import kernel
from skybench.generators.series.nbody import taylor
from skybench.generators.series.nbody.orbit import State
from skybench.generators.series.nbody.taylor import Track, energies, integrate

TIMES = np.arange(6) * 1.0


def systems(bodies, dimensions, count, seed=0):
    """Return random bound-ish systems."""
    random = np.random.default_rng(seed)
    position = random.normal(size=(bodies, dimensions, count))
    velocity = 0.3 * random.normal(size=(bodies, dimensions, count))
    return State(position, velocity, random.uniform(0.5, 2, (bodies, count)))


def ellipse(eccentricity):
    """Return two bodies of unit total mass and semi-major axis, started at their apocentre."""
    apart, speed = 1 + eccentricity, np.sqrt((1 - eccentricity) / (1 + eccentricity))
    half = np.array([[-0.5, 0.0], [0.5, 0.0]])[:, :, None]
    return State(half * apart, half[:, ::-1] * speed, np.full((2, 1), 0.5))


@pytest.mark.usefixtures("each_level")
@settings(
    max_examples=12,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(
    bodies=st.integers(1, 5),
    dimensions=st.integers(2, 3),
    count=st.integers(1, 11),
    softening=st.sampled_from([0.0, 0.05, 1.0]),
    stretch=st.sampled_from([1.0, 4 / 3]),
    seed=st.integers(0, 1000),
)
def test_the_kernel_has_the_bits_of_the_reference(
    bodies, dimensions, count, softening, stretch, seed
):
    state = systems(bodies, dimensions, count, seed)
    instants = np.array([0.0, 0.01, 0.5])
    track = integrate(state, instants, softening=softening, stretch=stretch)
    assert (track.outcome == taylor.FOLLOWED).all()
    for system in {0, count - 1}:
        position, velocity = np.zeros((2, bodies, 3))
        position[:, :dimensions] = state.position[..., system]
        velocity[:, :dimensions] = state.velocity[..., system]
        places, speeds, steps = follow(
            position, velocity, state.mass[:, system], instants, softening, stretch
        )
        np.testing.assert_array_equal(track.position[system], places[..., :dimensions])
        np.testing.assert_array_equal(track.velocity[system], speeds[..., :dimensions])
        assert track.steps[system] == steps


@pytest.mark.usefixtures("each_level")
@pytest.mark.parametrize("dimensions", [2, 3])
@pytest.mark.parametrize("softening", [0.0, 0.1])
def test_energies_have_the_bits_of_the_reference(dimensions, softening):
    random = np.random.default_rng(0)
    position, velocity = random.normal(size=(2, 9, 5, 4, dimensions))
    mass, none = random.uniform(0.5, 2, (4, 9)), np.zeros(9, dtype=np.int64)
    found = energies(Track(position, velocity, none, none), mass, softening)
    known = reference_taylor.energies(position, velocity, mass, softening)
    np.testing.assert_array_equal(found.kinetic, known[0])
    np.testing.assert_array_equal(found.potential, known[1])


@pytest.mark.parametrize("short", range(5))
def test_energies_of_arrays_that_do_not_fit_are_refused(short):
    sizes = [36, 36, 6, 4, 4]
    arrays = [np.zeros(size - (short == place)) for place, size in enumerate(sizes)]
    with pytest.raises(ValueError, match="kernel nbody_energies refused its sizes"):
        kernel("nbody_energies")(*arrays[:3], 3, 3, 0.1, *arrays[3:])


@settings(max_examples=15, deadline=None)
@given(bodies=st.integers(2, 6), first=st.integers(0, 9), count=st.integers(1, 9))
def test_a_system_has_the_same_bits_in_any_company(bodies, first, count):
    state = systems(bodies, 3, 19)
    mine = slice(first, first + count)
    some = State(*(part[..., mine] for part in state))
    together = integrate(state, TIMES, softening=0.01)
    alone = integrate(some, TIMES, softening=0.01)
    for part, whole in zip(alone, together, strict=True):
        assert part.tobytes() == whole[mine].tobytes()
    both, one = energies(together, state.mass, 0.01), energies(alone, some.mass, 0.01)
    assert one.potential.tobytes() == both.potential[mine].tobytes()


@pytest.mark.parametrize("bodies", [2, 3, 5])
def test_it_follows_ias15(bodies):
    state = systems(bodies, 3, 1, seed=4)
    track = integrate(state, TIMES, softening=0.1)
    np.testing.assert_allclose(
        track.position[0], followed_by_ias15(*(p[..., 0] for p in state), TIMES, 0.1), atol=1e-11
    )


def test_the_motion_begins_with_the_pull_of_the_textbook():
    position, velocity, mass = systems(4, 3, 1)
    step = 1e-4
    track = integrate(State(position, velocity, mass), np.array([0, step]), softening=0.2)
    gained = (track.velocity[0, 1] - track.velocity[0, 0]) / step
    place, pull = position[..., 0], np.zeros((4, 3))
    for one in range(4):
        for other in set(range(4)) - {one}:
            apart = place[other] - place[one]
            pull[one] += mass[other] * apart / (apart @ apart + 0.04) ** 1.5
    # The pull changes by a few times the step over the step.
    np.testing.assert_allclose(gained, pull, atol=30 * step)


def test_outputs_cost_nothing_and_change_nothing():
    state = systems(3, 3, 4)
    often = integrate(state, np.arange(501) * 0.01, softening=0.1)
    rarely = integrate(state, np.arange(6) * 1.0, softening=0.1)
    np.testing.assert_array_equal(often.steps, rarely.steps)
    np.testing.assert_allclose(often.position[:, ::100], rarely.position, rtol=0, atol=1e-14)


def test_energy_momentum_and_angular_momentum_are_conserved():
    state = systems(5, 3, 20)
    track = integrate(state, TIMES, softening=0.1)
    mass = state.mass.T[:, None, :, None]
    energy = sum(energies(track, state.mass, 0.1))
    momentum = (mass * track.velocity).sum(axis=2)
    spin = np.cross(track.position, mass * track.velocity).sum(axis=2)
    for kept, error in ((energy, 1e-12), (momentum, 1e-13), (spin, 1e-13)):
        np.testing.assert_allclose(kept, np.broadcast_to(kept[:, :1], kept.shape), atol=error)


@pytest.mark.parametrize(("eccentricity", "most"), [(0.0, 1e-9), (0.5, 5e-9), (0.99, 2e-6)])
def test_an_orbit_closes_after_a_thousand_periods(eccentricity, most):
    # The period of unit mass and semi-major axis is 2 pi; without an error it ends where it began.
    track = integrate(ellipse(eccentricity), 2 * np.pi * np.array([0.0, 1, 1000]), softening=0)
    gap = np.abs(track.position[0] - track.position[0, 0]).max(axis=(1, 2))
    # An error of the energy is one of the period, so that the phase's grows as the time squared.
    assert gap[1] < 1e-12
    assert gap[2] < most


def test_backwards_leads_to_the_start():
    state = systems(3, 2, 30)
    there = integrate(state, TIMES, softening=0.3)
    back = integrate(
        State(
            np.moveaxis(there.position[:, -1], 0, -1),
            -np.moveaxis(there.velocity[:, -1], 0, -1),
            state.mass,
        ),
        TIMES,
        softening=0.3,
    )
    np.testing.assert_allclose(np.moveaxis(back.position[:, -1], 0, -1), state.position, atol=1e-9)


def test_steps_are_short_where_two_bodies_meet():
    wide, narrow = (
        integrate(ellipse(e), np.array([0.0, 2 * np.pi]), softening=0).steps[0] for e in (0, 0.99)
    )
    # As many as a circle has for each halving of the distance, not the 1000 of the shortest step.
    assert wide < 15
    assert 30 < narrow < 150


def test_a_collision_is_told_from_too_many_steps():
    still = State(ellipse(0).position, np.zeros((2, 2, 1)), np.full((2, 1), 0.5))
    assert integrate(still, TIMES, softening=0).outcome[0] == taylor.MET
    few = integrate(ellipse(0.9), 100 * TIMES, softening=0, most_steps=200)
    assert few.outcome[0] == taylor.TOO_MANY_STEPS
    assert few.steps[0] == 200
    assert np.isfinite(few.position[0, 0]).all()
    assert np.isnan(few.position[0, -1]).all()


def test_the_potential_energy_is_minus_the_sum_over_pairs():
    # Masses 3, 4, 5 at the corners of the 3-4-5 triangle: 3 * 4 / 5 + 4 * 5 / 3 + 3 * 5 / 4.
    position = np.array([[1.0, 3.0], [-2.0, -1.0], [1.0, -1.0]])[None, None]
    none = np.zeros(1, dtype=np.int64)
    track = Track(position, np.zeros_like(position), none, none)
    energy = energies(track, np.array([[3.0], [4.0], [5.0]]), 0.0)
    assert energy.potential[0, 0] == pytest.approx(-(12 / 5 + 20 / 3 + 15 / 4), rel=1e-15)
    assert energy.kinetic[0, 0] == 0


@pytest.mark.parametrize("short", range(9))
def test_arrays_that_do_not_fit_are_refused(short):
    pairs = 8 * (64 * 3 + 76 * 3)
    sizes = [18, 18, 6, 4, pairs, 72, 72]
    floats = [np.zeros(size - (short == place)) for place, size in enumerate(sizes)]
    whole = [np.zeros(2 - (short == 7 + place), dtype=np.int64) for place in range(2)]
    with pytest.raises(ValueError, match="kernel nbody refused its sizes"):
        kernel("nbody")(*floats[:4], 3, 3, 0.1, 1.0, 100, *floats[4:], *whole)
