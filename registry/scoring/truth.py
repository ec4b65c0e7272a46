"""The answers that a dataset holds: read from its coordinates, in the form that its task has."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from skybench.errors import IntegrityError
from skybench.generators.codes import flag_names

TARGETS = "targets"
"""Attribute of a dataset: the names of the coordinates to be predicted, with spaces between."""

MAP, LIGHT = "segmentation", "light"
BACKGROUND, SOURCE = "background", "source"

Rows = NDArray[np.intp]


@dataclass(frozen=True, kw_only=True)
class Truth:
    """What is right for each sample.

    Attributes
    ----------
    names : tuple of str
        Of the classes, in the order of their codes or columns; or of the targets.
    of_rows : callable
        Rows to their answers.
    shape : tuple of int
        Of one sample's answer where that is a map, else empty.
    """

    names: tuple[str, ...]
    of_rows: Callable[[Rows], NDArray[Any]]
    shape: tuple[int, ...] = ()


def label(ds: xr.Dataset, where: str) -> Truth:
    """Return the class of each sample: (sample,) positions in the order of the flags."""
    _require(ds, "label", where)
    classes = tuple(flag_names(ds.variables["label"]).values())
    codes = _positions(meanings(ds, "label", where), classes).astype(np.int8)
    return Truth(names=classes, of_rows=codes.__getitem__)


def presence(ds: xr.Dataset, where: str) -> Truth:
    """Return which classes are in each sample: (sample, class) zeros and ones."""
    _require(ds, "present", where)
    classes = tuple(meanings(ds, "class", where).tolist())
    present = np.asarray(ds.variables["present"].values).astype(np.int8)
    return Truth(names=classes, of_rows=present.__getitem__)


def coordinates(ds: xr.Dataset, where: str) -> Truth:
    """Return the targets of each sample: (sample, target) float64.

    A target is a coordinate of numbers on (sample,), or on (sample, source) where samples have
    one source. It must be there for every sample and must not be the same for all.
    """
    names = tuple(str(ds.attrs.get(TARGETS, "")).split())
    if not names:
        msg = f"{where} has a regression as its task but names no {TARGETS} in its attributes"
        raise IntegrityError(msg)
    values = np.stack([_column(ds, name, where) for name in names], axis=1)
    return Truth(names=names, of_rows=values.__getitem__)


def class_map(ds: xr.Dataset, where: str) -> Truth:
    """Return the class of each pixel: (sample, y, x) int8, 0 for the background.

    The stored map has the number of the source in each pixel, ``source_class`` the source's
    class. Class k of the dataset has code k + 1. Where sources have no classes, all are one.
    """
    _require(ds, MAP, where)
    stored = ds.variables[MAP]
    names, codes = slot_classes(ds, where)

    def of_rows(rows: Rows) -> NDArray[np.int8]:
        return classes_at(codes[rows], np.asarray(stored.isel(sample=rows).values))

    return Truth(names=names, of_rows=of_rows, shape=stored.shape[1:])


def light_of_sources(ds: xr.Dataset, where: str) -> Truth:
    """Return the light of each source: (sample, source, [band,] y, x), 0 where there is none."""
    _require(ds, LIGHT, where)
    stored = ds.variables[LIGHT]

    def of_rows(rows: Rows) -> NDArray[np.float32]:
        return np.asarray(stored.isel(sample=rows).values)

    return Truth(names=(LIGHT,), of_rows=of_rows, shape=stored.shape[1:])


def slot_classes(ds: xr.Dataset, where: str) -> tuple[tuple[str, ...], NDArray[np.int8]]:
    """Return the names of the classes of a map, and the code of each slot: (sample, 1 + source).

    Slot 0 is the background.
    """
    if "source_class" in ds.variables:
        classes = tuple(meanings(ds, "class", where).tolist())
        of_source = np.asarray(ds.variables["source_class"].values).astype(np.int8)
    else:
        classes = (SOURCE,)
        of_source = np.zeros((ds.sizes["sample"], np.iinfo(np.int8).max), np.int8)
    codes = np.concatenate([np.zeros((len(of_source), 1), np.int8), of_source + np.int8(1)], axis=1)
    return (BACKGROUND, *classes), codes


def classes_at(codes: NDArray[np.int8], slots: NDArray[Any]) -> NDArray[np.int8]:
    """Return the class of each pixel from the (sample, slot) codes and the slot in each pixel."""
    flat = slots.reshape(len(slots), -1).astype(np.intp)
    return np.take_along_axis(codes, flat, axis=1).reshape(slots.shape)


def meanings(ds: xr.Dataset, name: str, where: str) -> NDArray[np.str_]:
    """Return the names of the codes of a coordinate.

    Raises
    ------
    IntegrityError
        It is missing, or holds a code without a meaning.
    """
    _require(ds, name, where)
    names = flag_names(ds.variables[name])
    values: NDArray[Any] = np.asarray(ds.variables[name].values)
    strange = np.setdiff1d(values, list(names))
    if len(strange):
        msg = f"{name} of {where} holds the code {strange[0]}, which has no meaning in its flags"
        raise IntegrityError(msg)
    codes, positions = np.unique(values, return_inverse=True)
    return np.array([names[code] for code in codes.tolist()])[positions].reshape(values.shape)


def _column(ds: xr.Dataset, name: str, where: str) -> NDArray[np.float64]:
    _require(ds, name, where)
    variable = ds.variables[name]
    if "flag_values" in variable.attrs or variable.dtype.kind not in "iuf":
        msg = f"target {name} of {where} is a code, not a number; a classification suits it"
        raise IntegrityError(msg)
    samples = ds.sizes["sample"]
    if variable.dims[:1] != ("sample",) or variable.size != samples:
        msg = (
            f"target {name} of {where} must be one number a sample, got "
            f"{dict(zip(variable.dims, variable.shape, strict=True))}; use one source a sample"
        )
        raise IntegrityError(msg)
    values = np.asarray(variable.values, np.float64).reshape(samples)
    missing = np.flatnonzero(~np.isfinite(values))
    if len(missing):
        msg = (
            f"target {name} of {where} has no value for {len(missing)} samples, the first in row "
            f"{missing[0]}; choose targets that every source has"
        )
        raise IntegrityError(msg)
    if samples > 1 and np.ptp(values) == 0:
        msg = f"target {name} of {where} is {values[0]:g} for every sample; nothing to predict"
        raise IntegrityError(msg)
    return values


def _require(ds: xr.Dataset, name: str, where: str) -> None:
    if name not in ds.variables:
        msg = f"{where} has no variable {name}"
        raise IntegrityError(msg)


def _positions(names: NDArray[np.str_], classes: tuple[str, ...]) -> NDArray[np.intp]:
    order = np.argsort(classes)
    return order[np.searchsorted(np.array(classes), names, sorter=order)]
