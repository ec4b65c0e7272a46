"""Open a released version as a lazy xarray Dataset."""

from functools import partial
from typing import Any, Literal

import dask.array as da
import numpy as np
import xarray as xr
from dask.threaded import get as in_threads
from numpy.typing import NDArray

from skybench.errors import IntegrityError, NotFoundError, ParameterError
from skybench.registry.checked_rows import with_checked_rows
from skybench.registry.content_hash import SAMPLE_DIM, SPLIT_VARIABLE, flag_names
from skybench.registry.file_check import damage
from skybench.registry.index import read_manifest, resolve
from skybench.registry.manifest import Manifest
from skybench.registry.reference import DatasetReference
from skybench.registry.store import Store, version_key
from skybench.registry.verify import opened
from skybench.registry.zarr_format import missing_chunks, open_raw

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
        Whether labels, splits and kinds come as strings. False keeps the stored codes.

    Returns
    -------
    Dataset
        ``image : (sample, y, x) int32``, electrons, with the parameters as coordinates; dask
        chunks each read one chunk of the store. ``attrs`` hold version, content hash, licence.

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
    ds = _decoded_split(_verified(manifest, store, verify), split, decode)
    return ds.assign_attrs(
        dataset=manifest.dataset,
        version=manifest.version,
        content_hash=manifest.content.root,
        license=manifest.licence,
        citation=manifest.citation,
    )


def open_url(url: str, *, split: str | None = None, decode: bool = True) -> xr.Dataset:
    """Return the dataset in one Zarr store, without the manifest that would prove it.

    Parameters
    ----------
    url : str
        A path or any fsspec URL of a store that skybench wrote.
    split, decode
        As for `open`.

    Raises
    ------
    NotFoundError
        There is no such store or split.
    IntegrityError
        Chunks are missing, which would read as fill values without an error.
    """
    ds = _decoded_split(open_raw(url), split, decode)
    if missing := missing_chunks(url):
        msg = (
            f"{url} lacks {len(missing)} of its chunks, first {missing[0]}; "
            "the copy is incomplete, fetch or build it again"
        )
        raise IntegrityError(msg)
    return ds


def select_split(ds: xr.Dataset, split: str) -> xr.Dataset:
    """Return the samples of one split, in order, so that each chunk still reads one chunk.

    Parameters
    ----------
    ds : Dataset
        As stored, with codes not decoded.
    split : str
        A name in the flag meanings of the coordinate ``split``.

    Raises
    ------
    NotFoundError
        There is no such split; the message lists those there are.
    """
    variable = ds.variables.get(SPLIT_VARIABLE)
    codes = {} if variable is None else {name: code for code, name in flag_names(variable).items()}
    if split not in codes:
        have = f"it has {', '.join(codes)}" if codes else "it has no splits"
        msg = f"no split {split!r} in {ds.attrs.get('recipe', 'the dataset')}; {have}"
        raise NotFoundError(msg)
    assert variable is not None
    rows = np.flatnonzero(_read(variable) == codes[split])
    whole = {name: v for name, v in ds.variables.items() if SAMPLE_DIM not in v.dims}
    taken = {name: _take(v, rows) for name, v in ds.variables.items() if SAMPLE_DIM in v.dims}
    return _rebuilt(ds, whole | taken).assign_attrs(split=split)


def decode_flags(ds: xr.Dataset) -> xr.Dataset:
    """Return the dataset with the codes of CF flag variables as strings, still lazy.

    A code without a meaning becomes the empty string. ``flag_meanings`` stays as the list of
    the possible strings; ``flag_values`` goes.
    """
    decoded = {
        name: _decoded(variable) if "flag_values" in variable.attrs else variable
        for name, variable in ds.variables.items()
    }
    return _rebuilt(ds, decoded)


def _verified(manifest: Manifest, store: Store, verify: Verification) -> xr.Dataset:
    url = store.url_of(f"{version_key(manifest.dataset, manifest.version)}/{manifest.zarr}")
    if verify == "off":
        return open_raw(url)
    ds, problems = opened(manifest, store, chunked=verify == "fast")
    if ds is None or problems:
        raise damage(manifest.reference, problems)
    return ds if verify == "fast" else with_checked_rows(ds, manifest, url)


def _decoded_split(ds: xr.Dataset, split: str | None, decode: bool) -> xr.Dataset:
    if split is not None:
        ds = select_split(ds, split)
    return (decode_flags(ds) if decode else ds).drop_encoding()


def _rebuilt(ds: xr.Dataset, variables: dict[Any, xr.Variable]) -> xr.Dataset:
    return xr.Dataset(
        {name: variables[name] for name in ds.data_vars},
        {name: variables[name] for name in ds.coords},
        ds.attrs,
    )


def _read(variable: xr.Variable) -> NDArray[Any]:
    if isinstance(variable.data, da.Array):
        # To find a scheduler by its name, dask first imports distributed, which takes longer.
        codes = variable.data.compute(scheduler=in_threads)  # type: ignore[no-untyped-call]
        return np.asarray(codes)
    return np.asarray(variable.values)


def _take(variable: xr.Variable, rows: NDArray[np.intp]) -> xr.Variable:
    if len(rows) and rows[-1] - rows[0] == len(rows) - 1:
        return variable.isel({SAMPLE_DIM: slice(int(rows[0]), int(rows[-1]) + 1)})
    if not isinstance(variable.data, da.Array) or not len(rows):
        return variable.isel({SAMPLE_DIM: rows})
    axis = variable.dims.index(SAMPLE_DIM)
    return xr.Variable(variable.dims, _take_by_chunk(variable.data, axis, rows), variable.attrs)


def _take_by_chunk(data: da.Array, axis: int, rows: NDArray[np.intp]) -> da.Array:
    """Take sorted rows; each chunk of the result comes from one chunk, which is read once."""
    stops = np.cumsum(data.chunks[axis])
    parts = np.split(rows, np.searchsorted(rows, stops[:-1]))
    used = [number for number, part in enumerate(parts) if len(part)]
    within = [parts[n] - (stops[n] - data.chunks[axis][n]) for n in used]
    counts = tuple(len(part) for part in within)
    dims = tuple(range(data.ndim))
    taken: da.Array = da.blockwise(  # type: ignore[no-untyped-call]
        _rows_of_block,
        dims,
        data.blocks[(slice(None),) * axis + (used,)],
        dims,
        da.from_array(np.concatenate(within), chunks=(counts,)),  # type: ignore[no-untyped-call]
        (axis,),
        axis=axis,
        dtype=data.dtype,
        meta=data._meta,
        adjust_chunks={axis: counts},
        align_arrays=False,
        concatenate=True,
    )
    return taken


def _rows_of_block(block: NDArray[Any], rows: NDArray[np.intp], axis: int) -> NDArray[Any]:
    return block.take(rows, axis=axis)


def _decoded(variable: xr.Variable) -> xr.Variable:
    table = dict(sorted(flag_names(variable).items()))
    codes, names = np.array(list(table)), np.array(list(table.values()))
    data = variable.data
    if isinstance(data, da.Array):
        meta = np.empty((0,) * data.ndim, names.dtype)
        decode = partial(_meanings, codes=codes, names=names)
        data = da.map_blocks(decode, data, dtype=names.dtype, meta=meta)  # type: ignore[no-untyped-call]
    else:
        data = _meanings(np.asarray(data), codes, names)
    attrs = {key: value for key, value in variable.attrs.items() if key != "flag_values"}
    return xr.Variable(variable.dims, data, attrs)


def _meanings(
    values: NDArray[Any], codes: NDArray[Any], names: NDArray[np.str_]
) -> NDArray[np.str_]:
    places = np.searchsorted(codes, values).clip(max=len(codes) - 1)
    known = codes[places] == values
    return np.where(known, names[places], "").astype(names.dtype)
