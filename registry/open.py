"""Open a released version as a lazy xarray Dataset."""

from functools import partial
from os import PathLike, fspath
from typing import Any, Literal

import xarray as xr
from numpy.typing import NDArray

# By its face, as a user: what brings a version here stands on floors above this one.
import skybench
from skybench.errors import NotFoundError, ParameterError
from skybench.generators.codes import presented, with_variables
from skybench.generators.recipe_text import packaged_recipes
from skybench.registry.arrays.open_url import (
    MOST_IN_MEMORY,
    in_memory,
    is_url,
    open_url,
    select_split,
    with_coordinates,
)
from skybench.registry.arrays.zarr_format import open_raw
from skybench.registry.proof.checked_rows import CheckedRows, with_checked_rows
from skybench.registry.proof.file_check import damage
from skybench.registry.reference import DatasetReference
from skybench.registry.storage.store import Store
from skybench.registry.verify import opened
from skybench.registry.versions.index import read_manifest, resolve
from skybench.registry.versions.index_lines import IndexEntry
from skybench.registry.versions.manifest import Manifest
from skybench.registry.versions.recorded_manifests import identity_of, recorded_manifest

Openable = str | PathLike[str] | DatasetReference
"""A reference to a version, or the path or URL of one Zarr store."""

Building = Literal["missing", "never"]
Verification = Literal["off", "fast", "full"]
_VERIFICATIONS = ("off", "fast", "full")


def open(
    reference: Openable,
    *,
    split: str | None = None,
    store: str | Store | None = None,
    verify: Verification = "fast",
    decode: bool = True,
    build: Building = "missing",
) -> xr.Dataset:
    """Return a released dataset, lazily: pixels are read when they are asked for.

    Where the store has no such version and skybench records it, the first call builds it there
    (see `skybench.get`), proven against the recorded hashes.

    Parameters
    ----------
    reference : str
        ``sky`` (the newest version), ``sky@1`` (the newest 1.x), ``sky@1.0``, or pinned: to its
        manifest, ``sky@1.0#manifest:sha256:…``, which holds all of it, or to a content hash,
        ``sky@1.0#sha256:…``, which holds pixels and coordinates, but not scores, licence or
        citation; ``skybench cite`` prints both. Or the path or URL of one Zarr store, such as
        ``out/sky.zarr`` of `skybench build`: its metadata and chunk files are checked, but no
        manifest proves what it holds.
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
    build : "missing" or "never"
        Whether a recorded version that is neither in the store nor on a mirror is built.
        ``SKYBENCH_BUILD=0`` in the environment means never.

    Returns
    -------
    Dataset
        ``image : (sample, y, x) int32``, electrons, with the parameters as coordinates. Those on
        (sample), by which samples are chosen and grouped, are in memory, and numbers of sources are
        read when they are used; the rest are dask arrays in chunks of one length. Of more than 8 MB
        of the former all are read when they are first used, and ``sample`` has no index.
        ``attrs`` hold version, content hash, hash of the manifest, licence.

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
    if isinstance(reference, PathLike) or (isinstance(reference, str) and is_url(reference)):
        return _opened_url(fspath(reference), split, store, verify, decode)
    store = Store(store)
    entry = present(reference, store, build)
    manifest = read_manifest(store, entry)
    identity = identity_of(manifest, entry.manifest)
    if identity.problems:
        raise damage(manifest.reference, identity.problems)
    ds = _opened(manifest, store, split, verify).drop_encoding()
    return (presented(ds) if decode else ds).assign_attrs(
        dataset=manifest.dataset,
        version=manifest.version,
        content_hash=manifest.content.root,
        manifest_hash=identity.cited,
        license=manifest.licence,
        citation=manifest.citation,
    )


def _opened_url(
    url: str, split: str | None, store: str | Store | None, verify: Verification, decode: bool
) -> xr.Dataset:
    if store is not None:
        msg = f"{url} is a place of its own; leave out the store {store}"
        raise ParameterError(msg)
    if verify == "full":
        msg = f"{url} has no manifest to compare its rows with; verify must be off or fast"
        raise ParameterError(msg)
    return open_url(url, split=split, decode=decode)


def present(
    reference: str | DatasetReference, store: Store, build: Building = "missing"
) -> IndexEntry:
    """Return the version in a store that a reference means, after bringing it there if need be.

    Raises
    ------
    NotFoundError
        It is not there, and `skybench.get` cannot bring it.
    IntegrityError
        Its content is not the one that the reference pins.
    """
    try:
        return resolve(reference, store)
    except NotFoundError as missing:
        try:
            skybench.get(reference, store=store, build=build)
        except NotFoundError as unavailable:
            raise _absent(reference, store, missing, unavailable) from None
    return resolve(reference, store)


def _absent(
    reference: str | DatasetReference,
    store: Store,
    missing: NotFoundError,
    unavailable: NotFoundError,
) -> NotFoundError:
    try:
        recorded_manifest(reference)
    except NotFoundError as also:
        name = DatasetReference.parse(reference).dataset
        return NotFoundError(f"{missing} Nor does skybench record it: {also}{_as_recipe(name)}")
    return NotFoundError(f"{missing} And nothing brought it there: {unavailable}")


def _as_recipe(name: str) -> str:
    """Say what to do with a recipe that no version was made of."""
    if name not in packaged_recipes():
        return ""
    return f". {name} is a recipe, too: skybench.generate({name!r}) makes samples in memory"


def _opened(
    manifest: Manifest, store: Store, split: str | None, verify: Verification
) -> xr.Dataset:
    """Return a version, or the samples of one split, with codes not decoded."""
    url = store.url_of(f"{manifest.key}/{manifest.zarr}")
    stored = _stored(manifest, store, url, verify)
    if verify == "full":
        held = in_memory(stored, partial(_read_checked, manifest, store), MOST_IN_MEMORY)
        checked = with_checked_rows(stored, manifest, store)
        ds = with_variables(checked, {**checked.variables, **held})
    else:
        ds = with_coordinates(stored, url)
    return ds if split is None else select_split(ds, split)


def _read_checked(
    manifest: Manifest, store: Store, name: str, variable: xr.Variable
) -> NDArray[Any]:
    return CheckedRows.of(name, variable, manifest, store).read_whole()


def _stored(manifest: Manifest, store: Store, url: str, verify: Verification) -> xr.Dataset:
    if verify == "off":
        return open_raw(url, chunked=False)
    ds, problems = opened(manifest, store, chunked=False)
    if ds is None or problems:
        raise damage(manifest.reference, problems)
    return ds
