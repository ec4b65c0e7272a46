"""The areas that shapes are measured against, themselves against known answers."""

import numpy as np
import pytest
from geometric import reference_areas as areas

SHAPE = (40, 44)


@pytest.mark.parametrize(
    ("outline", "area"),
    [
        (areas.ellipse(20.3, 19.1, 15.0, 6.0, 33.0), np.pi * 90),
        (areas.ellipse(20.3, 19.1, 0.01, 0.01, 0.0), np.pi * 1e-4),
        (areas.box(20.3, 19.1, 21.0, 9.0, 70.0), 189.0),
        (areas.vertices(20.3, 19.1, 15.0, 4, 10.0), 450.0),
    ],
)
def test_areas_are_those_of_the_formula(outline, area):
    assert areas.covered([outline], SHAPE).sum() == pytest.approx(area, abs=1e-10)
    back = areas.covered([outline, areas.reversed_(outline)], SHAPE)
    np.testing.assert_allclose(back, 0, atol=1e-12)


def test_pixels_are_covered_where_the_shape_is():
    # From -0.5 to 2.25 along x and to 1 along y, the corner of the image included.
    covered = areas.covered([areas.box(0.875, 0.25, 2.75, 1.5, 0.0)], (3, 4))
    row = [1, 1, 0.75, 0]
    np.testing.assert_allclose(covered, [row, [0.5 * share for share in row], [0] * 4], atol=1e-12)


def test_what_lies_outside_the_image_is_cut():
    whole = areas.covered([areas.ellipse(10.0, 12.0, 9.0, 5.0, 20.0)], (30, 30))
    cut = areas.covered([areas.ellipse(-2.0, 3.0, 9.0, 5.0, 20.0)], (8, 6))
    np.testing.assert_allclose(cut, whole[9:17, 12:18], atol=1e-9)
