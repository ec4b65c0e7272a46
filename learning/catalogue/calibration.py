"""Probabilities that tell how often they are right: temperature scaling."""

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from skybench.errors import ParameterError
from skybench.registry.scoring.metric import Outcome
from skybench.registry.scoring.metrics import expected_calibration_error, vote_brier
from skybench.registry.scoring.reliability import reliability

_COOLEST, _HOTTEST = 0.05, 20.0
_LEAST = 1e-38
"""About the smallest that float32 tells from 0."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Calibration:
    """A temperature, and what it did to the samples that it was chosen on.

    Attributes
    ----------
    temperature : float
        Above 1 where a network was surer than right.
    probabilities : (sample, class) array
        As they were, before.
    truth : (sample,) array
        Codes.
    """

    temperature: float
    probabilities: npt.NDArray[Any]
    truth: npt.NDArray[np.int64]

    @property
    def measures(self) -> pd.DataFrame:
        """Rows before and after: ``expected_calibration_error``, ``brier``, ``log_loss``."""
        return pd.DataFrame.from_dict(
            {"before": self._measured(1.0), "after": self._measured(self.temperature)},
            orient="index",
        )

    def reliability(self, *, after: bool = True) -> pd.DataFrame:
        """Return accuracy against confidence by bins, as `reliability` does, after or before."""
        temperature = self.temperature if after else 1.0
        return reliability(tempered(self.probabilities, temperature), self.truth)

    def _measured(self, temperature: float) -> dict[str, float]:
        found = tempered(self.probabilities, temperature)
        names = tuple(map(str, range(found.shape[1])))
        outcome = Outcome(
            predicted=found, decided=found.argmax(axis=1), truth=self.truth, names=names
        )
        certain = replace(outcome, votes=outcome.present.astype(np.float64))
        return {
            "expected_calibration_error": expected_calibration_error(outcome),
            "brier": vote_brier(certain),
            "log_loss": log_loss(self.probabilities, self.truth, temperature),
        }


def calibrated(probabilities: npt.NDArray[Any], truth: npt.NDArray[np.integer[Any]]) -> Calibration:
    """Find the temperature at which probabilities are likeliest to be those of the truth.

    The answer stays: only how sure it is changes. The log loss is convex in 1 / T, so that there
    is one best; it is looked for from 0.05 to 20.

    Parameters
    ----------
    probabilities : (sample, class) array
        Of samples that nothing was trained on, such as the validation split.
    truth : (sample,) array
        Their codes.

    Raises
    ------
    ParameterError
        There are no samples, or not as many truths.

    References
    ----------
    Guo et al. 2017, On Calibration of Modern Neural Networks, section 4.2.
    """
    from scipy.optimize import minimize_scalar  # late: a part of a second

    if not len(truth) or len(truth) != len(probabilities):
        msg = f"{len(probabilities)} probabilities cannot be calibrated on {len(truth)} truths"
        raise ParameterError(msg)
    found = minimize_scalar(
        lambda inverse: log_loss(probabilities, truth, 1 / inverse),
        bounds=(1 / _HOTTEST, 1 / _COOLEST),
        method="bounded",
        options={"xatol": 1e-6},
    )
    return Calibration(
        temperature=1 / float(found.x), probabilities=probabilities, truth=np.asarray(truth)
    )


def tempered(probabilities: npt.NDArray[Any], temperature: float) -> npt.NDArray[np.float64]:
    """Return softmax(log p / T), which is what logits divided by T give."""
    log = _log(probabilities) / temperature
    raised = np.exp(log - log.max(axis=1, keepdims=True))
    return np.asarray(raised / raised.sum(axis=1, keepdims=True))


def log_loss(
    probabilities: npt.NDArray[Any], truth: npt.NDArray[np.integer[Any]], temperature: float = 1.0
) -> float:
    """Return the mean of -ln p of the truth, in nats, at a temperature."""
    log = _log(probabilities) / temperature
    log -= np.logaddexp.reduce(log, axis=1, keepdims=True)
    return float(-log[np.arange(len(truth)), truth].mean())


def _log(probabilities: npt.NDArray[Any]) -> npt.NDArray[np.float64]:
    return np.log(np.maximum(np.asarray(probabilities, np.float64), _LEAST))
