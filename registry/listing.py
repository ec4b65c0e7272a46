"""What there is: packaged recipes, recorded versions, and those in a store."""

import math
from collections.abc import Iterator
from typing import Any

import pandas as pd

from skybench.generators.generate import empty
from skybench.generators.recipe_file import load_recipe, packaged_recipes, packaged_rungs
from skybench.registry.recorded import recorded_manifest, recorded_references
from skybench.registry.storage.store import Store
from skybench.registry.versions.index import read_index, read_manifest
from skybench.registry.versions.manifest import Manifest

COLUMNS = (
    *("dataset", "version", "task", "samples", "shape", "bytes", "title"),
    *("recorded", "in_store", "published", "withdrawn", "content_hash", "rungs"),
)


def list_datasets(store: str | Store | None = None) -> pd.DataFrame:
    """Return what can be generated or opened, one row a recipe and one a version.

    Parameters
    ----------
    store : str, optional
        A folder or any fsspec URL; ``$SKYBENCH_STORE`` or the user's data folder by default.

    Returns
    -------
    pd.DataFrame
        ``dataset``, ``version`` (missing for a recipe), ``task``, ``samples``, ``shape`` of a
        sample's data, ``bytes`` of a version's files (of a recipe's data, before compression),
        ``title``, ``recorded`` (skybench holds the identity of the version), ``in_store``,
        ``published`` and ``withdrawn`` (the time, and the reason), ``content_hash``,
        and ``rungs`` of a recipe, such as ``sky/hard``.

    Raises
    ------
    StoreError
        The store cannot be read; one that is not there yet is empty.

    Examples
    --------
    >>> table = list_datasets("./no-store-yet")
    >>> table[table.version.isna()].set_index("dataset").task["sky"]
    'multilabel'
    """
    rows = [dict.fromkeys(COLUMNS) | row for row in (*_recipes(), *_versions(Store(store)))]
    return pd.DataFrame(rows, columns=list(COLUMNS))


def _recipes() -> Iterator[dict[str, Any]]:
    for name in packaged_recipes():
        recipe = load_recipe(name)
        data = [array for array in empty(recipe).data_vars.values() if "sample" in array.dims]
        sizes = [math.prod(array.shape[1:]) * array.dtype.itemsize for array in data]
        yield {
            "dataset": name,
            "version": None,
            "task": recipe.task,
            "samples": recipe.samples,
            "shape": max((array.shape[1:] for array in data), key=math.prod),
            "bytes": recipe.samples * sum(sizes),
            "title": recipe.title,
            "recorded": False,
            "in_store": False,
            "rungs": packaged_rungs(name),
        }


def _versions(store: Store) -> Iterator[dict[str, Any]]:
    recorded = {reference: recorded_manifest(reference) for reference in recorded_references()}
    published = {f"{entry.dataset}@{entry.version}": entry for entry in read_index(store)}
    for reference in sorted({*recorded, *published}):
        entry = published.get(reference)
        manifest = recorded[reference] if entry is None else read_manifest(store, entry)
        yield _version(manifest) | {
            "recorded": reference in recorded,
            "in_store": entry is not None,
            "published": entry and entry.time,
            "withdrawn": entry and entry.yanked,
        }


def _version(manifest: Manifest) -> dict[str, Any]:
    headers = [variable.header for variable in manifest.content.variables.values()]
    shapes = [tuple(header["shape"][1:]) for header in headers if header["dims"][:1] == ["sample"]]
    return {
        "dataset": manifest.dataset,
        "version": manifest.version,
        "task": manifest.task,
        "samples": manifest.samples,
        "shape": max(shapes, key=math.prod),
        "bytes": sum(file.size for file in manifest.objects),
        "title": manifest.title,
        "content_hash": manifest.content.root,
        "rungs": (),
    }
