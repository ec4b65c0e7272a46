"""Parameters to pixels: pure functions of a recipe, its seed and a row.

Nothing here reads a store, schedules work or keeps state; `recipe_file` alone opens a
file, the recipe's. The objects of all families, such as ``Star``, and what others need to
declare their own load on first use.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from skybench.generators.declaration import derived as derived
    from skybench.generators.declaration import parameter as parameter
    from skybench.generators.declaration import setting as setting
    from skybench.generators.geometric.objects import *
    from skybench.generators.series.light_curve.objects import *
    from skybench.generators.series.nbody.objects import *
    from skybench.generators.series.pendulum.objects import *
    from skybench.generators.sky.objects import *
    from skybench.generators.sky.scene import Scene as Scene
    from skybench.generators.sphere.objects import *
    from skybench.generators.volume.objects import *

_OTHERS = {
    **dict.fromkeys(("derived", "parameter", "setting"), "skybench.generators.declaration"),
    "Scene": "skybench.generators.sky.scene",
}
"""What is no object, and the modules that have it."""


def __getattr__(name: str) -> Any:
    if name in _OTHERS:
        return getattr(import_module(_OTHERS[name]), name)
    if not name[0].isupper() and name != "__all__":
        msg = f"module {__name__!r} has no attribute {name!r}"
        raise AttributeError(msg)
    # Put off, since it loads every family.
    from skybench.generators.families import FAMILIES, own_classes

    own = own_classes()
    if name in own:
        return own[name]
    objects = {c.__name__: c for f in FAMILIES.values() for c in f.objects.values()}
    if name == "__all__":
        return sorted(objects)
    if name not in objects:
        msg = f"module {__name__!r} has no attribute {name!r}; it has {', '.join(sorted(objects))}"
        raise AttributeError(msg)
    return objects[name]


def __dir__() -> list[str]:
    return sorted({*globals(), *_OTHERS, *__getattr__("__all__")})
