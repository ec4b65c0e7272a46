"""Put a finished version in place so that a reader sees all of it or nothing.

Everything is prepared in ``STORE/.work/<dataset>-<version>/``, where nobody looks. The manifest
is written there when the disk has the rest, and serves as the journal: from then on each step
can be done again after a crash. Files move to ``STORE/<dataset>/<version>/``, are checked, and
the line in the index publishes them. The catalog follows, and is mended by any later run.
"""

from dataclasses import dataclass

from skybench.errors import IntegrityError, NotFoundError, StoreError, VersionConflictError
from skybench.generators.recipe import Recipe
from skybench.registry.exports.croissant import croissant_text
from skybench.registry.hashing.content_hash import canonical_json
from skybench.registry.proof.file_check import file_digest
from skybench.registry.reference import Version
from skybench.registry.storage.local_disk import is_litter
from skybench.registry.storage.store import (
    BASELINES,
    CARD,
    CROISSANT,
    INDEX,
    MANIFEST,
    WORK,
    Store,
    version_key,
)
from skybench.registry.verify import Depth, check
from skybench.registry.versions.index import append, find, index_text, manifest_text, read_index
from skybench.registry.versions.index_lines import IndexEntry, parse_lines
from skybench.registry.versions.manifest import Manifest, digest_of
from skybench.registry.versions.signatures import SigningKey, sign_index, sign_manifest
from skybench.release.building.generator_identity import generator_identity

TRAINING = "training"
"""Checkpoints, in a folder for each content hash."""

GETTING = ".get"
"""Ends the names of work folders whose versions are fetched, or built as they are recorded."""

_DATA = "data"
IDENTITY = "identity.json"


@dataclass(frozen=True, kw_only=True)
class WorkFolder:
    """Where a version is made before it is published.

    Attributes
    ----------
    store : Store
        The store that it will be published in.
    dataset : str
        Its name.
    version : Version
        Its number.
    suffix : str
        Keeps apart the folders of versions that are made and of those that are fetched.
    """

    store: Store
    dataset: str
    version: Version
    suffix: str = ""

    @property
    def name(self) -> str:
        """The version's name, like ``sky-0.1``, which is also that of its lock."""
        return f"{self.dataset}-{self.version}"

    @property
    def key(self) -> str:
        """Its place in the store."""
        return f"{WORK}/{self.name}{self.suffix}"

    @property
    def target(self) -> str:
        """Where the version is published."""
        return version_key(self.dataset, self.version)

    @property
    def data_url(self) -> str:
        """The Zarr store, for `build`."""
        return self.store.url_of(f"{self.key}/{_DATA}.zarr")

    @property
    def baselines(self) -> str:
        """The folder of finished baselines, as a key in the store."""
        return f"{self.key}/{BASELINES}"

    def journal(self) -> Manifest | None:
        """Return the manifest whose publication was begun, None if none was."""
        key = f"{self.key}/{MANIFEST}"
        try:
            return Manifest.from_text(self.store.read_text(key), self.store.url_of(key))
        except NotFoundError:
            return None

    def files(self, zarr: str) -> dict[str, str]:
        """Return where each file lies now, by its key in the version called `zarr`."""
        names = self._published_names(zarr)
        return {
            names[top] + key[len(top) :]: f"{self.key}/{key}"
            for key in self.store.sizes(self.key)
            if (top := key.split("/")[0]) in names and not is_litter(key)
        }

    def place_of(self, key: str, zarr: str) -> str:
        """Return where the file that is published under `key` lies now."""
        top, _, inside = key.partition("/")
        pieces = {name: piece for piece, name in self._published_names(zarr).items()}
        if top not in pieces:
            msg = f"{key} is no file of a version: expected one of {', '.join(pieces)}"
            raise IntegrityError(msg)
        return f"{self.key}/{pieces[top]}{inside and '/'}{inside}"

    def moves(self, manifest: Manifest) -> dict[str, str]:
        """Return the target key of each piece that has not moved yet, by its present key."""
        names = {CARD: CARD, CROISSANT: CROISSANT, **self._published_names(manifest.zarr)}
        present = self.store.names(self.key)
        return {
            f"{self.key}/{piece}": f"{self.target}/{name}"
            for piece, name in names.items()
            if piece in present
        }

    def discard(self) -> None:
        """Delete the unfinished version, and with a journal what was moved but not published.

        Baselines stay: each is bound to the content that it was trained on, so those of a
        rebuilt version with the same content are not trained again.
        """
        if self.journal() is not None:
            _check_unpublished(self)
            self.store.remove(self.target)
        for name in self.store.names(self.key):
            if name not in (BASELINES, TRAINING):
                self.store.remove(f"{self.key}/{name}")

    def _published_names(self, zarr: str) -> dict[str, str]:
        stem = zarr.removesuffix(".zarr")
        return {
            f"{_DATA}.zarr": zarr,
            f"{_DATA}.samples": f"{stem}.samples",
            f"{_DATA}.blocks": f"{stem}.blocks",
            BASELINES: BASELINES,
        }


def start_or_resume(work: WorkFolder, recipe: Recipe) -> None:
    """Keep unfinished work of the same recipe and generators, discard any other.

    Raises
    ------
    VersionConflictError
        Something that no release of this store left is at the version's place.
    """
    check_place(work)
    keep_or_discard(work, _identity(recipe))


def check_place(work: WorkFolder) -> None:
    """Refuse a place that holds what no publication of this store left there."""
    if work.journal() is None and work.store.names(work.target):
        msg = (
            f"{work.store.url_of(work.target)} holds files, but the index does not list "
            f"{work.dataset} {work.version}. Restore index.jsonl, or move that folder away."
        )
        raise VersionConflictError(msg)


def keep_or_discard(work: WorkFolder, identity: str) -> None:
    """Keep what was begun with the same identity, discard any other, and note the identity."""
    try:
        same = work.store.read_text(f"{work.key}/{IDENTITY}") == identity
    except NotFoundError:
        same = False
    if not same:
        work.discard()
        work.store.write(f"{work.key}/{IDENTITY}", identity)


def prepare(work: WorkFolder, manifest: Manifest, card: str) -> None:
    """Write the card, the Croissant, and then the manifest: the journal that `publish` follows.

    Parameters
    ----------
    work : WorkFolder
        Holds the Zarr store, the sample digests and the baselines.
    manifest : Manifest
        Describes them.
    card : str
        The data card.
    """
    prepare_text(work, manifest, manifest.to_text(), card)


def prepare_text(work: WorkFolder, manifest: Manifest, text: str, card: str) -> None:
    """Do as `prepare` for a manifest whose text was published before, elsewhere."""
    work.store.write(f"{work.key}/{CARD}", card)
    work.store.write(f"{work.key}/{CROISSANT}", croissant_text(manifest))
    try:
        work.store.flush(work.key)
    except StoreError:
        # Files that the disk failed are gone, also from what counts as a finished build.
        work.store.remove(f"{work.key}/{IDENTITY}")
        raise
    work.store.write(f"{work.key}/{MANIFEST}", text)


def publish(
    work: WorkFolder, *, depth: Depth = "files", signing_key: SigningKey | None = None
) -> IndexEntry:
    """Publish a prepared version; after a crash, calling it again goes on where it stopped.

    Parameters
    ----------
    work : WorkFolder
    depth : "files", "sampled" or "full"
        How much of it is read and hashed again before the index lists it.
    signing_key : SigningKey, optional
        Signs the manifest and the index with the new line; a reader sees neither without.

    Raises
    ------
    NotFoundError
        Nothing was prepared.
    VersionConflictError
        The version is published already.
    IntegrityError
        Files are not as the manifest says; nothing is published.
    StoreError
        The store cannot be written; the message names the fix.
    """
    _check_unpublished(work)
    text = work.store.read_text(f"{work.key}/{MANIFEST}")
    manifest = Manifest.from_text(text, work.store.url_of(f"{work.key}/{MANIFEST}"))
    _claim(work, text)
    if signing_key is not None:
        sign_manifest(text, work.store, work.target, signing_key)
    for source, target in work.moves(manifest).items():
        work.store.move(source, target)
    check(manifest, work.store, depth=depth).raise_if_damaged()
    entry = append(
        work.store,
        dataset=work.dataset,
        version=str(work.version),
        manifest=digest_of(text),
        content=manifest.content.root,
        card=file_digest(work.store, f"{work.target}/{CARD}"),
        croissant=file_digest(work.store, f"{work.target}/{CROISSANT}"),
        signing_key=signing_key,
    )
    work.store.remove(work.key)
    return entry


def sign_published(entry: IndexEntry, store: Store, signing_key: SigningKey) -> None:
    """Sign a version that was published before, and the index as it is now.

    Raises
    ------
    IntegrityError
        Manifest or index are not as they were published; nothing is signed then.
    """
    manifest, index = manifest_text(store, entry), index_text(store)
    parse_lines(index, store.url_of(INDEX))
    sign_manifest(manifest, store, entry.key, signing_key)
    sign_index(index, store, signing_key)


def _claim(work: WorkFolder, text: str) -> None:
    """Put the manifest in place first: whose it is, is whose files may follow."""
    key = f"{work.target}/{MANIFEST}"
    tag = work.store.tag(key)
    try:
        is_claimed = work.store.read_text(key) != text
    except NotFoundError:
        is_claimed = not work.store.write_if(key, text, tag)
    if is_claimed:
        msg = (
            f"another process is publishing {work.dataset} {work.version} in {work.store} at this "
            "moment; run the same command again to see what it published"
        )
        raise VersionConflictError(msg)


def _check_unpublished(work: WorkFolder) -> None:
    if entry := find(read_index(work.store), work.dataset, work.version):
        msg = (
            f"{work.dataset} {work.version} was published in {work.store} at {entry.time} with "
            f"content {entry.content}; a version is never replaced. Choose a higher version."
        )
        raise VersionConflictError(msg)


def _identity(recipe: Recipe) -> str:
    generator = generator_identity()
    made_by = {name: generator[name] for name in ("source", "numpy")}
    described = {"recipe": recipe.model_dump(mode="json"), "classes": recipe.class_names}
    return canonical_json(described | made_by).decode()
