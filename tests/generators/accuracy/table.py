"""All measures: of each object, one or more."""

from accuracy import geometric, light_curve, nbody, pendulum, sky, sphere, volume

MEASURES = (
    *sky.MEASURES,
    *geometric.MEASURES,
    *light_curve.MEASURES,
    *nbody.MEASURES,
    *pendulum.MEASURES,
    *sphere.MEASURES,
    *volume.MEASURES,
)


def of_object(name):
    """Return the measures of an object, by the name of its class."""
    return [measure for measure in MEASURES if measure.kind.__name__ == name]
