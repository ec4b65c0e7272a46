"""Messages for names that do not exist, with the nearest one that does."""

from collections.abc import Iterable
from difflib import get_close_matches


def unknown(what: str, name: str, allowed: Iterable[str]) -> str:
    """Return a message that names the nearest allowed name, or all of them."""
    names = list(allowed)
    near = get_close_matches(name, names, n=1, cutoff=0.5)
    hint = f"did you mean {near[0]!r}? " if near else ""
    return f"unknown {what} {name!r}; {hint}It can be {', '.join(sorted(names))}."
