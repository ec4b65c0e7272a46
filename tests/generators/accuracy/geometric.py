"""Plane shapes, each against the areas that its outline covers."""

import numpy as np
from accuracy.measure import Measure
from geometric import reference_areas as areas

from skybench.generators import Arc, Circle, Ellipse, Line, Polygon, Rectangle
from skybench.generators.distributions import uniform

SIDE = 128


def of_outlines(outlines):
    """Return the error of a kind of shape: of its areas, and 1 for a pixel by the centre rule."""

    def error(shape):
        size = (SIDE, SIDE)
        truth = areas.covered(outlines(shape), size)
        drawn = shape.render(size, antialias=True).values / shape.brightness
        sharp = shape.render(size).values / shape.brightness
        wrong = (sharp != np.rint(truth)) & ((truth < 1e-6) | (truth > 1 - 1e-6))
        return max(np.abs(drawn - truth).max(), float(wrong.any()))

    return error


def with_hole(outer, hole, hollow):
    return [outer, areas.reversed_(hole)] if hollow else [outer]


def rectangle(one):
    x, y, t = one.x, one.y, one.thickness
    outer = areas.box(x, y, one.width, one.height, one.position_angle)
    hole = areas.box(x, y, one.width - 2 * t, one.height - 2 * t, one.position_angle)
    return with_hole(outer, hole, 0 < 2 * t < min(one.width, one.height))


def line(one):
    return [areas.box(one.x, one.y, one.length, one.line_width, one.position_angle)]


def polygon(one):
    count = int(one.side_count)
    apothem = np.cos(np.pi / count)
    inner = one.radius - one.thickness / apothem
    outer, hole = (
        areas.vertices(one.x, one.y, r, count, one.position_angle) for r in (one.radius, inner)
    )
    return with_hole(outer, hole, one.thickness > 0 and inner > 0)


def ellipse(one):
    major = one.radius
    minor = major * getattr(one, "axis_ratio", 1.0)
    t, angle = one.thickness, getattr(one, "position_angle", 0.0)
    outer = areas.ellipse(one.x, one.y, major, minor, angle)
    hole = areas.ellipse(one.x, one.y, max(major - t, 0), max(minor - t, 0), angle)
    return with_hole(outer, hole, 0 < t < minor)


def arc(one):
    inner, turn = max(one.radius - one.line_width, 0.0), np.deg2rad(one.opening_angle)
    if one.opening_angle == 360:
        rings = (areas.ellipse(one.x, one.y, r, r, 0.0) for r in (one.radius, inner))
        return with_hole(*rings, inner > 0)
    first = np.deg2rad(one.position_angle) - turn / 2
    outwards = areas.arc(one.x, one.y, one.radius, one.radius, 0, first, turn)
    back = areas.arc(one.x, one.y, inner, inner, 0, first + turn, -turn)
    return [tuple(np.concatenate(pair) for pair in zip(outwards, back, strict=True))]


PLACE = {"x": uniform(50, 78), "y": uniform(50, 78)}
SIZES = (0.01, 100.0)
ENDS = {
    "brightness": (),
    "radius": SIZES,
    "width": SIZES,
    "height": SIZES,
    "length": SIZES,
    "line_width": (0.01, 50.0),
    "thickness": (0.01, 10.0),
    "position_angle": (0.0, 45.0, 90.0),
    "opening_angle": (0.5, 360.0),
    "x": (-0.5, 63.5, 127.0),
}


def _measure(kind, outlines):
    ends = {n: v for n, v in ENDS.items() if n in kind.defaults or n == "x"}
    return Measure(
        kind=kind,
        scale="of a pixel",
        error=of_outlines(outlines),
        usual=PLACE,
        ends=ends,
    )


MEASURES = (
    _measure(Rectangle, rectangle),
    _measure(Polygon, polygon),
    _measure(Arc, arc),
    _measure(Line, line),
    _measure(Ellipse, ellipse),
    _measure(Circle, ellipse),
)
