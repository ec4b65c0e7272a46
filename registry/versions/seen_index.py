"""The index of a store as this user last saw it: trust on first use.

The lines of an index bind each other, but who writes a store can write all of them again. So the
index of a store that others write is kept, and what is read next must begin with it. It lies in the
user's data folder, one file a store, under the SHA-256 of the store's URL.
"""

import os
from contextlib import suppress
from hashlib import sha256
from pathlib import Path

import platformdirs

from skybench.errors import IntegrityError, ParameterError
from skybench.registry.storage.local_disk import replace_file
from skybench.registry.storage.store import INDEX, Store

_FOLDER = ".seen"
"""In the folder that is also the default store; no dataset's name begins with a dot."""


def lines_missing(text: str, store: Store) -> str:
    """Return the lines that followed an index when it was last seen; remember one that goes on.

    Parameters
    ----------
    text : str
        The index as it is now, its chain intact. Where lines are missing it is the beginning of
        what was seen: a mirror that lags holds that, and so does a store that was set back.
    store : Store
        Stores of this user are not remembered: who can write them can write the memory, too.

    Raises
    ------
    IntegrityError
        A line that was seen is another one now; the message names it and the fix.
    """
    if not _is_of_others(store):
        return ""
    path = _path(store)
    seen = _read(path)
    if seen.startswith(text):
        return seen[len(text) :]
    if not text.startswith(seen):
        raise _rewritten(text, seen, path, store)
    # Without a lock: of two processes the one that read first may write last, and a line that it
    # forgets is remembered by the next reader. A home that cannot be written stops nobody.
    with suppress(OSError):
        replace_file(path, [text.encode()], durable=False)
    return ""


def forget(store: str | Store | None = None) -> Path:
    """Forget how the index of a store was last seen: the next one is believed; return the file.

    Parameters
    ----------
    store : str or Store, optional
        Any fsspec URL. Default: ``$SKYBENCH_STORE``, else the user's data folder.

    Raises
    ------
    ParameterError
        Nothing is remembered of it.
    """
    place = Store(store)
    path = _path(place)
    try:
        path.unlink()
    except FileNotFoundError:
        msg = f"nothing is remembered of {place}; name it as it was read"
        raise ParameterError(msg) from None
    return path


def _is_of_others(store: Store) -> bool:
    """Tell whether others write a store: on a disk, whether folder or index is somebody else's."""
    if not store.is_local:
        return "memory" not in store.fs.protocol
    if not hasattr(os, "geteuid"):  # Windows tells owners in another way
        return False
    return any(_owner(path) not in (None, os.geteuid()) for path in (store.root, store.path(INDEX)))


def _owner(path: str) -> int | None:
    with suppress(OSError):
        return os.stat(path).st_uid
    return None


def _path(store: Store) -> Path:
    name = sha256(str(store).rstrip("/").encode()).hexdigest()[:32]
    return Path(platformdirs.user_data_dir("skybench", appauthor=False), _FOLDER, f"{name}.jsonl")


def _read(path: Path) -> str:
    """Return what is remembered; nothing where it cannot be read, or was not written whole."""
    with suppress(OSError, UnicodeDecodeError):
        text = path.read_text(encoding="utf-8")
        return text if text.endswith("\n") else ""
    return ""


def _rewritten(text: str, seen: str, path: Path, store: Store) -> IntegrityError:
    now, then = text.split("\n")[:-1], seen.split("\n")[:-1]
    pairs = enumerate(zip(now, then, strict=False), 1)
    number = next((n for n, (line, was) in pairs if line != was), min(len(now), len(then)) + 1)
    url = str(store)
    return IntegrityError(
        f"{url}/{INDEX} is not the index that was seen there before: of {len(then)} lines that "
        f"were seen, {len(then) - number + 1} are gone, from line {number} on, which was "
        f"{then[number - 1][:300]}. An index only grows, so somebody wrote its history again. Ask "
        f"its owner, or compare with {path} and with another mirror; 'skybench forget {url}' "
        "believes the new one"
    )
