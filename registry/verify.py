"""Prove that a released version in a store is the one that was published.

Fast checks the manifest against the index, the metadata against the manifest, that every file is
there with its size, and a few blocks of rows of every variable. Full reads every file and every
row, and computes the root of the content hash again.
"""

import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Literal

import xarray as xr

from skybench.errors import SkybenchError
from skybench.registry.arrays.zarr_format import open_raw
from skybench.registry.arrays.zarr_metadata import check_zarr
from skybench.registry.hashing.content_hash import headers_of
from skybench.registry.proof.file_check import (
    damage,
    damaged_descriptions,
    name_of,
    size_problems,
)
from skybench.registry.proof.metadata_check import agreement_problems, description_problems
from skybench.registry.proof.row_check import full_problems, sampled_problems
from skybench.registry.reference import DatasetReference
from skybench.registry.storage.store import Store
from skybench.registry.versions.index import manifest_from, manifest_text, resolve
from skybench.registry.versions.index_lines import IndexEntry
from skybench.registry.versions.manifest import Manifest
from skybench.registry.versions.recorded_manifests import identity_of
from skybench.registry.versions.signatures import KeyFile, TrustedKeys, check_manifest

Depth = Literal["files", "sampled", "full"]
"""How much is read: sizes of files, also a few blocks of each variable, or everything."""

_CHECKED = {
    "files": "manifest, metadata and file sizes",
    "sampled": "manifest, metadata, file sizes and sampled rows",
    "full": "every byte and row",
}


@dataclass(frozen=True, kw_only=True)
class VerifyReport:
    """What was checked of a version, and each thing that is not as it was published.

    Attributes
    ----------
    reference : str
        The exact version, like ``sky@1.0``.
    content_hash : str
        Root of the published content hash.
    depth : "files", "sampled" or "full"
        How much was read.
    files, bytes : int
        How many files there should be, and their size together.
    seconds : float
        Time that the check took.
    problems : tuple of str
        One sentence each, naming the file or the variable and rows; empty when all is well.
    signed_by : str
        File of the trusted key that signed the manifest; empty where none was asked for.
    manifest_hash : str
        SHA-256 of the manifest that the version is pinned and cited by.
    pin_note : str
        What the pin that was given does not hold; empty where it holds all, or none was given.
    """

    reference: str
    content_hash: str
    depth: Depth
    files: int
    bytes: int
    seconds: float
    problems: tuple[str, ...]
    signed_by: str = ""
    manifest_hash: str = ""
    pin_note: str = ""

    @property
    def ok(self) -> bool:
        """Whether everything that was checked is as it was published."""
        return not self.problems

    @property
    def full(self) -> bool:
        """Whether every row was read."""
        return self.depth == "full"

    def __str__(self) -> str:
        """Say what was checked, and each problem on a line of its own."""
        verdict = "is as published" if self.ok else f"has {len(self.problems)} problems"
        lines = [
            f"{self.reference} {verdict}: {_CHECKED[self.depth]} of {self.files:,} files, "
            f"{self.bytes / 1e6:,.1f} MB, checked in {self.seconds:.1f} s",
            f"content {self.content_hash}",
            *([f"manifest {self.manifest_hash}"] if self.manifest_hash else []),
            *([self.pin_note] if self.pin_note else []),
            *([f"signed by {self.signed_by}"] if self.signed_by else []),
            *self.problems,
        ]
        return "\n".join(lines)

    def raise_if_damaged(self) -> None:
        """Raise the first problem as an `IntegrityError`."""
        if self.problems:
            raise damage(self.reference, self.problems)


def verify(
    reference: str | DatasetReference,
    *,
    store: str | Store | None = None,
    full: bool = False,
    public_key: KeyFile | Sequence[KeyFile] | None = None,
) -> VerifyReport:
    """Return what is right and wrong with a released version in a store.

    Parameters
    ----------
    reference : str
        As for `skybench.open`.
    store : str or Store, optional
        Any fsspec URL. Default: ``$SKYBENCH_STORE``, else the user's data folder.
    full : bool
        Whether to read everything and compare every hash; otherwise metadata, sizes and up to
        four blocks of 256 rows of each variable, whose choice follows from the content hash.
    public_key : path or sequence of path, optional
        PEM files of public keys, one of which must have signed the manifest. Default: those in
        ``$SKYBENCH_PUBLIC_KEY``; with none, signatures are not looked at.

    Raises
    ------
    NotFoundError
        There is no such version.
    IntegrityError
        The index or the manifest is damaged, so that nothing below it can be judged.
    SignatureError
        None of the public keys signed the manifest.

    Examples
    --------
    >>> import skybench
    >>> skybench.verify("sky@1.0", full=True).ok    # doctest: +SKIP
    True
    """
    store, trusted = Store(store), TrustedKeys.configured(public_key)
    reference = DatasetReference.parse(reference)
    entry = resolve(reference, store)
    text = manifest_text(store, entry)
    signed_by = str(check_manifest(text, store, entry.key, trusted)) if trusted else ""
    manifest = manifest_from(text, entry, store)
    report = check_version(entry, manifest, store, depth="full" if full else "sampled")
    return replace(report, signed_by=signed_by, pin_note=reference.pin_note)


def check_version(
    entry: IndexEntry, manifest: Manifest, store: Store, *, depth: Depth
) -> VerifyReport:
    """Return what is right and wrong with a listed version: what `check` says, and its card."""
    report = check(manifest, store, depth=depth, digest=entry.manifest)
    descriptions = damaged_descriptions(entry, store).values()
    return replace(report, problems=(*report.problems, *descriptions))


def check(manifest: Manifest, store: Store, *, depth: Depth, digest: str = "") -> VerifyReport:
    """Return what is right and wrong with the files that a trusted manifest describes.

    The digest of the manifest is computed where it is not given.
    """
    started = time.perf_counter()
    identity = identity_of(manifest, digest)
    ds, outside = opened(manifest, store, chunked=depth == "full")
    outside = (*identity.problems, *outside, *agreement_problems(manifest, store))
    inside: Iterator[str] = iter(())
    if depth == "full":
        inside = full_problems(manifest, store, ds)
    elif depth == "sampled" and ds is not None:
        inside = sampled_problems(manifest, store, ds)
    return VerifyReport(
        reference=manifest.reference,
        content_hash=manifest.content.root,
        depth=depth,
        files=len(manifest.objects),
        bytes=sum(stored.size for stored in manifest.objects),
        problems=(*outside, *inside),
        seconds=time.perf_counter() - started,
        manifest_hash=identity.cited,
    )


def opened(
    manifest: Manifest, store: Store, *, chunked: bool = True
) -> tuple[xr.Dataset | None, tuple[str, ...]]:
    """Return a version as stored, and what is wrong with its files as far as no row tells.

    The dataset is None where its metadata are not those that were published. Its variables are
    dask arrays where it is `chunked`.
    """
    url = store.url_of(f"{manifest.key}/{manifest.zarr}")
    sizes = store.sizes(manifest.key)
    problems = [*size_problems(manifest, sizes)]
    try:
        metadata = check_zarr(Store(url))
        ds = open_raw(url, chunked=chunked, metadata=metadata)
        changed = list(metadata_problems(manifest, ds))
    except Exception as error:  # metadata are read by other libraries, which raise anything
        said = str(error) if isinstance(error, SkybenchError) else repr(error)
        unopened = f"the Zarr store of {name_of(manifest)} cannot be opened: {said}."
        return None, (*problems, unopened)
    problems += [*changed, *description_problems(manifest, metadata)]
    return None if changed else ds, tuple(problems)


def metadata_problems(manifest: Manifest, ds: xr.Dataset) -> Iterator[str]:
    """Yield how names, shapes, dtypes, units and codes differ from those published."""
    published = {name: variable.header for name, variable in manifest.content.variables.items()}
    found = headers_of(ds)
    for name in sorted(published.keys() | found.keys()):
        expected, got = published.get(name), found.get(name)
        if expected is None or got is None:
            state = "was not published" if expected is None else "is missing"
            yield f"variable {name} of {name_of(manifest)} {state}."
            continue
        for key in sorted(expected):
            if expected[key] != got[key]:
                yield (
                    f"{key} of variable {name} of {name_of(manifest)} was changed: "
                    f"expected {expected[key]!r}, got {got[key]!r}."
                )
