"""A leaderboard as a table for people."""

import pandas as pd
from rich.table import Table


def leaderboard_table(ranking: pd.DataFrame, title: str) -> Table:
    """Return the ranking of `skybench.leaderboard` as a rich table."""
    table = Table(title=f"Leaderboard of {title}")
    for column in ranking.columns:
        numeric = pd.api.types.is_numeric_dtype(ranking[column])
        table.add_column(str(column).replace("_", " "), justify="right" if numeric else "left")
    for row in ranking.itertuples(index=False):
        table.add_row(*(_cell(value) for value in row))
    return table


def _cell(value: object) -> str:
    if isinstance(value, float):
        return "" if pd.isna(value) else f"{value:.4f}"
    return "" if value is None else str(value)
