"""Prove that a version is what its recipe gives: render it again and compare the hashes.

The manifest is enough, and it comes with every clone: no store, no data, no pixels written.
"""

import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

import numpy as np
import xarray as xr

from skybench.errors import NotFoundError, ParameterError, StoreError
from skybench.generators.codes import SAMPLE_DIM
from skybench.generators.generate import empty
from skybench.generators.recipe import Recipe
from skybench.generators.schema import SPLITS
from skybench.registry.arrays.zarr_format import choose_layout, lengthened
from skybench.registry.hashing.content_hash import (
    BLOCK_ROWS,
    ContentHash,
    Digests,
    block_digests,
    hashed_attributes,
    headers_of,
    leaves,
    variable_root,
)
from skybench.registry.proof.comparison import compare
from skybench.registry.proof.digests_beside import samples_of
from skybench.registry.recorded import recorded_manifest
from skybench.registry.reference import DatasetReference
from skybench.registry.seals import opened_seal, recipe_of, sealing_of, still_sealed
from skybench.registry.storage.store import Store
from skybench.registry.versions.index import read_manifest, resolve
from skybench.registry.versions.manifest import Manifest
from skybench.release.building.generator_identity import generator_identity
from skybench.release.building.group_hashes import GroupHashes, content_of_groups
from skybench.release.building.row_hashes import Hashes, Rows, hashed_rows
from skybench.release.building.scheduler import check_workers

_SHOWN = 10


@dataclass(frozen=True, kw_only=True)
class Reproduction:
    """What rendering a version again gave.

    Attributes
    ----------
    reference : str
        The exact version, like ``sky@1.0``.
    expected : str
        Root of the published content hash.
    got : str or None
        Root of what was rendered; None where that was only some samples.
    rendered : int
        How many samples were rendered.
    differing : tuple of int or None
        The samples that differ; None where only blocks of 256 rows can be told, because there
        are no published digests of samples.
    differences : tuple of str
        A sentence for each thing that differs; empty when all is as published.
    seconds : float
        Wall time.
    sealed : int
        How many samples of a sealed split can be proven by nobody before the seal is opened; they
        are not among those rendered.
    """

    reference: str
    expected: str
    got: str | None
    rendered: int
    differing: tuple[int, ...] | None
    differences: tuple[str, ...]
    seconds: float
    sealed: int = 0

    @property
    def ok(self) -> bool:
        """Whether all that was rendered is as published."""
        return not self.differences

    def __str__(self) -> str:
        """Say what was rendered, and each difference on a line of its own."""
        verdict = "is reproduced" if self.ok else "is not reproduced"
        part = "all" if self.got else "some of its"
        rate = self.rendered / max(self.seconds, 1e-9)
        lines = [
            f"{self.reference} {verdict}: {part} samples, {self.rendered:,}, rendered again in "
            f"{self.seconds:.1f} s ({rate:,.0f} samples/s)",
            f"published {self.expected}",
            *([f"rendered  {self.got}"] if self.got else []),
            *([f"not proven: {self.sealed:,} samples that are sealed"] if self.sealed else []),
            *self.differences,
        ]
        return "\n".join(lines)


def reproduce(
    reference: str | DatasetReference,
    samples: Iterable[int] | None = None,
    store: str | Store | None = None,
    workers: int | None = None,
    progress: bool = True,
) -> Reproduction:
    """Render a version again from its recipe and seed, and compare it with its manifest.

    The manifest is the store's or, where the store has no such version, the one that skybench
    records: the proof needs no data. Where the store has the digests of the samples, those that
    differ are told one by one, else in blocks of 256 rows.

    Parameters
    ----------
    reference : str
        As for `skybench.open`.
    samples : iterable of int, optional
        Only these rows. Default: all, which also proves the root of the content hash.
    store : str or Store, optional
        Any fsspec URL. Default: ``$SKYBENCH_STORE``, else the user's data folder.
    workers : int, optional
        How many work at once. Default: one a processor.
    progress : bool
        Show a progress bar on standard error.

    Raises
    ------
    NotFoundError
        Neither the store nor skybench has such a version.
    MissingDependencyError
        Another generator made it; the message says which skybench has that.
    ParameterError
        There is no such sample, or `workers` is wrong.
    SealedError
        Of a version with a sealed split some samples are asked for, and the digests of its samples
        are not at hand. With all samples asked for, the other splits are proven.
    IntegrityError
        The store's index or manifest is damaged.

    Examples
    --------
    >>> import skybench
    >>> skybench.reproduce("sky@1.0", samples=[17, 99]).ok    # doctest: +SKIP
    True
    """
    started = time.perf_counter()
    check_workers(workers)
    manifest, digests = _published(reference, Store(store))
    if samples is not None and digests is None and manifest.blocks is not None:
        msg = (
            f"some samples of {manifest.reference} are compared by digests that are not here as "
            "they were published; repair it, or leave out the samples to compare all"
        )
        raise NotFoundError(msg)
    recipe = recipe_of(manifest, opened_seal(manifest, Store(store)))
    pieces = _pieces(manifest, recipe, samples, by_sample=digests is not None)
    sealing = sealing_of(manifest) if recipe.is_closed else None
    if sealing is not None and samples is not None and digests is None:
        raise still_sealed(manifest, sealing)  # a block of rows has sealed ones among others
    # Of a closed split any seed will do: what follows from it is compared with nothing.
    drawn = recipe.with_secret_seed(0) if recipe.is_closed else recipe
    sealed: list[int] = []
    with hashed_rows(drawn, pieces, workers=workers, progress=progress) as read:
        hashes = _noting_sealed((_present(read(start)) for start, _ in pieces), recipe, sealed)
        whole: Compare = _compare_open if recipe.is_closed else _compare_all
        compared = whole if samples is None else _compare_some
        got, differing, differences = compared(manifest, digests, recipe, hashes)
    return Reproduction(
        reference=manifest.reference,
        expected=manifest.content.root,
        got=got,
        rendered=sum(stop - start for start, stop in pieces) - len(sealed),
        sealed=len(sealed),
        differing=differing,
        differences=(*differences, *(other_libraries(manifest) if differences else ())),
        seconds=time.perf_counter() - started,
    )


def _published(reference: str | DatasetReference, store: Store) -> tuple[Manifest, Digests | None]:
    """Return the manifest from where there is one, and the digests of the samples if any."""
    try:
        manifest = read_manifest(store, resolve(reference, store))
    except NotFoundError as error:
        try:
            return recorded_manifest(reference), None
        except NotFoundError as also:
            msg = f"{error} Nor does skybench record it: {also}"
            raise NotFoundError(msg) from None
    return manifest, samples_of(manifest, store)


def _pieces(
    manifest: Manifest, recipe: Recipe, samples: Iterable[int] | None, *, by_sample: bool
) -> list[Rows]:
    """Return what to render together: whole blocks where only these can be compared."""
    if samples is None:
        return choose_layout(empty(recipe), recipe.samples).pieces(recipe.samples)
    wanted = sorted(set(samples))
    if not wanted:
        msg = f"no samples of {manifest.dataset} {manifest.version} are named; leave out for all"
        raise ParameterError(msg)
    for sample in wanted:
        if not 0 <= sample < manifest.samples:
            msg = (
                f"{manifest.dataset} {manifest.version} has samples 0 to {manifest.samples - 1}, "
                f"got {sample}"
            )
            raise ParameterError(msg)
    if by_sample:
        return [(sample, sample + 1) for sample in wanted]
    starts = sorted({sample // BLOCK_ROWS * BLOCK_ROWS for sample in wanted})
    return [(start, min(start + BLOCK_ROWS, manifest.samples)) for start in starts]


def _noting_sealed(pieces: Iterable[Hashes], recipe: Recipe, sealed: list[int]) -> Iterator[Hashes]:
    """Yield the hashes, and list the samples of a closed split among them."""
    for group, samples in pieces:
        if recipe.sealed is not None and recipe.is_closed:
            code = SPLITS.index(recipe.sealed.split)
            sealed += (group.start + np.flatnonzero(group.split_codes == code)).tolist()
        yield group, samples


def _present(hashes: Hashes | None) -> Hashes:
    if hashes is None:
        msg = "a temporary file vanished while samples were rendered; run it again"
        raise StoreError(msg)
    return hashes


Compared = tuple[str | None, tuple[int, ...] | None, list[str]]
Compare = Callable[[Manifest, Digests | None, Recipe, Iterable[Hashes]], Compared]


def _compare_all(
    manifest: Manifest,
    digests: Digests | None,
    recipe: Recipe,
    pieces: Iterable[Hashes],
) -> Compared:
    rows: list[int] = []
    known = digests if digests is not None and len(digests) == recipe.samples else None
    groups = _noting_changed(pieces, known, rows)
    made = content_of_groups(empty(recipe), recipe.samples, groups, manifest.content.algorithm)
    found = list(_content_differences(manifest.content, made))
    if known is None:
        return made.root, None if found else (), found
    return made.root, tuple(rows), [*_named(rows), *found]


def _noting_changed(
    pieces: Iterable[Hashes], known: Digests | None, rows: list[int]
) -> Iterator[GroupHashes]:
    """Yield the groups, and list the rows whose digests are not the known ones."""
    for group, samples in pieces:
        if known is not None:
            changed = (samples != known[group.start : group.stop]).any(axis=1)
            rows += (group.start + np.flatnonzero(changed)).tolist()
        yield group


def _compare_open(
    manifest: Manifest,
    _: Digests | None,
    recipe: Recipe,
    pieces: Iterable[Hashes],
) -> Compared:
    """Compare the splits that are not sealed, by their roots."""
    algorithm = manifest.content.algorithm
    groups = (group for group, _ in pieces)
    made = content_of_groups(empty(recipe), recipe.samples, groups, algorithm)
    assert recipe.sealed is not None
    found = [
        f"differs: {name} of split {split}"
        for split, published in manifest.content.splits.items()
        if split != recipe.sealed.split
        for name, root in published.variables.items()
        if made.splits[split].variables.get(name) != root
    ]
    return None, None if found else (), found


def _compare_some(
    manifest: Manifest,
    digests: Digests | None,
    recipe: Recipe,
    pieces: Iterable[Hashes],
) -> Compared:
    found = list(_outline_differences(manifest.content, empty(recipe), manifest.samples))
    if digests is None:
        for group, _ in pieces:
            found += _block_differences(manifest.content, group)
        return None, None if found else (), found
    code = SPLITS.index(recipe.sealed.split) if recipe.sealed and recipe.is_closed else None
    rows = [
        group.start
        for group, samples in pieces
        if group.split_codes[0] != code and (samples[0] != digests[group.start]).any()
    ]
    return None, tuple(rows), [*_named(rows), *found]


def _content_differences(published: ContentHash, made: ContentHash) -> Iterator[str]:
    comparison = compare(published, made)
    yield from (f"differs: {line}" for line in comparison.lines())
    if comparison.same and made != published:
        yield (
            "the splits in the manifest are not those of its own rows: the manifest is wrong, "
            "see 'skybench audit'"
        )


def _outline_differences(
    published: ContentHash, template: xr.Dataset, samples: int
) -> Iterator[str]:
    """Yield what differs in the headers, and in the variables that have no samples."""
    whole = lengthened(template, samples)
    headers = headers_of(whole)
    if hashed_attributes(whole, published.algorithm) != published.attributes:
        yield "differs: the attributes of the dataset"
    for name in sorted(headers.keys() | published.variables.keys()):
        known = published.variables.get(name)
        if known is None or headers.get(name) != known.header:
            yield f"differs: the presence, shape, dtype, units or codes of {name}"
        elif SAMPLE_DIM not in known.header["dims"]:
            blocks = block_digests(leaves(np.asarray(whole.variables[name].values)[None]))
            if variable_root(known.header, blocks) != known.root:
                yield f"differs: the values of {name}"


def _block_differences(published: ContentHash, group: GroupHashes) -> Iterator[str]:
    for block, made in group.blocks():
        for name, digest in made.items():
            known = published.variables.get(name)
            if known is not None and known.blocks[block : block + 1] != (digest,):
                yield f"differs: {name} of rows {group.start} to {group.stop - 1}"


def _named(rows: list[int]) -> Iterator[str]:
    if rows:
        first = ", ".join(map(str, rows[:_SHOWN]))
        listed = f"first {first}" if len(rows) > _SHOWN else first
        yield f"{len(rows):,} {'sample differs' if len(rows) == 1 else 'samples differ'}: {listed}"


def other_libraries(manifest: Manifest) -> Iterator[str]:
    """Yield what may have caused a difference: other versions of what makes the numbers."""
    here = generator_identity()
    for name in ("numpy", "scipy", "source"):
        if (made_with := manifest.generator.get(name, "unknown")) != here[name]:
            what = "generators" if name == "source" else name
            yield f"it was made with {what} {made_with}, this is {here[name]}"
