"""What folders of files say of samples: the answers to their task, and a table of them."""

from collections.abc import Callable, Mapping, Sequence
from itertools import chain
from pathlib import Path
from typing import Any

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from skybench.generators.codes import SAMPLE_DIM, SPLIT_VARIABLE
from skybench.registry.exports.blocks import unfinished_blocks
from skybench.registry.scoring.tasks import answer_key, refuse_sealed
from skybench.registry.scoring.truth import TARGETS, meanings
from skybench.registry.tables import samples

METADATA_FILE = "metadata.csv"

Leading = Callable[[slice], Mapping[str, Sequence[Any] | NDArray[Any]]]


def answers(ds: xr.Dataset) -> Callable[[NDArray[np.intp]], NDArray[Any]]:
    """Return the function from rows to what is right for them, in the form that the task has.

    Codes of classes on (sample,), zeros and ones on (sample, class), numbers on (sample, target),
    or codes of classes on (sample, y, x).
    """
    refuse_sealed(ds, slice(None), _name(ds))
    if ds.attrs.get("task") == "regression":
        # An answer key refuses a target that is the same for all, as that of few samples may be.
        return _targets(ds).__getitem__
    return answer_key(ds, _name(ds)).truth.of_rows


def split_names(ds: xr.Dataset) -> NDArray[np.str_]:
    """Return the split of each sample; ``all`` where there are no splits."""
    if SPLIT_VARIABLE not in ds.variables:
        return np.full(ds.sizes[SAMPLE_DIM], "all")
    return meanings(ds, SPLIT_VARIABLE, _name(ds))


def labels(ds: xr.Dataset) -> NDArray[np.str_] | None:
    """Return the class of each sample, None where the task is not to tell that."""
    task = ds.attrs.get("task", "classification")
    if task != "classification" or "label" not in ds.variables:
        return None
    refuse_sealed(ds, slice(None), _name(ds))
    return meanings(ds, "label", _name(ds))


def write_metadata(ds: xr.Dataset, path: Path, leading: Leading) -> None:
    """Write a CSV with a row a sample: what `skybench.samples` has, targets included.

    Parameters
    ----------
    ds : Dataset
        It may be lazy; codes not decoded.
    path : Path
    leading : callable
        Rows to the columns that come first, such as the name of each sample's file.
    """
    known = ds.coords.to_dataset().assign_attrs(ds.attrs)
    fixed = [name for name, v in known.variables.items() if SAMPLE_DIM not in v.dims]
    none = slice(0, 0), known.isel({SAMPLE_DIM: slice(0)})  # for the names of columns
    with path.open("w", encoding="utf-8", newline="") as file:
        for rows, block in chain([none], unfinished_blocks(known, None, lambda _: False)):
            whole = block.assign_coords({name: known.variables[name] for name in fixed})
            table = samples(whole).reset_index()
            for name in [
                n for n in _target_names(ds) if n not in table
            ]:  # of the one source of a sample
                table[name] = whole.variables[name].values.reshape(len(table))
            for place, (name, first) in enumerate(leading(rows).items()):
                table.insert(place, name, first)
            table.to_csv(file, index=False, header=rows.stop == 0, lineterminator="\n")


def _targets(ds: xr.Dataset) -> NDArray[np.float64]:
    count = ds.sizes[SAMPLE_DIM]
    columns = [ds.variables[name].values.reshape(count) for name in _target_names(ds)]
    return np.stack(columns, axis=1).astype(np.float64)


def _target_names(ds: xr.Dataset) -> list[str]:
    return str(ds.attrs.get(TARGETS, "")).split()


def _name(ds: xr.Dataset) -> str:
    return str(ds.attrs.get("dataset", ds.attrs.get("recipe", "the dataset")))
