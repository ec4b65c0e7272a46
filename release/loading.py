"""A built dataset in memory, as training wants it."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from skybench.errors import NotFoundError
from skybench.registry.targets import targets_of
from skybench.registry.zarr_format import open_raw
from skybench.release.labelled import TEST, TRAIN, VALIDATION, Labelled

_SPLITS = {"train": TRAIN, "validation": VALIDATION, "test": TEST}
_UNUSED = -1
_NEEDED = 2


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
        The store is not there, or one of the three splits is empty.
    IntegrityError
        There are no targets, or codes without a meaning.
    """
    ds = open_raw(url)
    targets = targets_of(ds, url)
    split = np.full(len(targets.ids), _UNUSED, np.int8)
    for name, code in _SPLITS.items():
        rows = targets.rows(name)
        if len(rows) < _NEEDED:
            msg = (
                f"{url} has {len(rows)} samples in its {name} split; training needs at least "
                f"{_NEEDED} in each of {', '.join(_SPLITS)}"
            )
            raise NotFoundError(msg)
        split[rows] = code
    images = np.ascontiguousarray(ds["image"].to_numpy(), np.int32)
    return TrainingData(
        labelled=Labelled(images, targets.truth, split, len(targets.classes)),
        ids=targets.ids,
        classes=targets.classes,
        task=targets.task,
    )
