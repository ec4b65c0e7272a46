"""A built dataset in memory, as training wants it."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import xarray as xr

from skybench.errors import NotFoundError
from skybench.registry.content_hash import flag_names
from skybench.registry.zarr_format import open_raw
from skybench.release.training import TEST, TRAIN, VALIDATION, Labelled

SPLIT_CODES = {"train": TRAIN, "validation": VALIDATION, "test": TEST}


@dataclass(frozen=True, kw_only=True)
class TrainingData:
    """Arrays with the names that belong to them.

    Parameters
    ----------
    labelled : Labelled
    ids : (sample,) int64 array
        ``sample_id`` of each row.
    classes : tuple of str
        In the order of the targets' codes or columns.
    task : str
        "classification" or "multilabel".
    """

    labelled: Labelled
    ids: npt.NDArray[np.int64]
    classes: tuple[str, ...]
    task: str

    @property
    def truth(self) -> npt.NDArray[np.int8]:
        """Targets of the test split."""
        return self.labelled.targets[self.labelled.rows(TEST)]

    @property
    def test_ids(self) -> npt.NDArray[np.int64]:
        """``sample_id`` of the test split."""
        return self.ids[self.labelled.rows(TEST)]


def load_training_data(url: str) -> TrainingData:
    """Read images, targets and splits of a Zarr store into memory.

    Raises
    ------
    NotFoundError
        The store, its labels or one of the three splits is not there.
    """
    ds = open_raw(url)
    classes, targets = targets_of(ds, url)
    split = recoded(ds.variables["split"], tuple(SPLIT_CODES), url)
    for name, code in SPLIT_CODES.items():
        if not (split == code).any():
            msg = f"{url} has no samples in its {name} split; training needs all three"
            raise NotFoundError(msg)
    images = np.ascontiguousarray(ds["image"].to_numpy(), np.int32)
    return TrainingData(
        labelled=Labelled(images, targets, split, len(classes)),
        ids=ds["sample_id"].to_numpy().astype(np.int64),
        classes=classes,
        task="multilabel" if targets.ndim == 2 else "classification",
    )


def targets_of(ds: xr.Dataset, where: str) -> tuple[tuple[str, ...], npt.NDArray[np.int8]]:
    """Return the class names and the targets: class indices, or zeros and ones by class."""
    if "present" in ds.variables:
        names = flag_names(ds.variables["class"])
        classes = tuple(names[code] for code in ds.variables["class"].values.tolist())
        return classes, ds.variables["present"].values.astype(np.int8)
    if "label" in ds.variables:
        classes = tuple(flag_names(ds.variables["label"]).values())
        return classes, recoded(ds.variables["label"], classes, where)
    msg = f"{where} has neither label nor present; there is nothing to learn"
    raise NotFoundError(msg)


def recoded(variable: xr.Variable, names: tuple[str, ...], where: str) -> npt.NDArray[np.int8]:
    """Return the position in `names` of each value of a CF flag variable.

    Raises
    ------
    NotFoundError
        A value's meaning is not among the names.
    """
    values: npt.NDArray[Any] = np.asarray(variable.values)
    positions = np.full(values.shape, -1, np.int8)
    for code, name in flag_names(variable).items():
        if name in names:
            positions[values == code] = names.index(name)
    if (positions < 0).any():
        stray = values[positions < 0].reshape(-1)[0]
        msg = f"{where} holds the code {stray}, which means none of {', '.join(names)}"
        raise NotFoundError(msg)
    return positions
