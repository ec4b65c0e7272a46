"""A leaderboard as a table for people."""

from typing import Any

import pandas as pd
from rich import box
from rich.table import Column, Table

from skybench.registry.scoring.metric import Metric
from skybench.registry.scoring.metrics import metric_named


def leaderboard_table(ranking: pd.DataFrame) -> Table:
    """Return the ranking of `skybench.leaderboard` as a rich table, narrow enough for 80 columns.

    Runs are seeds x epochs. A star marks a record of a shortened run, and a dagger a score that was
    not recomputed. Below stand what was left out and what no computation can show.
    """
    notes = [*ranking.attrs["notes"]]
    if not ranking["complete"].all():
        notes.append("* trained with fewer samples, seeds or epochs than the protocol asks")
    if (ranking["evidence"] == "stated").any():
        notes.append("† not recomputed: as recorded, since predictions or data are not here")
    if len(ranking):
        notes.append(ranking.attrs["caveat"])
    metric = metric_named(ranking.attrs["metric"])
    table = Table(
        Column("rank", justify="right"),
        Column("name", no_wrap=True),
        Column(metric.title, justify="right"),
        Column("95 % interval", no_wrap=True),
        Column("runs", justify="right"),
        "kind",
        box=box.SIMPLE_HEAD,
        title=f"{ranking.attrs['reference']}, {metric.title} on the test split",
        caption="\n".join(notes) or None,
        caption_justify="left",
    )
    for row in ranking.to_dict("records"):
        table.add_row(*_cells(row, metric))
    return table


def _cells(row: dict[Any, Any], metric: Metric) -> tuple[str, ...]:
    return (
        str(row["rank"]),
        str(row["name"]),
        f"{metric.text(row[metric.name])}{_marks(row)}",
        metric.interval_text(row["low"], row["high"]),
        str(row["seeds"]) if pd.isna(row["epochs"]) else f"{row['seeds']} x {row['epochs']:.0f}",
        str(row["kind"]),
    )


def _marks(row: dict[Any, Any]) -> str:
    marks = ("" if row["complete"] else "*") + ("†" if row["evidence"] == "stated" else "")
    return f" {marks}" if marks else ""
