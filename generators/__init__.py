"""Parameters to pixels: pure functions of a recipe, its seed and a row.

Nothing here reads a store, schedules work or keeps state; `recipe_file` alone opens a
file, the recipe's. The objects below load on first use.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from skybench.generators.geometric.objects import (
        Arc,
        Circle,
        Ellipse,
        Line,
        Polygon,
        Rectangle,
    )
    from skybench.generators.sky.objects import Sersic, Spiral, Star

_HOMES = {
    "Arc": "geometric.objects",
    "Circle": "geometric.objects",
    "Ellipse": "geometric.objects",
    "Line": "geometric.objects",
    "Polygon": "geometric.objects",
    "Rectangle": "geometric.objects",
    "Sersic": "sky.objects",
    "Spiral": "sky.objects",
    "Star": "sky.objects",
}

__all__ = [
    "Arc",
    "Circle",
    "Ellipse",
    "Line",
    "Polygon",
    "Rectangle",
    "Sersic",
    "Spiral",
    "Star",
]


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        msg = f"module {__name__!r} has no attribute {name!r}; it has {', '.join(__all__)}"
        raise AttributeError(msg)
    return getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
