"""What is known of the samples of a version, a row a parameter, with its distribution by class."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import xarray as xr
from markupsafe import Markup

from skybench.generators.arrays import Flags
from skybench.registry.scoring.coordinates import without_data
from skybench.registry.tables import Column, has_sources, sample_columns, source_columns
from skybench.site.charts import histogram

MOST_SAMPLES = 20_000
"""Whose parameters are looked at: the first, as samples are drawn independently of their number."""

_IDENTITIES = {"sample_id", "source", "split", "label", "source_class"}
_MOST_WORDS = 6


@dataclass(frozen=True, kw_only=True)
class Parameter:
    """A row of the table of parameters.

    Attributes
    ----------
    name, units, meaning : str
        Units are empty where it has none.
    of : str
        What has it: a sample or a source.
    range : str
        Smallest and largest value, or the words with their shares.
    chart : Markup
        Its distribution by class; empty where all values are alike, or words.
    """

    name: str
    units: str
    meaning: str
    of: str
    range: str
    chart: Markup


def parameters(ds: xr.Dataset, classes: Sequence[str]) -> list[Parameter]:
    """Return the parameters of samples, then those of sources.

    Parameters
    ----------
    ds : Dataset
        Its codes decoded.
    classes : sequence of str
        By which distributions are told apart, in the order of the series' colours.
    """
    known = without_data(ds.coords.to_dataset().isel(sample=slice(0, MOST_SAMPLES)))
    rows = _rows(sample_columns(known), "label", classes, "sample")
    if has_sources(known):
        rows += _rows(source_columns(known), "source_class", classes, "source")
    return rows


def _rows(columns: list[Column], by: str, classes: Sequence[str], of: str) -> list[Parameter]:
    words = next((column.values for column in columns if column.name == by), None)
    groups = {} if words is None else {name: words == name for name in classes}
    shown = (column for column in columns if column.name not in _IDENTITIES)
    return [
        Parameter(
            name=column.name,
            units=column.units or "",
            meaning=column.long_name or "",
            of=of,
            range=_range(column),
            chart=_chart(column, groups),
        )
        for column in shown
    ]


def _range(column: Column) -> str:
    if column.values.dtype.kind not in "iuf":
        return _words(column)
    there = column.values[np.isfinite(column.values)]
    if not there.size:
        return "in no sample"
    low, high = there.min(), there.max()
    return f"{low:.4g}" if low == high else f"{low:.4g} to {high:.4g}"


def _words(column: Column) -> str:
    counts = Counter(map(str, column.values.tolist()))
    shares = [f"{word or 'none'} {n / len(column.values):.0%}" for word, n in counts.most_common()]
    more = len(shares) - _MOST_WORDS
    return ", ".join(shares[:_MOST_WORDS]) + (f", and {more} more" if more > 0 else "")


def _chart(column: Column, groups: Mapping[str, Flags]) -> Markup:
    """Return the distribution of what is a number."""
    if column.values.dtype.kind not in "iuf":
        return Markup()
    values = column.values.astype(np.float64)
    there = np.isfinite(values)
    by_group = {name: values[there & inside] for name, inside in groups.items()}
    return histogram(by_group or {"": values[there]}, f"distribution of {column.name}")
