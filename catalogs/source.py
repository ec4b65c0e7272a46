"""The Intake driver that opens a released version, whole or one split, as a lazy Dataset."""

import re
import warnings
from collections.abc import Mapping
from itertools import accumulate
from typing import Any, Literal

import xarray as xr
from intake.source.base import DataSource, Schema

# By its face, as a user: what brings a version here stands on floors above this one.
import skybench
from skybench.errors import NotFoundError, ParameterError, YankedVersionWarning
from skybench.generators.codes import SAMPLE_DIM
from skybench.registry.arrays.open_url import open_url
from skybench.registry.storage.store import Store

_ZARR_METADATA = "zarr.json"

_ATTRIBUTES = {
    "dataset": "dataset",
    "version": "version",
    "content_hash": "hash",
    "license": "licence",
    "citation": "citation",
}
"""Attributes of the Dataset, as `skybench.open` names them, and where the metadata holds them."""


class SkySource(DataSource):  # type: ignore[misc]  # intake ships no types
    """A released version behind an entry of an Intake catalog, in Intake 0.7 and 2.

    Parameters
    ----------
    urlpath : str
        The version's Zarr store: a path or any fsspec URL.
    split : str, optional
        Only the samples of ``train``, ``validation`` or ``test``. Default: all.
    decode : bool
        As for `skybench.open`.
    build : "missing" or "never"
        As for `skybench.open`, where `urlpath` is in the default store; elsewhere nothing is built.
    storage_options : mapping, optional
        None but those in fsspec's own configuration, which Intake hands on from the catalog's
        file system and which hold anyway.
    metadata : mapping, optional
        From the catalog: hash, version, licence, baseline scores.

    Raises
    ------
    ParameterError
        Other `storage_options` are given.

    Examples
    --------
    >>> import intake
    >>> catalog = intake.open_catalog("demo-store/catalog.yaml")    # doctest: +SKIP
    >>> catalog.sky_v0_test.to_dask()                               # doctest: +SKIP
    >>> catalog.sky_v0(split="test", decode=False).to_dask()        # doctest: +SKIP
    """

    name = "skybench"
    version = "1"
    container = "xarray"
    partition_access = True

    def __init__(
        self,
        urlpath: str,
        split: str | None = None,
        decode: bool = True,
        build: Literal["missing", "never"] = "missing",
        storage_options: Mapping[str, Any] | None = None,
        metadata: Mapping[str, Any] | None = None,
    ) -> None:
        if unconfigured := _unconfigured(urlpath, storage_options or {}):
            msg = (
                f"storage_options for {urlpath} must be left out, got {unconfigured}; "
                "set them for the protocol in fsspec's configuration, for example "
                "FSSPEC_S3='{\"anon\": true}' in the environment"
            )
            raise ParameterError(msg)
        super().__init__(storage_options={}, metadata=dict(metadata or {}))
        self.urlpath = urlpath
        self.split = split
        self.decode = decode
        self.build = build
        self._dataset: xr.Dataset | None = None

    def to_dask(self) -> xr.Dataset:
        """Return the lazy Dataset, in chunks of one length, with coordinates on (sample) in memory.

        Raises
        ------
        NotFoundError
            The version is not at `urlpath`, or has no such split; the message names those it has.
        IntegrityError
            Chunks are missing, which would read as fill values.
        StoreError, MissingDependencyError
            The file system cannot be read, or its package is not installed.
        """
        if self._dataset is None:
            self._dataset = self._opened()
        return self._dataset

    def read(self) -> xr.Dataset:
        """Return the Dataset in memory; raises as `to_dask` does."""
        return self.to_dask().compute()

    def _opened(self) -> xr.Dataset:
        if not Store(self.urlpath).exists(_ZARR_METADATA):
            self._bring()
        ds = open_url(self.urlpath, split=self.split, decode=self.decode)
        if "yanked" in self.metadata:
            # Lines of an index are models, which take longer to import than a version to open.
            from skybench.registry.versions.index_lines import withdrawal

            named = f"{self.metadata.get('dataset')} {self.metadata.get('version')}"
            warnings.warn(withdrawal(named, self.metadata["yanked"]), YankedVersionWarning, 3)
        known = {name: key for name, key in _ATTRIBUTES.items() if key in self.metadata}
        return ds.assign_attrs({name: self.metadata[key] for name, key in known.items()})

    def _bring(self) -> None:
        """Build or fetch the version where it belongs: at `urlpath`, in the default store."""
        dataset, version, content = (self.metadata.get(k) for k in ("dataset", "version", "hash"))
        store = Store()
        if content is None or not _is_below(self.urlpath, store.url_of(f"{dataset}/{version}")):
            raise NotFoundError(self._absence())
        skybench.get(f"{dataset}@{version}#{content}", store=store, build=self.build)
        if not Store(self.urlpath).exists(_ZARR_METADATA):
            raise NotFoundError(self._absence())

    def _absence(self) -> str:
        dataset, version = (self.metadata.get(key) for key in ("dataset", "version"))
        if dataset is None or version is None:
            return f"no dataset is at {self.urlpath}; its catalog may lie in another store"
        return (
            f"{dataset} {version} is not at {self.urlpath}. 'skybench get {dataset}@{version}' "
            "brings it into your store, where intake.cat.skybench has it; or open the catalog of a "
            "store that holds it."
        )

    def _get_schema(self) -> Any:
        ds = self.to_dask()
        return Schema(
            dtype=None,
            shape=None,
            npartitions=len(self._partitions()),
            extra_metadata={
                "dims": {str(name): size for name, size in ds.sizes.items()},
                "data_vars": [str(name) for name in ds.data_vars],
                "coords": [str(name) for name in ds.coords],
            },
        )

    def _partitions(self) -> list[slice]:
        """Return the rows of each chunk, which `read_partition` and `read_chunked` read."""
        first = next(iter(self.to_dask().data_vars.values()))
        stops = list(accumulate(first.chunksizes[SAMPLE_DIM]))
        return [slice(start, stop) for start, stop in zip([0, *stops], stops, strict=False)]

    def _get_partition(self, number: int) -> xr.Dataset:
        return self.to_dask().isel({SAMPLE_DIM: self._partitions()[number]}).compute()

    def _close(self) -> None:
        self._dataset = None
        self._schema = None


def _is_below(url: str, folder: str) -> bool:
    """Tell whether a URL, in which Intake may have doubled a slash, is inside a folder."""
    return re.sub("(?<!:)//+", "/", Store(url).url).startswith(f"{folder}/")


def _unconfigured(url: str, options: Mapping[str, Any]) -> list[str]:
    """Return the names of options that fsspec does not have from its configuration."""
    if not options:
        return []
    configured = Store(url).fs.storage_options
    return sorted(
        name for name in options if name not in configured or configured[name] != options[name]
    )
