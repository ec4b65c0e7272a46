"""The leapfrog: what it conserves, how its error falls, and that no system sees another."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from skybench.generators.series.nbody.leapfrog import Track, energies, integrate


def systems(bodies, dimensions, count, seed=0):
    """Return random bound-ish systems: position, velocity, mass."""
    random = np.random.default_rng(seed)
    position = random.normal(size=(bodies, dimensions, count))
    velocity = 0.3 * random.normal(size=(bodies, dimensions, count))
    return position, velocity, random.uniform(0.5, 2, (bodies, count))


def circle(step):
    """Integrate two unit masses on a circle of unit separation: a period is 2 pi / sqrt(2)."""
    period = 2 * np.pi / np.sqrt(2)
    position = np.array([[-0.5, 0.0], [0.5, 0.0]])[:, :, None]
    velocity = np.array([[0.0, -np.sqrt(0.5)], [0.0, np.sqrt(0.5)]])[:, :, None]
    steps = round(period / step)
    return integrate(
        position,
        velocity,
        np.ones((2, 1)),
        step=period / steps,
        every=steps,
        outputs=2,
        softening=0.0,
    )


def pull(position, mass, softening):
    """Return the accelerations by the textbook's double sum."""
    total = np.zeros_like(position)
    for one in range(len(mass)):
        for other in range(len(mass)):
            apart = position[other] - position[one]
            if one != other:
                total[one] += mass[other] * apart / ((apart**2).sum(0) + softening**2) ** 1.5
    return total


@pytest.mark.parametrize("bodies", [2, 3, 4, 5, 6])
@pytest.mark.parametrize("dimensions", [2, 3])
def test_one_step_is_kick_drift_kick(bodies, dimensions):
    position, velocity, mass = systems(bodies, dimensions, 7)
    track = integrate(position, velocity, mass, step=0.01, every=1, outputs=2, softening=0.2)
    half = velocity + 0.005 * pull(position, mass, 0.2)
    moved = position + 0.01 * half
    np.testing.assert_allclose(track.position[1], moved, rtol=0, atol=1e-14)
    kicked = half + 0.005 * pull(moved, mass, 0.2)
    np.testing.assert_allclose(track.velocity[1], kicked, rtol=0, atol=1e-13)


def test_steps_between_outputs_are_the_same_steps():
    state = systems(3, 3, 4)
    often = integrate(*state, step=0.01, every=1, outputs=21, softening=0.1)
    rarely = integrate(*state, step=0.01, every=10, outputs=3, softening=0.1)
    np.testing.assert_allclose(often.position[::10], rarely.position, rtol=0, atol=1e-13)


def test_momentum_and_angular_momentum_are_conserved():
    position, velocity, mass = systems(5, 3, 20)
    track = integrate(position, velocity, mass, step=0.01, every=100, outputs=6, softening=0.1)
    momentum = (mass[:, None] * track.velocity).sum(axis=1)
    np.testing.assert_allclose(momentum, np.broadcast_to(momentum[0], momentum.shape), atol=1e-12)
    spin = np.cross(track.position, mass[:, None] * track.velocity, axis=2).sum(axis=1)
    np.testing.assert_allclose(spin, np.broadcast_to(spin[0], spin.shape), atol=1e-11)


def test_the_energy_error_is_bounded_and_falls_as_the_step_squared():
    # An ellipse with e = 0.5, started at its apocentre: a = 1, m = 1/2 + 1/2, v^2 = 1/3.
    position = np.array([[-0.75, 0.0], [0.75, 0.0]])[:, :, None]
    velocity = np.array([[0.0, -0.5], [0.0, 0.5]])[:, :, None] / np.sqrt(3)
    mass = np.full((2, 1), 0.5)
    worst = []
    for step in (0.04, 0.02, 0.01):
        every = round(0.2 / step)
        track = integrate(
            position, velocity, mass, step=step, every=every, outputs=2000, softening=0.0
        )
        total = sum(energies(track, mass, 0.0))
        error = np.abs(total / total[0] - 1)[:, 0]
        # Sixty periods on, the error is no larger than over the first six.
        assert error[1800:].max() < 1.1 * error[:200].max()
        worst.append(error.max())
    assert worst[0] / worst[1] == pytest.approx(4, rel=0.1)
    assert worst[1] / worst[2] == pytest.approx(4, rel=0.1)


def test_a_circle_closes_after_its_period():
    # The gap left by the error of the phase falls as the step squared.
    wide, narrow = (
        np.linalg.norm(track.position[1] - track.position[0], axis=1).max()
        for track in (circle(0.01), circle(0.005))
    )
    assert wide < 3e-4
    assert wide / narrow == pytest.approx(4, rel=0.02)


def test_backwards_leads_to_the_start():
    position, velocity, mass = systems(3, 2, 30)
    there = integrate(position, velocity, mass, step=0.01, every=500, outputs=2, softening=0.3)
    back = integrate(
        there.position[1], there.velocity[1], mass, step=-0.01, every=500, outputs=2, softening=0.3
    )
    np.testing.assert_allclose(back.position[1], position, atol=1e-9)
    np.testing.assert_allclose(back.velocity[1], velocity, atol=1e-9)


@settings(max_examples=15, deadline=None)
@given(bodies=st.integers(2, 6), first=st.integers(0, 9), count=st.integers(1, 9))
def test_a_system_has_the_same_bits_in_any_company(bodies, first, count):
    state = systems(bodies, 3, 19)
    together = integrate(*state, step=0.02, every=7, outputs=5, softening=0.01)
    mine = slice(first, first + count)
    alone = integrate(
        *(part[..., mine] for part in state), step=0.02, every=7, outputs=5, softening=0.01
    )
    for part, whole in zip(alone, together, strict=True):
        assert part.tobytes() == np.ascontiguousarray(whole[..., mine]).tobytes()
    both = energies(together, state[2], 0.01)
    one = energies(alone, state[2][:, mine], 0.01)
    assert one.potential.tobytes() == np.ascontiguousarray(both.potential[:, mine]).tobytes()


def test_the_potential_energy_is_minus_the_sum_over_pairs():
    # Masses 3, 4, 5 at the corners of the 3-4-5 triangle: 3 * 4 / 5 + 4 * 5 / 3 + 3 * 5 / 4.
    position = np.array([[1.0, 3.0], [-2.0, -1.0], [1.0, -1.0]])[None, :, :, None]
    track = Track(position, np.zeros_like(position))
    energy = energies(track, np.array([[3.0], [4.0], [5.0]]), 0.0)
    assert energy.potential[0, 0] == pytest.approx(-(12 / 5 + 20 / 3 + 15 / 4), rel=1e-15)
    assert energy.kinetic[0, 0] == 0


def test_it_follows_rebound():
    rebound = pytest.importorskip("rebound")
    position, velocity, mass = systems(3, 3, 2, seed=4)
    track = integrate(position, velocity, mass, step=0.001, every=1000, outputs=2, softening=0.1)
    for system in range(2):
        peer = rebound.Simulation()
        peer.integrator, peer.dt, peer.softening = "leapfrog", 0.001, 0.1
        for m, p, v in zip(
            mass[:, system], position[..., system], velocity[..., system], strict=True
        ):
            peer.add(m=m, x=p[0], y=p[1], z=p[2], vx=v[0], vy=v[1], vz=v[2])
        peer.steps(1000)
        theirs = np.array([p.xyz for p in peer.particles])
        # Theirs drifts, kicks and drifts: it differs from ours by the error of both.
        np.testing.assert_allclose(track.position[1, ..., system], theirs, atol=2e-6)
