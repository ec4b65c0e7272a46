"""A progress bar with the rate and the time left."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.progress import (
    BarColumn,
    DownloadColumn,
    MofNCompleteColumn,
    Progress,
    ProgressColumn,
    Task,
    TextColumn,
    TimeElapsedColumn,
    TimeRemainingColumn,
    TransferSpeedColumn,
)
from rich.text import Text


class RateColumn(ProgressColumn):
    """Steps a second, from the steps made since the bar appeared."""

    def __init__(self, unit: str, done: int = 0) -> None:
        super().__init__()
        self._unit, self._done = unit, done

    def render(self, task: Task) -> Text:
        """Return the rate, or nothing before the first step."""
        # Not rich's speed, which leaves out the time before the first of few, large steps.
        steps, seconds = task.completed - self._done, task.elapsed
        shown = f"{steps / seconds:,.0f} {self._unit}/s" if steps and seconds else ""
        return Text(shown, style="progress.data.speed")


@contextmanager
def progress_bar(
    description: str, total: int, *, done: int = 0, unit: str = "samples", shown: bool = True
) -> Iterator[Callable[[int], None]]:
    """Show a bar on standard error and give the function that advances it.

    Parameters
    ----------
    description : str
        What is being done.
    total, done : int
        Steps in all, and those finished earlier, which do not count in the rate.
    unit : str
        What a step is; "bytes" are shown in kB, MB or GB.
    shown : bool
        False shows nothing.
    """
    amount: tuple[ProgressColumn, ...] = (MofNCompleteColumn(), RateColumn(unit, done))
    if unit == "bytes":
        amount = (DownloadColumn(), TransferSpeedColumn())
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        *amount,
        TimeElapsedColumn(),
        TimeRemainingColumn(),
    )
    # Notebooks get the line of the end: rich would ask for ipywidgets, with a warning in each cell.
    console = Console(stderr=True, force_jupyter=False)
    with Progress(*columns, console=console, disable=not shown) as bar:
        task = bar.add_task(description, total=total, completed=done)
        yield lambda steps: bar.advance(task, steps)
