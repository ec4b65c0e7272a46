"""JSON from strangers: what is no plain, finite, bounded text of data is refused."""

import json
import re
from collections import Counter
from typing import Any

from skybench.errors import IntegrityError

MAX_CHARACTERS = 64 << 20
"""A manifest of a hundred million samples is smaller."""

MAX_VALUES = 4_000_000
"""What a text of that length may hold, so that it does not grow to gigabytes in memory."""

MAX_DEPTH = 64
_MAX_DIGITS = 400

_SURROGATE = re.compile(r"\\u[dD][89a-fA-F]|[\ud800-\udfff]")


def strict_json(text: str, where: str) -> Any:
    """Return what JSON text holds.

    Refused are NaN, infinities, numbers of more than 400 digits, repeated keys, half characters
    (lone surrogates), and texts that are too long, hold too much or are nested too deeply.

    Parameters
    ----------
    text : str
        Content of a file.
    where : str
        Its name, for messages.

    Raises
    ------
    IntegrityError
        With `where` and the place in the text.
    """
    try:
        _check_size(text)
        values = json.loads(
            text,
            parse_constant=_no_constant,
            parse_float=_finite,
            parse_int=_whole,
            object_pairs_hook=_unique_keys,
        )
        _check_depth(values)
        if _SURROGATE.search(text):
            json.dumps(values, ensure_ascii=False).encode()
    except (ValueError, RecursionError) as error:
        said = "it holds half a character" if isinstance(error, UnicodeError) else error
        msg = f"{where} is not valid JSON: {said}. The copy is damaged; fetch or build it again."
        raise IntegrityError(msg) from None
    return values


def _check_size(text: str) -> None:
    if len(text) > MAX_CHARACTERS:
        msg = f"it has {len(text):,} characters, more than {MAX_CHARACTERS:,}"
        raise ValueError(msg)
    # Each value but the first follows one of these; those inside strings count too.
    if (values := sum(text.count(sign) for sign in ",[{")) > MAX_VALUES:
        msg = f"it has about {values:,} values, more than {MAX_VALUES:,}"
        raise ValueError(msg)


def _check_depth(values: Any) -> None:
    level, depth = [values], 0
    while level := [v for v in level if isinstance(v, dict | list)]:
        depth += 1
        if depth > MAX_DEPTH:
            msg = f"it is nested more than {MAX_DEPTH} deep"
            raise ValueError(msg)
        level = [
            v for outer in level for v in (outer.values() if isinstance(outer, dict) else outer)
        ]


def _no_constant(name: str) -> None:
    msg = f"{name} is not a number that JSON allows"
    raise ValueError(msg)


def _finite(digits: str) -> float:
    number = float(digits)
    if number in (float("inf"), float("-inf")):
        msg = f"{digits[:20]} is larger than any number"
        raise ValueError(msg)
    return number


def _whole(digits: str) -> int:
    if len(digits) > _MAX_DIGITS:
        msg = f"a number has {len(digits):,} digits, more than {_MAX_DIGITS}"
        raise ValueError(msg)
    return int(digits)


def _unique_keys(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    values = dict(pairs)
    if len(values) != len(pairs):
        counts = Counter(name for name, _ in pairs)
        repeated = next(name for name in counts if counts[name] > 1)
        msg = f"key {repeated[:80]!r} is there twice"
        raise ValueError(msg)
    return values
