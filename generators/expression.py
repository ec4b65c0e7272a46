"""Expressions over columns of numbers, as a user writes them: cuts of a catalogue, and new columns.

    g - r <= 1.15*(r - z) - 0.15 and 0.131 <= r_half <= 2.0

They read as Python's: comparisons chain, ``and`` binds less than they do. Nothing else of Python is
there: no attribute, index, call or name but those of the columns and of a few functions.
"""

import ast
from collections.abc import Callable, Mapping
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from skybench.generators.suggestion import unknown

Values: TypeAlias = NDArray[Any]

_LONGEST = 1000

FUNCTIONS: dict[str, Callable[..., Values]] = {
    "abs": np.abs,
    "exp": np.exp,
    "log": np.log,
    "log10": np.log10,
    "max": np.maximum,
    "min": np.minimum,
    "sqrt": np.sqrt,
}

_ARITHMETIC: dict[type[ast.operator], Callable[[Any, Any], Values]] = {
    ast.Add: np.add,
    ast.Sub: np.subtract,
    ast.Mult: np.multiply,
    ast.Div: np.divide,
    ast.Pow: np.power,
}
_COMPARISONS: dict[type[ast.cmpop], Callable[[Any, Any], Values]] = {
    ast.Lt: np.less,
    ast.LtE: np.less_equal,
    ast.Gt: np.greater,
    ast.GtE: np.greater_equal,
    ast.Eq: np.equal,
    ast.NotEq: np.not_equal,
}
_JOINED: dict[type[ast.boolop], Callable[[Any, Any], Values]] = {
    ast.And: np.logical_and,
    ast.Or: np.logical_or,
}
_SIGNS: dict[type[ast.unaryop], Callable[[Any], Values]] = {
    ast.USub: np.negative,
    ast.UAdd: np.positive,
    ast.Not: np.logical_not,
}
_BITWISE = {ast.BitAnd: "and", ast.BitOr: "or", ast.BitXor: "**"}
"""What those write who come from numpy, and what they mean here."""


def names_in(expression: str) -> frozenset[str]:
    """Return the columns that an expression needs.

    Raises
    ------
    ValueError
        It is not one.
    """
    tree = _parsed(expression)
    called = {id(node.func) for node in ast.walk(tree) if isinstance(node, ast.Call)}
    return frozenset(
        node.id for node in ast.walk(tree) if isinstance(node, ast.Name) and id(node) not in called
    )


def condition(expression: str, columns: Mapping[str, Values]) -> NDArray[np.bool_]:
    """Return where an expression holds; where a number is missing, no comparison does.

    Raises
    ------
    ValueError
        It is not an expression, has a column that is not there, or says nothing true or false.
    """
    held = _value(expression, columns)
    if held.dtype != np.bool_:
        msg = f"{expression!r} is a number; a cut compares, as in 'r < 22'"
        raise ValueError(msg)
    return held


def number(expression: str, columns: Mapping[str, Values]) -> NDArray[np.float64]:
    """Return the values of an expression; NaN where a number is missing, or there is none.

    Raises
    ------
    ValueError
        It is not an expression, has a column that is not there, or is true or false.
    """
    values = _value(expression, columns)
    if values.dtype == np.bool_:
        msg = f"{expression!r} is true or false; a parameter needs a number"
        raise ValueError(msg)
    return values.astype(np.float64)


def _value(expression: str, columns: Mapping[str, Values]) -> Values:
    tree = _parsed(expression)
    length = len(next(iter(columns.values()))) if columns else 0
    with np.errstate(all="ignore"):
        return np.array(np.broadcast_to(_evaluated(tree, columns), (length,)))


def _parsed(expression: str) -> ast.expr:
    if len(expression) > _LONGEST:
        msg = f"an expression has at most {_LONGEST} characters, got {len(expression):,}"
        raise ValueError(msg)
    try:
        return ast.parse(expression.strip(), mode="eval").body
    except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
        reason = getattr(error, "msg", None) or "nested too deeply"
        msg = f"{expression!r} is no expression: {reason}"
        raise ValueError(msg) from None


def _evaluated(node: ast.expr, columns: Mapping[str, Values]) -> Values:
    part = _PARTS.get(type(node))
    if part is None:
        raise _refused(node)
    return part(node, columns)


def _name(node: ast.Name, columns: Mapping[str, Values]) -> Values:
    if node.id not in columns:
        raise ValueError(unknown("column", node.id, columns))
    return columns[node.id]


def _constant(node: ast.Constant, columns: Mapping[str, Values]) -> Values:
    if isinstance(node.value, bool) or not isinstance(node.value, int | float):
        raise _refused(node)
    return np.asarray(float(node.value))


def _arithmetic(node: ast.BinOp, columns: Mapping[str, Values]) -> Values:
    if type(node.op) not in _ARITHMETIC:
        raise _refused(node, _BITWISE.get(type(node.op)))
    left, right = (_numeric(side, columns) for side in (node.left, node.right))
    return _ARITHMETIC[type(node.op)](left, right)


def _sign(node: ast.UnaryOp, columns: Mapping[str, Values]) -> Values:
    if type(node.op) not in _SIGNS:
        raise _refused(node, "not")
    operand = _truth if isinstance(node.op, ast.Not) else _numeric
    return _SIGNS[type(node.op)](operand(node.operand, columns))


def _compared(node: ast.Compare, columns: Mapping[str, Values]) -> Values:
    """Compare neighbours, all of which must hold: ``a < b <= c`` as in mathematics."""
    sides = [_numeric(side, columns) for side in (node.left, *node.comparators)]
    held: Values = np.asarray(True)
    for operator, left, right in zip(node.ops, sides, sides[1:], strict=False):
        if type(operator) not in _COMPARISONS:
            raise _refused(node)
        held = held & _COMPARISONS[type(operator)](left, right)
    return held


def _joined(node: ast.BoolOp, columns: Mapping[str, Values]) -> Values:
    first, *others = (_truth(value, columns) for value in node.values)
    for other in others:
        first = _JOINED[type(node.op)](first, other)
    return first


def _called(node: ast.Call, columns: Mapping[str, Values]) -> Values:
    name = node.func.id if isinstance(node.func, ast.Name) else ast.unparse(node.func)
    if name not in FUNCTIONS:
        raise ValueError(unknown("function", name, FUNCTIONS))
    wanted = 2 if name in ("min", "max") else 1
    if len(node.args) != wanted or node.keywords:
        msg = f"{name} takes {wanted} number{'s' * (wanted > 1)}, in {ast.unparse(node)!r}"
        raise ValueError(msg)
    return FUNCTIONS[name](*(_numeric(argument, columns) for argument in node.args))


_PARTS: dict[type[ast.expr], Callable[[Any, Mapping[str, Values]], Values]] = {
    ast.Name: _name,
    ast.Constant: _constant,
    ast.BinOp: _arithmetic,
    ast.UnaryOp: _sign,
    ast.Compare: _compared,
    ast.BoolOp: _joined,
    ast.Call: _called,
}


def _numeric(node: ast.expr, columns: Mapping[str, Values]) -> Values:
    values = _evaluated(node, columns)
    if values.dtype == np.bool_:
        msg = f"{ast.unparse(node)!r} is true or false where a number is needed"
        raise ValueError(msg)
    return values


def _truth(node: ast.expr, columns: Mapping[str, Values]) -> Values:
    values = _evaluated(node, columns)
    if values.dtype != np.bool_:
        msg = f"{ast.unparse(node)!r} is a number; 'and', 'or' and 'not' join comparisons"
        raise ValueError(msg)
    return values


def _refused(node: ast.expr, instead: str | None = None) -> ValueError:
    allowed = f"numbers, columns, + - * / **, comparisons, and, or, not, {', '.join(FUNCTIONS)}"
    hint = f"; write {instead!r} instead" if instead else ""
    return ValueError(f"{ast.unparse(node)!r} is not allowed in an expression{hint} ({allowed})")
