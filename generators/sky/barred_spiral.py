"""A barred spiral galaxy: a spiral in the middle of whose disc a bar lies (`bar.py`)."""

from collections.abc import Iterator

from skybench.generators.declaration import parameter
from skybench.generators.distributions import uniform
from skybench.generators.sky import bar
from skybench.generators.sky.sky_object import Smooth
from skybench.generators.sky.spiral import Spiral
from skybench.generators.sky.stamps import Sources, Stamps


class BarredSpiral(Spiral):
    """Barred spiral galaxy: exponential disc with arms, a bar that ends at an edge, and a bulge.

    About a third of bright discs have a bar that is seen in visible light, two thirds in the
    infrared; lengths, axis ratios and shares of the light are as in Gadotti (2011).
    """

    code = 13
    formula = "a spiral; in its disc's plane a bar (1 - m^2)^(5/2) for m <= 1"
    reference = "Gadotti (2011), MNRAS 415, 3308; Pfenniger (1984), A&A 134, 373"
    accuracy = "the formula at points of light, seen one by one through the PSF and the pixel"
    example = (
        "BarredSpiral(flux=1e5, half_light_radius=10, axis_ratio=0.8, seed=3).render((64, 64))"
    )
    smooth = Smooth(changes={"bar_fraction": 0.0})

    bar_fraction: float = parameter(default=uniform(0.08, 0.3))
    bar_length_ratio: float = parameter(default=uniform(0.5, 1.1))
    bar_axis_ratio: float = parameter(default=uniform(0.2, 0.5))
    bar_angle: float = parameter(default=uniform(0, 180))

    @staticmethod
    def draw(sources: Sources, shape: tuple[int, int]) -> Iterator[Stamps]:
        """Yield the stamps of the spirals, then those of their bars."""
        yield from Spiral.draw(bar.without(sources), shape)
        yield from bar.draw(sources, shape)
