"""What a family of generators is: its recipe, its objects, and how samples are drawn."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import xarray as xr

from skybench.generators.drawn_object import DrawnObject
from skybench.generators.object_table import ObjectTable
from skybench.generators.recipe import Recipe
from skybench.generators.sampling import sample
from skybench.generators.variable import Variable


@dataclass(frozen=True, kw_only=True)
class Family:
    """Datasets of one form.

    Attributes
    ----------
    name : str
        The key ``family`` of its recipes.
    summary : str
        One sentence for users.
    recipe : type
        Its model of recipes.
    objects : mapping
        What it can draw, by name.
    variables : callable
        () -> all that its datasets may hold, by name.
    render : callable
        (recipe, parameters of some rows) -> data variables of those rows. A row's content
        must not depend on the other rows.
    observed : frozenset of str
        The data variables that an observer has: the others follow from the truth, and a sealed
        split withholds them.
    sample : callable
        (recipe, start, stop[, labels]) -> parameters of those rows, as coordinates of a
        dataset; labels are given where a collection has dealt the classes.
    """

    name: str
    summary: str
    recipe: type[Recipe]
    objects: Mapping[str, type[DrawnObject]] = field(default_factory=dict)
    variables: Callable[[], Mapping[str, Variable]]
    render: Callable[[Any, xr.Dataset], dict[str, xr.Variable]]
    observed: frozenset[str] = frozenset()
    sample: Callable[..., xr.Dataset] = sample

    @classmethod
    def of(cls, objects: ObjectTable[Any], summary: str, **more: Any) -> "Family":
        """Return the family of a table of objects, with their name and variables."""
        more = {"variables": lambda: objects.variables} | more
        return cls(name=objects.base.family, summary=summary, objects=objects, **more)
