"""Simulated astronomy datasets, released as versioned, hash-identified benchmarks.

The names below load on first use, so ``import skybench`` costs milliseconds.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from skybench import errors, generators, torch
    from skybench.generators.generate import generate
    from skybench.generators.recipe import Recipe
    from skybench.generators.recipe_file import load_recipe
    from skybench.learning.batches import batches
    from skybench.registry.evaluate import evaluate
    from skybench.registry.leaderboard import leaderboard
    from skybench.registry.open import open
    from skybench.registry.verify import verify
    from skybench.release.fetch import get
    from skybench.release.reproduce import reproduce

_HOMES = {
    "Recipe": "skybench.generators.recipe",
    "batches": "skybench.learning.batches",
    "evaluate": "skybench.registry.evaluate",
    "generate": "skybench.generators.generate",
    "get": "skybench.release.fetch",
    "leaderboard": "skybench.registry.leaderboard",
    "load_recipe": "skybench.generators.recipe_file",
    "open": "skybench.registry.open",
    "reproduce": "skybench.release.reproduce",
    "verify": "skybench.registry.verify",
}
_MODULES = ("errors", "generators", "torch")

__all__ = [
    "Recipe",
    "batches",
    "errors",
    "evaluate",
    "generate",
    "generators",
    "get",
    "leaderboard",
    "load_recipe",
    "open",
    "reproduce",
    "torch",
    "verify",
]


def __getattr__(name: str) -> Any:
    if name in _MODULES:
        return import_module(f"skybench.{name}")
    if name not in _HOMES:
        msg = f"module 'skybench' has no attribute {name!r}; it has {', '.join(__all__)}"
        raise AttributeError(msg)
    return getattr(import_module(_HOMES[name]), name)


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
