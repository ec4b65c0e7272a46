"""When a star is looked at: instants that are uneven, by night only, and with a gap."""

import numpy as np

from skybench.generators.arrays import Floats
from skybench.generators.series.instants import TIME_BITS
from skybench.generators.variable import round_mantissa


def instants(
    uniform: Floats,
    *,
    baseline: float,
    jitter: float,
    night_fraction: float,
    gap_start: Floats,
    gap_length: Floats,
) -> Floats:
    """Return rising instants in days, from 0 to the baseline.

    The time outside the gap is cut into as many equal parts as there are instants; each has
    one, in its middle but for the jitter. Days then shrink to their nights: the gap and the
    number of the day stay, the hours are pressed into the first part of the day.

    Parameters
    ----------
    uniform : (star, time) array
        Random numbers in (0, 1).
    baseline : float
        Days from the first possible instant to the last.
    jitter : float
        Share of its part within which an instant is random: 0 for an even cadence, 1 for
        anywhere.
    night_fraction : float
        Share of a day in which the star can be seen.
    gap_start, gap_length : (star,) arrays
        Days; the gap ends before the baseline does.
    """
    count = uniform.shape[1]
    part = (baseline - gap_length[:, None]) / count
    times = (np.arange(count) + 0.5 + jitter * (uniform - 0.5)) * part
    times = np.where(times < gap_start[:, None], times, times + gap_length[:, None])
    day = np.floor(times)
    return round_mantissa(day + night_fraction * (times - day), TIME_BITS)
