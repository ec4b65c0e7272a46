"""FITS: a cube of cutouts a variable, tables of the parameters, and headers that say what they are.

The layout, after FITS 4.0:

- the primary HDU has no data; its header says what the dataset is;
- ``SAMPLES`` is a binary table of a row a sample, with every coordinate and series;
- images and volumes are image extensions named like their variable, axes x, y, … and sample last;
- variables without samples, such as bands and their zero points, are tables named like their
  dimension;
- ``METADATA`` has all attributes, dimensions and dtypes as JSON, from which a dataset is read back.

Integers that FITS does not have are stored as the next wider that it has.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import IO, Any

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from skybench.errors import ParameterError
from skybench.generators.codes import SAMPLE_DIM, flag_names
from skybench.registry.exports.blocks import blocks
from skybench.registry.exports.export_format import DataFormat
from skybench.registry.exports.metadata_text import dataset_of, metadata_text

_BLOCK = 2880

_STORED = {
    "bool": ">u1",
    "uint8": ">u1",
    "int8": ">i2",
    "int16": ">i2",
    "uint16": ">i4",
    "int32": ">i4",
    "uint32": ">i8",
    "int64": ">i8",
    "float16": ">f4",
    "float32": ">f4",
    "float64": ">f8",
}
"""The dtype in the file, which holds every value of that in memory."""

_TFORM = {"u1": "B", "i2": "I", "i4": "J", "i8": "K", "f4": "E", "f8": "D"}

_IMAGE_DIMS = 3
"""Data variables of so many dimensions are images; those of fewer are columns."""

_KEYWORDS = {
    "title": "TITLE",
    "dataset": "DATASET",
    "version": "VERSION",
    "split": "SPLIT",
    "recipe": "RECIPE",
    "generator": "GENERATR",
    "seed": "SEED",
    "task": "TASK",
    "targets": "TARGETS",
    "pixel_scale_arcsec": "PIXSCALE",
    "zeropoint": "MAGZERO",
    "license": "LICENSE",
    "citation": "CITATION",
    "exported_from": "EXPORTED",
    "exported_content_hash": "CONTHASH",
}
"""Attributes that the primary header says too, for people."""

NOMINAL = (180.0, 0.0)
"""Right ascension and declination, degrees, of the middle of every image: it is on no real sky."""


def check_fits(ds: xr.Dataset) -> None:
    """Raise a `ParameterError` where a dtype has no equal in FITS, or a variable no place."""
    for name, variable in ds.variables.items():
        if not variable.dims:
            msg = f"{name} is a single number, which no table here has; export hdf5 or zarr"
            raise ParameterError(msg)
        if variable.dtype.name not in _STORED:
            msg = f"{name} is {variable.dtype}, which FITS does not have; export hdf5 or zarr"
            raise ParameterError(msg)


def write_fits(ds: xr.Dataset, path: Path) -> None:
    """Write the headers and then the data, some rows at a time; checksums come last."""
    images = [str(name) for name, v in ds.data_vars.items() if _is_image(v.variable)]
    with path.open("xb") as file:
        _write_header(file, _primary(ds))
        _write_table(file, "SAMPLES", ds.drop_vars(images), SAMPLE_DIM)
        for name in images:
            _write_image(file, ds, name)
        for dim in dict.fromkeys(v.dims[0] for v in ds.variables.values() if v.dims):
            if dim != SAMPLE_DIM:
                _write_table(file, str(dim).upper(), ds, str(dim))
        _write_text(file, metadata_text(ds))
    _write_checksums(path)


def _is_image(variable: xr.Variable) -> bool:
    return variable.dims[:1] == (SAMPLE_DIM,) and variable.ndim >= _IMAGE_DIMS


def _primary(ds: xr.Dataset) -> Any:
    from astropy.io.fits import Header  # late, as elsewhere here: astropy takes half a second

    header = Header([("SIMPLE", True), ("BITPIX", 8), ("NAXIS", 0), ("EXTEND", True)])
    header["ORIGIN"] = "skybench"
    for name, keyword in _KEYWORDS.items():
        if name in ds.attrs:
            header[keyword] = _ascii(ds.attrs[name])
    return header


def _write_image(file: IO[bytes], ds: xr.Dataset, name: str) -> None:
    from astropy.io.fits import Header

    variable = ds.variables[name]
    stored = np.dtype(_STORED[variable.dtype.name])
    bits = stored.itemsize * (-8 if stored.kind == "f" else 8)
    header = Header([("XTENSION", "IMAGE"), ("BITPIX", bits), ("NAXIS", variable.ndim)])
    for axis, size in enumerate(reversed(variable.shape), 1):
        header[f"NAXIS{axis}"] = size
    header.update({"PCOUNT": 0, "GCOUNT": 1, "EXTNAME": name.upper()})
    if unit := _unit(variable):
        header["BUNIT"] = unit
    header["DESCR"] = _ascii(variable.attrs.get("long_name", name))
    header.update(_coordinates(variable, ds.attrs))
    _write_header(file, header)
    written = 0
    for block in blocks(ds[[name]].drop_vars(ds.coords, errors="ignore")):
        written += file.write(np.ascontiguousarray(block.variables[name].values, stored).data)
    _pad(file, written, b"\0")


def _coordinates(variable: xr.Variable, attributes: Mapping[Any, Any]) -> dict[str, Any]:
    """Return the cards of the world coordinates, where a pixel has a size."""
    sizes = dict(zip(variable.dims, variable.shape, strict=True))
    cards: dict[str, Any] = {}
    for axis, dim in enumerate(map(str, reversed(variable.dims)), 1):
        kind, unit, step, pixel, value = dim.upper(), "", 1.0, 1.0, 0.0
        if dim in {"x", "y", "z"} and "voxel_mpc" in attributes:
            unit, step = "Mpc", float(attributes["voxel_mpc"])
        elif dim in {"x", "y"} and "pixel_scale_arcsec" in attributes:
            step = float(attributes["pixel_scale_arcsec"]) / 3600
            unit, pixel = "deg", (sizes[dim] + 1) / 2
            if dim == "x":  # east is to the left
                kind, step, value = "RA---TAN", -step, NOMINAL[0]
            else:
                kind, value = "DEC--TAN", NOMINAL[1]
        cards |= {f"CTYPE{axis}": kind, f"CRPIX{axis}": pixel, f"CRVAL{axis}": value}
        cards |= {f"CDELT{axis}": step} | ({f"CUNIT{axis}": unit} if unit else {})
    if "pixel_scale_arcsec" in attributes:
        cards |= {"RADESYS": "ICRS", "COMMENT": "The images are simulated: their place is nominal."}
    return cards


def _write_table(file: IO[bytes], extension: str, ds: xr.Dataset, dim: str) -> None:
    """Write the variables whose first dimension is `dim`, a row for each place on it."""
    names = [str(name) for name, v in ds.variables.items() if v.dims[:1] == (dim,)]
    columns = [_column(name, ds.variables[name]) for name in names]
    kind = np.dtype([(n, c["stored"], c["shape"]) for n, c in zip(names, columns, strict=True)])
    header = _table_header(extension, columns, kind.itemsize, ds.sizes[dim])
    _write_header(file, header)
    written = 0
    of_dim = ds[names].drop_vars(set(ds.coords) - set(names), errors="ignore")
    for block in blocks(of_dim) if dim == SAMPLE_DIM else [of_dim]:
        rows = np.empty(block.sizes[dim], kind)
        for name in names:
            rows[name] = block.variables[name].values
        written += file.write(rows.tobytes())
    _pad(file, written, b"\0")


def _column(name: str, variable: xr.Variable) -> dict[str, Any]:
    stored, shape = _STORED[variable.dtype.name], variable.shape[1:]
    form = f"{int(np.prod(shape, dtype=np.int64))}{_TFORM[stored[1:]]}"
    cards = {"TTYPE": name, "TFORM": form}
    if len(shape) > 1:
        cards["TDIM"] = f"({','.join(map(str, reversed(shape)))})"
    if unit := _unit(variable):
        cards["TUNIT"] = unit
    cards["TCOMM"] = _ascii(variable.attrs.get("long_name", name))
    if "flag_values" in variable.attrs:
        cards["TCODE"] = ", ".join(f"{c} {word}" for c, word in flag_names(variable).items())
    return {"stored": stored, "shape": shape, "cards": cards}


def _table_header(extension: str, columns: list[dict[str, Any]], row_bytes: int, rows: int) -> Any:
    from astropy.io.fits import Header

    header = Header([("XTENSION", "BINTABLE"), ("BITPIX", 8), ("NAXIS", 2)])
    header.update({"NAXIS1": row_bytes, "NAXIS2": rows, "PCOUNT": 0, "GCOUNT": 1})
    header["TFIELDS"] = len(columns)
    header["EXTNAME"] = extension
    for number, column in enumerate(columns, 1):
        header.update({f"{word}{number}": value for word, value in column["cards"].items()})
    return header


def _write_text(file: IO[bytes], text: str) -> None:
    cards = {"TTYPE": "json", "TFORM": f"{len(text)}A"}
    header = _table_header("METADATA", [{"cards": cards}], len(text), 1)
    _write_header(file, header)
    _pad(file, file.write(text.encode("ascii")), b" ")


def _write_header(file: IO[bytes], header: Any) -> None:
    # Room for what add_checksum writes, or it would move all data of the file.
    header["CHECKSUM"], header["DATASUM"] = "0" * 16, "0" * 10
    file.write(header.tostring().encode("ascii"))


def _write_checksums(path: Path) -> None:
    from astropy.io import fits

    with fits.open(path, memmap=True) as units, path.open("r+b") as file:
        for unit in units:
            unit.add_checksum(when="as FITS 4.0 says")  # not a time: the same data, the same file
            file.seek(unit.fileinfo()["hdrLoc"])
            file.write(unit.header.tostring().encode("ascii"))


def _pad(file: IO[bytes], written: int, byte: bytes) -> None:
    file.write(byte * (-written % _BLOCK))


def _unit(variable: xr.Variable) -> str:
    """Return the unit in the words of FITS, or as it is where FITS has none."""
    from astropy import units

    text = str(variable.attrs.get("units", ""))
    try:
        return str(units.Unit(text).to_string("fits"))
    except ValueError:
        return str(_ascii(text))


def _ascii(value: Any) -> Any:
    """Return a text in the characters that headers have."""
    if not isinstance(value, str):
        return value
    return "".join(c if " " <= c <= "~" else "?" for c in value)


def read_fits(path: Path) -> xr.Dataset:
    """Return the dataset, lazy, of a file that `write_fits` wrote."""
    from astropy.io import fits

    units = fits.open(path, memmap=True)
    text = bytes(units["METADATA"].data["json"].astype("S")[0]).decode("ascii")
    tables = [unit for unit in units if isinstance(unit, fits.BinTableHDU)]
    columns = {name: table for table in tables for name in table.columns.names}

    def values(name: str, shape: tuple[int, ...], dtype: np.dtype[Any]) -> Any:
        if 0 in shape:
            return np.empty(shape, dtype)
        found = columns[name].data.field(name) if name in columns else units[name.upper()].data
        return _lazy(found, shape, dtype)

    ds = dataset_of(text, values)
    ds.set_close(units.close)
    return ds


def _lazy(stored: NDArray[Any], shape: tuple[int, ...], dtype: np.dtype[Any]) -> Any:
    import dask.array as da

    chunks = ("auto", *(-1 for _ in shape[1:]))
    rows = da.from_array(stored.reshape(shape), chunks=chunks, name=False)  # type: ignore[no-untyped-call]
    return rows.astype(dtype)


FITS = DataFormat(
    name="fits",
    suffix=".fits",
    keeps="every value, dimensions, units, what codes mean; WCS about a nominal point, checksums.",
    loses="nothing: skybench verify proves it.",
    write=write_fits,
    read=read_fits,
    check=check_fits,
)
