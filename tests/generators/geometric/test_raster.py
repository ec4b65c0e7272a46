"""Coverage against independent references, and the exactness of its sums."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from skybench.generators.geometric.edges import circular_arc, direction, ellipse, listed, straight
from skybench.generators.geometric.objects import GEOMETRIC_OBJECTS
from skybench.generators.geometric.raster import boxes, coverage, inside

SIDE = 24
WINDOW = (0, 0, SIDE, SIDE)


def drawn(edges, window=WINDOW, *, rule=coverage):
    """Return the images of shapes from their edges."""
    count = edges.start.shape[0]
    edges = listed([(np.arange(count), edges)], count)
    within = boxes(edges, window)
    flat = rule(edges, within)
    images = np.zeros((count, window[3] - window[1], window[2] - window[0]))
    for one, image in enumerate(images):
        y, x = within.y0[one] - window[1], within.x0[one] - window[0]
        image[y : y + within.height[one], x : x + within.width[one]] = within.cut(flat, one)
    return images


def clipped_area(vertices, x, y):
    """Return the area of a convex polygon in pixel (x, y), after Sutherland and Hodgman (1974)."""
    for axis, sign, bound in ((0, 1, x - 0.5), (0, -1, x + 0.5), (1, 1, y - 0.5), (1, -1, y + 0.5)):
        kept = []
        for a, b in zip(vertices, vertices[1:] + vertices[:1], strict=True):
            da, db = sign * (a[axis] - bound), sign * (b[axis] - bound)
            if da >= 0:
                kept.append(a)
            if (da >= 0) != (db >= 0):
                t = da / (da - db)
                kept.append((a[0] + t * (b[0] - a[0]), a[1] + t * (b[1] - a[1])))
        vertices = kept
    pairs = zip(vertices, vertices[1:] + vertices[:1], strict=True)
    return sum(a[0] * b[1] - b[0] * a[1] for a, b in pairs) / 2


@pytest.mark.parametrize("seed", range(4))
def test_polygons_cover_what_clipping_them_to_each_pixel_leaves(seed):
    random = np.random.default_rng(seed)
    angles = np.sort(random.uniform(0, 2 * np.pi, 3 + seed))
    x, y = 11 + 9 * np.cos(angles), 12 + 9 * np.sin(angles)
    image = drawn(straight(x[None], y[None]))[0]
    vertices = list(zip(x, y, strict=True))
    expected = [[clipped_area(vertices, i, j) for i in range(SIDE)] for j in range(SIDE)]
    np.testing.assert_allclose(image, expected, rtol=0, atol=2e-9)


@pytest.mark.parametrize(
    ("major", "minor", "angle"),
    [(9.3, 4.1, 37), (9.3, 4.1, 143), (8, 8, 0), (10, 0.6, 88), (10, 0.6, 2), (0.3, 0.2, 10)],
)
@pytest.mark.parametrize("at", [(11.3, 11.8), (11.5, 11.5), (11, 11)])
def test_ellipses_cover_what_a_dense_sum_of_chords_does(major, minor, angle, at):
    fields = [np.array([float(v)]) for v in (*at, major, minor, angle)]
    image = drawn(ellipse(*fields))[0]
    # Chords of the ellipse on 4,000 lines a pixel: the sum errs by their spacing to the power 3/2
    # where the boundary is level.
    lines = 4000
    y = (np.arange(SIDE * lines) + 0.5) / lines - 0.5 - at[1]
    cos, sin = np.cos(np.deg2rad(angle)), np.sin(np.deg2rad(angle))
    # |(x cos + y sin) / a|^2 + |(y cos - x sin) / b|^2 = 1, a quadratic in x.
    a = (cos / major) ** 2 + (sin / minor) ** 2
    b = y * cos * sin * (1 / major**2 - 1 / minor**2)
    c = (y * sin / major) ** 2 + (y * cos / minor) ** 2 - 1
    half = np.sqrt(np.maximum(b**2 - a * c, 0)) / a
    left, right = at[0] - b / a - half, at[0] - b / a + half
    for column in range(SIDE):
        chord = np.clip(right, column - 0.5, column + 0.5) - np.clip(
            left, column - 0.5, column + 0.5
        )
        expected = chord.reshape(SIDE, lines).mean(axis=1)
        np.testing.assert_allclose(image[:, column], expected, rtol=0, atol=1e-5)


def test_an_arc_of_a_circle_and_its_chord_enclose_a_segment():
    # Of radius r and angle a: r^2 (a - sin a) / 2.
    for first in range(-90, 271, 15):
        for turn in (10.0, 90.0, 135.0, 359.0):
            fields = [np.array([float(v)]) for v in (11.5, 11.5, 9, first, turn)]
            arc = circular_arc(*fields)
            ends = [first + turn, first]
            x, y = (
                np.array([[11.5 + 9 * direction(np.array(float(e)))[k] for e in ends]])
                for k in (0, 1)
            )
            # The chord back, one of the two sides of a polygon of two vertices.
            chord = straight(x, y)
            chord = chord._make(field[:, :1] for field in chord)
            whole = type(arc)._make(
                np.concatenate(pair, axis=1) for pair in zip(arc, chord, strict=True)
            )
            angle = np.deg2rad(turn)
            expected = 81 * (angle - np.sin(angle)) / 2
            assert drawn(whole)[0].sum() == pytest.approx(expected, abs=1e-7)


def parameters(random, count):
    """Return random parameters of every shape, many of them on the borders of pixels."""

    def rounded(values, step):
        return np.where(random.random(count) < 0.5, np.round(values / step) * step, values)

    sizes = {
        name: rounded(10 ** random.uniform(-2, 1, count), 0.5) + 1e-3
        for name in ("radius", "width", "height", "length", "line_width", "thickness")
    }
    return sizes | {
        "source_x": rounded(random.uniform(-3, SIDE + 3, count), 0.5),
        "source_y": rounded(random.uniform(-3, SIDE + 3, count), 0.5),
        "position_angle": rounded(random.uniform(-400, 400, count), 45),
        "axis_ratio": random.uniform(0.05, 1, count),
        "side_count": random.integers(3, 65, count).astype(float),
        "opening_angle": np.minimum(rounded(random.uniform(1, 400, count), 45) + 1e-3, 360),
    }


@pytest.mark.parametrize("name", GEOMETRIC_OBJECTS)
def test_rows_are_closed_to_the_last_bit(name):
    edges = GEOMETRIC_OBJECTS[name].boundary(parameters(np.random.default_rng(5), 300))
    edges = listed([(np.arange(300), edges)], 300)
    within = boxes(edges, WINDOW)
    for flat in (coverage(edges, within), inside(edges, within)):
        assert flat.min() >= 0
        assert flat.max() <= 1
        after = np.concatenate(
            [
                within.offset[k] + (np.arange(within.height[k]) + 1) * (within.width[k] + 1) - 1
                for k in range(300)
            ]
        )
        assert not flat[after].any()


@pytest.mark.parametrize("rule", [coverage, inside])
@pytest.mark.parametrize("name", GEOMETRIC_OBJECTS)
def test_pixels_do_not_depend_on_company_or_window(name, rule):
    values = parameters(np.random.default_rng(6), 60)
    together = drawn(GEOMETRIC_OBJECTS[name].boundary(values), rule=rule)
    for one in range(0, 60, 7):
        alone = GEOMETRIC_OBJECTS[name].boundary({k: v[one : one + 1] for k, v in values.items()})
        np.testing.assert_array_equal(drawn(alone, rule=rule)[0], together[one])
        part = drawn(alone, (5, 7, 18, 20), rule=rule)[0]
        np.testing.assert_array_equal(part, together[one, 7:20, 5:18])
        wide = drawn(alone, (-9, -8, SIDE + 9, SIDE + 8), rule=rule)[0]
        np.testing.assert_array_equal(wide[8:-8, 9:-9], together[one])


@settings(max_examples=50, deadline=None)
@given(degrees=st.floats(-1e6, 1e6))
def test_directions_are_those_of_the_unit_circle(degrees):
    cos, sin = direction(np.array([degrees]))
    turned = np.deg2rad(np.mod(degrees, 360))
    np.testing.assert_allclose([cos[0], sin[0]], [np.cos(turned), np.sin(turned)], atol=1e-12)


def test_directions_of_the_axes_are_exact():
    cos, sin = direction(np.array([0.0, 90, 180, 270, 360, -90, -1e-20, 720]))
    np.testing.assert_array_equal(cos, [1, 0, -1, 0, 1, 0, 1, 1])
    np.testing.assert_array_equal(sin, [0, 1, 0, -1, 0, -1, 0, 0])


def test_no_shapes_at_all_make_an_empty_array():
    edges = listed([], 0)
    within = boxes(edges, WINDOW)
    assert coverage(edges, within).size == inside(edges, within).size == 0
