"""Recipes of geometric images: how shapes are combined, blurred and made noisy."""

from typing import Annotated, ClassVar, Literal

from pydantic import Field

from skybench.generators.distributions import Constant, Distribution
from skybench.generators.geometric.objects import GEOMETRIC_OBJECTS
from skybench.generators.geometric.vocabulary import VOCABULARY
from skybench.generators.recipe import MAPPED_SOURCES, Condition, Name, SourceSpec
from skybench.generators.scene_recipe import ImageSpec, SceneRecipe

OFF = Constant(value=0)


class GeometricSource(SourceSpec):
    """A shape and the distributions of its parameters."""

    objects: ClassVar = GEOMETRIC_OBJECTS


class GeometricRecipe(SceneRecipe):
    """A dataset of images of plane shapes.

    ``combine`` says what a pixel holds where shapes overlap: the later one (``painter``), the
    brighter one (``union``) or their ``sum``. ``antialias`` weighs pixels by the share that is
    covered. ``blur`` is the sigma of a Gaussian in pixels, ``noise`` that of the noise of a pixel.
    With ``shot`` a pixel is counted first: a Poisson number whose mean is its light.
    """

    newer: ClassVar = SceneRecipe.newer | {"shot"}

    family: Literal["geometric"]
    image: ImageSpec = ImageSpec(shape=(256, 256))
    combine: Literal["painter", "union", "sum"] = "painter"
    antialias: bool = False
    blur: Distribution = OFF
    noise: Distribution = OFF
    shot: bool | None = None
    sources: Annotated[dict[Name, GeometricSource], Field(min_length=1)]

    @property
    def conditions(self) -> tuple[Condition, ...]:
        """Blur and noise of a sample."""
        return (
            Condition("blur", VOCABULARY["blur_sigma"], self.blur),
            Condition("noise", VOCABULARY["noise_sigma"], self.noise),
        )

    @property
    def most_sources(self) -> int:
        """As many as the map of shapes numbers."""
        return MAPPED_SOURCES

    @property
    def attributes(self) -> dict[str, str | int | float]:
        """How shapes are combined and pixels weighed."""
        shot = {"shot_noise": "true"} if self.shot else {}
        return {"combine": self.combine, "antialias": str(self.antialias).lower(), **shot}
