"""Messages for names that do not exist, with the nearest one that does."""

from collections.abc import Iterable
from difflib import get_close_matches


def unknown(what: str, name: str, allowed: Iterable[str]) -> str:
    """Return a message that names the nearest allowed name, where one is near, and all of them."""
    names = {allowed_name.lower(): allowed_name for allowed_name in allowed}
    near = get_close_matches(name.lower(), names, n=1, cutoff=0.5)
    hint = f"did you mean {names[near[0]]!r}? It" if near else "it"
    return f"unknown {what} {name!r}; {hint} can be {', '.join(sorted(names.values()))}."
