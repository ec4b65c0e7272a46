"""Expressions of columns: what they say, and what is refused."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from skybench.generators.expression import condition, names_in, number

COLUMNS = {
    "g": np.array([20.0, 21.0, np.nan, 22.5]),
    "r": np.array([19.0, 20.8, 19.0, 22.0]),
    "r_half": np.array([0.1, 0.5, 1.0, 2.0]),
}


@pytest.mark.parametrize(
    ("text", "held"),
    [
        ("r < 20", [True, False, True, False]),
        # A missing number fulfils no comparison.
        ("g - r <= 0.6", [False, True, False, True]),
        ("0.131 <= r_half <= 2.0", [False, True, True, True]),
        ("0.1 < r_half < 1", [False, True, False, False]),
        ("r < 20 or r_half > 1.5", [True, False, True, True]),
        ("not r < 20", [False, True, False, True]),
        # 'and' binds less than comparisons, and 'or' less than 'and'.
        ("r < 20 and r_half == 1 or r > 21", [False, False, True, True]),
        ("max(g, 21) - min(r, 20) > 1.5", [True, False, False, True]),
        ("2 < 1", [False] * 4),
    ],
)
def test_a_cut_reads_as_in_python(text, held):
    assert condition(text, COLUMNS).tolist() == held


@given(*[st.floats(-50, 50)] * 3)
def test_numbers_are_those_of_python(a, b, c):
    columns = {name: np.array([value]) for name, value in (("a", a), ("b", b), ("c", c))}
    text = "-a*b + c**2 - (a - b)/4 + 1.5e1*abs(c)"
    assert number(text, columns)[0] == eval(text, {"a": a, "b": b, "c": c})


def test_functions_are_those_of_numpy():
    got = number("log10(r) + sqrt(r_half) + log(r) + exp(-r_half)", COLUMNS)
    r, size = COLUMNS["r"], COLUMNS["r_half"]
    np.testing.assert_array_equal(got, np.log10(r) + np.sqrt(size) + np.log(r) + np.exp(-size))


def test_the_columns_of_an_expression_are_known():
    assert names_in("g - r < log10(r_half) and 1 < 2") == {"g", "r", "r_half"}


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("r_hlf < 2", "unknown column 'r_hlf'; did you mean 'r_half'"),
        ("r < 20 & g < 21", "write 'and' instead"),
        ("~(r < 20)", "write 'not' instead"),
        ("r <", "is no expression"),
        ("", "is no expression"),
        ("r", "'r' is a number; a cut compares, as in 'r < 22'"),
        ("r and g", "'r' is a number; 'and', 'or' and 'not' join comparisons"),
        ("(r < 20) + 1 > 0", "is true or false where a number is needed"),
        ("sin(r) > 0", "unknown function 'sin'"),
        ("sqrt(r, 2) > 0", "sqrt takes 1 number, in 'sqrt\\(r, 2\\)'"),
        ("max(r) > 0", "max takes 2 numbers"),
        ("r.real > 0", "'r.real' is not allowed"),
        ("r[0] > 0", "not allowed"),
        ("__import__('os').system('true') > 0", "unknown function"),
        ("(lambda: 1)() > 0", "unknown function"),
        ("r in [1, 2]", "not allowed"),
        ("'a' < 'b'", "not allowed"),
        ("r < True", "not allowed"),
        ("1 < " + "(" * 300 + "r" + ")" * 300, "nested"),
        ("r < 1 or " * 200 + "r < 2", "at most 1000 characters"),
    ],
)
def test_all_else_is_refused(text, message):
    with pytest.raises(ValueError, match=message):
        condition(text, COLUMNS)


def test_a_parameter_is_no_truth():
    with pytest.raises(ValueError, match="'r < 2' is true or false; a parameter needs a number"):
        number("r < 2", COLUMNS)
