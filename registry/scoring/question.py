"""What predictions must answer, and the check that they answer exactly that."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from skybench.errors import PredictionsError
from skybench.registry.scoring.tasks import Columns, Maps, task_named

ID, LABEL, SEED = "sample_id", "label", "seed"
CONTENT_KEY = "content"
SPLIT_CONTENT_KEY = "split_content"
IN_ORDER = "the array was taken to be in the order of the test split"
"""A note: nothing in an array can show that it is not."""

_SHOWN = 3


@dataclass(frozen=True, kw_only=True)
class Question:
    """What a file of predictions must answer.

    Parameters
    ----------
    task : str
        A key of `TASKS`.
    names : tuple of str
        Of the classes in the order of the codes, or of the targets.
    ids : (sample,) int64 array
        Of the test split, in order.
    shape : tuple of int
        Of the map that is asked for each sample, empty where none is.
    other_ids : mapping of str to int64 arrays
        Of the other splits, so that a message can name the one that was taken by mistake.
    split : str
        Whose samples are asked about, for messages.
    """

    task: str
    names: tuple[str, ...]
    ids: NDArray[np.int64]
    shape: tuple[int, ...] = ()
    other_ids: Mapping[str, NDArray[np.int64]] = field(default_factory=dict)
    split: str = "test"

    @property
    def form(self) -> Columns | Maps:
        """The form of an answer."""
        return task_named(self.task).form

    @property
    def expected(self) -> str:
        """What a file must hold, in words."""
        names = ", ".join(self.names)
        if isinstance(self.form, Maps):
            return f"{ID} and {self.form.name}, {self._expected_pixels(self.form)}"
        if self.form.exclusive:
            return f"{ID} and either {LABEL} or one probability column a class ({names})"
        if self.form.bounded:
            return f"{ID} and one column a class ({names}) with probabilities or 0 and 1"
        return f"{ID} and one column a target ({names}) with numbers in the target's unit"

    def _expected_pixels(self, form: Maps) -> str:
        shape = (len(self.ids), *self.shape)
        if not form.coded:
            return f"{shape} finite numbers (electrons of each source)"
        codes = ", ".join(f"{code} {name}" for code, name in enumerate(self.names))
        return f"{shape} whole numbers ({codes})"


@dataclass(frozen=True, kw_only=True)
class Predictions:
    """What each seed predicts for each test sample.

    Parameters
    ----------
    by_seed : dict of int to arrays
        In the order of the question's ids: (sample, class) probabilities, where labels become
        ones and zeros; (sample, target) numbers; or maps, (sample, ..., y, x).
    content : str or None
        The content hash that the file says it was made for.
    notes : tuple of str
        What was assumed or put right in reading it.
    """

    by_seed: dict[int, NDArray[Any]]
    content: str | None = None
    notes: tuple[str, ...] = ()


def bound_content(bound: Mapping[str, Any]) -> str | None:
    """Return the content hash that predictions say they were made for: the split's, if given.

    The split decides: a version that only adds to another keeps the predictions of its test split.
    """
    given = (bound[key] for key in (SPLIT_CONTENT_KEY, CONTENT_KEY) if key in bound)
    return next((str(content)[:100] for content in given), None)


def rows_in_order(
    found: NDArray[np.int64],
    question: Question,
    source: str,
    places: Sequence[str],
    which: str = "",
) -> NDArray[np.intp]:
    """Return the row of each id of the question.

    Parameters
    ----------
    found : (row,) int64 array
        The ids that a file has.
    question : Question
    source, which : str
        Name the file, and the part of it, in messages.
    places : sequence of str
        Of each row, for messages.

    Raises
    ------
    PredictionsError
        An id is missing, foreign, or there twice.
    """
    order = np.argsort(found, kind="stable")
    ids = found[order]
    twice = np.flatnonzero(ids[1:] == ids[:-1])
    if len(twice):
        first, second = places[order[twice[0]]], places[order[twice[0] + 1]]
        msg = (
            f"{ID} {ids[twice[0]]} is in {first} and in {second} of {source}{which}; "
            f"each test sample must be there once{and_more(np.ones(len(twice)))}"
        )
        raise PredictionsError(msg)
    foreign = np.setdiff1d(ids, question.ids)
    missing = np.setdiff1d(question.ids, ids)
    if len(foreign) or len(missing):
        raise PredictionsError(_wrong_ids(source, foreign, missing, question, which))
    return order[np.searchsorted(ids, question.ids)]


def and_more(wrong: NDArray[Any]) -> str:
    """Say how many more there are than the one that a message names."""
    more = int(np.count_nonzero(wrong)) - 1
    return f" and {more} more" if more else ""


def _wrong_ids(
    source: str,
    foreign: NDArray[np.int64],
    missing: NDArray[np.int64],
    question: Question,
    which: str,
) -> str:
    faults = []
    if len(missing):
        faults.append(f"lacks {len(missing)} of its {len(question.ids)} ids ({_some(missing)})")
    if len(foreign):
        faults.append(f"has {len(foreign)} other ids ({_some(foreign)}{_owner(foreign, question)})")
    return (
        f"{source} must have exactly the ids of the {question.split} split{which}, but it "
        f"{' and '.join(faults)}. Predict on skybench.open(…, split={question.split!r}) and keep "
        f"its {ID}."
    )


def _owner(foreign: NDArray[np.int64], question: Question) -> str:
    for split, ids in question.other_ids.items():
        if np.isin(foreign[0], ids):
            return f"; {foreign[0]} is of the {split} split"
    return ""


def _some(ids: NDArray[np.int64]) -> str:
    return ", ".join(map(str, ids[:_SHOWN].tolist())) + (", …" if len(ids) > _SHOWN else "")
