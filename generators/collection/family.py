"""The family of collections: each sample is rendered by the member it was dealt to."""

from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from skybench.errors import ParameterError, RecipeError
from skybench.generators.collection.canvas import off_canvas, placed
from skybench.generators.collection.recipe import CollectionRecipe
from skybench.generators.collection.sampling import parted, sample
from skybench.generators.family import Family
from skybench.generators.recipe import ObjectRecipe

_EXACT = 2**24
"""Whole numbers up to here are exact in float32."""


def collection_of(families: Sequence[Family]) -> Family:
    """Return the family of collections of some others."""
    by_name = {family.name: family for family in families}
    return Family(
        name="collection",
        summary="Samples from several recipes in one dataset, the image type as a coordinate.",
        recipe=CollectionRecipe,
        variables=lambda: {n: row for f in families for n, row in f.variables().items()},
        render=partial(render, by_name),
        observed=frozenset().union(*(family.observed for family in families)),
        sample=partial(sample, by_name),
    )


def render(
    families: Mapping[str, Family], recipe: CollectionRecipe, parameters: xr.Dataset
) -> dict[str, xr.Variable]:
    """Return the data variables that all members have.

    Where members store one in different forms (electrons as int32, brightness as float32)
    it is float32, which holds both exactly.

    Raises
    ------
    RecipeError
        The members have no data variable of one shape in common.
    ParameterError
        A count is too large for float32.
    """
    types = parameters["image_type"].values
    drawn, rows = {}, {}
    for code, (name, member) in enumerate(recipe.recipes.items()):
        rows[name] = np.flatnonzero(types == code)
        own = _own_parameters(parameters.isel(sample=rows[name]), name, member)
        own = off_canvas(own, member, recipe.canvas)
        rendered = families[member.family].render(member, own)
        drawn[name] = {n: placed(variable, recipe.canvas) for n, variable in rendered.items()}
    return {
        name: _together(
            _meaning(families, name), name, {m: drawn[m][name] for m in drawn}, rows, types.size
        )
        for name in _shared(drawn)
    }


def _meaning(families: Mapping[str, Family], name: str) -> str:
    """Return what a data variable is in general, whichever member it is from."""
    tables = (family.variables() for family in families.values())
    return next(table[name].long_name for table in tables if name in table)


def _own_parameters(parameters: xr.Dataset, name: str, member: ObjectRecipe) -> xr.Dataset:
    """Return the parameters as the member alone would have drawn them."""
    kinds = {spec.profile: spec.code for spec in member.sources.values()}
    kind = parameters.variables["kind"]
    recoded = kind.copy(data=parted(kind, name, kinds))
    own = parameters.assign_coords(kind=recoded)
    return own.isel(source=slice(member.slots)) if "source" in own.dims else own


def _shared(drawn: dict[str, dict[str, xr.Variable]]) -> list[str]:
    first, *others = drawn.values()
    shared = [
        name
        for name, variable in first.items()
        if "sample" in variable.dims
        and all(name in o and o[name].shape[1:] == variable.shape[1:] for o in others)
    ]
    if not shared:
        forms = "; ".join(
            f"{member}: " + ", ".join(f"{n} {v.shape[1:]}" for n, v in variables.items())
            for member, variables in drawn.items()
        )
        msg = (
            f"the members of a collection need a data variable of one shape; there are {forms}. "
            "Images of unlike shape go on one canvas: add 'canvas: [ny, nx]'"
        )
        raise RecipeError(msg)
    return shared


def _together(
    meaning: str,
    name: str,
    drawn: dict[str, xr.Variable],
    rows: dict[str, NDArray[Any]],
    length: int,
) -> xr.Variable:
    first = next(iter(drawn.values()))
    alike = all(v.dtype == first.dtype and v.attrs == first.attrs for v in drawn.values())
    dtype = first.dtype if alike else np.dtype("float32")
    values = np.empty((length, *first.shape[1:]), dtype=dtype)
    for member, variable in drawn.items():
        if (
            not alike
            and variable.dtype.kind in "iu"
            and np.abs(variable.values).max(initial=0) > _EXACT
        ):
            msg = (
                f"{name} of member {member} holds counts above {_EXACT}, which float32 does not "
                "hold exactly; lower its fluxes or make it a dataset of its own"
            )
            raise ParameterError(msg)
        values[rows[member]] = variable.values
    return xr.Variable(first.dims, values, first.attrs if alike else {"long_name": meaning})
