"""Recipes of images: a canvas, and how many sources lie where on it."""

from collections.abc import Iterator
from typing import Annotated, ClassVar

from pydantic import Field

from skybench.generators.distributions import NUMBER, Constant, Distribution, Finite
from skybench.generators.recipe import ObjectRecipe, Part

Side = Annotated[int, NUMBER, Field(ge=1, le=8192)]


class ImageSpec(Part):
    """The pixel grid, its shape as [ny, nx]."""

    shape: tuple[Side, Side]


class Placement(Part):
    """Where sources lie.

    The image less a margin is divided into cells x cells; the sources of a sample take
    different cells and lie within the middle ``fill`` of theirs. One cell lets them lie
    anywhere, blends included.
    """

    margin: Annotated[Finite, Field(ge=0, description="pixels kept free at each border")] = 0.0
    cells: Annotated[int, NUMBER, Field(ge=1, le=16)] = 1
    fill: Annotated[Finite, Field(ge=0, le=1)] = 1.0


class SceneSpec(Part):
    """How many sources a sample holds, and where.

    ``first_margin`` is kept free by the first source instead of the placement, which then
    holds for the others: a lens in the middle and field stars around it.
    """

    count: Distribution = Constant(value=1)
    placement: Placement = Placement()
    first_margin: Annotated[Finite, Field(ge=0)] | None = None


class SceneRecipe(ObjectRecipe):
    """A dataset of images with one or more sources on each."""

    by_source: ClassVar[bool] = True

    image: ImageSpec
    scene: SceneSpec = SceneSpec()

    @property
    def count(self) -> Distribution:
        """How many sources a sample holds."""
        return self.scene.count

    @property
    def points(self) -> int:
        """Pixels of an image."""
        return self.image.shape[0] * self.image.shape[1]

    def mistakes(self) -> Iterator[str]:
        """Yield what does not go together, a line each, though each part is right by itself."""
        yield from super().mistakes()
        placement, most = self.scene.placement, max(self.count.atoms or (1,))
        if placement.cells > 1 and placement.cells**2 < most:
            yield (
                f"scene.placement.cells {placement.cells} gives {placement.cells**2} cells "
                f"for up to {most:g} sources; use at least "
                f"{int((most - 1e-9) ** 0.5) + 1}, or 1 to place them anywhere"
            )
        margins = {"placement.margin": placement.margin, "first_margin": self.scene.first_margin}
        for name, margin in margins.items():
            if 2 * (margin or 0) >= min(self.image.shape):
                yield (
                    f"scene.{name} {margin:g} leaves no room in an image of "
                    f"{self.image.shape[0]} x {self.image.shape[1]}"
                )
