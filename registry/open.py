"""Open a released version as a lazy xarray Dataset."""

from functools import partial
from typing import Any, Literal

import xarray as xr
from numpy.typing import NDArray

from skybench.errors import ParameterError
from skybench.generators.codes import presented
from skybench.registry.arrays.open_url import select_split, with_coordinates
from skybench.registry.arrays.zarr_format import in_chunks, open_raw
from skybench.registry.proof.checked_rows import CheckedRows, with_checked_rows
from skybench.registry.proof.file_check import damage
from skybench.registry.reference import DatasetReference
from skybench.registry.storage.store import Store
from skybench.registry.verify import opened
from skybench.registry.versions.index import read_manifest, resolve
from skybench.registry.versions.manifest import Manifest

Verification = Literal["off", "fast", "full"]
_VERIFICATIONS = ("off", "fast", "full")


def open(
    reference: str | DatasetReference,
    *,
    split: str | None = None,
    store: str | Store | None = None,
    verify: Verification = "fast",
    decode: bool = True,
) -> xr.Dataset:
    """Return a released dataset, lazily: pixels are read when they are asked for.

    Parameters
    ----------
    reference : str
        ``sky`` (the newest version), ``sky@1`` (the newest 1.x), ``sky@1.0``, or pinned to a
        content hash, ``sky@1.0#sha256:…``.
    split : str, optional
        Only the samples of ``train``, ``validation`` or ``test``. Default: all.
    store : str or Store, optional
        Any fsspec URL. Default: ``$SKYBENCH_STORE``, else the user's data folder.
    verify : "off", "fast" or "full"
        Fast, the default, finds missing and cut-off files without reading pixels. Full also
        compares each chunk with its hash whenever it is read, in whole blocks of 256 samples,
        and raises before wrong values get out. The manifest is always checked.
    decode : bool
        Whether labels, splits and kinds come as strings, and samples can be chosen by their
        identity, ``sel(sample=7)``. False keeps all as stored: codes, with ``flag_meanings``.

    Returns
    -------
    Dataset
        ``image : (sample, y, x) int32``, electrons, with the parameters as coordinates. Those on
        (sample), by which samples are chosen and grouped, are in memory (up to 256 MB of them); the
        rest are dask arrays in chunks of one length. ``attrs`` hold version, content hash, licence.

    Raises
    ------
    NotFoundError
        There is no such dataset, version or split; the message lists those there are.
    IntegrityError
        The data are not those that were published, or not those that the reference pins. With
        ``verify="full"`` computations on the dataset raise it too.

    Examples
    --------
    >>> import skybench
    >>> test = skybench.open("sky@1", split="test")         # doctest: +SKIP
    >>> test.image.isel(sample=slice(0, 64)).to_numpy()     # doctest: +SKIP
    """
    if verify not in _VERIFICATIONS:
        msg = f"verify must be one of {', '.join(_VERIFICATIONS)}, got {verify!r}"
        raise ParameterError(msg)
    store = Store(store)
    entry = resolve(reference, store)
    manifest = read_manifest(store, entry)
    ds = _opened(manifest, store, split, verify).drop_encoding()
    return (presented(ds) if decode else ds).assign_attrs(
        dataset=manifest.dataset,
        version=manifest.version,
        content_hash=manifest.content.root,
        license=manifest.licence,
        citation=manifest.citation,
    )


def _opened(
    manifest: Manifest, store: Store, split: str | None, verify: Verification
) -> xr.Dataset:
    """Return a version, or the samples of one split, with codes not decoded."""
    url = store.url_of(f"{manifest.key}/{manifest.zarr}")
    stored = _stored(manifest, store, url, verify)
    if verify == "full":
        checked = with_checked_rows(stored, manifest, url)
        ds = with_coordinates(checked, stored, partial(_read_checked, manifest))
    else:
        ds = with_coordinates(in_chunks(stored, url), stored)
    return ds if split is None else select_split(ds, split)


def _read_checked(manifest: Manifest, name: str, variable: xr.Variable) -> NDArray[Any]:
    return CheckedRows.of(name, variable, manifest).read_whole()


def _stored(manifest: Manifest, store: Store, url: str, verify: Verification) -> xr.Dataset:
    if verify == "off":
        return open_raw(url, chunked=False)
    ds, problems = opened(manifest, store, chunked=False)
    if ds is None or problems:
        raise damage(manifest.reference, problems)
    return ds
