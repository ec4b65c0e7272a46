"""The two sides of a trial of transfer: a network with weights from elsewhere, and its twin."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from skybench.learning.labelled import TEST, Labelled
from skybench.learning.networks.network import Network
from skybench.learning.protocols import Protocol
from skybench.learning.stretch import Stretch
from skybench.learning.training import Fit, fit
from skybench.learning.weights_file import Weights
from skybench.registry.scoring.tasks import task_named


@dataclass(frozen=True, kw_only=True)
class Trial:
    """What both sides have in common.

    Parameters
    ----------
    network : Network
    rates : tuple of float
        Learning rates that each side chooses from.
    seeds : int
        Trainings of a side; they differ in first weights and order, and are paired by their number.
    stretch : Stretch, optional
        Default: each training learns that of its labels.
    folder : Path
        Of finished trainings, which are not made again.
    report : callable, optional
        Gets a line a training.
    """

    network: Network
    rates: tuple[float, ...]
    seeds: int
    stretch: Stretch | None
    folder: Path
    report: Callable[[str], None] | None = None


@dataclass(frozen=True, kw_only=True)
class Arm:
    """One side: the trainings at the learning rate that was best on validation.

    Parameters
    ----------
    rate : float
    runs : tuple of Fit
        By seed.
    """

    rate: float
    runs: tuple[Fit, ...]

    def merits(self, data: Labelled) -> npt.NDArray[np.float64]:
        """Return what each run got on each sample of the test split, such as 1 where it is right.

        The array is (run, sample); its mean is the score by which the task ranks.
        """
        task, truth = task_named(data.task), data.truth[data.rows(TEST)]
        return np.stack(
            [task.merit(task.decide(run.test_answers), truth) for run in self.runs]
        ).astype(np.float64)

    @property
    def curve(self) -> tuple[tuple[int, float], ...]:
        """Iterations, and the mean validation score of the runs after so many."""
        looks = zip(*(run.history for run in self.runs), strict=True)
        return tuple(
            (look[0].iterations, float(np.mean([epoch.validation_score for epoch in look])))
            for look in looks
        )

    @property
    def seconds(self) -> float:
        """Mean training time of a run."""
        return float(np.mean([run.seconds for run in self.runs]))


def train_arm(
    trial: Trial, data: Labelled, protocol: Protocol, start: Weights | None, name: str
) -> Arm:
    """Choose the learning rate with the first seed, and train with it and all seeds.

    Parameters
    ----------
    trial : Trial
    data : Labelled
        With the labels that there are.
    protocol : Protocol
        All but the learning rate.
    start : Weights, optional
        What moves. Default: nothing, as for the twin.
    name : str
        Of this side, for the report.
    """
    tried = {rate: _run(trial, data, _at(protocol, rate), start, 0, name) for rate in trial.rates}
    rate = max(tried, key=lambda rate: tried[rate].best.merit)
    others = [
        _run(trial, data, _at(protocol, rate), start, seed, name) for seed in range(1, trial.seeds)
    ]
    return Arm(rate=rate, runs=(tried[rate], *others))


def twin_protocol(protocol: Protocol) -> Protocol:
    """Return the protocol for weights from scratch: of these nothing is worth keeping as it is."""
    return protocol.model_copy(update={"freeze": None, "layer_decay": None, "init": None})


def lower_rates(protocol: Protocol) -> tuple[float, ...]:
    """Return the learning rates to choose from where none are given: a decade below the own one."""
    return tuple(protocol.learning_rate * share for share in _SHARES)


_SHARES: Sequence[float] = (0.1, 0.3, 1.0)


def _at(protocol: Protocol, rate: float) -> Protocol:
    return protocol.model_copy(update={"learning_rate": rate})


def _run(
    trial: Trial, data: Labelled, protocol: Protocol, start: Weights | None, seed: int, name: str
) -> Fit:
    done = fit(
        trial.network,
        data,
        protocol,
        seed=seed,
        folder=trial.folder,
        start=start,
        stretch=trial.stretch,
    )
    if trial.report is not None:
        trial.report(
            f"{name}, rate {protocol.learning_rate:g}, seed {seed}: validation "
            f"{done.best.validation_score:.4f} after {done.best.iterations:,} iterations"
        )
    return done
