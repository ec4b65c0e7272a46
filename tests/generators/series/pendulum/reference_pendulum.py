"""The pendulum without friction to thirty digits, by mpmath's elliptic functions."""

import pytest


def angles(angle, velocity, gravity, length, times):
    """Return the angles of a pendulum, as floats: of a swing, or counted on through full turns."""
    mp = pytest.importorskip("mpmath").mp
    with mp.workdps(40):
        angle, velocity = mp.mpf(angle), mp.mpf(velocity)
        frequency = mp.sqrt(mp.mpf(gravity) / mp.mpf(length))
        sine, speed = mp.sin(angle / 2), velocity / (2 * frequency)
        square = sine**2 + speed**2
        if square == 0:
            return [0.0 for _ in times]
        if square < 1:
            phase = _argument(mp, mp.atan2(sine, speed), square)
            along = (phase + frequency * mp.mpf(float(t)) for t in times)
            return [
                float(2 * mp.asin(mp.sqrt(square) * mp.ellipfun("sn", u, m=square))) for u in along
            ]
        phase = _argument(mp, angle / 2, 1 / square)
        rate = mp.sign(velocity) * frequency * mp.sqrt(square)
        along = (phase + rate * mp.mpf(float(t)) for t in times)
        return [float(2 * _amplitude(mp, u, 1 / square)) for u in along]


def _argument(mp, amplitude, m):
    """Return F(amplitude | m), over more than a quarter turn."""
    halves = mp.nint(amplitude / mp.pi)
    return mp.ellipf(amplitude - halves * mp.pi, m) + 2 * halves * mp.ellipk(m)


def _amplitude(mp, u, m):
    """Return am(u | m), which gains pi where u gains 2 K."""
    halves = mp.nint(u / (2 * mp.ellipk(m)))
    rest = u - 2 * halves * mp.ellipk(m)
    return mp.atan2(mp.ellipfun("sn", rest, m=m), mp.ellipfun("cn", rest, m=m)) + halves * mp.pi
