import numpy as np
import pandas as pd
import pytest
from survey_frames import make_frame, make_galaxies

from skybench.errors import ParameterError
from skybench.survey.completeness import (
    completeness,
    completeness_rounds,
    detect,
    plot_completeness,
    wilson,
)
from skybench.survey.cutouts import cutouts
from skybench.survey.gallery import real_and_fake
from skybench.survey.inject import inject


def test_bright_sources_are_found_and_faint_ones_are_not():
    # Sky noise is 5 counts; 28 - 2.5 log10(5 sqrt(50 pixels)) = 24.1 is about one sigma.
    galaxies = make_galaxies(60, bands=("r",))
    galaxies["magnitude_r"] = np.where(np.arange(60) % 2, 19.0, 25.5)
    found = completeness_rounds(make_frame(bands=("r",)), galaxies, rounds=3, count=20)
    assert len(found) == 60
    table = completeness(found, edges=[18, 20, 26])
    assert table["sources"].sum() == 60 - found["is_blended"].sum()
    assert table["fraction"][0] > 0.95
    assert table["fraction"][1] < 0.15
    # A Kron ellipse of 2.5 radii holds 90 to 99 % of an exponential disc's light.
    assert -0.12 < table["flux_bias"][0] < 0.02


def test_colour_is_the_first_band_less_the_last():
    galaxies = make_galaxies(6)
    galaxies["magnitude_g"] = galaxies["magnitude_g"] + 0.7
    found = completeness_rounds(make_frame(), galaxies, rounds=1, count=6)
    np.testing.assert_allclose(found["colour"], 0.7, atol=1e-4)


def test_what_was_there_before_is_not_counted():
    frame = inject(make_frame(bands=("r",)), catalogue=star_at(60, 60)).after
    found = completeness_rounds(frame, star_at(61, 60), rounds=1, count=1)
    assert found["is_blended"].all()
    with pytest.raises(ParameterError, match="no source is left"):
        completeness(found)


def star_at(x, y):
    return {"profile": ["star"], "magnitude": [19.0], "x": [x], "y": [y]}


def test_detections_are_where_sources_are():
    bright = star_at(60.25, 80.5) | {"magnitude": [16.0]}
    made = inject(make_frame(bands=("r",)), catalogue=bright)
    found = detect(made.after)
    away = np.hypot(found["x"] - 60.25, found["y"] - 80.5)
    assert away.min() < 0.1


def test_wilson_holds_its_probability():
    random = np.random.default_rng(3)
    for p in (0.02, 0.5, 0.9):
        ends = np.array([wilson(int(k), 40) for k in random.binomial(40, p, 4000)])
        held = ((ends[:, 0] <= p) & (p <= ends[:, 1])).mean()
        assert held > 0.92
    assert wilson(0, 0) == (0.0, 1.0)


def test_a_plot_of_what_was_found(tmp_path):
    random = np.random.default_rng(1)
    found = pd.DataFrame({"magnitude": random.uniform(20, 24, 200), "is_blended": False})
    found["is_recovered"] = found["magnitude"] < 22
    found["flux_bias"] = found["size_bias"] = 0.1
    path = plot_completeness({"magnitude": completeness(found)}, tmp_path / "page.png")
    assert path.stat().st_size > 5000
    with pytest.raises(ParameterError, match="magnitude, half_light_radius or colour"):
        completeness(found, by="mass")


def test_a_gallery_has_rows_of_real_and_simulated():
    made = [
        cutouts(inject(make_frame(), catalogue=make_galaxies(6), seed=s, border=32), 64)
        for s in (1, 2)
    ]
    sheet = real_and_fake(*made)
    # Colour and four planes, a row R and a row F each; five percentiles.
    assert sheet.size == (18 + 5 * 132, 10 * 132 + 18)
    with pytest.raises(ParameterError, match="of the same bands and pixels"):
        real_and_fake(made[0], made[1].isel(band=[0]))
