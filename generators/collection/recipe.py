"""Recipes of collections: other recipes, and the share of each."""

import json
import math
from collections.abc import Iterator, Mapping
from typing import Annotated, Any, ClassVar, Literal

from pydantic import (
    BeforeValidator,
    Field,
    SerializeAsAny,
    ValidationInfo,
    WithJsonSchema,
    field_validator,
    model_validator,
)
from typing_extensions import override

from skybench.errors import RecipeError
from skybench.generators.distributions import Positive
from skybench.generators.recipe import CLASSIFICATION, Coded, Name, ObjectRecipe, in_order
from skybench.generators.recipe import Recipe as AnyRecipe
from skybench.generators.rungs import merged
from skybench.generators.scene_recipe import SceneRecipe, Side


def _resolved(value: Any, info: ValidationInfo) -> Any:
    """Return the recipe of a name or a mapping, by what the reader of recipes gives."""
    if isinstance(value, AnyRecipe) or not isinstance(value, str | Mapping):
        return value
    try:
        return (info.context or {})["recipe"](value)
    except KeyError:
        msg = "is a name or a mapping; read the collection by load_recipe or recipe_from"
        raise ValueError(msg) from None
    except RecipeError as error:
        raise ValueError(str(error)) from error


class Member(Coded):
    """A recipe that some samples come from: a packaged one by name, or a whole one."""

    recipe: Annotated[
        SerializeAsAny[AnyRecipe],
        BeforeValidator(_resolved),
        WithJsonSchema({"type": ["string", "object"], "description": "a name, or a recipe"}),
    ]
    share: Positive = 1.0

    @model_validator(mode="before")
    @classmethod
    def _with_changes(cls, content: Any, info: ValidationInfo) -> Any:
        """Lay ``changes`` over the recipe, as a rung would."""
        if not isinstance(content, Mapping) or "changes" not in content:
            return content
        changes = content["changes"]
        if not isinstance(changes, Mapping):
            msg = "changes must be a mapping of changes to the recipe"
            raise ValueError(msg)
        base = _resolved(content.get("recipe"), info)
        if not isinstance(base, AnyRecipe):
            return content
        rest = {key: value for key, value in content.items() if key != "changes"}
        return rest | {"recipe": merged(base.model_dump(mode="json"), changes)}


class CollectionRecipe(AnyRecipe):
    """A dataset whose samples come from several recipes.

    The header is the collection's: seed, samples and splits of the members are not used. Members
    of unlike shape are laid onto the middle of a ``canvas``, padded with 0 or cropped.
    """

    newer: ClassVar = AnyRecipe.newer | {"canvas"}

    family: Literal["collection"]
    task: Literal["classification"]
    label: Annotated[
        Literal["image_type", "class"],
        Field(description="what to recognise: the member, or the class within the member"),
    ] = "image_type"
    canvas: tuple[Side, Side] | None = None
    members: Annotated[dict[Name, Member], Field(min_length=2, max_length=20)]

    @field_validator("members")
    @classmethod
    def _in_order(cls, members: dict[str, Member]) -> dict[str, Member]:
        return in_order(members)

    @property
    @override
    def portable_json(self) -> str:
        content = self.model_dump(mode="json")
        for name, member in self.members.items():
            content["members"][name]["recipe"] = json.loads(member.recipe.portable_json)
        return json.dumps(content)

    @property
    def recipes(self) -> dict[str, ObjectRecipe]:
        """The members' recipes under the seed and the length of the collection."""
        shared = {"seed": self.seed, "samples": self.samples}
        return {
            name: member.recipe.model_copy(update=shared)
            for name, member in self.members.items()
            if isinstance(member.recipe, ObjectRecipe)
        }

    @property
    def class_names(self) -> tuple[str, ...]:
        """The members, or their classes as ``member.class``, in the order of their codes."""
        if self.label == "image_type":
            return tuple(self.members)
        return tuple(f"{name}.{c}" for name, r in self.recipes.items() for c in r.class_names)

    @property
    def slots(self) -> int:
        """The largest number of sources in a sample."""
        return max(recipe.slots for recipe in self.recipes.values())

    @property
    def points(self) -> int:
        """Values in the data of the largest sample."""
        return max(recipe.points * self._growth(recipe) for recipe in self.recipes.values())

    def _growth(self, recipe: ObjectRecipe) -> int:
        """Return how many times larger the canvas is than a member's image, at least 1."""
        if self.canvas is None or not isinstance(recipe, SceneRecipe):
            return 1
        return 1 + math.prod(self.canvas) // math.prod(recipe.image.shape)

    def mistakes(self) -> Iterator[str]:
        """Yield what does not go together, a line each, though each part is right by itself."""
        yield from super().mistakes()
        for name, member in self.members.items():
            if not isinstance(member.recipe, ObjectRecipe):
                yield f"members.{name} is a collection itself; list its members instead"
                continue
            if member.recipe.sealed is not None:
                yield f"members.{name} is sealed itself; seal the collection instead"
            if member.recipe.by_source != next(iter(self.recipes.values())).by_source:
                yield f"members.{name} has no sources as the others have; leave it out"
            if self.canvas is not None and not isinstance(member.recipe, SceneRecipe):
                yield f"members.{name} has no image to lay on a canvas; take canvas out"
            if self.label == "class" and member.recipe.task != CLASSIFICATION:
                yield (
                    f"members.{name} is a {member.recipe.task}, so it has no label; "
                    "set label to image_type"
                )
