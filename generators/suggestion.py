"""Messages for names that do not exist, with the nearest one that does."""

from collections.abc import Iterable
from difflib import get_close_matches


def nearest(name: str, allowed: Iterable[str]) -> str | None:
    """Return the allowed name that another one is most like, None where none is near."""
    names = {allowed_name.lower(): allowed_name for allowed_name in allowed}
    near = get_close_matches(name.lower(), names, n=1, cutoff=0.5)
    return names[near[0]] if near else None


def unknown(what: str, name: str, allowed: Iterable[str]) -> str:
    """Return a message that names the nearest allowed name, where one is near, and all of them."""
    names = sorted(set(allowed))
    near = nearest(name, names)
    hint = f"did you mean {near!r}? It" if near else "it"
    return f"unknown {what} {name!r}; {hint} can be {', '.join(names)}."
