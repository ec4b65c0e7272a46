"""The digests of a version that lie in files beside its manifest: of blocks, and of samples.

A manifest lists the digests of the blocks of its variables. Of more than 262,144 samples they
would be more than all the rest of it; there each variable has a file of them, and its root, which
is in the manifest and follows from them, proves it.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import overload

import numpy as np

from skybench.errors import NotFoundError
from skybench.registry.hashing.content_hash import Digests, variable_root
from skybench.registry.proof.file_check import damage, name_of
from skybench.registry.storage.store import Store
from skybench.registry.versions.manifest import DIGEST_BYTES, Manifest, StoredObject, digest_of


@dataclass(frozen=True)
class BlockDigests(Sequence[str]):
    """The digests of the blocks of a variable as a file has them, each in hexadecimal digits."""

    data: bytes

    def __len__(self) -> int:
        """Count the blocks."""
        return len(self.data) // DIGEST_BYTES

    @overload
    def __getitem__(self, number: int) -> str: ...
    @overload
    def __getitem__(self, number: slice) -> tuple[str, ...]: ...
    def __getitem__(self, number: int | slice) -> str | tuple[str, ...]:
        """Return the digest of a block, or those of several."""
        if isinstance(number, slice):
            return tuple(self[n] for n in range(*number.indices(len(self))))
        first = range(len(self))[number] * DIGEST_BYTES
        return self.data[first : first + DIGEST_BYTES].hex()


def blocks_of(manifest: Manifest, name: str, store: Store) -> Sequence[str]:
    """Return the published digests of the blocks of a variable.

    Parameters
    ----------
    manifest : Manifest
    name : str
        Of the variable.
    store : Store
        Has the version, and is read where the manifest does not list them.

    Raises
    ------
    IntegrityError
        The file that has them is missing or not the one that was published.
    """
    variable = manifest.content.variables[name]
    if variable.blocks or manifest.blocks is None:
        return variable.blocks
    key = f"{manifest.blocks}/{name}"
    try:
        data = store.read_bytes(f"{manifest.key}/{key}")
    except NotFoundError:
        problem = f"file {key} of {name_of(manifest)} is missing."
        raise damage(manifest.reference, (problem,)) from None
    if (got := variable_root(variable.header, data)) != variable.root:
        problem = (
            f"file {key} of {name_of(manifest)} does not make the root of {name}: "
            f"expected {variable.root}, got {got}."
        )
        raise damage(manifest.reference, (problem,))
    return BlockDigests(data)


def samples_of(
    manifest: Manifest, store: Store, start: int = 0, stop: int | None = None
) -> Digests | None:
    """Return the digests of samples ``start`` to ``stop``, None where files are not as published.

    Parameters
    ----------
    manifest : Manifest
    store : Store
        Has the version.
    start, stop : int
        Half-open; to the last sample by default.
    """
    stop, first, parts = manifest.samples if stop is None else stop, 0, []
    for stored in manifest.files_of(manifest.sample_digests):
        last = first + stored.size // DIGEST_BYTES
        if first < stop and last > start:
            data = _as_published(manifest, store, stored)
            if data is None:
                return None
            digests = np.frombuffer(data, np.uint8).reshape(-1, DIGEST_BYTES)
            parts.append(digests[max(0, start - first) : stop - first])
        first = last
    return np.concatenate(parts) if parts else None


def _as_published(manifest: Manifest, store: Store, stored: StoredObject) -> bytes | None:
    try:
        data = store.read_bytes(f"{manifest.key}/{stored.key}")
    except NotFoundError:
        return None
    return data if digest_of(data) == stored.sha256 else None
