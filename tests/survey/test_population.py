"""Catalogues in the units of the sky, on frames whose north points anywhere."""

import numpy as np
import pytest
from astropy.wcs import WCS
from survey_frames import make_frame

from skybench.errors import ParameterError
from skybench.survey.inject import inject

SCALE = 0.25

# Up; as DECam has it, north along +x, and east along -y; mirrored; turned by 30 degrees.
ORIENTATIONS = {
    "up": [[-1, 0], [0, 1]],
    "decam": [[0, -1], [1, 0]],
    "mirrored": [[1, 0], [0, 1]],
    "turned": [[-np.cos(0.5), np.sin(0.5)], [np.sin(0.5), np.cos(0.5)]],
}

ROUND = {"profile": ["sersic"], "magnitude": [18.0], "sersic_index": [1.0], "x": [80], "y": [75]}


def frame_turned(matrix):
    wcs = WCS(naxis=2)
    wcs.wcs.ctype, wcs.wcs.crval = ["RA---TAN", "DEC--TAN"], [30.0, 0.0]
    wcs.wcs.crpix, wcs.wcs.cd = [81, 76], np.array(matrix) * SCALE / 3600
    return make_frame(bands=("r",), psf=0.0, wcs=wcs)


def shape_on_the_sky(made):
    """Return axis ratio and angle from north to east, by the moments of the light on the sky."""
    frame, light = made.after, made.light[0]
    y, x = np.nonzero(light > 1e-3 * light.max())
    ra, dec = frame.sky_of(x.astype(float), y.astype(float))
    # At the equator both are lengths; ra 30 is in the middle.
    east, north = (ra - 30) * 3600, dec * 3600
    xx, yy, xy = (np.average(v, weights=light[y, x]) for v in (east**2, north**2, east * north))
    spread = np.hypot(xx - yy, 2 * xy)
    ratio = np.sqrt((xx + yy - spread) / (xx + yy + spread))
    return ratio, np.degrees(np.arctan2(2 * xy, yy - xx) / 2) % 180


@pytest.mark.parametrize("matrix", ORIENTATIONS.values(), ids=ORIENTATIONS)
def test_shapes_lie_on_the_sky_as_they_are_written(matrix):
    frame = frame_turned(matrix)
    g = (1 - 0.5) / (1 + 0.5)
    turn = np.deg2rad(2 * 20.0)
    spelled = {
        "angle": {"axis_ratio": [0.5], "position_angle_north": [20.0]},
        "tractor": {"shape_e1": [g * np.cos(turn)], "shape_e2": [g * np.sin(turn)]},
    }
    for shape in spelled.values():
        own = ROUND | {"half_light_radius_arcsec": [2.0]} | shape
        ratio, angle = shape_on_the_sky(inject(frame, catalogue=own))
        # Pixels are 1/8 of the radius.
        assert ratio == pytest.approx(0.5, abs=0.01)
        assert angle == pytest.approx(20, abs=0.5)


def test_ellipticities_along_x_need_no_wcs():
    frame = make_frame(bands=("r",))
    e, turn = (1 - 0.5**2) / (1 + 0.5**2), np.deg2rad(2 * 20.0)
    shape = {"e1": [e * np.cos(turn)], "e2": [e * np.sin(turn)], "half_light_radius": [8.0]}
    made = inject(frame, catalogue=ROUND | shape)
    assert made.sources.axis_ratio.item() == pytest.approx(0.5, rel=1e-4)
    assert made.sources.position_angle.item() == pytest.approx(20.0, rel=1e-4)
    assert made.sources.half_light_radius.item() == 8


@pytest.mark.parametrize(
    ("shape", "said"),
    [
        ({"e1": [0.2]}, "lacks e2: e1 and e2 are given together"),
        ({"e1": [0.2], "e2": [1.2]}, "e2 must be in"),
        ({"e1": [0.2], "e2": [0.2], "axis_ratio": [0.5]}, "e1 and e2 and axis_ratio say the same"),
        ({"axis_ratio": [0.2], "position_angle_north": [0.2]}, "no WCS, .* north is nowhere"),
    ],
)
def test_shapes_that_do_not_fit_are_told(shape, said):
    with pytest.raises(ParameterError, match=said):
        inject(make_frame(bands=("r",)), catalogue=ROUND | {"half_light_radius": [8.0]} | shape)
