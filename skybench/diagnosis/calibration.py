"""Whether the probabilities of a classification tell how often it is right."""

import numpy as np
import pandas as pd

from skybench.registry.evaluate import Evaluation
from skybench.registry.scoring.reliability import reliability as reliability_of


def is_of_probabilities(found: Evaluation) -> bool:
    """Tell whether answers are probabilities, not labels that were made of ones and zeros."""
    if found.truth.key.task != "classification":
        return False
    return any(((one > 0) & (one < 1)).any() for one in found.answers.values())


def reliability(found: Evaluation) -> pd.DataFrame:
    """Return, for each bin of the top probability that has samples, what came of it.

    Returns
    -------
    DataFrame
        A row a bin, its middle as index: ``samples``, mean ``confidence``, ``accuracy`` with its
        Wilson interval ``low`` and ``high``. All seeds are put together.
    """
    answers = np.concatenate(list(found.answers.values()))
    return reliability_of(answers, np.tile(found.truth.answers, len(found.answers)))
