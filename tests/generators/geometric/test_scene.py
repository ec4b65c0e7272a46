"""Several shapes on an image: how they combine, and which lies in front."""

import numpy as np
import pytest
import xarray as xr

from skybench.generators.geometric import scene as scenes
from skybench.generators.geometric.geometric_object import outlines
from skybench.generators.geometric.objects import GEOMETRIC_OBJECTS
from skybench.generators.geometric.scene import COMBINATIONS

SQUARE, CIRCLE = GEOMETRIC_OBJECTS["rectangle"].code, GEOMETRIC_OBJECTS["circle"].code
SHAPE = (12, 16)


def draw(parameters, shape, **options):
    """Return images and segmentations of all samples."""
    edges = outlines(parameters, GEOMETRIC_OBJECTS.values())
    drawn = [(a.copy(), b.copy()) for a, b in scenes.draw(parameters, edges, shape, **options)]
    return tuple(np.concatenate(part) for part in zip(*drawn, strict=True))


def scene(*slots):
    """Return one sample with squares of 4 x 4 pixels at (x, y) of a brightness; None is empty."""
    slots = [slot or (np.nan, np.nan, np.nan) for slot in slots]
    x, y, brightness = np.transpose(slots)
    some = np.isfinite(x)
    columns = {
        "kind": np.where(some, SQUARE, 0),
        "source_x": x,
        "source_y": y,
        "brightness": brightness,
        **{
            name: np.where(some, value, np.nan)
            for name, value in {
                "width": 4,
                "height": 4,
                "position_angle": 0,
                "thickness": 0,
            }.items()
        },
    }
    return xr.Dataset(
        coords={n: GEOMETRIC_OBJECTS.variables[n].holding([v]) for n, v in columns.items()}
    )


TWO = scene((4.5, 5.5, 0.5), (6.5, 5.5, 0.25))


@pytest.mark.parametrize(("combine", "overlap"), [("painter", 0.25), ("union", 0.5), ("sum", 0.75)])
@pytest.mark.parametrize("antialias", [False, True])
def test_where_two_shapes_overlap(combine, overlap, antialias):
    images, front = draw(TWO, SHAPE, combine=combine, antialias=antialias)
    # Columns 3 to 6 and 5 to 8, rows 4 to 7.
    row = np.zeros(16)
    row[3:5], row[5:7], row[7:9] = 0.5, overlap, 0.25
    np.testing.assert_array_equal(images[0, 4:8], np.tile(row, (4, 1)))
    assert images[0].sum() == row.sum() * 4
    np.testing.assert_array_equal(front[0, 5], [0] * 3 + [1] * 2 + [2] * 4 + [0] * 7)


def test_the_later_slot_is_in_front_whatever_its_kind():
    columns = {"kind": [[CIRCLE, SQUARE], [SQUARE, CIRCLE]]}
    for name in ("source_x", "source_y"):
        columns[name] = np.full((2, 2), 5.0)
    sizes = {"radius": 3, "width": 4, "height": 4, "position_angle": 0, "thickness": 0}
    columns |= {name: np.full((2, 2), value) for name, value in sizes.items()}
    columns["brightness"] = np.where(np.array(columns["kind"]) == CIRCLE, 0.5, 0.25)
    both = xr.Dataset(
        coords={n: GEOMETRIC_OBJECTS.variables[n].holding(v) for n, v in columns.items()}
    )
    images, front = draw(both, SHAPE)
    assert images[0, 5, 5] == 0.25
    assert images[1, 5, 5] == 0.5
    assert set(np.unique(front[0])) == {0, 1, 2}
    # The square lies within the circle.
    assert set(np.unique(front[1])) == {0, 2}


@pytest.mark.parametrize("combine", COMBINATIONS)
def test_empty_slots_draw_nothing(combine):
    with_gap, _ = draw(scene((4.5, 5.5, 0.5), None, (6.5, 5.5, 0.25)), SHAPE, combine=combine)
    np.testing.assert_array_equal(with_gap, draw(TWO, SHAPE, combine=combine)[0])
    nothing, front = draw(scene(None, None), SHAPE, combine=combine)
    assert not nothing.any()
    assert not front.any()


def test_half_a_pixel_lets_half_of_what_lies_behind_through():
    moved = scene((4.5, 5.5, 1.0), (7.0, 5.5, 0.5))
    images, front = draw(moved, SHAPE, antialias=True)
    # The second square begins in the middle of column 5.
    np.testing.assert_allclose(images[0, 5, 3:10], [1, 1, 0.75, 0.5, 0.5, 0.5, 0.25], atol=1e-9)
    # A centre on the left side belongs to the shape, one on the right side does not.
    np.testing.assert_array_equal(front[0, 5, 3:10], [1, 1, 2, 2, 2, 2, 0])


def test_anti_aliasing_changes_no_segmentation():
    random = np.random.default_rng(3)
    slots = [(*random.uniform(0, 12, 2), 1.0) for _ in range(6)]
    np.testing.assert_array_equal(
        draw(scene(*slots), SHAPE)[1], draw(scene(*slots), SHAPE, antialias=True)[1]
    )


def test_a_margin_shows_what_lies_beyond_the_border():
    edge = scene((-1.5, 5.5, 1.0))
    inner, front = draw(edge, SHAPE)
    outer, same = draw(edge, SHAPE, margin=3)
    assert outer.shape == (1, 18, 22)
    np.testing.assert_array_equal(outer[:, 3:-3, 3:-3], inner)
    np.testing.assert_array_equal(front, same)
    # Of the square's columns -3 to 0 one lies on the image.
    assert outer.sum() == 16
    assert inner.sum() == 4
