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
    from skybench.generators.series.light_curve.objects import (
        Cepheid,
        EclipsingBinary,
        Flare,
        RRLyrae,
        Supernova,
        Transit,
    )
    from skybench.generators.series.nbody.objects import (
        FigureEight,
        FreeFall,
        StarCluster,
        Triple,
        TwoBodies,
    )
    from skybench.generators.series.pendulum.objects import (
        DampedPendulum,
        HamiltonianPendulum,
        Pendulum,
    )
    from skybench.generators.sky.galaxy_objects import (
        BulgeDisc,
        EdgeOn,
        FlocculentSpiral,
        Merger,
        Ring,
    )
    from skybench.generators.sky.lens_objects import Lens, LensedArc
    from skybench.generators.sky.objects import Sersic, Spiral, Star
    from skybench.generators.sphere.objects import AcousticField, ConvergenceField, PowerLawField
    from skybench.generators.volume.objects import Halo

_HOMES = {
    "AcousticField": "sphere.objects",
    "Arc": "geometric.objects",
    "Cepheid": "series.light_curve.objects",
    "Circle": "geometric.objects",
    "ConvergenceField": "sphere.objects",
    "DampedPendulum": "series.pendulum.objects",
    "EclipsingBinary": "series.light_curve.objects",
    "Ellipse": "geometric.objects",
    "FigureEight": "series.nbody.objects",
    "Flare": "series.light_curve.objects",
    "FreeFall": "series.nbody.objects",
    "Halo": "volume.objects",
    "HamiltonianPendulum": "series.pendulum.objects",
    "Line": "geometric.objects",
    "Pendulum": "series.pendulum.objects",
    "Polygon": "geometric.objects",
    "PowerLawField": "sphere.objects",
    "RRLyrae": "series.light_curve.objects",
    "Rectangle": "geometric.objects",
    "BulgeDisc": "sky.galaxy_objects",
    "EdgeOn": "sky.galaxy_objects",
    "FlocculentSpiral": "sky.galaxy_objects",
    "Merger": "sky.galaxy_objects",
    "Ring": "sky.galaxy_objects",
    "Lens": "sky.lens_objects",
    "LensedArc": "sky.lens_objects",
    "Sersic": "sky.objects",
    "Spiral": "sky.objects",
    "Star": "sky.objects",
    "StarCluster": "series.nbody.objects",
    "Supernova": "series.light_curve.objects",
    "Transit": "series.light_curve.objects",
    "Triple": "series.nbody.objects",
    "TwoBodies": "series.nbody.objects",
}

__all__ = [
    "AcousticField",
    "Arc",
    "BulgeDisc",
    "Cepheid",
    "Circle",
    "ConvergenceField",
    "DampedPendulum",
    "EclipsingBinary",
    "EdgeOn",
    "Ellipse",
    "FigureEight",
    "Flare",
    "FlocculentSpiral",
    "FreeFall",
    "Halo",
    "HamiltonianPendulum",
    "Lens",
    "LensedArc",
    "Line",
    "Merger",
    "Pendulum",
    "Polygon",
    "PowerLawField",
    "RRLyrae",
    "Rectangle",
    "Ring",
    "Sersic",
    "Spiral",
    "Star",
    "StarCluster",
    "Supernova",
    "Transit",
    "Triple",
    "TwoBodies",
]


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        msg = f"module {__name__!r} has no attribute {name!r}; it has {', '.join(__all__)}"
        raise AttributeError(msg)
    return getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
