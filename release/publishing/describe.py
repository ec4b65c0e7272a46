"""Describe a finished build as the manifest that identifies it."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Protocol

import dask.array as da
import numpy as np
import xarray as xr
from dask.base import compute

from skybench.generators.codes import SAMPLE_DIM, sealed_samples
from skybench.registry.arrays.zarr_format import open_raw
from skybench.registry.proof.file_check import file_digest, threads
from skybench.registry.reference import Version
from skybench.registry.storage.store import Store, zarr_name
from skybench.registry.versions.index import utc_now
from skybench.registry.versions.manifest import (
    FORMAT_BESIDE,
    Manifest,
    Range,
    StoredObject,
    format_of,
)
from skybench.release.building.build import BuildResult
from skybench.release.building.generator_identity import generator_identity


class Described(Protocol):
    """What a manifest says of a dataset beyond its content: a recipe, or what stands for one."""

    @property
    def name(self) -> str: ...  # noqa: D102, as `Recipe` has them
    @property
    def title(self) -> str: ...  # noqa: D102
    @property
    def description(self) -> str: ...  # noqa: D102
    @property
    def samples(self) -> int: ...  # noqa: D102
    @property
    def task(self) -> str: ...  # noqa: D102
    @property
    def class_names(self) -> Sequence[str]: ...  # noqa: D102
    @property
    def licence(self) -> str: ...  # noqa: D102
    @property
    def citation(self) -> str: ...  # noqa: D102

    def model_dump(self, *, mode: str) -> dict[str, Any]:
        """Return what stands under ``recipe`` in the manifest."""


def describe(
    recipe: Described,
    dataset_version: Version,
    built: BuildResult,
    files: Mapping[str, str],
    store: Store,
) -> Manifest:
    """Return the manifest of a build whose files are complete but not yet in place.

    Parameters
    ----------
    recipe : Recipe or Described
        What was built, with its number of samples.
    dataset_version : Version
        The number it is to have.
    built : BuildResult
        The finished build.
    files : mapping of str to str
        For each file of the version, its key in the version's folder and where it lies now in
        `store`.
    store : Store
        Where the files are.
    """
    data = zarr_name(recipe.name, dataset_version, built.content.root)
    form, stem = format_of(built.content), data.removesuffix(".zarr")
    return Manifest(
        format=form,
        dataset=recipe.name,
        version=str(dataset_version),
        title=recipe.title,
        description=recipe.description,
        created=utc_now(),
        recipe=recipe.model_dump(mode="json"),
        generator=generator_identity(),
        content=built.content,
        samples=recipe.samples,
        splits={name: split.samples for name, split in built.content.splits.items()},
        task=recipe.task,
        classes=tuple(recipe.class_names),
        ranges=ranges(open_raw(built.url)),
        licence=recipe.licence,
        citation=recipe.citation,
        zarr=data,
        sample_digests=f"{stem}.samples",
        blocks=f"{stem}.blocks" if form == FORMAT_BESIDE else None,
        chunk_count=built.chunk_count,
        objects=describe_files(store, files),
    )


def ranges(ds: xr.Dataset) -> dict[str, Range]:
    """Return the smallest and largest value of each variable that is not a code or an identity.

    Where a split is sealed they are those of the other samples.

    Parameters
    ----------
    ds : Dataset
        As stored; lazy variables are read once, chunk by chunk.
    """
    if (sealed := sealed_samples(ds)).any():
        ds = ds.isel({SAMPLE_DIM: ~sealed})
    measured = {
        str(name): _bounds(variable)
        for name, variable in ds.variables.items()
        if "flag_values" not in variable.attrs and name != "sample_id" and variable.size
    }
    (computed,) = compute(measured, scheduler="threads")  # type: ignore[no-untyped-call]
    return {
        name: Range(minimum=float(low), maximum=float(high))
        for name, (low, high) in sorted(computed.items())
        if np.isfinite([low, high]).all()
    }


def _bounds(variable: xr.Variable) -> tuple[Any, Any]:
    data = variable.data
    if variable.dtype.kind != "f":
        return data.min(), data.max()
    where: Callable[..., Any] = da.where if isinstance(data, da.Array) else np.where
    missing = np.isnan(data)
    return where(missing, np.inf, data).min(), where(missing, -np.inf, data).max()


def describe_files(store: Store, files: Mapping[str, str]) -> tuple[StoredObject, ...]:
    """Return size and SHA-256 of each file, given where it lies by its key in the version."""

    def described(item: tuple[str, str]) -> StoredObject:
        key, place = item
        return StoredObject(key=key, size=store.size(place), sha256=file_digest(store, place))

    with threads() as pool:
        return tuple(pool.map(described, sorted(files.items())))
