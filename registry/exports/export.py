"""The table of export formats, and exports of datasets and versions in them.

A new format is one file beside this and one line in `FORMATS`.
"""

from collections.abc import Callable
from pathlib import Path

import xarray as xr

from skybench.errors import ParameterError
from skybench.extensions import Table
from skybench.generators.suggestion import unknown
from skybench.registry.exports.croissant import CROISSANT
from skybench.registry.exports.export_format import DataFormat, DescriptionFormat, ExportFormat
from skybench.registry.exports.npz import NPZ
from skybench.registry.exports.zarr import ZARR
from skybench.registry.open import open as open_version
from skybench.registry.recorded import known_manifest
from skybench.registry.reference import DatasetReference
from skybench.registry.storage.local_disk import reporting_unwritable, write_new
from skybench.registry.storage.store import Store

FORMATS = Table("skybench.exports", ExportFormat, NPZ, ZARR, CROISSANT)
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
    """Return the data format that the name of a file asks for.

    Raises
    ------
    ParameterError
        No format has that suffix, or the file is there already.
    """
    forms = [form for form in FORMATS.values() if isinstance(form, DataFormat)]
    found = next((form for form in forms if form.suffix == out.suffix), None)
    if found is None:
        msg = f"{out}: {unknown('file type', out.suffix, [form.suffix for form in forms])}"
        raise ParameterError(msg)
    _check_free(out)
    return found


def write_dataset(ds: xr.Dataset, out: Path, form: DataFormat) -> None:
    """Write a dataset, released or not, to a new file or folder.

    It has its name only once it is whole, and nothing is left of one that failed.

    Raises
    ------
    ParameterError
        Something is there already, or the name does not end in the format's suffix.
    StoreError
        It cannot be written.
    """
    if out.suffix != form.suffix:
        msg = f"{out} must end in {form.suffix}, as files of the format {form.name} do"
        raise ParameterError(msg)
    _write_new(out, lambda path: form.write(ds, path))


def export_version(
    form: DataFormat,
    reference: str | DatasetReference,
    *,
    split: str | None = None,
    out: Path | None = None,
    store: str | Store | None = None,
) -> Path:
    """Write the samples of a released version, or of one split, and return where.

    They are compared with their hashes as they are read, since a copy leaves those behind.

    Parameters
    ----------
    form : DataFormat
    reference, split, store
        As for `skybench.open`.
    out : Path, optional
        Default: in the working folder, named like ``sky-0.1-test.npz``.

    Raises
    ------
    NotFoundError
        There is no such version or split.
    IntegrityError
        The data are not those that were published.
    ParameterError, StoreError
        As `write_dataset` does.
    """
    if out is not None:
        _check_free(out)
    ds = open_version(reference, split=split, store=store, verify="full", decode=False)
    dataset, version, content = (ds.attrs[key] for key in ("dataset", "version", "content_hash"))
    if out is None:
        part = "" if split is None else f"-{split}"
        out = Path(f"{dataset}-{version}{part}{form.suffix}")
    # A copy is not proven: it says where it is from, not that it is that.
    attrs = {key: value for key, value in ds.attrs.items() if key != "content_hash"}
    ds = ds.drop_attrs(deep=False).assign_attrs(
        attrs, exported_from=f"{dataset}@{version}#{content}"
    )
    write_dataset(ds, out, form)
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


def _write_new(out: Path, write: Callable[[Path], object]) -> None:
    _check_free(out)
    with reporting_unwritable(out):
        try:
            write_new(out, write)
        except FileExistsError:
            _check_free(out)
            raise


def _check_free(out: Path) -> None:
    if out.exists() or out.is_symlink():
        msg = f"{out} exists; choose another name or delete it first."
        raise ParameterError(msg)
