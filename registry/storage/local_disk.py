"""What a local disk offers beyond reading: whole replacement, locks, quick lists, seen links.

And what else lies there: `is_litter` knows what others leave beside our files.
"""

import glob
import os
import re
import secrets
import shutil
import sys
import tempfile
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, nullcontext, suppress
from fnmatch import translate
from pathlib import Path

from skybench.errors import StoreError
from skybench.registry.reference import is_refused_by_windows
from skybench.registry.storage.object_store import HeldError

_PERMISSIONS = 0o666
"""As every program asks for: the user's umask takes away from them."""

_UNFINISHED = ".tmp"

_INTERRUPTIONS = (KeyboardInterrupt, SystemExit, OSError)

LITTER = {
    "macOS": (
        ".DS_Store",
        "._*",
        ".AppleDouble",
        ".LSOverride",
        ".localized",
        ".Spotlight-V100",
        ".TemporaryItems",
        ".Trashes",
        ".fseventsd",
        "__MACOSX",
    ),
    "Windows": (
        "Thumbs.db",
        "ehthumbs.db",
        "desktop.ini",
        "$RECYCLE.BIN",
        "System Volume Information",
    ),
    "Linux desktops": (".directory", ".Trash-*", "lost+found"),
    "network file systems": (".nfs[0-9a-f]*", ".fuse_hidden*", "@eaDir"),
    "editors": ("*~", "#*#", ".#*", "*.sw[op]", ".ipynb_checkpoints"),
}
"""Names of files and folders that are no part of a store, by who leaves them; case is ignored."""

_LITTER = re.compile("|".join(translate(p) for ps in LITTER.values() for p in ps), re.IGNORECASE)


def replace_file(path: Path, pieces: Iterable[bytes | memoryview], *, durable: bool) -> None:
    """Put a file in place at once, its folder made; a failure leaves what was there before.

    Parameters
    ----------
    path : Path
    pieces : iterable of bytes
        The content. What it raises goes through.
    durable : bool
        Return only when the disk has the content.

    Raises
    ------
    OSError
        It cannot be written.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f".{path.name}.{secrets.token_hex(4)}{_UNFINISHED}")
    try:
        descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, _PERMISSIONS)
        with os.fdopen(descriptor, "wb") as file:
            file.writelines(pieces)
            if durable:
                file.flush()
                os.fsync(file.fileno())
        temporary.replace(path)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise


def write_new(path: Path, write: Callable[[Path], object], *, resume: str | None = None) -> None:
    """Let a function write a file or folder, which has its name only once it is whole.

    Parameters
    ----------
    path : Path
        Nothing may be there.
    write : callable
        Gets a path of the same name in a folder beside, for now. What it raises goes through, and
        nothing is left.
    resume : str, optional
        Tells what is written. What was written before an interruption or a fault of the disk is
        kept, and the next call for the same path and the same `resume` gives it to `write`.

    Raises
    ------
    FileExistsError
        Something is there, perhaps since a moment ago.
    HeldError
        Another process resumes the same.
    OSError
        It cannot be written.
    """
    beside = path.with_name(f".{path.name}.{resume or secrets.token_hex(4)}{_UNFINISHED}")
    beside.mkdir(exist_ok=resume is not None)
    finished = beside / path.name
    try:
        with file_lock(beside / "lock", wait=False) if resume else nullcontext():
            write(finished)
            _rename_new(finished, path)
    except HeldError:
        raise
    except BaseException as error:
        if resume is None or not finished.exists() or not isinstance(error, _INTERRUPTIONS):
            shutil.rmtree(beside, ignore_errors=True)
        raise
    shutil.rmtree(beside, ignore_errors=True)


@contextmanager
def reporting_unwritable(path: Path) -> Iterator[None]:
    """Turn what keeps a file that a user named from being written into a `StoreError`."""
    if is_refused_by_windows(path.name):
        msg = f"{path} is a name that Windows does not take; choose another name."
        raise StoreError(msg)
    try:
        yield
    except OSError as error:
        msg = f"{path} cannot be written: {error.strerror or error}; choose another place."
        raise StoreError(msg) from error


def _rename_new(finished: Path, path: Path) -> None:
    """Give a finished file or folder its name; a link, unlike a rename, replaces no file."""
    if finished.is_dir():
        if os.path.lexists(path):
            raise FileExistsError(path)
        finished.rename(path)
        return
    try:
        path.hardlink_to(finished)
    except FileExistsError:
        raise
    except OSError:  # a disk without links
        if os.path.lexists(path):
            raise FileExistsError(path) from None
        finished.rename(path)


def unfinished_key(key: str, mark: str) -> str:
    """Return the name of a file that is not whole yet, which `is_unfinished` knows."""
    folder, slash, name = key.rpartition("/")
    return f"{folder}{slash}.{name}.{mark}{_UNFINISHED}"


def is_unfinished(key: str) -> bool:
    """Tell whether a file's name is one that is written under before a file has its own."""
    name = key.rpartition("/")[2]
    return name.startswith(".") and name.endswith(_UNFINISHED)


def is_litter(key: str) -> bool:
    """Tell whether a file was left by an operating system or an editor, or is in such a folder.

    Nothing that skybench writes has such a name. What a manifest lists is not asked about here: it
    counts, whatever its name.
    """
    return any(map(_LITTER.match, key.split("/")))


def remove_unfinished(path: Path) -> None:
    """Delete what killed writers of a file left; nobody else may be writing it meanwhile."""
    for unfinished in path.parent.glob(f".{glob.escape(path.name)}.*{_UNFINISHED}"):
        unfinished.unlink(missing_ok=True)


def check_writable(folder: Path) -> None:
    """Raise an `OSError` unless files can be made in a folder, which is made where it is not.

    The file that shows it has no name where the disk offers that, so a kill leaves nothing.
    """
    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryFile(dir=folder):
        pass


@contextmanager
def file_lock(path: Path, *, wait: bool) -> Iterator[None]:
    """Hold a lock that other processes of this machine respect; a killed holder frees it.

    Raises
    ------
    HeldError
        Another process holds it and `wait` is False.
    OSError
        The file cannot be made.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT, _PERMISSIONS)
    try:
        if not _lock(descriptor, wait):
            raise HeldError(path)
        yield
    finally:
        os.close(descriptor)


def entries_below(folder: str) -> Iterator[tuple[str, os.DirEntry[str]]]:
    """Yield what lies below a folder, folders included, by key relative to it.

    Links are told and not followed. What is deleted meanwhile, or is no folder, holds nothing.
    """
    todo = [(folder, "")]
    while todo:
        path, prefix = todo.pop()
        with suppress(FileNotFoundError, NotADirectoryError), os.scandir(path) as entries:
            for entry in entries:
                yield f"{prefix}{entry.name}", entry
                if entry.is_dir(follow_symlinks=False):
                    todo.append((entry.path, f"{prefix}{entry.name}/"))


def sizes_below(folder: str) -> dict[str, int]:
    """Return the size in bytes of every file below a folder, by key relative to it.

    A link counts as a file of the size of what it leads to, or of none where that is nothing.
    fsspec would list the same, five times slower.
    """
    sizes = {}
    for key, entry in entries_below(folder):
        if not entry.is_dir(follow_symlinks=False):
            try:
                sizes[key] = entry.stat().st_size
            except OSError:
                sizes[key] = 0
    return sizes


def check_no_way_out(path: str, root: str) -> None:
    """Refuse a path on which a link leads out of the folder `root`.

    Raises
    ------
    StoreError
        The message names where it leads to.
    """
    real, inside = os.path.realpath(path), os.path.realpath(root)
    if real != inside and not real.startswith(inside.rstrip(os.sep) + os.sep):
        msg = (
            f"{path} is behind a link that leads out of the store, to {real}; replace the link "
            "by what it names, or open the store that it leads to"
        )
        raise StoreError(msg)


def _lock(descriptor: int, wait: bool) -> bool:
    try:
        if sys.platform == "win32":
            import msvcrt

            msvcrt.locking(descriptor, msvcrt.LK_LOCK if wait else msvcrt.LK_NBLCK, 1)
        else:
            import fcntl

            fcntl.flock(descriptor, fcntl.LOCK_EX | (0 if wait else fcntl.LOCK_NB))
    except (BlockingIOError, PermissionError):
        return False
    return True
