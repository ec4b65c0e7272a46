"""What a model gets wrong: its confusions by name, and the samples that it is most wrong about."""

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from skybench.errors import ParameterError
from skybench.registry.scoring.question import ID
from skybench.registry.scoring.scoring import TestScore
from skybench.registry.scoring.tasks import Task, task_named

TRUTH, ANSWER, CONFIDENCE, ERROR, WRONG = "truth", "answer", "confidence", "error", "wrong"

Array = NDArray[Any]
Names = tuple[str, ...]


def confusion_table(tested: TestScore, names: Names) -> pd.DataFrame:
    """Return the counts of confusions by name; see `Evaluation.confusion`."""
    counts = tested.confusion
    if counts is None:
        msg = "numbers have no confusions; by(…) and worst() say where its answers are far off"
        raise ParameterError(msg)
    if counts.ndim == 2:
        index = pd.Index(names, name=TRUTH)
        return pd.DataFrame(counts, index, pd.Index(names, name=ANSWER))
    states = ["absent", "present"]
    rows = pd.MultiIndex.from_product([names, states], names=["class", TRUTH])
    return pd.DataFrame(counts.reshape(-1, 2), rows, pd.Index(states, name=ANSWER))


def worst_samples(
    task_name: str,
    names: Names,
    ids: NDArray[np.int64],
    truth: Array,
    by_seed: Mapping[int, Array],
    merit: NDArray[np.float64],
) -> pd.DataFrame:
    """Return the samples that are wrong, the worst first; see `Evaluation.worst`."""
    table = answer_table(task_name, names, ids, truth, by_seed, merit)
    if CONFIDENCE not in table:
        return table.sort_values([ERROR, ID], ascending=[False, True], ignore_index=True)
    wrong = table[table.pop(WRONG)]
    return wrong.sort_values([CONFIDENCE, ID], ascending=[False, True], ignore_index=True)


def answer_table(
    task_name: str,
    names: Names,
    ids: NDArray[np.int64],
    truth: Array,
    by_seed: Mapping[int, Array],
    merit: NDArray[np.float64],
) -> pd.DataFrame:
    """Return truth and answer of all samples, in their order.

    The columns are those of `Evaluation.worst` and, where there is a ``confidence``, ``wrong``.
    """
    columns = _TOLD[task_name](task_named(task_name), names, truth, by_seed, merit)
    return pd.DataFrame({ID: ids} | columns)


def _mean(by_seed: Mapping[int, Array]) -> NDArray[np.float64]:
    return np.asarray(np.mean(list(by_seed.values()), axis=0), np.float64)


def _classes(
    task: Task, names: Names, truth: Array, by_seed: Mapping[int, Array], merit: Array
) -> dict[str, Array]:
    probabilities, words = _mean(by_seed), np.array(names, object)
    answer = task.decide(probabilities)
    return {
        TRUTH: words[truth],
        ANSWER: words[answer],
        CONFIDENCE: probabilities.max(axis=1),
        WRONG: answer != truth,
    }


def _labels(
    task: Task, names: Names, truth: Array, by_seed: Mapping[int, Array], merit: Array
) -> dict[str, Array]:
    probabilities = _mean(by_seed)
    answer = task.decide(probabilities)
    against = np.where(answer != truth, np.abs(probabilities - truth), 0)
    return {
        TRUTH: _joined(truth, names),
        ANSWER: _joined(answer, names),
        CONFIDENCE: against.max(axis=1),
        WRONG: (answer != truth).any(axis=1),
    }


def _numbers(
    task: Task, names: Names, truth: Array, by_seed: Mapping[int, Array], merit: Array
) -> dict[str, Array]:
    answer = _mean(by_seed)
    columns: dict[str, Array] = {}
    for k, name in enumerate(names):
        suffix = f"_{name}" if len(names) > 1 else ""
        columns |= {f"{TRUTH}{suffix}": truth[:, k], f"{ANSWER}{suffix}": answer[:, k]}
    return columns | {ERROR: 1 - merit}


def _maps(
    task: Task, names: Names, truth: Array, by_seed: Mapping[int, Array], merit: Array
) -> dict[str, Array]:
    first = next(iter(by_seed.values()))
    return {
        TRUTH: _joined(_in_maps(truth, names), names),
        ANSWER: _joined(_in_maps(first, names), names),
        ERROR: 1 - merit,
    }


def _lights(
    task: Task, names: Names, truth: Array, by_seed: Mapping[int, Array], merit: Array
) -> dict[str, Array]:
    first = next(iter(by_seed.values()))
    return {TRUTH: _lit(truth), ANSWER: _lit(task.decide(first)), ERROR: 1 - merit}


def _lit(light: Array) -> Array:
    """Count the sources that have any light: (sample,)."""
    return np.asarray(light.reshape(*light.shape[:2], -1).any(axis=2).sum(axis=1))


def _in_maps(maps: Array, names: Names) -> NDArray[np.bool_]:
    """Return which classes each map has, the background left out: (sample, class)."""
    pixels = maps.reshape(len(maps), -1)
    there = [(pixels == code).any(axis=1) & (code > 0) for code in range(len(names))]
    return np.stack(there, axis=1)


def _joined(present: Array, names: Names) -> Array:
    rows = np.asarray(present, np.bool_).tolist()
    words = ["+".join(n for n, there in zip(names, row, strict=True) if there) for row in rows]
    return np.array(words, object)


_TOLD: dict[str, Callable[..., dict[str, Array]]] = {
    "classification": _classes,
    "multilabel": _labels,
    "regression": _numbers,
    "segmentation": _maps,
    "deblending": _lights,
}
"""What is said of each sample, by task."""
