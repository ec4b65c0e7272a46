"""Whether probabilities tell how often their answer is right."""

from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from skybench.registry.scoring.breakdown import wilson
from skybench.registry.scoring.metrics import CALIBRATION_BINS, calibration_bins


def reliability(probabilities: NDArray[Any], truth: NDArray[Any]) -> pd.DataFrame:
    """Return, for each bin of the top probability that has samples, what came of it.

    Parameters
    ----------
    probabilities : (sample, class) array
    truth : (sample,) array
        Codes.

    Returns
    -------
    DataFrame
        A row a bin, its middle as index: ``samples``, mean ``confidence``, ``accuracy`` with its
        Wilson interval ``low`` and ``high``.
    """
    top, is_right = probabilities.max(axis=1), probabilities.argmax(axis=1) == truth
    bins = calibration_bins(top)
    rows = {}
    for number in np.unique(bins).tolist():
        inside = bins == number
        accuracy = wilson(is_right[inside])
        ends = (accuracy.value, accuracy.low, accuracy.high)
        rows[(number + 0.5) / CALIBRATION_BINS] = (
            int(inside.sum()),
            float(top[inside].mean()),
            *ends,
        )
    columns = ["samples", "confidence", "accuracy", "low", "high"]
    return pd.DataFrame.from_dict(rows, orient="index", columns=columns)
