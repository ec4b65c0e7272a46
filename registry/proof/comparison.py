"""What differs between the contents of two versions, and which version number that permits.

Roots tell whether a variable differs, blocks of 256 rows where, and the rows themselves,
where both versions can be read, which samples.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field, replace

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from skybench.errors import ParameterError, VersionConflictError
from skybench.generators.codes import SAMPLE_DIM, SPLIT_VARIABLE, flag_names
from skybench.registry.arrays.zarr_format import open_raw
from skybench.registry.hashing.attributes import Attributes
from skybench.registry.hashing.content_hash import BLOCK_ROWS, ContentHash, VariableHash, leaves
from skybench.registry.recorded import known_manifest
from skybench.registry.reference import DatasetReference, Version
from skybench.registry.storage.store import Store
from skybench.registry.versions.index import find, read_index
from skybench.registry.versions.manifest import Manifest

Rows = NDArray[np.intp]

_SHOWN = 3


@dataclass(frozen=True, kw_only=True)
class Change:
    """What differs in one variable that both contents have.

    Attributes
    ----------
    variable : str
    header : tuple of str
        A sentence for each field of its header that differs, such as its units.
    blocks : tuple of int
        The blocks of `BLOCK_ROWS` rows that differ.
    rows : bool
        Whether rows differ of which the hashes do not tell the blocks, which lie in other files.
    """

    variable: str
    header: tuple[str, ...] = ()
    blocks: tuple[int, ...] = ()
    rows: bool = False

    def lines(self) -> Iterator[str]:
        """Yield a line for each difference, as far as the hashes alone tell."""
        yield from (f"{self.variable}: {sentence}" for sentence in self.header)
        if self.blocks:
            yield f"{self.variable} of rows {_spans(self.blocks)}"
        if self.rows:
            yield f"{self.variable} of some rows"


@dataclass(frozen=True, kw_only=True)
class ContentComparison:
    """What differs between an older and a newer content.

    Attributes
    ----------
    added, removed : tuple of str
        Variables that only the newer, or only the older, has.
    added_splits, removed_splits : tuple of str
    changes : tuple of Change
        Of variables that both have.
    attributes : tuple of str
        A sentence for each attribute that differs. Those of ``skyhash-1`` are not known.
    kept : bool
        Whether all that the older content holds, split by split, is in the newer one too.
    """

    added: tuple[str, ...] = ()
    removed: tuple[str, ...] = ()
    added_splits: tuple[str, ...] = ()
    removed_splits: tuple[str, ...] = ()
    changes: tuple[Change, ...] = field(default=())
    attributes: tuple[str, ...] = ()
    kept: bool = True

    @property
    def same(self) -> bool:
        """Whether nothing differs."""
        return next(self.lines(), None) is None

    def __str__(self) -> str:
        """Say in a line each what differs."""
        return "\n".join(self.lines()) or "the content is the same"

    def lines(self) -> Iterator[str]:
        """Yield a line for each difference, as far as the hashes alone tell."""
        for names, verb in ((self.added, "is new"), (self.removed, "is gone")):
            yield from (f"variable {name} {verb}" for name in names)
        for names, verb in ((self.added_splits, "is new"), (self.removed_splits, "is gone")):
            yield from (f"split {name} {verb}" for name in names)
        yield from self.attributes
        for change in self.changes:
            yield from change.lines()


def compare(old: ContentHash, new: ContentHash) -> ContentComparison:
    """Return what differs between two contents, from their hashes."""
    both = sorted(old.variables.keys() & new.variables.keys())
    changes = (_change(name, old.variables[name], new.variables[name]) for name in both)
    return ContentComparison(
        added=tuple(sorted(new.variables.keys() - old.variables.keys())),
        removed=tuple(sorted(old.variables.keys() - new.variables.keys())),
        added_splits=tuple(name for name in new.splits if name not in old.splits),
        removed_splits=tuple(name for name in old.splits if name not in new.splits),
        changes=tuple(c for c in changes if c.header or c.blocks or c.rows),
        attributes=tuple(_attribute_changes(old.attributes, new.attributes)),
        kept=_kept(old, new),
    )


def smallest_version(last: Version, comparison: ContentComparison) -> Version:
    """Return the smallest version that may follow ``last`` with these differences.

    Additions alone are a MINOR step, anything else is a MAJOR one. Below 1.0 there is no
    promise, and any higher number will do.
    """
    if last.is_development or comparison.kept:
        return Version(last.major, last.minor + 1)
    return Version(last.major + 1, 0)


def check_step(dataset: str, last: Version, new: Version, comparison: ContentComparison) -> None:
    """Refuse a version number that promises more than the content keeps.

    Raises
    ------
    VersionConflictError
        Nothing differs, or the step is too small; the message lists what differs.
    """
    if comparison.same:
        msg = (
            f"{dataset} has the content of {last} already, so there is nothing to release as "
            f"{new}; open {dataset}@{last}"
        )
        raise VersionConflictError(msg)
    least = smallest_version(last, comparison)
    if new < least:
        listed = "; ".join(comparison.lines())
        msg = (
            f"{dataset} {new} cannot follow {last}: {listed}. A version with the same major "
            f"number keeps all that was there; release it as {least} or higher."
        )
        raise VersionConflictError(msg)


def changed_rows(old: xr.Dataset, new: xr.Dataset, change: Change) -> Rows:
    """Return the rows of a variable that differ, by reading the blocks that do.

    Parameters
    ----------
    old, new : Dataset
        As stored, codes not decoded.
    change : Change
        Of a variable with samples.
    """
    found = []
    for block in change.blocks:
        rows = slice(block * BLOCK_ROWS, (block + 1) * BLOCK_ROWS)
        first, second = (_leaves(ds, change.variable, rows) for ds in (old, new))
        shared = min(len(first), len(second))
        differ = np.flatnonzero((first[:shared] != second[:shared]).any(axis=1))
        beyond = np.arange(shared, max(len(first), len(second)))
        found.append(rows.start + np.concatenate([differ, beyond]))
    return np.concatenate(found).astype(np.intp) if found else np.empty(0, np.intp)


def rows_by_split(ds: xr.Dataset, name: str, rows: Rows) -> Iterator[str]:
    """Yield a line for each split, like ``image of 37 test samples, first 102, 340, 871``."""
    if SPLIT_VARIABLE not in ds.variables:
        yield f"{name} of {_counted(rows, '')}"
        return
    codes = np.asarray(ds.variables[SPLIT_VARIABLE].values)
    for code, split in flag_names(ds.variables[SPLIT_VARIABLE]).items():
        here = rows[rows < codes.size][codes[rows[rows < codes.size]] == code]
        if here.size:
            yield f"{name} of {_counted(here, f'{split} ')}"


def difference(
    old: str | DatasetReference,
    new: str | DatasetReference,
    *,
    store: str | Store | None = None,
    new_store: str | Store | None = None,
) -> tuple[str, ...]:
    """Return what differs between two versions of a dataset, a sentence each; none if nothing does.

    Where a version is recorded by skybench and not in the store, its hashes alone are compared:
    they tell the blocks of 256 rows that differ, and the values would tell the rows.

    Parameters
    ----------
    old, new : str
        As for `skybench.open`.
    store, new_store : str or Store, optional
        Where they are; the second defaults to the first.

    Raises
    ------
    NotFoundError
        There is no such version.
    ParameterError
        They are versions of different datasets.
    IntegrityError
        A manifest is not the one that was published.
    """
    places = Store(store), Store(store if new_store is None else new_store)
    before, after = known_manifest(old, places[0]), known_manifest(new, places[1])
    if before.dataset != after.dataset:
        msg = (
            f"{before.reference} and {after.reference} are of different datasets; give two "
            "versions of one"
        )
        raise ParameterError(msg)
    comparison = compare(before.content, after.content)
    data = _data(before, places[0]), _data(after, places[1])
    if data[0] is None or data[1] is None:
        return tuple(comparison.lines())
    return tuple(_sentences(comparison, data[0], data[1]))


def _data(manifest: Manifest, store: Store) -> xr.Dataset | None:
    """Return a version as stored, None where the store does not have it."""
    entry = find(read_index(store), manifest.dataset, manifest.version)
    if entry is None or entry.content != manifest.content.root:
        return None
    return open_raw(store.url_of(f"{entry.key}/{manifest.zarr}"))


def _sentences(comparison: ContentComparison, old: xr.Dataset, new: xr.Dataset) -> Iterator[str]:
    """Yield what the hashes tell, rows named where the variable has them."""
    yield from replace(comparison, changes=()).lines()
    for change in comparison.changes:
        yield from replace(change, blocks=()).lines()
        if not change.blocks:
            continue
        if SAMPLE_DIM not in new.variables[change.variable].dims:
            yield f"the values of {change.variable}"
            continue
        longer = max(old, new, key=lambda ds: ds.sizes[SAMPLE_DIM])
        rows = changed_rows(old, new, change)
        yield from rows_by_split(longer, change.variable, rows)


def _counted(rows: Rows, split: str) -> str:
    first = ", ".join(map(str, rows[:_SHOWN].tolist()))
    noun = "sample" if rows.size == 1 else "samples"
    return f"{rows.size:,} {split}{noun}, {'first ' if rows.size > _SHOWN else ''}{first}"


def _change(name: str, old: VariableHash, new: VariableHash) -> Change:
    if old.root == new.root:
        return Change(variable=name)
    header = tuple(
        f"{key} was {old.header[key]!r}, is {new.header[key]!r}"
        for key in sorted(old.header)
        if old.header[key] != new.header[key]
    )
    if not (old.blocks and new.blocks):
        return Change(variable=name, header=header, rows=True)
    longest = max(len(old.blocks), len(new.blocks))
    blocks = (old.blocks + (None,) * longest, new.blocks + (None,) * longest)
    differ = tuple(i for i in range(longest) if blocks[0][i] != blocks[1][i])
    return Change(variable=name, header=header, blocks=differ)


def _attribute_changes(old: Attributes | None, new: Attributes | None) -> Iterator[str]:
    if old is None or new is None:
        return
    for name in sorted(old.keys() | new.keys()):
        if name not in old or name not in new:
            yield f"attribute {name} is {'new' if name in new else 'gone'}"
        elif old[name] != new[name]:
            yield f"attribute {name} was {old[name]!r}, is {new[name]!r}"


def _kept(old: ContentHash, new: ContentHash) -> bool:
    """Whether each split that there was holds what it held, and means what it meant."""
    if old.attributes is not None and new.attributes is not None:
        meant = {name: new.attributes.get(name) for name in old.attributes}
        if meant != old.attributes:
            return False
    if not old.splits:
        return all(
            name in new.variables and new.variables[name].root == variable.root
            for name, variable in old.variables.items()
        )
    return all(
        split in new.splits and new.splits[split].variables.get(name) == root
        for split, content in old.splits.items()
        for name, root in content.variables.items()
    )


def _leaves(ds: xr.Dataset, name: str, rows: slice) -> NDArray[np.uint8]:
    return leaves(np.asarray(ds.variables[name].isel({SAMPLE_DIM: rows}).values))


def _spans(blocks: tuple[int, ...]) -> str:
    """Return the rows of blocks as ranges, like ``0 to 511, 1024 to 1279``."""
    marked = np.zeros(max(blocks) + 2, bool)
    marked[list(blocks)] = True
    edges = np.flatnonzero(np.diff(marked, prepend=False))
    return ", ".join(
        f"{first * BLOCK_ROWS} to {stop * BLOCK_ROWS - 1}"
        for first, stop in edges.reshape(-1, 2).tolist()
    )
