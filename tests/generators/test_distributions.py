"""Quantile functions against SciPy, and ranges that cannot be."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import TypeAdapter, ValidationError
from scipy import stats

from skybench.generators import distributions
from skybench.generators.distributions import Constant, Distribution

ADAPTER = TypeAdapter(Distribution)
UNIFORM = np.concatenate([[2.0**-54, 1e-9], np.linspace(0.001, 0.999, 999), [1 - 1e-9, 1 - 2**-53]])

REFERENCES = {
    "uniform": (
        {"low": -2, "high": 5},
        stats.uniform(-2, 7).ppf,
    ),
    "log_uniform": (
        {"low": 3, "high": 400},
        stats.loguniform(3, 400).ppf,
    ),
    "power_law steep": (
        # Density x**-2.5: a Pareto of b = 1.5, cut at high / low.
        {"low": 2, "high": 60, "exponent": -2.5},
        stats.truncpareto(1.5, 30, scale=2).ppf,
    ),
    "power_law logarithmic": (
        {"low": 2, "high": 60, "exponent": -1},
        stats.loguniform(2, 60).ppf,
    ),
    "power_law flat": (
        {"low": 2, "high": 60, "exponent": 0},
        stats.uniform(2, 58).ppf,
    ),
    "power_law rising": (
        # Density x on (2, 6): the cumulative is (x^2 - 4) / 32.
        {"low": 2, "high": 6, "exponent": 1},
        lambda u: np.sqrt(4 + 32 * u),
    ),
    "power_law extreme": (
        # Density x**-91: (high / low)**90 would not fit a float.
        {"low": 1, "high": 1e6, "exponent": -91},
        stats.pareto(90).ppf,
    ),
    "power_law extremely rising": (
        # Density x**90: the cumulative is x**91 / 1e6**91 but for the negligible foot.
        {"low": 1, "high": 1e6, "exponent": 90},
        lambda u: 1e6 * u ** (1 / 91),
    ),
    "number_counts": (
        # Density 10**(0.4 m): the cumulative from 18 on is (10**(0.4 (m - 18)) - 1) / 99 for 5 mag.
        {"low": 18, "high": 23, "slope": 0.4},
        lambda u: 18 + 2.5 * np.log10(1 + 99 * u),
    ),
    "number_counts flat": (
        {"low": 18, "high": 23, "slope": 0},
        stats.uniform(18, 5).ppf,
    ),
    "number_counts falling": (
        # The mirror image of the rising ones.
        {"low": 18, "high": 23, "slope": -0.4},
        lambda u: 23 - 2.5 * np.log10(1 + 99 * (1 - u)),
    ),
    "normal": (
        {"mean": 3, "sigma": 0.5},
        stats.norm(3, 0.5).ppf,
    ),
    "truncated_normal": (
        {"mean": 3, "sigma": 0.5, "low": 2.8, "high": 4.5},
        stats.truncnorm(-0.4, 3, 3, 0.5).ppf,
    ),
    "truncated_normal far": (
        {"mean": 0, "sigma": 1, "low": -9, "high": -5},
        stats.truncnorm(-9, -5).ppf,
    ),
}

EXAMPLES = [
    {"distribution": name.split()[0], **parameters} for name, (parameters, _) in REFERENCES.items()
] + [
    {"distribution": "constant", "value": 4},
    {"distribution": "choice", "values": [1, 2, 7], "weights": [1, 0, 3]},
]


@pytest.mark.parametrize("name", REFERENCES)
def test_quantiles_agree_with_scipy(name):
    parameters, quantiles = REFERENCES[name]
    drawn = ADAPTER.validate_python({"distribution": name.split()[0], **parameters})
    np.testing.assert_allclose(drawn.quantile(UNIFORM, {}), quantiles(UNIFORM), rtol=2e-6)


def test_a_choice_follows_its_weights():
    choice = ADAPTER.validate_python(
        {"distribution": "choice", "values": [5, 1, 9], "weights": [1, 2, 5]}
    )
    uniform = (np.arange(800) + 0.5) / 800
    expected = np.repeat([5, 1, 9], [100, 200, 500])
    np.testing.assert_array_equal(choice.quantile(uniform, {}), expected)


def test_a_choice_without_weights_is_even():
    choice = ADAPTER.validate_python({"distribution": "choice", "values": [1, 2, 3, 4]})
    values, counts = np.unique(
        choice.quantile(np.linspace(0, 1, 402)[1:-1], {}), return_counts=True
    )
    assert values.tolist() == [1, 2, 3, 4]
    assert counts.tolist() == [100] * 4


def test_a_value_of_weight_zero_is_never_drawn():
    choice = ADAPTER.validate_python(
        {"distribution": "choice", "values": [1, 2, 3], "weights": [0, 1, 0]}
    )
    assert set(choice.quantile(UNIFORM, {})) == {2}


@pytest.mark.parametrize("number", [3, 3.5, "1e4", -2])
def test_a_bare_number_is_a_constant(number):
    assert ADAPTER.validate_python(number) == Constant(value=float(number))


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda e: e["distribution"])
@settings(deadline=None, max_examples=30)
@given(st.lists(st.floats(2**-54, 1 - 2**-53), min_size=2, max_size=20))
def test_quantiles_rise_and_stay_in_the_support(example, uniform):
    drawn = ADAPTER.validate_python(example)
    values = drawn.quantile(np.sort(uniform), {})
    low, high = drawn.support({})
    assert (np.diff(values) >= -1e-12 * np.abs(values[1:])).all()
    assert (values >= low - 1e-12 * abs(low)).all()
    assert (values <= high + 1e-12 * abs(high)).all()


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda e: e["distribution"])
def test_a_distribution_survives_json(example):
    drawn = ADAPTER.validate_python(example)
    assert ADAPTER.validate_json(ADAPTER.dump_json(drawn)) == drawn
    assert hash(drawn) == hash(ADAPTER.validate_python(example))


SCALING = {
    "distribution": "scaling",
    "of": "flux",
    "value": 3.0,
    "pivot": 1e4,
    "exponent": 0.5,
    "low": 0.5,
    "high": 20,
}


def test_a_scaling_is_a_power_of_the_other_parameter():
    relation = ADAPTER.validate_python(SCALING)
    flux = np.array([1e4, 4e4, 1e2, 1e12])
    # 3 at the pivot, twice that at four times the flux, cut at 0.5 and 20.
    drawn = relation.quantile(np.full(4, 0.3), {"flux": flux})
    np.testing.assert_allclose(drawn, [3, 6, 0.5, 20])
    assert relation.depends_on == "flux"
    assert relation.support({"flux": (1, 2)}) == (0.5, 20)


def test_the_scatter_of_a_scaling_is_in_dex():
    relation = ADAPTER.validate_python(SCALING | {"scatter_dex": 0.2, "low": 1e-3, "high": 1e3})
    uniform = (np.arange(20_000) + 0.5) / 20_000
    dex = np.log10(relation.quantile(uniform, {"flux": np.full(uniform.size, 1e4)}) / 3)
    assert stats.kstest(dex, stats.norm(0, 0.2).cdf).statistic < 1e-3


TREND = {
    "distribution": "trend",
    "of": "magnitude",
    "value": 2.0,
    "slope": -0.5,
    "pivot": 20,
    "low": 0.1,
    "high": 9,
}
LOOKUP = {"distribution": "lookup", "of": "magnitude", "points": [[18, 0.2], [20, 0.4], [24, 1.2]]}


def test_a_trend_is_linear_in_the_other_parameter():
    trend = ADAPTER.validate_python(TREND)
    magnitude = np.array([20.0, 21.0, 16.0, 30.0, 0.0])
    # 2 at the pivot, half a unit less a magnitude fainter, cut at 0.1 and 9.
    drawn = trend.quantile(np.full(5, 0.5), {"magnitude": magnitude})
    np.testing.assert_allclose(drawn, [2, 1.5, 4, 0.1, 9])
    assert trend.depends_on == "magnitude"
    assert trend.support({}) == (0.1, 9)


def test_a_trend_of_the_logarithm_scatters_in_dex():
    trend = ADAPTER.validate_python(
        TREND | {"value": 0.3, "log10": True, "scatter": 0.2, "low": 1e-3, "high": 1e3}
    )
    uniform = (np.arange(20_000) + 0.5) / 20_000
    dex = np.log10(trend.quantile(uniform, {"magnitude": np.full(uniform.size, 19.0)}))
    # One magnitude brighter than the pivot: 0.3 + 0.5 in dex.
    assert stats.kstest(dex, stats.norm(0.8, 0.2).cdf).statistic < 1e-3


def test_a_lookup_is_linear_between_its_points_and_constant_beyond():
    lookup = ADAPTER.validate_python(LOOKUP)
    magnitude = np.array([10.0, 18.0, 19.0, 21.0, 24.0, 99.0])
    drawn = lookup.quantile(np.full(6, 0.9), {"magnitude": magnitude})
    np.testing.assert_allclose(drawn, [0.2, 0.2, 0.3, 0.6, 1.2, 1.2])
    assert lookup.support({}) == (0.2, 1.2)


def test_the_scatter_of_a_lookup_is_normal_and_cut():
    lookup = ADAPTER.validate_python(LOOKUP | {"scatter": 0.1, "low": 0.3, "high": 2})
    uniform = (np.arange(10_000) + 0.5) / 10_000
    drawn = lookup.quantile(uniform, {"magnitude": np.full(uniform.size, 20.0)})
    assert drawn.min() == 0.3
    # A sigma below the mean is the cut: 15.87 % of the values lie on it.
    assert np.mean(drawn == 0.3) == pytest.approx(stats.norm.cdf(-1), abs=1e-3)


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"distribution": "uniform", "low": 5, "high": 2}, "low must be below high, got low 5 and"),
        ({"distribution": "uniform", "low": 2, "high": 2}, "low must be below high, got low 2 and"),
        ({"distribution": "log_uniform", "low": 0, "high": 2}, "greater than 0"),
        ({"distribution": "power_law", "low": -1, "high": 2, "exponent": 1}, "greater than 0"),
        ({"distribution": "normal", "mean": 1, "sigma": 0}, "greater than 0"),
        (
            {"distribution": "truncated_normal", "mean": 0, "sigma": 1, "low": 8, "high": 9},
            "low 8 to high 9 lies more than 6 sigma from the mean 0; move the mean or widen sigma",
        ),
        ({"distribution": "choice", "values": []}, "at least 1 item"),
        (
            {"distribution": "choice", "values": [1, 2], "weights": [1]},
            "2 values need as many weights, got 1",
        ),
        ({"distribution": "choice", "values": [1, 2], "weights": [1, -1]}, "greater than or equal"),
        (
            {"distribution": "choice", "values": [1, 2], "weights": [0, 0]},
            "at least one weight must be above 0",
        ),
        (SCALING | {"low": 3, "high": 1}, "low must be below high, got low 3 and high 1"),
        (SCALING | {"pivot": 0}, "greater than 0"),
        (TREND | {"scatter": -1}, "greater than or equal to 0"),
        (LOOKUP | {"points": [[1, 2]]}, "at least 2 items"),
        (LOOKUP | {"points": [[1, 2], [1, 3]]}, "points must rise in magnitude"),
        (LOOKUP | {"scatter": 0.1}, "a lookup with scatter needs low and high"),
        (LOOKUP | {"low": 2}, "low must be below high, got low 2 and high 1.2"),
        ({"distribution": "column", "column": "r"}, "a column needs a catalogue: add 'catalogue"),
        (SCALING | {"scatter_dex": -1}, "greater than or equal to 0"),
        ({"distribution": "uniform", "low": 1, "high": float("inf")}, "finite"),
        ({"distribution": "uniform", "low": 1, "high": 1e31}, "within -1e.30 and 1e.30"),
        ({"distribution": "uniform", "low": False, "high": 2}, "must be a number, not false"),
        ({"distribution": "choice", "values": [1, True]}, "must be a number, not true"),
        (10**400, "valid dictionary"),
        (float("nan"), "finite"),
        ({"distribution": "constant", "value": "nan"}, "finite"),
    ],
)
def test_impossible_ranges_are_refused(wrong, message):
    with pytest.raises(ValidationError, match=message):
        ADAPTER.validate_python(wrong)


def test_a_scaling_of_what_can_be_zero_is_refused():
    relation = ADAPTER.validate_python(SCALING)
    with pytest.raises(ValueError, match="a scaling needs flux above 0, but it can be -2"):
        relation.support({"flux": (-2.0, 5.0)})


def test_every_distribution_is_tested_here():
    tested = {example["distribution"] for example in EXAMPLES}
    # Of others they follow; columns are tested with their tables.
    tested |= {"scaling", "trend", "lookup", "column"}
    offered = {
        model.model_fields["distribution"].annotation.__args__[0]
        for model in vars(distributions).values()
        if hasattr(model, "model_fields") and "distribution" in model.model_fields
    }
    assert tested == offered
