"""How long training takes: time to accuracy, and where the time goes."""

import re
from pathlib import Path
from typing import Any

import skybench
from experiments.drawn import drawn
from experiments.experiment import Experiment, Place
from experiments.surveys import protocol
from skybench.learning.device import hardware

_SHOWN, _OWN_SHARE = 5, 1
_NETWORK, _RECIPE, _SAMPLES = "narrow_resnet", "sdss_des", 8000


def measured(place: Place) -> dict[str, Any]:
    """Train once with a profile; return the score, the times to accuracy and the operations."""
    done = skybench.train(
        drawn(place, _RECIPE, changes={"samples": _SAMPLES}),
        network=_NETWORK,
        protocol=protocol(),
        seeds=1,
        profile=True,
        out=place.work / "training",
        report=place.report,
    )
    (scored,) = done.record.scores
    return {
        "hardware": hardware((64, 64)),
        "score": [done.record.score, done.record.interval.low, done.record.interval.high],
        "reached": [at.model_dump(mode="json") for at in scored.reached],
        "seconds": done.runs[0].seconds,
        "operations": dearest(next(done.folder.glob("*operations.txt"))),
    }


def dearest(table: Path) -> list[list[str]]:
    """Return the names of the dearest operations, and the share of its own time that each takes."""
    lines = [re.split(r"\s{2,}", line.strip()) for line in table.read_text().splitlines()]
    rows = [line for line in lines if len(line) > _OWN_SHARE and line[_OWN_SHARE].endswith("%")]
    return [[row[0], row[_OWN_SHARE]] for row in rows[:_SHOWN]]


def experiments() -> list[Experiment]:
    """Return the one."""
    settings = {
        "network": _NETWORK,
        "recipe": _RECIPE,
        "samples": _SAMPLES,
        "protocol": protocol().model_dump(mode="json"),
    }
    return [Experiment(name="training", settings=settings, measure=measured)]
