"""The table of export formats, and exports of datasets and versions in them.

A new format is one file beside this and one line in `FORMATS`.
"""

from collections.abc import Callable, Mapping, Sequence
from hashlib import sha256
from operator import index
from os import PathLike
from pathlib import Path

import xarray as xr

from skybench.errors import ParameterError, StoreError
from skybench.extensions import Table
from skybench.generators.codes import SAMPLE_DIM, encode_flags
from skybench.generators.suggestion import unknown
from skybench.registry.arrays.open_url import select_split
from skybench.registry.exports.blocks import blocks
from skybench.registry.exports.croissant import CROISSANT
from skybench.registry.exports.csv import CSV
from skybench.registry.exports.ecsv import ECSV
from skybench.registry.exports.export_format import DataFormat, DescriptionFormat, ExportFormat
from skybench.registry.exports.export_hashes import ExportHashes, roots_of
from skybench.registry.exports.fits import FITS
from skybench.registry.exports.hdf5 import HDF5, HDF5_BRICKS
from skybench.registry.exports.huggingface import HUGGINGFACE
from skybench.registry.exports.images import JPEG, PNG
from skybench.registry.exports.netcdf import NETCDF
from skybench.registry.exports.npy import NPY
from skybench.registry.exports.npz import NPZ
from skybench.registry.exports.parquet import PARQUET
from skybench.registry.exports.tfrecord import TFRECORD
from skybench.registry.exports.votable import VOTABLE
from skybench.registry.exports.webdataset import WEBDATASET
from skybench.registry.exports.zarr import ZARR
from skybench.registry.hashing.attributes import Attributes
from skybench.registry.hashing.content_hash import variable_roots
from skybench.registry.open import open as open_version
from skybench.registry.recorded import known_manifest
from skybench.registry.reference import DatasetReference, manifest_pin
from skybench.registry.storage.local_disk import reporting_unwritable, write_new
from skybench.registry.storage.object_store import HeldError
from skybench.registry.storage.store import Store

_PROOFS = ("content_hash", "manifest_hash")
"""Attributes that are true of an opened version, and not of a copy."""

FORMATS = Table(
    "skybench.exports",
    ExportFormat,
    NPZ,
    ZARR,
    FITS,
    HDF5,
    HDF5_BRICKS,
    NETCDF,
    NPY,
    PNG,
    JPEG,
    CSV,
    PARQUET,
    VOTABLE,
    ECSV,
    HUGGINGFACE,
    WEBDATASET,
    TFRECORD,
    CROISSANT,
)
"""By name; a suffix means the first data format that has it."""


def format_named(name: str) -> ExportFormat:
    """Return a format of `FORMATS`.

    Raises
    ------
    ParameterError
        There is none of that name; the message lists those there are.
    """
    if name not in FORMATS:
        raise ParameterError(unknown("export format", name, FORMATS))
    return FORMATS[name]


def data_format_of(out: Path) -> DataFormat:
    """Return the data format that the name of a file or folder asks for.

    Raises
    ------
    ParameterError
        No format has that suffix, or the file is there already.
    """
    forms = [form for form in FORMATS.values() if isinstance(form, DataFormat)]
    found = next((form for form in forms if form.may_be_called(out.name)), None)
    if found is None:
        known = dict.fromkeys(form.suffix for form in forms if form.suffix)
        folders = ", ".join(f"{out.stem}-{form.name}" for form in forms if not form.suffix)
        msg = f"{out}: {unknown('file type', out.suffix, known)} A folder is named like {folders}."
        raise ParameterError(msg)
    _check_free(out)
    return found


def write_dataset(
    ds: xr.Dataset,
    out: Path,
    form: DataFormat,
    roots: Mapping[str, str] | None = None,
    attributes: Attributes | None = None,
) -> None:
    """Write a dataset, released or not, to a new file or folder.

    It has its name only once it is whole. Nothing is left of one that failed, except of a folder
    whose format can go on where it was: beside it, until the same is written again.

    Parameters
    ----------
    ds : Dataset
        Codes not decoded; it may be lazy.
    out : Path
    form : DataFormat
    roots : mapping of str, optional
        The root of each variable's content hash, where it is known; else the data are read for it.
    attributes : dict, optional
        Those that the content hash of a version covers.

    Raises
    ------
    ParameterError
        Something is there already, the name does not end in the format's suffix, or the format is
        not for such data.
    MissingDependencyError
        The format needs a package.
    StoreError
        It cannot be written.
    """
    if not out.name.endswith(form.suffix):
        msg = (
            f"{out} must end in {form.suffix}, as files of the format {form.name} do, or be a "
            "folder that is there"
        )
        raise ParameterError(msg)
    form.require()
    form.check(ds)
    resume = None
    if form.lossless or form.resumable:
        roots = roots or variable_roots(ds, blocks(ds, action="Hashing"))
        hashes = ExportHashes.of(roots, attributes)
        ds = hashes.attached(ds) if form.lossless else ds
        # Another format, other rows or another origin are not gone on with.
        origin = f"{form.name} {hashes.root} {sorted(ds.attrs.items(), key=str)}"
        resume = sha256(origin.encode()).hexdigest()[:16] if form.resumable else None
    _write_new(out, lambda path: form.write(ds, path), resume)


def export(
    form: str,
    reference: str | DatasetReference | xr.Dataset,
    *,
    split: str | None = None,
    samples: slice | Sequence[int] | None = None,
    out: str | PathLike[str] | None = None,
    store: str | Store | None = None,
) -> Path:
    """Write a version or a dataset, or some of its samples, in another format, and return where.

    Data are compared with their hashes as they are read. Those of a lossless format carry a
    content hash of their own, by which `skybench.verify` proves the file. An interrupted export
    into a folder of many files goes on where it was when it is called again.

    Parameters
    ----------
    form : str
        ``fits``, ``hdf5``, ``npz``, … as ``skybench export --help`` lists them.
    reference : str or Dataset
        As for `skybench.open`; or a dataset that `skybench.open` or `skybench.generate` returned.
    store : str or Store, optional
        As for `skybench.open`.
    split : str, optional
        Only the samples of ``train``, ``validation`` or ``test``. Default: all.
    samples : slice or sequence of int, optional
        Only these rows, in this order, counted from 0 within the split. Default: all.
    out : path, optional
        A new file, or a folder that is there already. Default: in the working folder. In a folder
        the file is named like ``sky-0.1-test.npz``.

    Returns
    -------
    Path
        The new file or folder.

    Raises
    ------
    NotFoundError
        There is no such version or split.
    IntegrityError
        The data are not those that were published.
    ParameterError
        There is no such format or row, the format is not for such data, or something is there.
    MissingDependencyError
        The format needs a package; the message says which to install.
    StoreError
        It cannot be written.

    Examples
    --------
    >>> import skybench
    >>> skybench.export("fits", "sky@0.4", split="test", samples=range(100))    # doctest: +SKIP
    PosixPath('sky-0.3-test-100-samples.fits')
    """
    chosen = format_named(form)
    place = None if out is None else Path(out)
    if isinstance(reference, xr.Dataset):
        return _export_dataset(chosen, reference, split, samples, place)
    if isinstance(chosen, DataFormat):
        return export_version(
            chosen, reference, split=split, samples=samples, out=place, store=store
        )
    assert isinstance(chosen, DescriptionFormat)
    if split is not None or samples is not None:
        msg = f"{form} describes a version with all its splits; leave out split and samples"
        raise ParameterError(msg)
    manifest = known_manifest(reference, store)
    stem = f"{manifest.dataset}-{manifest.version}-{chosen.name}"
    target = _target(place, chosen, stem)
    write_description(chosen.text(manifest), target)
    return target


def export_version(
    form: DataFormat,
    reference: str | DatasetReference,
    *,
    split: str | None = None,
    samples: slice | Sequence[int] | None = None,
    out: Path | None = None,
    store: str | Store | None = None,
) -> Path:
    """Write samples of a released version and return where; as `export`, of one data format."""
    if out is not None and not out.is_dir():
        _check_free(out)
    form.require()
    ds = open_version(reference, split=split, store=store, verify="full", decode=False)
    dataset, version, manifest = (ds.attrs[key] for key in ("dataset", "version", "manifest_hash"))
    published = known_manifest(f"{dataset}@{version}", store).content
    roots = roots_of(published, split) if samples is None else None
    # A copy is not proven: it says where it is from, not that it is that.
    ds = ds.assign_attrs(exported_from=f"{dataset}@{version}#{manifest_pin(manifest)}")
    return _write_chosen(
        form, ds, samples, out, [dataset, version, split], roots, published.attributes
    )


def _export_dataset(
    form: ExportFormat,
    ds: xr.Dataset,
    split: str | None,
    samples: slice | Sequence[int] | None,
    out: Path | None,
) -> Path:
    """Write a dataset that was opened or generated; its content hash is that of what is written."""
    if not isinstance(form, DataFormat):
        msg = f"{form.name} describes a released version; name one, such as sky@1"
        raise ParameterError(msg)
    # The index that opening adds is not stored.
    stored = encode_flags(ds).drop_vars(SAMPLE_DIM, errors="ignore")
    stored = stored if split is None else select_split(stored, split)
    return _write_chosen(form, stored, samples, out, [ds.attrs.get("recipe", "dataset"), split])


def _write_chosen(
    form: DataFormat,
    ds: xr.Dataset,
    samples: slice | Sequence[int] | None,
    out: Path | None,
    names: Sequence[str | None],
    roots: Mapping[str, str] | None = None,
    attributes: Attributes | None = None,
) -> Path:
    """Write some samples, under what their names tell, without the hashes that proved the whole."""
    stem = "-".join(str(name) for name in names if name is not None)
    if samples is not None:
        ds = ds.isel({SAMPLE_DIM: _rows(samples, ds.sizes[SAMPLE_DIM], stem)})
        stem += f"-{ds.sizes[SAMPLE_DIM]}-samples"
    target = _target(out, form, stem)
    kept = {key: value for key, value in ds.attrs.items() if key not in _PROOFS}
    write_dataset(ds.drop_attrs(deep=False).assign_attrs(kept), target, form, roots, attributes)
    return target


def _rows(samples: slice | Sequence[int], length: int, where: str) -> slice | list[int]:
    """Return the rows that were chosen, all of which are there."""
    if isinstance(samples, slice):
        samples = range(length)[samples]
    rows = [index(row) for row in samples]
    if outside := [row for row in rows if not 0 <= row < length]:
        msg = f"{where} has the rows 0 to {length - 1}, got {outside[0]}"
        raise ParameterError(msg)
    if len(set(rows)) < len(rows):
        msg = f"samples are chosen once each, got {rows[:10]}"
        raise ParameterError(msg)
    if rows and rows == list(range(rows[0], rows[-1] + 1)):
        return slice(rows[0], rows[-1] + 1)  # which follows the chunks
    return rows


def _target(out: Path | None, form: ExportFormat, stem: str) -> Path:
    """Return the path to write: what was given, or in a folder the name that tells what it is."""
    name = form.file_name(stem)
    if out is None:
        return Path(name)
    if out.is_dir() and not (form.suffix and out.name.endswith(form.suffix)):
        return out / name
    return out


def describe(
    form: DescriptionFormat, reference: str | DatasetReference, store: str | Store | None = None
) -> str:
    """Return what a version is, in a store or recorded by skybench, as the text of a format.

    Raises
    ------
    NotFoundError
        There is no such version.
    """
    return form.text(known_manifest(reference, store))


def write_description(text: str, out: Path) -> None:
    """Write a description to a new file; raises as `write_dataset` does."""
    _write_new(out, lambda path: path.write_text(text, encoding="utf-8"))


def _write_new(out: Path, write: Callable[[Path], object], resume: str | None = None) -> None:
    _check_free(out)
    with reporting_unwritable(out):
        try:
            write_new(out, write, resume=resume)
        except HeldError:
            msg = f"another process is writing {out}; wait for it to end, or stop it"
            raise StoreError(msg) from None
        except FileExistsError:
            _check_free(out)
            raise


def _check_free(out: Path) -> None:
    if out.exists() or out.is_symlink():
        msg = f"{out} exists; choose another name or delete it first."
        raise ParameterError(msg)
