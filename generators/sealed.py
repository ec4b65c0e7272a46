"""Sealed splits: samples drawn from a secret seed, and shown without what tells the truth.

Which samples the split holds follows from the seed of the recipe, as anywhere. All else of them,
the deal of their classes included, follows from the secret one: neither the recipe nor the open
samples tell anything of it.
"""

from collections.abc import Collection

import numpy as np
import xarray as xr

from skybench.errors import SealedError
from skybench.generators.arrays import Flags
from skybench.generators.codes import ID_VARIABLE, SAMPLE_DIM, SPLIT_VARIABLE, with_variables
from skybench.generators.family import Family
from skybench.generators.named_sets import with_sets
from skybench.generators.recipe import Recipe
from skybench.generators.schema import SPLITS


def parameters_of(family: Family, recipe: Recipe, start: int, stop: int) -> xr.Dataset:
    """Return the parameters of rows ``start`` to ``stop``, the true ones of a sealed split, too.

    Raises
    ------
    SealedError
        Some of the rows are sealed, and the recipe has no secret seed.
    """
    public = with_sets(recipe, family.sample(recipe, start, stop))
    rows = sealed_rows(recipe, public)
    if not rows.any():
        return public
    secret = with_sets(recipe, family.sample(secret_recipe(recipe), start, stop))
    # The variable alone: a DataArray would bring the public labels along.
    dealt = secret.assign_coords({SPLIT_VARIABLE: public.variables[SPLIT_VARIABLE]})
    return interleaved(public.isel(sample=~rows), dealt.isel(sample=rows), rows)


def sealed_rows(recipe: Recipe, parameters: xr.Dataset) -> Flags:
    """Return which rows of a recipe are in its sealed split."""
    if recipe.sealed is None:
        return np.zeros(parameters.sizes[SAMPLE_DIM], dtype=np.bool_)
    code = SPLITS.index(recipe.sealed.split)
    return np.asarray(parameters[SPLIT_VARIABLE].values == code)


def secret_recipe(recipe: Recipe) -> Recipe:
    """Return the recipe whose rows the sealed samples are: the same, with the secret seed.

    Raises
    ------
    SealedError
        The secret seed is not at hand.
    """
    if recipe.is_closed:
        msg = (
            f"the test split of {recipe.name} is sealed: its samples are drawn from a secret seed, "
            "so that only the holder of the seal can make them. Open the published version instead"
        )
        raise SealedError(msg)
    return recipe.model_copy(update={"seed": recipe.secret_seed, "sealed": None})


def withheld(ds: xr.Dataset, observed: Collection[str]) -> xr.Dataset:
    """Return samples without what tells the truth: all but identity, split and what is observed.

    What is withheld is missing: NaN, and of whole numbers the smallest of their type, of those
    without a sign the largest. No code has it as its meaning, so that it decodes to nothing.

    Parameters
    ----------
    ds : Dataset
        As stored.
    observed : collection of str
        The data variables that an observer has; see `Family`.
    """
    kept = {*observed, ID_VARIABLE, SPLIT_VARIABLE}
    hidden = {
        name: _missing(variable) if SAMPLE_DIM in variable.dims and name not in kept else variable
        for name, variable in ds.variables.items()
    }
    return with_variables(ds, hidden)


def _missing(variable: xr.Variable) -> xr.Variable:
    kind, dtype = variable.dtype.kind, variable.dtype
    fill = np.nan if kind == "f" else np.iinfo(dtype).max if kind == "u" else np.iinfo(dtype).min
    return variable.copy(data=np.full(variable.shape, fill, dtype))


def interleaved(ds: xr.Dataset, sealed: xr.Dataset, rows: Flags) -> xr.Dataset:
    """Return open and sealed samples as one dataset, the sealed ones in the places of `rows`."""

    def together(name: object, variable: xr.Variable) -> xr.Variable:
        if SAMPLE_DIM not in variable.dims:
            return variable
        values = np.empty((rows.size, *variable.shape[1:]), dtype=variable.dtype)
        values[~rows], values[rows] = variable.values, sealed.variables[name].values
        return xr.Variable(variable.dims, values, variable.attrs)

    return with_variables(ds, {name: together(name, v) for name, v in ds.variables.items()})
