"""What an export format is: of the data, or of what is known about them."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import xarray as xr

from skybench.registry.versions.manifest import Manifest


@dataclass(frozen=True, kw_only=True)
class ExportFormat:
    """A format in the table of `skybench.registry.exports.export`.

    It is a `DataFormat` or a `DescriptionFormat`. Installed packages add theirs by entry points
    in the group ``skybench.exports``.

    Parameters
    ----------
    name : str
        As ``skybench export`` calls it.
    suffix : str
        How the names of its files end.
    keeps, loses : str
        A sentence each, for people who choose a format.
    """

    name: str
    suffix: str
    keeps: str
    loses: str


@dataclass(frozen=True, kw_only=True)
class DataFormat(ExportFormat):
    """A format of samples, released or just generated.

    Parameters
    ----------
    write : callable
        (dataset, path) to a new file or folder there. The dataset may be lazy, and codes are not
        decoded; the path is free, ends in the suffix, and has its true name only once `write`
        returned.
    """

    write: Callable[[xr.Dataset, Path], None]


@dataclass(frozen=True, kw_only=True)
class DescriptionFormat(ExportFormat):
    """A format of what a released version is, made without its data.

    Parameters
    ----------
    text : callable
        Manifest to the text of the file.
    """

    text: Callable[[Manifest], str]
