"""The Intake driver that opens a released version, whole or one split, as a lazy Dataset."""

import re
import warnings
from collections.abc import Mapping
from dataclasses import replace
from itertools import accumulate
from typing import Any

import xarray as xr
from intake.source.base import DataSource, Schema

from skybench.errors import NotFoundError, ParameterError, UnprovenDataWarning
from skybench.generators.codes import SAMPLE_DIM
from skybench.registry.open import Building, Verification
from skybench.registry.open import open as open_version
from skybench.registry.reference import DatasetReference, manifest_pin
from skybench.registry.storage.store import INDEX, Store

_ZARR_METADATA = "zarr.json"


class SkySource(DataSource):  # type: ignore[misc]  # intake ships no types
    """A released version behind an entry of an Intake catalog, in Intake 0.7 and 2.

    It opens as `skybench.open` does: by the index and the manifest of the store around it, which
    must have the content hash that the catalog names, and be the manifest that it names; catalogs
    from before there was one name the content alone. A Zarr store that was copied out of its store
    opens with an `UnprovenDataWarning` and without the attributes of the version.

    Parameters
    ----------
    urlpath : str
        The version's Zarr store: a path or any fsspec URL.
    split : str, optional
        Only the samples of ``train``, ``validation`` or ``test``. Default: all.
    decode : bool
        As for `skybench.open`.
    verify : "off", "fast" or "full"
        As for `skybench.open`.
    build : "missing" or "never"
        As for `skybench.open`, where `urlpath` is in the default store; elsewhere nothing is built.
    storage_options : mapping, optional
        None but those in fsspec's own configuration, which Intake hands on from the catalog's
        file system and which hold anyway.
    metadata : mapping, optional
        From the catalog: hash, manifest, version, licence, baseline scores.

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
        verify: Verification = "fast",
        build: Building = "missing",
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
        self.verify: Verification = verify
        self.build: Building = build
        self._dataset: xr.Dataset | None = None

    def to_dask(self) -> xr.Dataset:
        """Return the lazy Dataset, in chunks of one length, with coordinates on (sample) in memory.

        Raises
        ------
        NotFoundError
            The version is not at `urlpath`, or has no such split; the message names those it has.
        IntegrityError
            Data or manifest are not those that were published with the hashes in the catalog, or
            chunks are missing, which would read as fill values.
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
        store = self._store()
        if store is None:
            return self._unproven()
        return open_version(
            self._reference(),
            split=self.split,
            store=store,
            verify=self.verify,
            decode=self.decode,
            build=self.build if store == Store() else "never",
        )

    def _reference(self) -> DatasetReference:
        """Return the version, pinned to the content and to the manifest that the catalog names."""
        dataset, version, content = self._identity()
        pinned = DatasetReference.parse(f"{dataset}@{version}#{content}")
        if (manifest := self.metadata.get("manifest")) is None:
            return pinned
        whole = DatasetReference.parse(f"{dataset}@{version}#{manifest_pin(manifest)}")
        return replace(pinned, manifest=whole.manifest)

    def _identity(self) -> tuple[Any, Any, Any]:
        """Return dataset, version and content hash as the catalog says them."""
        dataset, version, content = (self.metadata.get(k) for k in ("dataset", "version", "hash"))
        return dataset, version, content

    def _store(self) -> Store | None:
        """Return the store that has the version at `urlpath`, None where none is around it.

        A store has an index there, with the manifest's hash; the default one may lack the version.
        """
        dataset, version, content = self._identity()
        # Intake may double a slash.
        place = Store(self.urlpath)
        url = re.sub("(?<!:)//+", "/", str(place)).rstrip("/")
        folder = f"/{dataset}/{version}"
        root = url.rpartition("/")[0].removesuffix(folder)
        if content is None or not url.startswith(f"{root}{folder}/"):
            return None
        store, default = place.beside(root), Store()
        # Only the environment may know how the default store is opened.
        return default if store == default else store if store.exists(INDEX) else None

    def _unproven(self) -> xr.Dataset:
        """Return what lies at `urlpath` by itself, without the attributes that it would prove."""
        if not Store(self.urlpath).exists(_ZARR_METADATA):
            raise NotFoundError(self._absence())
        # A path has a slash or ends in .zarr, which no reference does.
        ds = open_version(self.urlpath, split=self.split, verify=self.verify, decode=self.decode)
        msg = (
            f"no index and manifest of a store are around {self.urlpath}, so nothing proves what "
            "it holds; its attributes name no version"
        )
        warnings.warn(msg, UnprovenDataWarning, stacklevel=4)
        return ds

    def _absence(self) -> str:
        dataset, version, _ = self._identity()
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


def _unconfigured(url: str, options: Mapping[str, Any]) -> list[str]:
    """Return the names of options that fsspec does not have from its configuration."""
    if not options:
        return []
    configured = Store(url).fs.storage_options
    return sorted(
        name for name in options if name not in configured or configured[name] != options[name]
    )
