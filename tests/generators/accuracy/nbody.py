"""Systems of bodies, their paths against rebound's IAS15 from the same start."""

import numpy as np
from accuracy.measure import Measure
from series.nbody.ias15 import followed_by_ias15

from skybench.generators import FigureEight, FreeFall, StarCluster, Triple, TwoBodies

OUTPUTS = 21


def error(system, duration=10.0, softening=0.0):
    """Return the largest distance from the truth while the path is trusted, over the size."""
    made = system.render(duration, OUTPUTS, softening=softening, steps_per_output=20_000)
    trusted = made.time.values <= float(made.trusted_until)
    position, velocity = made.position.values, made.velocity.values
    start, mass = position[0], made.body_mass.values
    times = made.time.values[trusted]
    truth = followed_by_ias15(start, velocity[0], mass, times, softening)
    size = np.sqrt((start**2).sum(axis=-1)).max()
    return np.sqrt(((position[trusted] - truth) ** 2).sum(axis=-1)).max() / size


MASSES = dict.fromkeys(("primary_mass", "secondary_mass", "tertiary_mass"), (0.01, 100.0))
ENDS = MASSES | {
    "semi_major_axis": (0.3, 10.0),
    "eccentricity": (0.0, 0.9),
    "mean_anomaly": (0.0, 180.0),
    "orientation": (0.0,),
    "duration": (50.0,),
}


def _measure(kind, ends, **more):
    own = {n: v for n, v in ends.items() if n in kind.defaults or n in ("duration", "softening")}
    return Measure(
        kind=kind,
        scale="of the size at the start",
        error=error,
        ends=own,
        bulk=24,
        combined=16,
        **more,
    )


MEASURES = (
    _measure(TwoBodies, ENDS),
    _measure(Triple, ENDS | {"eccentricity": (0.0, 0.6), "outer_eccentricity": (0.0, 0.6)}),
    _measure(FigureEight, MASSES | {"duration": (50.0,), "length_scale": (0.3, 3.0)}),
    _measure(FreeFall, MASSES | {"duration": (50.0,), "softening": (0.1,)}),
    _measure(
        StarCluster,
        {"duration": (20.0,), "softening": (0.05,), "total_mass": (0.1, 10.0)}
        | {"cluster_radius": (0.3, 3.0)},
    ),
)
