"""Whatever a command that learns is given, as one dataset: a version, a store, a recipe, arrays."""

from os import PathLike, fspath

import xarray as xr

from skybench.generators.codes import SAMPLE_DIM, encode_flags
from skybench.generators.generate import generate_as_stored
from skybench.generators.recipe import Recipe
from skybench.registry.arrays.open_url import is_url
from skybench.registry.ground_truth import recipe_meant
from skybench.registry.open import Openable
from skybench.registry.open import open as open_version
from skybench.registry.storage.store import Store

Readable = Openable | Recipe | xr.Dataset
"""A version as for `skybench.open`, the path or URL of a Zarr store, a recipe or one of its rungs
such as ``sdss_des/des``, or a dataset in memory."""

_DRAWN_AT_ONCE = 1024


def read(reference: Readable, store: str | Store | None = None) -> xr.Dataset:
    """Return a dataset whose codes are not decoded; that of a version or store is lazy.

    Parameters
    ----------
    reference : str, path, Recipe or Dataset
    store : str or Store, optional
        As for `skybench.open`.

    Raises
    ------
    NotFoundError
        There is no such dataset.
    RecipeError
        It is a recipe, and no valid one.
    """
    if isinstance(reference, xr.Dataset):
        return encode_flags(reference.drop_vars(SAMPLE_DIM, errors="ignore"))
    recipe = reference if isinstance(reference, Recipe) else None
    if isinstance(reference, str | PathLike) and not is_url(text := fspath(reference)):
        recipe = recipe_meant(text, Store(store))
    if recipe is not None:
        return _drawn(recipe)
    assert not isinstance(reference, Recipe)
    place = None if isinstance(reference, str) and is_url(reference) else store
    return open_version(reference, store=place, decode=False)


def called(reference: Readable) -> str:
    """Return what a dataset is called where nobody says it."""
    if isinstance(reference, xr.Dataset):
        return str(reference.attrs.get("recipe") or reference.attrs.get("title") or "the dataset")
    return reference.name if isinstance(reference, Recipe) else str(reference)


def _drawn(recipe: Recipe) -> xr.Dataset:
    """Return all samples of a recipe, drawn some at a time."""
    starts = range(0, recipe.samples, _DRAWN_AT_ONCE)
    blocks = [
        generate_as_stored(recipe, start, min(start + _DRAWN_AT_ONCE, recipe.samples))
        for start in starts
    ]
    return xr.concat(
        blocks,
        SAMPLE_DIM,
        data_vars="minimal",
        coords="minimal",
        compat="override",
        join="override",
    )
