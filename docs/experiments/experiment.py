"""An experiment, and its result: settings, numbers and versions in one small JSON file."""

import json
import platform
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any

from skybench.generators.generate import GENERATOR
from skybench.registry.storage.local_disk import replacing

RESULTS = Path(__file__).parent / "results"
_LIBRARIES = ("skybench", "torch", "torchvision", "lightning", "numpy", "scikit-learn")

Numbers = Mapping[str, Any]


@dataclass(frozen=True, kw_only=True)
class Place:
    """Where an experiment reads and works.

    Parameters
    ----------
    work : Path
        Of what is drawn and trained: what is finished there is not made again.
    real : Path, optional
        The folder of real images.
    """

    work: Path
    real: Path | None = None

    def report(self, line: str) -> None:
        """Tell what has been done."""
        print(f"{time.strftime('%H:%M:%S')} {line}", flush=True)


@dataclass(frozen=True, kw_only=True)
class Experiment:
    """What is measured, and how it is told.

    Parameters
    ----------
    name : str
        Of its result.
    settings : mapping
        All that its numbers depend on, as JSON: a result of others is stale.
    measure : callable
        Numbers, of a place.
    draw : callable, optional
        Writes the figure of some numbers to a path.
    needs : tuple of str
        Folders of real images.
    """

    name: str
    settings: Mapping[str, Any]
    measure: Callable[[Place], dict[str, Any]]
    draw: Callable[[Numbers, Path], None] | None = None
    needs: tuple[str, ...] = ()

    @property
    def path(self) -> Path:
        """Of the result."""
        return RESULTS / f"{self.name}.json"

    @property
    def figure(self) -> Path:
        """Of the figure, where there is one."""
        return RESULTS / f"{self.name}.png"

    @property
    def asked(self) -> dict[str, Any]:
        """The settings as a file gives them back."""
        said = {"generator": GENERATOR, **self.settings}
        return dict(json.loads(json.dumps(said)))

    def numbers(self) -> dict[str, Any] | None:
        """Return what was measured, None where nothing was or with other settings."""
        if not self.path.exists():
            return None
        said = json.loads(self.path.read_text(encoding="utf-8"))
        return dict(said["numbers"]) if said["settings"] == self.asked else None

    def lacks(self, place: Place) -> list[str]:
        """Return the folders of real images that are not there."""
        return [name for name in self.needs if not (place.real and (place.real / name).is_dir())]

    def run(self, place: Place) -> dict[str, Any]:
        """Measure, and write the result and its figure."""
        started = time.process_time()
        numbers = self.measure(place)
        said = {
            "settings": self.asked,
            "numbers": _rounded(numbers),
            "versions": {name: version(name) for name in _LIBRARIES}
            | {"python": platform.python_version()},
            "cpu_seconds_of_this_run": round(time.process_time() - started),
        }
        RESULTS.mkdir(exist_ok=True)
        with replacing(self.path) as partial:
            partial.write_text(json.dumps(said, indent=1) + "\n", encoding="utf-8")
        if self.draw is not None:
            self.draw(said["numbers"], self.figure)
        return dict(said["numbers"])


def interval(found: Any) -> list[float]:
    """Return the value of an interval and its ends."""
    return [found.value, found.low, found.high]


def _rounded(value: Any) -> Any:
    """Return numbers to six digits: a result is small, and rounding is far below its intervals."""
    if isinstance(value, Mapping):
        return {str(key): _rounded(one) for key, one in value.items()}
    if isinstance(value, list | tuple):
        return [_rounded(one) for one in value]
    return float(f"{value:.6g}") if isinstance(value, float) else value
