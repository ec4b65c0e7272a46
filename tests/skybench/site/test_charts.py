"""Small charts: what they draw is in proportion, whatever the numbers are."""

import re

import numpy as np
import pytest

from skybench.site.charts import curves, histogram, interval


def lines_of(chart):
    """Return the points of each line: (point, 2) arrays."""
    found = re.findall(r'<polyline class="series s(\d)" points="([^"]+)"', chart)
    return [np.array([p.split(",") for p in points.split()], float) for _, points in found]


def test_groups_are_shares_of_themselves():
    many, few = np.repeat([1.0, 2.0], 500), np.repeat([1.0, 2.0], 2)
    first, second = lines_of(histogram({"many": many, "few": few}, "counts"))
    np.testing.assert_array_equal(first, second)


@pytest.mark.parametrize(
    "values",
    [[0, 1e9], [-1e308, 1e308], [1e-300, 1.0], [3.0, np.nextafter(3.0, 4.0)], [5.0, 5.0], []],
    ids=str,
)
def test_no_numbers_are_too_wide_or_too_close(values):
    chart = histogram({"": np.array(values, float)}, "strange")
    assert len(chart) < 4000
    assert "nan" not in chart


def test_what_spans_decades_is_on_a_logarithmic_axis_and_angles_are_not():
    rng = np.random.default_rng(0)
    assert ">log<" in histogram({"": 10 ** rng.uniform(0, 4, 1000)}, "flux")
    assert ">log<" not in histogram({"": rng.uniform(0.1, 360, 1000)}, "angle")


def test_intervals_of_a_table_share_an_axis():
    first = interval(0.5, 0.4, 0.6, (0.0, 1.0))
    x, left, right = (
        float(re.search(rf'{name}="([\d.]+)"', first[first.index("interval") :])[1])
        for name in ("cx", "x1", "x2")
    )
    assert left < x < right
    assert x == pytest.approx(60)


def test_a_loss_that_diverged_ends_the_line():
    first, second = lines_of(
        curves({"training": [3, 2, np.nan, np.inf], "validation": [3, 2, 1, 0.5]}, "losses")
    )
    assert (len(first), len(second)) == (2, 4)
    np.testing.assert_array_equal(first, second[:2])


def test_labels_are_text():
    assert 'aria-label="&#34;&gt;&lt;b&gt;"' in histogram({"": np.arange(3.0)}, '"><b>')
