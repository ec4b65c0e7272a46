"""What an export format is: of the data, or of what is known about them."""

from collections.abc import Callable
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

import xarray as xr

from skybench.errors import MissingDependencyError
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
        How the names of its files end; empty where it is a folder of files, whose name ends in
        that of the format where the user gives none.
    keeps, loses : str
        A sentence each, for people who choose a format.
    """

    name: str
    suffix: str
    keeps: str
    loses: str

    @property
    def kind(self) -> str:
        """What users see of it: the suffix, or ``folder``."""
        return self.suffix or "folder"

    def file_name(self, stem: str) -> str:
        """Return the name of a file of this format: ``sky-0.3.npz``, ``sky-0.3-png``."""
        return stem + (self.suffix or f"-{self.name}")

    def may_be_called(self, name: str) -> bool:
        """Tell whether the name of a file asks for this format."""
        if self.suffix:
            return name.endswith(self.suffix)
        return name == self.name or name.endswith(f"-{self.name}")


@dataclass(frozen=True, kw_only=True)
class DataFormat(ExportFormat):
    """A format of samples, released or just generated.

    Parameters
    ----------
    write : callable
        (dataset, path) to a new file or folder there. The dataset may be lazy and larger than
        memory, so it is read by `skybench.registry.exports.blocks`; codes are not decoded. The
        path is free, ends in the suffix, and has its true name only once `write` returned.
    read : callable, optional
        Path to the dataset that was written, codes not decoded, perhaps lazy. A format that has
        it is lossless: its files carry `ds.attrs` too, and so the hashes that prove them.
    check : callable
        Raises a `ParameterError` for a dataset that the format is not for.
    resumable : bool
        Whether `write` may find files in its folder that an earlier call for the same rows has
        finished, and goes on after them.
    needs : tuple of str
        The modules of other packages that it imports, which the extra ``formats`` brings.
    """

    write: Callable[[xr.Dataset, Path], None]
    read: Callable[[Path], xr.Dataset] | None = None
    check: Callable[[xr.Dataset], None] = lambda _: None
    resumable: bool = False
    needs: tuple[str, ...] = ()

    @property
    def lossless(self) -> bool:
        """Whether its files give back every value, and prove it."""
        return self.read is not None

    def require(self) -> None:
        """Raise a `MissingDependencyError` unless what it needs is installed."""
        for module in self.needs:
            if find_spec(module) is None:
                msg = f"the format {self.name} needs {module}: pip install 'skybench[formats]'"
                raise MissingDependencyError(msg)


@dataclass(frozen=True, kw_only=True)
class DescriptionFormat(ExportFormat):
    """A format of what a released version is, made without its data.

    Parameters
    ----------
    text : callable
        Manifest to the text of the file.
    """

    text: Callable[[Manifest], str]
