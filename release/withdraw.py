"""Withdraw a published version: it stays, under its exact name, with a warning."""

from skybench.errors import DatasetReferenceError
from skybench.registry.reference import DatasetReference
from skybench.registry.storage.store import Store
from skybench.registry.versions.index import check_pin, find, read_index, yank
from skybench.registry.versions.index_lines import Yank
from skybench.registry.versions.signatures import KeyFile, SigningKey
from skybench.release.publishing.catalog import refresh_catalog


def withdraw(
    reference: str | DatasetReference,
    reason: str,
    *,
    store: str | Store | None = None,
    sign: KeyFile | None = None,
) -> Yank:
    """Withdraw a version: index line first, then the catalog.

    Aliases such as ``sky@1`` pass a withdrawn version by; opened by its exact name it warns
    with the reason. Nothing is deleted, and its number is never used again.

    Parameters
    ----------
    reference : str
        An exact version, like ``sky@1.1``.
    reason : str
        One line of text, for those who open the version all the same.
    store : str or Store, optional
        Any fsspec URL. Default: ``$SKYBENCH_STORE``, else the user's data folder.
    sign : str or path, optional
        PEM file of the private key that signs the index with the new line.

    Raises
    ------
    DatasetReferenceError
        The reference is not an exact version.
    NotFoundError, VersionConflictError
        It is not published, or was withdrawn before.
    IntegrityError
        The reason is not a line of text, or the version is not what the reference pins.
    """
    exact = DatasetReference.parse(reference)
    if exact.version is None:
        msg = f"{exact} is an alias; withdraw an exact version, like {exact.dataset}@1.1"
        raise DatasetReferenceError(msg)
    place = Store(store)
    if entry := find(read_index(place), exact.dataset, exact.version):
        check_pin(exact, entry, place)
    line = yank(
        place,
        dataset=exact.dataset,
        version=str(exact.version),
        reason=reason,
        signing_key=None if sign is None else SigningKey.at(sign),
    )
    refresh_catalog(place)
    return line
