"""Recipe and rows to a dataset in memory: as users have it, or as it is stored."""

from collections.abc import Mapping, Sequence
from numbers import Integral
from os import PathLike
from typing import Any

import numpy as np
import xarray as xr

from skybench.errors import RecipeError
from skybench.generators.codes import SEALED_SPLIT, presented
from skybench.generators.families import FAMILIES
from skybench.generators.family import Family
from skybench.generators.recipe import Recipe
from skybench.generators.recipe_file import load_recipe
from skybench.generators.sealed import (
    interleaved,
    parameters_of,
    sealed_rows,
    secret_recipe,
    withheld,
)
from skybench.generators.variable import SAMPLE

GENERATOR = "skybench-generator-3"
"""Changes whenever the same recipe and seed would give other pixels or parameters."""

_BLOCK_POINTS = 1 << 22
"""Values rendered together: 32 MB of float64, whatever the size of the request."""


def generate(
    recipe: str | PathLike[str] | Recipe,
    *rows: int | None,
    start: int | None = None,
    stop: int | None = None,
    changes: Mapping[str, Any] | None = None,
    decode: bool = True,
) -> xr.Dataset:
    """Return samples of a recipe, data and every parameter, as `skybench.open` returns a dataset.

    Sample i is bit-identical whatever range it is generated in.

    Parameters
    ----------
    recipe : str, path or Recipe
        The name of a packaged recipe, a YAML file, or a recipe in memory.
    *rows : int
        As for `range`: one number is how many, from 0 on; two are ``start`` and ``stop``.
    start, stop : int, optional
        The same by name: half-open; all samples of the recipe by default.
    changes : mapping, optional
        What is to be other than in the recipe, such as ``{"noise.scale": 0}``; see `load_recipe`.
    decode : bool
        Whether labels, splits and kinds come as strings, and samples can be chosen by their
        identity, ``sel(sample=7)``. False gives them as stored: codes, with ``flag_meanings``.

    Returns
    -------
    xr.Dataset
        For a recipe of sky images ``image (sample, y, x)``, int32 electrons; for another
        family its data variables. The parameters are coordinates.

    Raises
    ------
    RecipeError
        If the recipe cannot be read, a change does not fit it, or the range is not within 0 and
        its samples.
    SealedError
        If a sample of a sealed split is asked for: it follows from a secret seed.

    Examples
    --------
    >>> generate("objects", 3).image.shape
    (3, 28, 28)
    >>> generate("objects", 100, 103, changes={"noise.scale": 0}).label.values.tolist()
    ['spiral', 'elliptical', 'star']
    """
    start, stop = _range(rows, start, stop)
    ds = generate_as_stored(load_recipe(recipe, changes=changes), start, stop)
    return presented(ds) if decode else ds


def generate_as_stored(
    recipe: str | PathLike[str] | Recipe, start: int = 0, stop: int | None = None
) -> xr.Dataset:
    """Return samples ``start`` to ``stop`` as they are hashed and stored: labels are codes."""
    recipe = load_recipe(recipe)
    stop = recipe.samples if stop is None else stop
    if not (isinstance(start, Integral) and isinstance(stop, Integral)):
        msg = f"start and stop must be whole numbers, got {start!r} and {stop!r}."
        raise RecipeError(msg)
    if not 0 <= start <= stop <= recipe.samples:
        msg = (
            f"rows {start} to {stop} are not within the {recipe.samples} samples of "
            f"{recipe.name}; choose 0 <= start <= stop <= {recipe.samples}."
        )
        raise RecipeError(msg)
    return _drawn(FAMILIES[recipe.family], recipe, start, stop).assign_attrs(_attributes(recipe))


def empty(recipe: Recipe) -> xr.Dataset:
    """Return the recipe's dataset with no samples: names, dtypes, dimensions, attributes."""
    return generate_as_stored(recipe, 0, 0)


def _range(
    rows: Sequence[int | None], start: int | None, stop: int | None
) -> tuple[int, int | None]:
    """Return start and stop from numbers without a name, as `range` reads them, and with one."""
    named = {"start": start, "stop": stop}
    free = [name for name, value in named.items() if value is None]
    if len(rows) > len(free):
        named_too = "".join(f", {n}={v}" for n, v in named.items() if v is not None)
        msg = f"rows are a stop, or a start and a stop; got {', '.join(map(str, rows))}{named_too}."
        raise RecipeError(msg)
    named.update(zip(free[len(free) - len(rows) :], rows, strict=True))
    return 0 if named["start"] is None else named["start"], named["stop"]


def _drawn(family: Family, recipe: Recipe, start: int, stop: int) -> xr.Dataset:
    """Return parameters and data, a sealed split from its secret seed and without its truth."""
    parameters = parameters_of(family, recipe, start, stop)
    rows = sealed_rows(recipe, parameters)
    if not rows.any():
        return _with_data(parameters, _rendered(family, recipe, parameters))
    public, sealed = parameters.isel(sample=~rows), parameters.isel(sample=rows)
    shown = _with_data(public, _rendered(family, recipe, public))
    hidden = _with_data(sealed, _rendered(family, secret_recipe(recipe), sealed))
    return interleaved(shown, withheld(hidden, family.observed), rows)


def _with_data(parameters: xr.Dataset, rendered: dict[str, xr.Variable]) -> xr.Dataset:
    """Return both together; what rendering tells of each sample as a whole is a coordinate, too."""
    of_sample = [name for name, v in rendered.items() if v.dims == SAMPLE]
    return parameters.assign(rendered).set_coords(of_sample)


def _rendered(family: Family, recipe: Recipe, parameters: xr.Dataset) -> dict[str, xr.Variable]:
    """Return the data variables of all rows, rendered block by block into their place."""
    samples = parameters.sizes["sample"]
    step = max(1, _BLOCK_POINTS // recipe.points)
    whole = family.render(recipe, parameters.isel(sample=slice(0, step)))
    if samples <= step:
        return whole
    along = {name: v for name, v in whole.items() if "sample" in v.dims}
    for name, first in along.items():
        values = np.empty((samples, *first.shape[1:]), dtype=first.dtype)
        values[:step] = first.values
        whole[name] = xr.Variable(first.dims, values, first.attrs)
    for start in range(step, samples, step):
        rows = slice(start, start + step)
        block = family.render(recipe, parameters.isel(sample=rows))
        for name in along:
            whole[name].values[rows] = block[name].values
    return whole


def _attributes(recipe: Recipe) -> dict[str, str | int | float]:
    return {
        "title": recipe.title,
        "recipe": recipe.name,
        "generator": GENERATOR,
        "seed": recipe.seed,
        "task": recipe.task,
        **({"targets": " ".join(recipe.targets)} if recipe.targets else {}),
        **({SEALED_SPLIT: recipe.sealed.split} if recipe.sealed else {}),
        **recipe.attributes,
        "license": recipe.licence,
    }
