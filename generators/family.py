"""What a family of generators is: its recipe, its profiles, and how samples are drawn."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import xarray as xr

from skybench.generators.profiles import Profile
from skybench.generators.recipe import Recipe
from skybench.generators.sampling import sample


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
    profiles : mapping
        The objects it can draw.
    render : callable
        (recipe, parameters of some rows) -> data variables of those rows. A row's content
        must not depend on the other rows.
    sample : callable
        (recipe, start, stop[, labels]) -> parameters of those rows, as coordinates of a
        dataset; labels are given where a collection has dealt the classes.
    """

    name: str
    summary: str
    recipe: type[Recipe]
    profiles: Mapping[str, Profile]
    render: Callable[[Any, xr.Dataset], dict[str, xr.Variable]]
    sample: Callable[..., xr.Dataset] = sample
