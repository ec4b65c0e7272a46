"""Shapes as pictures: areas, centres, turns, outlines, borders, and shapes that hardly are any."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.ndimage import label

from skybench.errors import ParameterError
from skybench.generators import Arc, Circle, Ellipse, Line, Polygon, Rectangle

SIDE = 64

# Generic sizes, so that no pixel's centre lies on a boundary.
SHAPES = [
    Rectangle(width=21.3, height=12.7, position_angle=33.1, thickness=0, x=30.2, y=33.4),
    Rectangle(width=21.3, height=12.7, position_angle=-71.9, thickness=2.3, x=30.2, y=33.4),
    Polygon(radius=13.2, side_count=3, position_angle=11.7, thickness=0, x=30.2, y=33.4),
    Polygon(radius=17.1, side_count=7, position_angle=200.3, thickness=3.1, x=30.2, y=33.4),
    Arc(radius=15.3, line_width=3.9, position_angle=77.7, opening_angle=140.2, x=30.2, y=33.4),
    Arc(radius=15.3, line_width=3.9, position_angle=181.0, opening_angle=301.1, x=30.2, y=33.4),
    Line(length=31.7, line_width=2.6, position_angle=18.3, x=30.2, y=33.4),
    Ellipse(radius=17.4, axis_ratio=0.43, position_angle=62.2, thickness=0, x=30.2, y=33.4),
    Ellipse(radius=17.4, axis_ratio=0.43, position_angle=147.1, thickness=2.7, x=30.2, y=33.4),
    Circle(radius=14.3, thickness=0, x=30.2, y=33.4),
    Circle(radius=14.3, thickness=2.2, x=30.2, y=33.4),
]
EACH = pytest.mark.parametrize("shape", SHAPES, ids=lambda s: f"{s.name}")


def ring(outer, inner):
    return np.pi * (outer**2 - inner**2)


def polygon_area(apothem, sides):
    # Twice ``sides`` right triangles of legs a and a tan(pi / sides).
    return sides * apothem**2 * np.tan(np.pi / sides)


AREAS = [
    (Rectangle(width=20.5, height=9.25, position_angle=31, thickness=0), 20.5 * 9.25),
    # What is left is 20.5 - 2 * 2 by 9.25 - 2 * 2.
    (
        Rectangle(width=20.5, height=9.25, position_angle=31, thickness=2),
        20.5 * 9.25 - 16.5 * 5.25,
    ),
    (Line(length=30, line_width=2.5, position_angle=45), 75.0),
    (Circle(radius=12.5, thickness=0), ring(12.5, 0)),
    (Circle(radius=12.5, thickness=3), ring(12.5, 9.5)),
    (Ellipse(radius=16, axis_ratio=0.5, position_angle=20, thickness=0), np.pi * 16 * 8),
    (
        Ellipse(radius=16, axis_ratio=0.5, position_angle=20, thickness=3),
        np.pi * (16 * 8 - 13 * 5),
    ),
    # An equilateral triangle in a circle of radius R has the area 3 sqrt(3) / 4 R^2.
    (Polygon(radius=15, side_count=3, position_angle=10, thickness=0), 0.75 * np.sqrt(3) * 225),
    # A square of diagonal 2 R.
    (Polygon(radius=15, side_count=4, position_angle=10, thickness=0), 450.0),
    (
        Polygon(radius=15, side_count=6, position_angle=10, thickness=2),
        polygon_area(15 * np.cos(np.pi / 6), 6) - polygon_area(15 * np.cos(np.pi / 6) - 2, 6),
    ),
    # A third of a ring.
    (
        Arc(radius=15, line_width=4, position_angle=50, opening_angle=120),
        ring(15, 11) / 3,
    ),
    (Arc(radius=15, line_width=4, position_angle=50, opening_angle=360), ring(15, 11)),
    # As wide as its radius: a slice of a disc.
    (Arc(radius=15, line_width=20, position_angle=0, opening_angle=90), ring(15, 0) / 4),
]


@pytest.mark.parametrize(("shape", "area"), AREAS)
def test_the_covered_area_is_that_of_the_formula(shape, area):
    assert float(shape.render((SIDE, SIDE), antialias=True).sum()) == pytest.approx(area, abs=1e-7)


@pytest.mark.parametrize(("shape", "area"), AREAS)
def test_pixels_by_the_centre_rule_are_0_or_1_and_near_the_area(shape, area):
    image = shape.render((SIDE, SIDE)).values
    assert set(np.unique(image)) == {0.0, 1.0}
    # The boundary is shorter than 200 pixels and each errs by half a pixel at random.
    assert image.sum() == pytest.approx(area, abs=0.5 * np.sqrt(200) * 3)


@pytest.mark.parametrize("shape", [s for s in SHAPES if not isinstance(s, Arc)])
@pytest.mark.parametrize("antialias", [False, True])
def test_a_shape_lies_at_its_centre(shape, antialias):
    image = shape.render((SIDE, SIDE), antialias=antialias).values
    y, x = np.indices(image.shape)
    # Anti-aliased, the mean over pixels is that over the area but for the second order in each.
    tolerance = 0.01 if antialias else 0.5
    assert (image * x).sum() / image.sum() == pytest.approx(30.2, abs=tolerance)
    assert (image * y).sum() / image.sum() == pytest.approx(33.4, abs=tolerance)


def test_the_middle_of_an_arc_lies_in_the_direction_of_its_angle():
    # The centroid of a thin arc of radius r and opening 2 a lies at r sin(a) / a.
    arc = Arc(radius=20, line_width=0.5, position_angle=30, opening_angle=180, x=31, y=31)
    image = arc.render((SIDE, SIDE), antialias=True).values
    y, x = np.indices(image.shape) - 31
    dx, dy = (image * x).sum() / image.sum(), (image * y).sum() / image.sum()
    assert np.hypot(dx, dy) == pytest.approx(19.75 / (np.pi / 2), abs=0.03)
    assert np.rad2deg(np.arctan2(dy, dx)) == pytest.approx(30, abs=0.05)


def test_angles_are_counter_clockwise_from_x():
    triangle = Polygon(radius=20, side_count=3, position_angle=90, thickness=0, x=31, y=31)
    rows = triangle.render((SIDE, SIDE)).values.sum(axis=1)
    # The first vertex points to larger y, where rows are shorter.
    assert rows[48] < rows[40] < rows[24]
    line = Line(length=40, line_width=2, position_angle=45, x=31, y=31).render((SIDE, SIDE)).values
    assert line[41, 41] == 1
    assert line[21, 41] == 0


@EACH
@pytest.mark.parametrize("antialias", [False, True])
def test_turning_a_shape_by_90_degrees_turns_its_image(shape, antialias):
    middle = (SIDE - 1) / 2
    image = shape.render((SIDE, SIDE), antialias=antialias).values
    fields = {name: getattr(shape, name) for name in shape.defaults}
    if "position_angle" in fields:
        fields["position_angle"] += 90
    place = {"x": middle - (shape.y - middle), "y": middle + (shape.x - middle)}
    turned = type(shape)(**fields, **place).render((SIDE, SIDE), antialias=antialias).values
    np.testing.assert_allclose(turned, image[::-1].T, rtol=0, atol=3e-9)


@EACH
@pytest.mark.parametrize("antialias", [False, True])
def test_moving_a_shape_by_whole_pixels_moves_its_image(shape, antialias):
    image = shape.render((SIDE, SIDE), antialias=antialias).values
    fields = {name: getattr(shape, name) for name in shape.defaults}
    moved = type(shape)(**fields, x=shape.x + 5, y=shape.y - 3)
    moved = moved.render((SIDE, SIDE), antialias=antialias).values
    np.testing.assert_allclose(moved[:-3, 5:], image[3:, :-5], rtol=0, atol=3e-9)


@EACH
@pytest.mark.parametrize("antialias", [False, True])
def test_a_shape_across_the_border_is_cut_there(shape, antialias):
    whole = shape.render((SIDE, SIDE), antialias=antialias).values
    fields = {name: getattr(shape, name) for name in shape.defaults}
    cut = type(shape)(**fields, x=shape.x - 28, y=shape.y - 31)
    np.testing.assert_allclose(
        cut.render((30, 20), antialias=antialias).values, whole[31:61, 28:48], rtol=0, atol=3e-9
    )


@EACH
def test_a_shape_outside_the_image_is_not_seen(shape):
    fields = {name: getattr(shape, name) for name in shape.defaults}
    for x, y in ((-40, 32), (32, 110), (1e9, -1e30), (-1e308, 1e308)):
        image = type(shape)(**fields, x=x, y=y).render((SIDE, SIDE), antialias=True)
        assert not image.values.any()


@pytest.mark.parametrize(
    "outline",
    [
        Rectangle(width=30, height=20, position_angle=17, thickness=1.5),
        Polygon(radius=20, side_count=5, position_angle=17, thickness=1.5),
        Ellipse(radius=25, axis_ratio=0.6, position_angle=17, thickness=1.5),
        Circle(radius=20, thickness=1.5),
        Arc(radius=20, line_width=1.5, position_angle=17, opening_angle=360),
    ],
)
def test_an_outline_is_closed(outline):
    # One more than sqrt(2) thick, it holds no gap that even a diagonal step passes.
    image = outline.render((SIDE, SIDE)).values
    _, grounds = label(image == 0, structure=np.ones((3, 3)))
    _, lines = label(image)
    assert (grounds, lines) == (2, 1)


@pytest.mark.parametrize(
    "shape",
    [Circle(radius=20, thickness=4), Rectangle(width=40, height=30, position_angle=0, thickness=4)],
)
def test_an_outline_is_as_thick_as_it_says(shape):
    # The middle is 31.5: the shape begins between pixels 11 and 12, its hole after pixel 15.
    row = shape.render((SIDE, SIDE)).values[31]
    assert np.flatnonzero(row).tolist() == [12, 13, 14, 15, 48, 49, 50, 51]


@settings(max_examples=40, deadline=None)
@given(
    width=st.integers(1, 20),
    height=st.integers(1, 20),
    x=st.integers(30, 34).map(lambda v: v / 2 + 15),
    y=st.integers(30, 34).map(lambda v: v / 2 + 15),
    quarter=st.integers(0, 3),
)
def test_whole_sides_enclose_their_area_wherever_they_lie(width, height, x, y, quarter):
    one = Rectangle(
        width=width, height=height, x=x, y=y, thickness=0, position_angle=90 * quarter
    ).render((SIDE, SIDE))
    assert float(one.sum()) == width * height


def test_shapes_that_share_a_side_share_no_pixel():
    size = {"width": 10, "height": 10, "thickness": 0, "position_angle": 0}
    tiles = [
        Rectangle(**size, x=x, y=y).render((SIDE, SIDE)).values for x in (20, 30) for y in (20, 30)
    ]
    assert sum(tiles).max() == 1
    assert sum(tiles).sum() == 400


@pytest.mark.parametrize(
    "shape",
    [
        (Circle(radius=9, thickness=9), Circle(radius=9, thickness=0)),
        (Circle(radius=9, thickness=50), Circle(radius=9, thickness=0)),
        (
            Ellipse(radius=9, axis_ratio=0.5, position_angle=3, thickness=4.5),
            Ellipse(radius=9, axis_ratio=0.5, position_angle=3, thickness=0),
        ),
        (
            Rectangle(width=9, height=4, position_angle=3, thickness=2),
            Rectangle(width=9, height=4, position_angle=3, thickness=0),
        ),
        (
            Polygon(radius=9, side_count=4, position_angle=3, thickness=6.4),
            Polygon(radius=9, side_count=4, position_angle=3, thickness=0),
        ),
        (
            Arc(radius=9, line_width=9, position_angle=3, opening_angle=360),
            Circle(radius=9, thickness=0),
        ),
        (
            Arc(radius=9, line_width=2, position_angle=3, opening_angle=360),
            Circle(radius=9, thickness=2),
        ),
        (
            Ellipse(radius=9, axis_ratio=1, position_angle=31, thickness=2),
            Circle(radius=9, thickness=2),
        ),
        (
            Line(length=9, line_width=4, position_angle=31),
            Rectangle(width=9, height=4, position_angle=31, thickness=0),
        ),
    ],
)
@pytest.mark.parametrize("antialias", [False, True])
def test_two_names_of_one_shape_give_one_image(shape, antialias):
    one, other = (s.render((33, 34), antialias=antialias).values for s in shape)
    np.testing.assert_allclose(one, other, rtol=0, atol=3e-9)


@pytest.mark.parametrize("angle", [0, 45, 90, 135, 180, 270, 33.3, -1e-20, 1e30])
@pytest.mark.parametrize("opening", [360, 180, 90, 0.5])
@pytest.mark.parametrize("place", [31, 31.5])
def test_arcs_that_begin_on_an_axis_have_no_gaps(angle, opening, place):
    arc = Arc(
        radius=20, line_width=5, position_angle=angle, opening_angle=opening, x=place, y=place
    )
    covered = arc.render((SIDE, SIDE), antialias=True).values
    assert covered.sum() == pytest.approx(ring(20, 15) * opening / 360, abs=1e-6)
    sharp = arc.render((SIDE, SIDE)).values
    # A pixel that is covered whole has its centre inside; one that is not at all has it outside.
    assert (sharp[covered == 1] == 1).all()
    assert (sharp[covered == 0] == 0).all()


@pytest.mark.parametrize(
    "tiny",
    [
        Circle(radius=1e-3, thickness=0),
        Circle(radius=1e-3, thickness=1e-4),
        Line(length=1e-4, line_width=1e-4, position_angle=20),
        Polygon(radius=1e-5, side_count=64, position_angle=1, thickness=0),
        Ellipse(radius=0.01, axis_ratio=0.05, position_angle=1, thickness=0),
        Arc(radius=30, line_width=1e-8, position_angle=1, opening_angle=300),
    ],
)
def test_a_shape_smaller_than_a_pixel_covers_little_of_it(tiny):
    covered = tiny.render((SIDE, SIDE), antialias=True).values
    assert np.isfinite(covered).all()
    assert covered.min() >= 0
    assert covered.max() < 1e-4
    assert set(np.unique(tiny.render((SIDE, SIDE)))) <= {0.0, 1.0}


@pytest.mark.parametrize(
    "huge",
    [
        Circle(radius=1e4, thickness=0),
        Ellipse(radius=1e4, axis_ratio=0.05, position_angle=30, thickness=0),
        Polygon(radius=1e4, side_count=3, position_angle=30, thickness=0),
        Rectangle(width=1e4, height=1e4, position_angle=30, thickness=0),
    ],
)
def test_a_shape_larger_than_the_image_fills_it(huge):
    for antialias in (False, True):
        assert (huge.render((SIDE, SIDE), antialias=antialias) == 1).all()


def test_the_largest_circle_is_still_exact():
    # Its right side crosses the image as x = X + sqrt(R^2 - y^2), nearly a parabola.
    radius = 1e4
    image = Circle(radius=radius, thickness=0, x=32 - radius, y=31.5).render(
        (SIDE, SIDE), antialias=True
    )
    y = (np.arange(SIDE * 1000) + 0.5) / 1000 - 32
    ends = 32.5 - radius + np.sqrt(radius**2 - y**2)
    expected = ends.reshape(SIDE, 1000).mean(axis=1)
    np.testing.assert_allclose(image.sum("x"), expected, rtol=0, atol=1e-6)


@pytest.mark.parametrize(
    ("make", "parts"),
    [
        (lambda: Circle(radius=0), ["radius", "(0, 10000]", "got 0"]),
        (lambda: Circle(radius=-3), ["radius", "got -3"]),
        (lambda: Circle(radius=float("nan")), ["radius", "finite", "got nan"]),
        (lambda: Circle(radius=2e4), ["radius", "(0, 10000]", "got 20000"]),
        (lambda: Circle(thickness=-1), ["thickness", "[0, 10000]", "got -1"]),
        (lambda: Circle(x=float("inf")), ["x must be a finite number"]),
        (lambda: Circle(brightness=-1), ["brightness", "[0, 100000]", "got -1"]),
        (lambda: Rectangle(width=0), ["width", "(0, 10000]", "got 0"]),
        (lambda: Rectangle(height="tall"), ["height", "got 'tall'"]),
        (lambda: Polygon(side_count=2), ["side_count", "{3, 4, 5", "got 2"]),
        (lambda: Polygon(side_count=3.5), ["side_count", "got 3.5"]),
        (lambda: Polygon(side_count=65), ["side_count", "64}", "got 65"]),
        (lambda: Line(length=0), ["length", "(0, 10000]", "got 0"]),
        (lambda: Line(line_width=0), ["line_width", "(0, 10000]", "got 0"]),
        (lambda: Arc(opening_angle=0), ["opening_angle", "(0, 360]", "got 0"]),
        (lambda: Arc(opening_angle=361), ["opening_angle", "(0, 360]", "got 361"]),
        (lambda: Ellipse(axis_ratio=0), ["axis_ratio", "[0.05, 1]", "got 0"]),
        (lambda: Circle().render((9, 9), blur_sigma=-1), ["blur_sigma", "[0, 50]", "got -1"]),
    ],
)
def test_a_wrong_value_is_named_with_its_domain(make, parts):
    with pytest.raises(ParameterError) as caught:
        make()
    for part in parts:
        assert part in str(caught.value)
