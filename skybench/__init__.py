"""Simulated astronomy datasets, released as versioned, hash-identified benchmarks.

The names below load on first use, so ``import skybench`` costs milliseconds.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from skybench.generators.generate import generate
    from skybench.generators.recipe import Recipe
    from skybench.generators.recipe_file import load_recipe

_HOMES = {
    "Recipe": "skybench.generators.recipe",
    "generate": "skybench.generators.generate",
    "load_recipe": "skybench.generators.recipe_file",
}

__all__ = ["Recipe", "generate", "load_recipe"]


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        msg = f"module 'skybench' has no attribute {name!r}; it has {', '.join(sorted(_HOMES))}"
        raise AttributeError(msg)
    return getattr(import_module(_HOMES[name]), name)


def __dir__() -> list[str]:
    return sorted({*globals(), *_HOMES})
