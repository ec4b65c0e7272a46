"""Pendulums step by step: against the exact one, against SciPy, and friction."""

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from scipy.integrate import solve_ivp
from series.pendulum.reference_hamiltonian import follow

from skybench.errors import ParameterError
from skybench.generators.native.library import kernel
from skybench.generators.series.pendulum.hamiltonian import DampedPendulum
from skybench.generators.series.pendulum.pendulum import Pendulum

TIMES = np.arange(201) * 0.1


def pendulums(count=12, seed=0, **given):
    random = np.random.default_rng(seed)
    return {
        "initial_angle": random.uniform(-2.5, 2.5, count),
        "initial_angular_velocity": random.uniform(-2, 2, count),
        "gravity": random.uniform(2, 12, count),
        "pendulum_length": random.uniform(0.5, 2, count),
    } | {name: np.full(count, value) for name, value in given.items()}


@pytest.mark.usefixtures("each_level")
@settings(
    max_examples=15,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(
    pendulum_count=st.sampled_from([1, 5, 31, 32, 33, 70]),
    damping=st.sampled_from([0.0, 0.3, 40.0]),
    fastest=st.sampled_from([0.0, 2.0, 100.0]),
    interval=st.floats(1e-3, 0.5),
    count=st.sampled_from([1, 2, 8]),
    outputs=st.integers(1, 4),
    seed=st.integers(0, 1000),
)
def test_the_kernel_has_the_bits_of_the_reference(
    pendulum_count, damping, fastest, interval, count, outputs, seed
):
    random = np.random.default_rng(seed)
    start = [
        random.uniform(low, high, pendulum_count)
        for low, high in ((-3.12, 3.12), (-fastest, fastest), (0.1, 50), (0, damping))
    ]
    angles, velocities = np.full((2, pendulum_count, outputs), np.nan)
    kernel("pendulum")(*start, interval, count, outputs, angles, velocities)
    known = follow(*start, interval, count, outputs)
    np.testing.assert_array_equal(angles, known[0])
    np.testing.assert_array_equal(velocities, known[1])


@pytest.mark.parametrize("short", range(6))
def test_arrays_that_do_not_fit_are_refused(short):
    sizes = [3, 3, 3, 3, 12, 12]
    arrays = [np.zeros(size - (short == place)) for place, size in enumerate(sizes)]
    with pytest.raises(ValueError, match="kernel pendulum refused its sizes"):
        kernel("pendulum")(*arrays[:4], 0.1, 2, 4, *arrays[4:])


def test_without_friction_it_is_the_exact_pendulum():
    some = pendulums()
    stepped, known = DampedPendulum.move(some, TIMES), Pendulum.move(some, TIMES)
    np.testing.assert_allclose(stepped.angle, known.angle, atol=5e-9)
    np.testing.assert_allclose(stepped.angular_velocity, known.angular_velocity, atol=2e-8)


def test_close_to_the_top_it_is_the_exact_pendulum():
    # The velocity at the bottom that just reaches the top is 2 sqrt(g / L).
    near = np.array([-1e-5, 1e-5, -1e-4, 1e-4])
    some = pendulums(4, initial_angle=0.0, gravity=9.81, pendulum_length=1.0)
    some["initial_angular_velocity"] = 2 * np.sqrt(9.81) * (1 + near)
    stepped, known = DampedPendulum.move(some, TIMES), Pendulum.move(some, TIMES)
    np.testing.assert_allclose(stepped.angle, known.angle, atol=3e-8)


def test_over_the_top_it_is_the_exact_pendulum():
    some = pendulums(initial_angular_velocity=15.0)
    stepped, known = DampedPendulum.move(some, TIMES), Pendulum.move(some, TIMES)
    assert (known.angle[:, -1] > 100).all()
    np.testing.assert_allclose(stepped.angle, known.angle, atol=1e-9)


@pytest.mark.parametrize("damping", [0.01, 0.5, 20.0])
def test_with_friction_it_solves_the_equation_of_motion(damping):
    some = pendulums(4, damping=damping)
    motion = DampedPendulum.move(some, TIMES)
    for one in range(4):
        square = some["gravity"][one] / some["pendulum_length"][one]
        solved = solve_ivp(
            lambda _, y, square=square: [y[1], -square * np.sin(y[0]) - damping * y[1]],
            (0, 20),
            [some["initial_angle"][one], some["initial_angular_velocity"][one]],
            t_eval=TIMES,
            rtol=1e-13,
            atol=1e-13,
            method="DOP853",
        )
        np.testing.assert_allclose(motion.angle[one], solved.y[0], atol=1e-9)


def test_small_swings_die_away_as_the_exponential_of_half_the_damping():
    some = pendulums(
        1,
        initial_angle=1e-3,
        initial_angular_velocity=0.0,
        gravity=10.0,
        pendulum_length=1.0,
        damping=0.3,
    )
    # x'' + c x' + w^2 x = 0: x = x0 exp(-c t / 2) (cos vt + c / 2v sin vt), v^2 = w^2 - c^2 / 4.
    v = np.sqrt(10 - 0.09 / 4)
    known = np.exp(-0.15 * TIMES) * (np.cos(v * TIMES) + 0.15 / v * np.sin(v * TIMES))
    np.testing.assert_allclose(DampedPendulum.move(some, TIMES).angle[0] / 1e-3, known, atol=1e-6)


def test_a_row_has_the_same_bits_in_any_company():
    some = pendulums(30, damping=0.1)
    some["gravity"] *= np.linspace(0.1, 20, 30)
    together = DampedPendulum.move(some, TIMES)
    alone = DampedPendulum.move({name: values[7:9] for name, values in some.items()}, TIMES)
    assert alone.angle.tobytes() == together.angle[7:9].tobytes()


def test_a_pendulum_too_fast_for_its_instants_is_refused():
    with pytest.raises(ParameterError, match="natural_frequency 1000 rad/s cannot be followed"):
        DampedPendulum.move(pendulums(gravity=1000.0, pendulum_length=0.001), 10 * TIMES)
