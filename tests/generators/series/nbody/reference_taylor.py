"""The motion of one system by Taylor series, as the kernel has it, in numpy and to be read."""

from itertools import combinations

import numpy as np

ORDER = 16
LAST_TERM = 1e-16


def follow(position, velocity, mass, instants, softening, stretch=1.0):
    """Return places, speeds (time, body, 3) and the number of steps.

    Parameters
    ----------
    position, velocity : (body, 3) arrays
    mass : (body,) array
    instants : (time,) array
    """
    place, speed = position.copy(), velocity.copy()
    place_lost, speed_lost = np.zeros_like(place), np.zeros_like(speed)
    size, time, steps = np.abs(position).max(), 0.0, 0
    places, speeds = [], []
    while True:
        series = expand(place, speed, mass, softening)
        step = stretch * longest_step(series, size)
        while len(places) < len(instants) and instants[len(places)] - time <= step:
            moved, gained = evaluate(series, instants[len(places)] - time)
            places.append(place + moved)
            speeds.append(speed + gained)
        moved, gained = evaluate(series, step)
        place, place_lost = add(place, place_lost, moved)
        speed, speed_lost = add(speed, speed_lost, gained)
        time, steps = time + step, steps + 1
        if len(places) == len(instants):
            return np.array(places), np.array(speeds), steps


def expand(place, speed, mass, softening):
    """Return the coefficients of the positions, (order, body, 3)."""
    bodies = len(mass)
    series = np.zeros((ORDER + 1, bodies, 3))
    series[:2] = place, speed
    pairs = {pair: Pair(softening) for pair in combinations(range(bodies), 2)}
    for k in range(ORDER - 1):
        pull = np.zeros((bodies, 3))
        for (one, other), pair in pairs.items():
            force = pair.next(series[k, other] - series[k, one])
            pull[one] += mass[other] * force
            pull[other] -= mass[one] * force
        series[k + 2] = pull * (1.0 / ((k + 1) * (k + 2)))
    return series


class Pair:
    """The series of d, u = d.d + softening^2, w = u^(-3/2), from which follows that of w d."""

    def __init__(self, softening):
        self.softening = softening
        self.d, self.u, self.w = [], [], []

    def next(self, apart):
        """Take the next coefficient of d and return that of w d."""
        self.d.append(apart)
        k = len(self.d) - 1
        self.u.append(self._square(k))
        self.w.append(self._weight(k))
        return in_order(self.w[j] * self.d[k - j] for j in range(k + 1))

    def _square(self, k):
        zero = [np.zeros(3)]
        x, y, z = in_order([*zero, *(self.d[j] * self.d[k - j] for j in range((k + 1) // 2))])
        total = 2 * (x + y + z)
        if k % 2 == 0:
            x, y, z = self.d[k // 2] * self.d[k // 2]
            total += x + y + z + (0 if k else self.softening * self.softening)
        return total

    def _weight(self, k):
        inverse = 1 / self.u[0]
        if k == 0:
            return inverse / np.sqrt(self.u[0])
        total = in_order(
            (-1.5 * k + j / 2) * (self.w[j] * self.u[k - j]) for j in reversed(range(k))
        )
        return total * inverse * (1.0 / k)


def in_order(terms):
    """Return the sum of terms, from the first to the last."""
    total = 0.0
    for term in terms:
        total = total + term
    return total


def longest_step(series, size):
    """Return how far neither of the last two terms is too large."""
    last, before = np.abs(series[ORDER]).max(), np.abs(series[ORDER - 1]).max()
    first = sixteenth_root(LAST_TERM * size / (before + 1e-300))
    second = sixteenth_root(first)
    odd = first * second * sixteenth_root(second)
    return min(sixteenth_root(LAST_TERM * size / (last + 1e-300)), odd)


def sixteenth_root(x):
    """Return x^(1/16)."""
    return np.sqrt(np.sqrt(np.sqrt(np.sqrt(x))))


def evaluate(series, since):
    """Return how far the bodies have come and what they gained in velocity since the step began."""
    place, speed = np.zeros_like(series[0]), np.zeros_like(series[0])
    for k in range(ORDER, 1, -1):
        place = place * since + series[k]
        speed = speed * since + k * series[k]
    return (place * since + series[1]) * since, speed * since


def add(total, lost, change):
    """Return the sum and what its rounding lost."""
    change = change + lost
    result = total + change
    return result, change - (result - total)


def energies(position, velocity, mass, softening):
    """Return kinetic and potential energies (system, time) of (system, time, body, axis) arrays."""
    kinetic, potential = np.zeros((2, *position.shape[:2]))
    for one in range(len(mass)):
        kinetic += 0.5 * mass[one][:, None] * squared(velocity[:, :, one])
        for other in range(one):
            apart = squared(position[:, :, one] - position[:, :, other])
            product = (mass[one] * mass[other])[:, None]
            potential -= product / np.sqrt(apart + softening * softening)
    return kinetic, potential


def squared(vectors):
    """Return squared lengths, summed in the order of the axes."""
    return in_order(np.moveaxis(vectors * vectors, -1, 0))
