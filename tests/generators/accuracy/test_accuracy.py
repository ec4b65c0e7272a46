"""The accuracy that is documented is what is measured, of every object."""

import make_accuracy
import numpy as np
import pytest
from accuracy.measure import Measure
from accuracy.table import MEASURES

from skybench.errors import ParameterError
from skybench.generators import Star
from skybench.generators.distributions import uniform

FIGURES = make_accuracy.read()
ROUNDING = 1e-12

EACH = pytest.mark.parametrize(
    ("measure", "measured"),
    [
        pytest.param(measure, measured, id=f"{name}: {measured['scale']}")
        for name, found in FIGURES.items()
        for measure, measured in zip(
            (m for m in MEASURES if m.kind.__name__ == name), found, strict=True
        )
    ],
)


def test_every_object_has_a_row():
    names = set(make_accuracy.kinds())
    assert names == set(FIGURES), "run make accuracy"
    assert names == {measure.kind.__name__ for measure in MEASURES}


def test_the_page_is_current():
    page = make_accuracy.page(FIGURES)
    assert make_accuracy.PAGE.read_text(encoding="utf-8") == page, "run make accuracy"


def holds(measure, group, case):
    error = measure.error_of(case)
    assert error <= 1.1 * group["largest"] + ROUNDING, "run make accuracy"


@EACH
def test_usual_cases_are_as_exact_as_documented(measure, measured):
    holds(measure, measured["usual"], measure.usual_case(0))
    holds(measure, measured["usual"], measured["usual"]["worst"])


@pytest.mark.soak
@EACH
def test_corners_are_as_exact_as_documented(measure, measured):
    if measured["corners"]:
        holds(measure, measured["corners"], measured["corners"]["worst"])


def wide(star):
    """Return an error that grows with the PSF, of stars that are not too wide."""
    if star.fwhm > 50:
        msg = "too wide"
        raise ParameterError(msg)
    return star.fwhm


def some(**changes):
    return Measure(
        kind=Star,
        scale="of nothing",
        error=wide,
        usual={"fwhm": uniform(1, 2)},
        **{"ends": {"flux": (), "fwhm": (0.5, 40.0, 60.0)}, "bulk": 5, "combined": 4} | changes,
    )


def test_what_is_said_of_errors_is_what_they_are():
    found = some().measured()
    drawn = [some().usual_case(number)["fwhm"] for number in range(5)]
    assert found["usual"]["median"] == pytest.approx(np.median(drawn), rel=5e-3)
    assert found["usual"]["worst"]["fwhm"] == max(drawn)
    assert found["corners"]["largest"] == 40
    assert found["against"] == Star.accuracy


def test_what_an_object_refuses_is_counted_apart():
    corners = some(combined=0).measured()["corners"]
    assert (corners["cases"], corners["refused"]) == (2, 1)
    assert some(ends={"flux": ()}).measured()["corners"] is None


def test_a_case_is_the_same_whatever_others_there_are():
    assert some().usual_case(3) == some(bulk=500).usual_case(3)
    assert list(some().corners()) == list(some(bulk=500, combined=9).corners())[:7]
