"""The exact pendulum: its period, its conserved energy, and the top."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.integrate import solve_ivp
from series.pendulum.reference_pendulum import angles

from skybench.errors import ParameterError
from skybench.generators.series.pendulum import pendulum as exact
from skybench.generators.series.pendulum.pendulum import Pendulum

TIMES = np.linspace(0, 20, 401)


def pendulum(angle, velocity=0.0, gravity=9.81, length=1.0):
    return {
        "initial_angle": np.array([angle]),
        "initial_angular_velocity": np.array([velocity]),
        "gravity": np.array([gravity]),
        "pendulum_length": np.array([length]),
    }


@pytest.mark.parametrize(
    ("angle", "ratio"),
    [
        # T / T0 = 2 K(sin(angle / 2)) / pi: 1.18034 for 90 degrees, by the arithmetic-geometric
        # mean of 1 and cos(45 degrees), and 1 + angle^2 / 16 + ... for small ones.
        (np.pi / 2, 1.1803405990),
        (0.1, 1 + 0.01 / 16 + 11 * 1e-4 / 3072),
        (0.0, 1.0),
    ],
)
def test_the_period_grows_with_the_amplitude(angle, ratio):
    small = 2 * np.pi * np.sqrt(1 / 9.81)
    assert exact.period(pendulum(angle))[0] / small == pytest.approx(ratio, rel=1e-8)


@pytest.mark.parametrize(("angle", "velocity"), [(3.0, 0), (-3.12, 0), (1, -5), (0.5, 7), (2, -30)])
def test_it_returns_after_its_period(angle, velocity):
    some = pendulum(angle, velocity)
    period = exact.period(some)[0]
    motion = Pendulum.move(some, np.array([0.0, period, 3 * period]))
    turns = 2 * np.pi * np.sign(velocity) if np.ptp(Pendulum.move(some, TIMES).angle) > 7 else 0
    np.testing.assert_allclose(motion.angle[0], angle + turns * np.array([0, 1, 3]), atol=1e-9)
    np.testing.assert_allclose(motion.angular_velocity[0], velocity, atol=1e-8)


@settings(max_examples=60, deadline=None)
@given(angle=st.floats(-3.12, 3.12), velocity=st.floats(-15, 15), gravity=st.floats(0.1, 30))
def test_the_energy_is_conserved_and_velocity_is_the_slope(angle, velocity, gravity):
    motion = Pendulum.move(pendulum(angle, velocity, gravity), TIMES)
    energy = motion.angular_velocity**2 / 2 - gravity * np.cos(motion.angle)
    size = 15**2 / 2 + gravity
    np.testing.assert_allclose(energy / size, energy[0, 0] / size, rtol=0, atol=1e-9)
    assert motion.angle[0, 0] == pytest.approx(angle, abs=1e-9)
    assert motion.angular_velocity[0, 0] == pytest.approx(velocity, abs=1e-7)


@pytest.mark.parametrize(
    ("angle", "velocity"), [(2.5, 0), (-1, 3), (0, 6.2), (0, 6.4), (0, -6.4), (3.0, -2)]
)
def test_it_solves_the_equation_of_motion(angle, velocity):
    solved = solve_ivp(
        lambda _, state: [state[1], -9.81 * np.sin(state[0])],
        (0, 20),
        [angle, velocity],
        t_eval=TIMES,
        rtol=1e-12,
        atol=1e-12,
        method="DOP853",
    )
    motion = Pendulum.move(pendulum(angle, velocity), TIMES)
    np.testing.assert_allclose(motion.angle[0], solved.y[0], atol=1e-7)
    np.testing.assert_allclose(motion.angular_velocity[0], solved.y[1], atol=1e-7)


BOTTOM = 2 * np.sqrt(9.81)
"""The velocity at the bottom with which it just reaches the top."""

CORNERS = [
    (2.8, 0, 9.81, 1),
    (-3.12, 0, 1000, 0.05),
    (3.12, 0.13, 9.81, 1),
    (0, 6.2, 9.81, 1),
    (1, -100, 9.81, 1),
    (3.12, 100, 1000, 0.01),
    (-2, 3, 1e-3, 1e3),
    (1e-6, 0, 9.81, 1),
    *((0, way * BOTTOM * (1 + near), 9.81, 1) for way in (1, -1) for near in (1e-5, -1e-5)),
    *((3, BOTTOM * np.cos(1.5) * (1 + near), 9.81, 1) for near in (1e-4, -1e-4)),
]


@pytest.mark.parametrize("corner", CORNERS)
def test_it_is_exact_in_the_corners_of_its_domain(corner):
    names = ("initial_angle", "initial_angular_velocity", "gravity", "pendulum_length")
    one = {name: np.array([float(value)]) for name, value in zip(names, corner, strict=True)}
    times = TIMES[::40]
    found = Pendulum.move(one, times).angle[0]
    np.testing.assert_allclose(found, angles(*corner, times), rtol=0, atol=1e-10)


@pytest.mark.parametrize("near", [1e-7, -1e-9, 1e-11, -1e-13])
def test_at_the_separatrix_it_is_as_exact_as_its_start(near):
    # k^2 is right to a few 1e-16, and each passage of the top is shifted by that over 1 - k^2.
    velocity = BOTTOM * (1 + near)
    found = Pendulum.move(pendulum(0.0, velocity), TIMES[::40]).angle[0]
    exact = angles(0.0, velocity, 9.81, 1.0, TIMES[::40])
    np.testing.assert_allclose(found, exact, rtol=0, atol=1e-15 / abs(near))


def test_a_pendulum_at_rest_stays():
    assert not Pendulum.move(pendulum(0.0), TIMES).angle.any()


def test_a_pendulum_that_just_reaches_the_top_is_refused():
    # v = 2 w from the bottom: w = 3 for g = 9, L = 1.
    with pytest.raises(ParameterError, match="initial_angular_velocity 6 just reaches the top"):
        exact.period(pendulum(0.0, 6.0, gravity=9.0))
