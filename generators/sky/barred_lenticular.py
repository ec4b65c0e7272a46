"""A barred lenticular galaxy: disc, plateau and bulge, and a bar (`bar.py`); no arms."""

from collections.abc import Iterator

from skybench.generators.declaration import parameter
from skybench.generators.distributions import uniform
from skybench.generators.sky import bar
from skybench.generators.sky.lenticular import Lenticular
from skybench.generators.sky.sky_object import Smooth
from skybench.generators.sky.stamps import Sources, Stamps


class BarredLenticular(Lenticular):
    """Barred lenticular galaxy: disc with a plateau, a bar that ends at an edge, and a bulge.

    Without plateau and bulge light it is a smooth disc with a bar.
    """

    code = 14
    formula = "a lenticular; in its disc's plane a bar (1 - m^2)^(5/2) for m <= 1"
    reference = "Laurikainen, Salo & Buta (2005), MNRAS 362, 1319; Pfenniger (1984), A&A 134, 373"
    accuracy = "the formula at points of light, seen one by one through the PSF and the pixel"
    example = "BarredLenticular(half_light_radius=10, axis_ratio=0.8, seed=1).render((64, 64))"
    smooth = Smooth(changes={"bar_fraction": 0.0})

    bar_fraction: float = parameter(default=uniform(0.1, 0.35))
    bar_length_ratio: float = parameter(default=uniform(0.5, 1.1))
    bar_axis_ratio: float = parameter(default=uniform(0.25, 0.5))
    bar_angle: float = parameter(default=uniform(0, 180))

    @staticmethod
    def draw(sources: Sources, shape: tuple[int, int]) -> Iterator[Stamps]:
        """Yield the stamps of the lenticulars, then those of their bars."""
        yield from Lenticular.draw(bar.without(sources), shape)
        yield from bar.draw(sources, shape)
