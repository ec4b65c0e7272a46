"""Publish a dataset that no recipe makes: one that is at hand, such as cutouts of real frames.

It gets the same manifest, hashes, index line and catalog entry as a version that is built, and
opens and verifies like one. Nobody can make it again from its description: a store that lost it has
it from another.
"""

import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from os import PathLike
from pathlib import Path
from typing import Any

import numpy as np
import xarray as xr
from pydantic import JsonValue

from skybench.errors import ParameterError, VersionConflictError
from skybench.generators.codes import SAMPLE_DIM
from skybench.registry.arrays.zarr_format import chunk_keys
from skybench.registry.exports.zarr import write_zarr
from skybench.registry.hashing.content_hash import INLINE_ROWS, hash_dataset_and_samples
from skybench.registry.reference import Version, check_dataset_name
from skybench.registry.storage.store import Store, zarr_name
from skybench.registry.versions.index import find, read_index
from skybench.registry.versions.index_lines import IndexEntry
from skybench.release.building.build import BuildResult
from skybench.release.building.group_hashes import SAMPLES
from skybench.release.publishing.card import card_text
from skybench.release.publishing.catalog import refresh_catalog
from skybench.release.publishing.describe import describe
from skybench.release.publishing.publish import WorkFolder, check_place, prepare, publish


@dataclass(frozen=True, kw_only=True)
class DatasetDescription:
    """What a manifest says of a dataset beyond its content, in the place of a recipe.

    Attributes
    ----------
    name, title, description, task, licence, citation : str
    samples : int
    family : str
        How it was made, such as ``injection``: no family of recipes.
    provenance : mapping
        What it was made from, as JSON.
    class_names : tuple of str
    """

    name: str
    title: str
    samples: int
    family: str
    provenance: Mapping[str, JsonValue]
    description: str = ""
    task: str = "regression"
    class_names: tuple[str, ...] = ()
    licence: str = "unknown"
    citation: str = ""
    targets: tuple[str, ...] = field(default=())

    def model_dump(self, **_: Any) -> dict[str, JsonValue]:
        """Return what stands under ``recipe`` in the manifest."""
        return {
            "name": self.name,
            "family": self.family,
            "samples": self.samples,
            "task": self.task,
            "targets": list(self.targets),
            **self.provenance,
        }


def publish_dataset(
    ds: xr.Dataset,
    description: DatasetDescription,
    version: str,
    store: str | PathLike[str] | Store | None = None,
) -> IndexEntry:
    """Publish a dataset as a version of a store and return its line of the index.

    Parameters
    ----------
    ds : Dataset
        Codes not decoded; it may be lazy and larger than memory.
    description : DatasetDescription
        With the number of its samples.
    version : str
        ``MAJOR.MINOR``.
    store : str, path or Store, optional
        Default: ``$SKYBENCH_STORE``, else the user's data folder.

    Raises
    ------
    VersionConflictError
        The version is published, or something else is in its place.
    ParameterError
        The description is of another number of samples, or there are too many.
    IntegrityError
        A variable or attribute cannot be hashed.
    StoreError
        It cannot be written.
    """
    number, where = Version.parse(version), Store(store)
    check_dataset_name(description.name, description.name)
    _check_samples(ds, description)
    if find(read_index(where), description.name, number):
        msg = (
            f"{description.name} {number} is published in {where}; a version is never replaced. "
            "Choose a higher one."
        )
        raise VersionConflictError(msg)
    work = WorkFolder(store=where, dataset=description.name, version=number)
    with where.lock(work.name, wait=False):
        check_place(work)
        work.discard()
        built = _written(ds, work)
        zarr = zarr_name(description.name, number, built.content.root)
        manifest = describe(description, number, built, work.files(zarr), where)
        prepare(work, manifest, card_text(manifest))
        entry = publish(work)
    refresh_catalog(where)
    return entry


def _check_samples(ds: xr.Dataset, description: DatasetDescription) -> None:
    samples = ds.sizes.get(SAMPLE_DIM, 0)
    if not 0 < samples == description.samples:
        msg = f"{description.name} has {samples} samples, and its description {description.samples}"
        raise ParameterError(msg)
    if samples > INLINE_ROWS:
        msg = f"at most {INLINE_ROWS:,} samples are published so, got {samples:,}; publish parts"
        raise ParameterError(msg)


def _written(ds: xr.Dataset, work: WorkFolder) -> BuildResult:
    """Write the Zarr store and the digests of the samples into the work folder."""
    begun = time.perf_counter()
    content, digests = hash_dataset_and_samples(ds)
    write_zarr(ds, Path(work.store.local_path(f"{work.key}/data.zarr")))
    work.store.write(f"{work.key}/data.{SAMPLES}", np.ascontiguousarray(digests).tobytes())
    return BuildResult(
        url=work.data_url,
        content=content,
        chunk_count=len(chunk_keys(work.data_url)),
        rendered_samples=ds.sizes[SAMPLE_DIM],
        seconds=time.perf_counter() - begun,
    )
