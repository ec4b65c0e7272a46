"""Seals: the secret seed of a sealed split, the commitment to it, and its opening.

The recipe in a manifest holds the commitment alone. The seal is a file of whoever released the
version, never in a store before it is opened; then it lies beside the manifest, and the commitment
proves it.
"""

import os
import secrets
from hashlib import sha256
from pathlib import Path
from typing import Annotated, Literal, Self

from pydantic import Field, StringConstraints, ValidationError

from skybench.errors import (
    IntegrityError,
    MissingDependencyError,
    NotFoundError,
    ParameterError,
    RecipeError,
    SealedError,
    StoreError,
)
from skybench.generators.families import FAMILIES
from skybench.generators.generate import GENERATOR
from skybench.generators.plain_text import PlainLine
from skybench.generators.recipe import Recipe, Sealing
from skybench.generators.recipe_file import recipe_from
from skybench.registry.hashing.content_hash import canonical_json
from skybench.registry.reference import DatasetReference
from skybench.registry.storage.store import SEAL, Store
from skybench.registry.versions.index import read_manifest, resolve
from skybench.registry.versions.manifest import (
    DatasetName,
    Digest,
    Manifest,
    StrictModel,
    canonical_text,
    digest_of,
    strict_json,
)

FIRST_GENERATOR = "skybench-generator-1"
"""The generator of manifests that name none."""

_SECRET_BITS = 256
"""Of the seed, which no search finds: 63, as in a recipe, would be within reach."""

_SEAL_BYTES = 1 << 16
_OWNER_ALONE = 0o600

Secret = Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{64}$")]


class Seal(StrictModel):
    """What the truth of a sealed split follows from; a file in the hands of its holder.

    Attributes
    ----------
    dataset : str
        Name of the recipe.
    recipe : str
        SHA-256 of the canonical JSON of the recipe, without its seal.
    contact : str
        Who scores predictions; published with the commitment.
    seed, nonce : str
        Secret, 256 random bits each in hexadecimal digits. The nonce keeps a guess at the seed
        from being compared with the commitment.
    """

    format: Literal["skybench-seal-1"] = "skybench-seal-1"
    dataset: DatasetName
    recipe: Digest
    contact: Annotated[PlainLine, Field(max_length=300)] = ""
    seed: Annotated[Secret, Field(repr=False)]
    nonce: Annotated[Secret, Field(repr=False)]

    @classmethod
    def new(cls, recipe: Recipe, contact: str = "") -> Self:
        """Return a new seal of a recipe, from the randomness of the operating system."""
        return cls(
            dataset=recipe.name,
            recipe=_digest(recipe),
            contact=contact,
            seed=secrets.token_hex(_SECRET_BITS // 8),
            nonce=secrets.token_hex(_SECRET_BITS // 8),
        )

    @property
    def commitment(self) -> str:
        """The ``sha256:…`` of the canonical JSON of nonce and seed."""
        return digest_of(canonical_json({"nonce": self.nonce, "seed": self.seed}))

    @property
    def sealing(self) -> Sealing:
        """What is published of it."""
        return Sealing(commitment=self.commitment, contact=self.contact)

    def applied_to(self, recipe: Recipe) -> Recipe:
        """Return the recipe as sealed by this seal.

        Raises
        ------
        ParameterError
            The seal was made for another recipe.
        """
        if _digest(recipe) != self.recipe:
            msg = (
                f"this seal was made for another recipe of {self.dataset} or another number of "
                f"samples ({self.recipe}) than {recipe.name} ({_digest(recipe)}) is; release that "
                "one, or name a new file for a new seal"
            )
            raise ParameterError(msg)
        sealed = recipe.model_copy(update={"sealed": self.sealing})
        return sealed.with_secret_seed(int(self.seed, 16))

    def check(self, manifest: Manifest, where: str) -> None:
        """Raise an `IntegrityError` unless it is the seal that a version is committed to."""
        sealing = sealing_of(manifest)
        if sealing is None:
            msg = (
                f"{manifest.reference} is not sealed: its truth is in the store; leave out {where}"
            )
            raise IntegrityError(msg)
        if sealing.commitment != self.commitment:
            msg = (
                f"{where} is not the seal of {manifest.reference}: expected the commitment "
                f"{sealing.commitment}, got {self.commitment}. Put the right one in its place"
            )
            raise IntegrityError(msg)


def _digest(recipe: Recipe) -> str:
    bare = recipe.model_copy(update={"sealed": None})
    return f"sha256:{sha256(canonical_json(bare.model_dump(mode='json'))).hexdigest()}"


def read_seal(file: str | os.PathLike[str]) -> Seal:
    """Return the seal that a file holds.

    Raises
    ------
    NotFoundError
        There is no such file.
    IntegrityError
        It is no seal; the message shows none of it.
    """
    path = Path(file)
    try:
        with path.open("rb") as opened:
            text = opened.read(_SEAL_BYTES + 1).decode("utf-8", "replace")
    except OSError as error:
        msg = f"the seal {path} cannot be read: {error.strerror or error}"
        raise NotFoundError(msg) from error
    return _parsed(text, str(path))


def _parsed(text: str, where: str) -> Seal:
    try:
        if len(text) > _SEAL_BYTES:
            raise ValueError
        return Seal.model_validate(strict_json(text, where))
    except (ValidationError, ValueError) as error:
        at = error.errors()[0]["loc"] if isinstance(error, ValidationError) else ()
        place = f" at {at[0]!r}" if at else ""
        msg = f"{where} is no seal as skybench writes it{place}; restore it from a copy"
        # Without what it came from, which shows the values.
        raise IntegrityError(msg) from None


def keep_seal(seal: Seal, file: str | os.PathLike[str]) -> None:
    """Write a new seal where only its owner reads it, and return when the disk has it.

    Raises
    ------
    StoreError
        The file is there already, which is never written over, or cannot be written.
    """
    path = Path(file)
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, _OWNER_ALONE)
        try:
            _write_through(descriptor, seal_text(seal), path.parent)
        except BaseException:
            path.unlink()  # ours, and not whole
            raise
    except OSError as error:
        msg = f"the seal cannot be written to {path}: {error.strerror or error}; name another file"
        raise StoreError(msg) from error


def _write_through(descriptor: int, text: str, folder: Path) -> None:
    """Write an open file, and return when the disk has it and its name."""
    with os.fdopen(descriptor, "w", encoding="utf-8") as opened:
        opened.write(text)
        opened.flush()
        os.fsync(opened.fileno())
    if hasattr(os, "O_DIRECTORY"):  # Windows opens no folders
        names = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
        try:
            os.fsync(names)
        finally:
            os.close(names)


def seal_text(seal: Seal) -> str:
    """Return the text of a seal's file."""
    return canonical_text(seal.model_dump(mode="json"))


def sealing_of(manifest: Manifest) -> Sealing | None:
    """Return what the manifest of a sealed version holds of its seal; None for any other.

    Raises
    ------
    IntegrityError
        It holds no commitment.
    """
    published = manifest.recipe.get("sealed")
    try:
        return None if published is None else Sealing.model_validate(published)
    except ValidationError as error:
        msg = f"the manifest of {manifest.reference} has a seal without a commitment"
        raise IntegrityError(msg) from error


def opened_seal(manifest: Manifest, store: Store) -> Seal | None:
    """Return the seal of a version, proven, where it was opened in a store; else None.

    Raises
    ------
    IntegrityError
        Something else lies in its place.
    """
    if sealing_of(manifest) is None:
        return None
    key = f"{manifest.key}/{SEAL}"
    try:
        seal = _parsed(store.read_text(key, _SEAL_BYTES), store.url_of(key))
    except NotFoundError:
        return None
    seal.check(manifest, store.url_of(key))
    return seal


def publish_seal(seal: Seal, manifest: Manifest, store: Store) -> None:
    """Open a version in a store by its proven seal; one that is there stays as it is."""
    if opened_seal(manifest, store) is None:
        store.write(f"{manifest.key}/{SEAL}", seal_text(seal))


def seal_at_hand(
    manifest: Manifest, store: Store, file: str | os.PathLike[str] | None = None
) -> Seal | None:
    """Return the seal of a sealed version, from a file or as opened; None where none is sealed.

    Raises
    ------
    SealedError
        It is sealed, and the seal is not at hand.
    IntegrityError
        The seal is not the version's.
    """
    if file is not None:
        seal = read_seal(file)
        seal.check(manifest, str(file))
        return seal
    sealing = sealing_of(manifest)
    if sealing is None:
        return None
    opened = opened_seal(manifest, store)
    if opened is None:
        raise still_sealed(manifest, sealing)
    return opened


def still_sealed(manifest: Manifest, sealing: Sealing) -> SealedError:
    """Return the error of a version whose truth is not known here."""
    holder = sealing.contact or "whoever released it"
    msg = (
        f"the truth of the {sealing.split} split of {manifest.reference} is sealed: send "
        f"predictions to {holder}, who scores them by 'skybench score {manifest.reference} "
        f"PREDICTIONS --seal FILE'. If the seal was opened since, 'skybench unseal "
        f"{manifest.reference} FILE' brings it into this store"
    )
    return SealedError(msg)


def unseal(
    reference: str | DatasetReference,
    file: str | os.PathLike[str],
    *,
    store: str | Store | None = None,
) -> Manifest:
    """Publish the seal of a version in a store, and return the version's manifest.

    From then on anyone who reads the store can score, and render the split again. It cannot be
    taken back. What is there already stays as it is.

    Parameters
    ----------
    reference : str
        As for `skybench.open`.
    file : str or path
        The seal.
    store : str or Store, optional
        Any fsspec URL. Default: ``$SKYBENCH_STORE``, else the user's data folder.

    Raises
    ------
    NotFoundError
        There is no such version or file.
    IntegrityError
        The file is not the seal of this version; nothing is written.

    Examples
    --------
    >>> from skybench.registry.seals import unseal
    >>> unseal("sky@1.0", "sky.seal")    # doctest: +SKIP
    """
    store, seal = Store(store), read_seal(file)
    manifest = read_manifest(store, resolve(reference, store))
    seal.check(manifest, str(file))
    publish_seal(seal, manifest, store)
    return manifest


def recipe_of(manifest: Manifest, seal: Seal | None = None) -> Recipe:
    """Return the recipe that renders a version again, if this skybench can.

    Parameters
    ----------
    manifest : Manifest
    seal : Seal, optional
        Of a sealed version: without it only open samples can be rendered.

    Raises
    ------
    MissingDependencyError
        Another generator made it; the message says which skybench has that.
    """
    made_by = manifest.generator.get("generator", FIRST_GENERATOR)
    if made_by != GENERATOR:
        release = manifest.generator.get("skybench", "unknown")
        msg = (
            f"{manifest.dataset} {manifest.version} was made by {made_by} of skybench {release}; "
            f"this skybench has {GENERATOR}, which gives other values. Install the one that made "
            f"it into an environment of its own, pip install 'skybench=={release}', or check out "
            f"the commit that recorded {manifest.reference}."
        )
        raise MissingDependencyError(msg)
    family = manifest.recipe.get("family", "sky")
    if family not in FAMILIES:
        msg = (
            f"{manifest.reference} is of {family!r}, which is no family of recipes here, so it "
            "cannot be drawn again; get it from a store that has it."
        )
        raise RecipeError(msg)
    # Without its folders, the file of a catalogue is looked for where the user is.
    recipe = recipe_from(manifest.recipe_in_order, folder=Path())
    return recipe if seal is None else recipe.with_secret_seed(int(seal.seed, 16))
