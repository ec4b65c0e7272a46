"""Prove what is named: a version in a store, or an exported file by the hashes that it carries."""

import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from os import PathLike
from pathlib import Path

import xarray as xr

from skybench.errors import (
    DatasetReferenceError,
    IntegrityError,
    NotFoundError,
    ParameterError,
    SkybenchError,
)
from skybench.generators.codes import SAMPLE_DIM
from skybench.registry.exports.blocks import blocks
from skybench.registry.exports.export import FORMATS
from skybench.registry.exports.export_format import DataFormat
from skybench.registry.exports.export_hashes import ExportHashes
from skybench.registry.hashing.attributes import plain
from skybench.registry.hashing.content_hash import dataset_root, variable_roots
from skybench.registry.recorded import known_manifest
from skybench.registry.reference import DatasetReference
from skybench.registry.storage.store import Store
from skybench.registry.verify import VerifyReport
from skybench.registry.verify import verify as verify_version
from skybench.registry.versions.signatures import KeyFile


@dataclass(frozen=True, kw_only=True)
class ExportReport:
    """Whether an exported file holds what was exported, and whether that was published.

    Attributes
    ----------
    path : Path
    content_hash : str
        Of the samples in the file, as it says itself.
    samples : int
    exported_from : str
        The version that the file says it is from; empty where it names none.
    published_as : str
        The samples of a known version that have this content hash, such as ``test split of
        sky@0.4``; empty where none have it.
    seconds : float
        Time that the check took.
    problems : tuple of str
        One sentence each, naming the variable; empty when all is well.
    """

    path: Path
    content_hash: str
    samples: int
    exported_from: str
    published_as: str
    seconds: float
    problems: tuple[str, ...]

    @property
    def ok(self) -> bool:
        """Whether every value is as it was exported."""
        return not self.problems

    def __str__(self) -> str:
        """Say what the file was proven to be, or each problem on a line of its own."""
        verdict = f"has {len(self.problems)} problems" if self.problems else "is as exported"
        lines = [
            f"{self.path} {verdict}: {self.samples:,} samples read in {self.seconds:.1f} s",
            self.content_hash,
            *([self._origin()] if self.ok else self.problems),
        ]
        return "\n".join(lines)

    def _origin(self) -> str:
        if self.published_as:
            return f"published as {self.published_as}"
        if self.exported_from:
            return (
                f"it says it is from {self.exported_from}, of which it is neither the whole nor a "
                "split that is known here; its own hash alone proves it"
            )
        return "it is from no published version; its own hash alone proves it"


def verify(
    reference: str | PathLike[str] | DatasetReference,
    *,
    store: str | Store | None = None,
    full: bool = False,
    public_key: KeyFile | Sequence[KeyFile] | None = None,
) -> VerifyReport | ExportReport:
    """Return what is right and wrong with a released version in a store, or an exported file.

    Parameters
    ----------
    reference : str or path
        As for `skybench.open`; or a file that `skybench.export` wrote in a lossless format, which
        is read back whole and compared with the content hash that it carries.
    store : str or Store, optional
        Any fsspec URL. Default: ``$SKYBENCH_STORE``, else the user's data folder.
    full : bool
        Of a version, whether to read everything and compare every hash; otherwise metadata, sizes
        and up to four blocks of 256 rows of each variable, whose choice follows from the content
        hash.
    public_key : path or sequence of path, optional
        Of a version, PEM files of public keys, one of which must have signed the manifest. Default:
        those in ``$SKYBENCH_PUBLIC_KEY``; with none, signatures are not looked at.

    Raises
    ------
    NotFoundError
        There is no such version or file.
    ParameterError
        The file's format is lossy, so that nothing proves it.
    IntegrityError
        The index or the manifest is damaged, so that nothing below it can be judged; or the file
        cannot be read or carries no hash.
    SignatureError
        None of the public keys signed the manifest.

    Examples
    --------
    >>> import skybench
    >>> skybench.verify("sky@1.0", full=True).ok    # doctest: +SKIP
    True
    >>> skybench.verify("sky-1.0-test.fits").ok     # doctest: +SKIP
    True
    """
    if isinstance(reference, DatasetReference) or not _names_a_file(reference):
        return verify_version(reference, store=store, full=full, public_key=public_key)  # type: ignore[arg-type]
    return verify_export(Path(reference), store=store)


def verify_export(path: Path, *, store: str | Store | None = None) -> ExportReport:
    """Return whether a file holds what was exported; raises as `verify`.

    Parameters
    ----------
    path : Path
    store : str or Store, optional
        Where the version is looked up that the file says it is from, besides the recorded ones.
    """
    started = time.perf_counter()
    form = _lossless_format_of(path)
    with _read(form, path) as ds:
        claimed = _claimed(path, ds)
        found = _roots(path, ds)
        origin = str(ds.attrs.get("exported_from", ""))
        return ExportReport(
            path=path,
            content_hash=claimed.root,
            samples=ds.sizes.get(SAMPLE_DIM, 0),
            exported_from=origin,
            published_as=_published_as(origin, claimed.root, store),
            problems=(*_problems(path, claimed, found), *_other_attributes(path, claimed, ds)),
            seconds=time.perf_counter() - started,
        )


def _names_a_file(reference: str | PathLike[str]) -> bool:
    if isinstance(reference, PathLike):
        return True
    if not isinstance(reference, str):
        return False  # whose message is that of references
    if any(form.may_be_called(reference) for form in _data_formats() if form.suffix):
        return True
    try:
        DatasetReference.parse(reference)
    except DatasetReferenceError:
        return Path(reference).exists()
    return False


def _data_formats() -> list[DataFormat]:
    return [form for form in FORMATS.values() if isinstance(form, DataFormat)]


def _lossless_format_of(path: Path) -> DataFormat:
    if not path.exists():
        msg = f"there is no file {path}"
        raise NotFoundError(msg)
    forms = [form for form in _data_formats() if form.may_be_called(path.name)]
    proven = next((form for form in forms if form.lossless), None)
    if proven is None:
        suffixes = ", ".join(dict.fromkeys(f.suffix for f in _data_formats() if f.lossless))
        what = f"{path} is in the format {forms[0].name}, which" if forms else f"{path}"
        msg = f"{what} carries nothing that proves it; exports that do end in {suffixes}"
        raise ParameterError(msg)
    proven.require()
    return proven


def _read(form: DataFormat, path: Path) -> xr.Dataset:
    assert form.read is not None
    try:
        return form.read(path)
    except Exception as error:  # of a damaged file, libraries raise anything
        raise _unreadable(path, error) from error


def _claimed(path: Path, ds: xr.Dataset) -> ExportHashes:
    try:
        claimed = ExportHashes.claimed_by(ds)
    except Exception as error:
        raise _unreadable(path, error) from error
    if claimed is None:
        msg = f"{path} carries no content hash; export it again with this skybench"
        raise IntegrityError(msg)
    return claimed


def _roots(path: Path, ds: xr.Dataset) -> dict[str, str]:
    try:
        return variable_roots(ds, blocks(ds, action="Verifying"))
    except Exception as error:
        raise _unreadable(path, error) from error


def _unreadable(path: Path, error: Exception) -> IntegrityError:
    said = str(error) if isinstance(error, SkybenchError) else repr(error)
    return IntegrityError(f"{path} cannot be read: {said}. Export it again.")


def _problems(path: Path, claimed: ExportHashes, found: dict[str, str]) -> Iterator[str]:
    expected = claimed.variables
    for name in sorted(expected.keys() | found.keys()):
        if name not in found:
            yield f"variable {name} of {path} is missing."
        elif name not in expected:
            yield f"variable {name} of {path} was not exported."
        elif found[name] != expected[name]:
            yield (
                f"variable {name} of {path} does not match its hash: "
                f"expected {expected[name]}, got {found[name]}."
            )
    if dataset_root(dict(expected), claimed.attributes) != claimed.root:
        yield f"the hashes that {path} carries do not make its content hash."


def _other_attributes(path: Path, claimed: ExportHashes, ds: xr.Dataset) -> Iterator[str]:
    for name, value in sorted((claimed.attributes or {}).items()):
        if (found := plain(ds.attrs.get(name))) != value:
            yield f"attribute {name} of {path} was changed: expected {value!r}, got {found!r}."


def _published_as(origin: str, root: str, store: str | Store | None) -> str:
    """Return which samples of the version that a file names have its content hash."""
    reference = origin.partition("#")[0]
    try:
        manifest = known_manifest(reference, store)
    except (DatasetReferenceError, NotFoundError):
        return ""
    if root == manifest.content.root:
        return manifest.reference
    splits = manifest.content.splits.items()
    return next((f"{n} split of {manifest.reference}" for n, s in splits if s.root == root), "")
