"""What a local disk offers beyond reading: whole replacement, flushes, locks, lists, seen links.

And what else lies there: `is_litter` knows what others leave beside our files.
"""

import errno
import glob
import hashlib
import os
import re
import secrets
import shutil
import sys
import tempfile
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, nullcontext, suppress
from fnmatch import translate
from pathlib import Path

from skybench.errors import SkybenchError, StoreError
from skybench.registry.reference import is_refused_by_windows
from skybench.registry.storage.object_store import HeldError

_PERMISSIONS = 0o666
"""As every program asks for: the user's umask takes away from them."""

_UNFINISHED = ".tmp"

_INTERRUPTIONS = (KeyboardInterrupt, SystemExit, OSError)

_FLUSHERS = 16
"""Files that are flushed at once: a disk brings those of several threads home together."""

_OFFERS_NONE = frozenset({errno.EINVAL, errno.ENOTSUP})
"""What file systems answer that cannot flush such a thing."""

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
        Give the file its name only when the disk has the content, and return only when the disk
        has the name, too. What `flush` returned from before is then on the disk before the name.

    Raises
    ------
    OSError
        It cannot be written.
    """
    if durable:
        make_folder(path.parent)
    else:
        path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f".{path.name}.{secrets.token_hex(4)}{_UNFINISHED}")
    try:
        descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, _PERMISSIONS)
        with os.fdopen(descriptor, "wb") as file:
            file.writelines(pieces)
        if durable:
            put_in_place(temporary, path)
        else:
            temporary.replace(path)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise


def put_in_place(finished: Path, path: Path) -> None:
    """Give a finished file its name, in place of what had it.

    The disk has the content before the name is given, and the name when this returns.

    Raises
    ------
    OSError
        The disk failed; what was there before stays.
    """
    _flush_file(finished, caches=True)
    finished.replace(path)
    _flush_folder(path.parent)


@contextmanager
def replacing(path: Path) -> Iterator[Path]:
    """Give a path to write to, and put what is there in place of `path` when the disk has it.

    Raises
    ------
    StoreError
        It cannot be written; what was there before stays.
    """
    partial = path.with_name(path.name + ".partial")
    try:
        yield partial
        put_in_place(partial, path)
    except (OSError, RuntimeError) as error:  # torch reports a full disk as a RuntimeError
        partial.unlink(missing_ok=True)
        msg = f"cannot write {path}: {error}. Free some space, and run the same command again."
        raise StoreError(msg) from error


def flush(paths: Iterable[Path], root: Path) -> None:
    """Return when the disk has files, and folders with all below, and the names up to `root`.

    Each file is flushed by itself, several at once. One ``syncfs`` would be as fast, but also
    waits for whatever others are writing to the same disk, and few systems have it.

    Raises
    ------
    OSError
        The disk failed. The files that it failed are deleted: a second call would be told that all
        is well, because the system forgets what it could not write.
    """
    files, folders = _below(paths)
    parents = {path.parent for path in (*files, *folders)}
    folders |= {above for p in parents for above in (p, *p.parents) if _is_in(above, root)}
    with ThreadPoolExecutor(_FLUSHERS) as pool:
        list(pool.map(_flush_file, files))
        list(pool.map(_flush_folder, folders))


def make_folder(folder: Path) -> None:
    """Make a folder and those above it, where they are missing; return when the disk has them.

    Raises
    ------
    OSError
        It cannot be made.
    """
    missing = [path for path in (folder, *folder.parents) if not path.exists()]
    folder.mkdir(parents=True, exist_ok=True)
    for made in missing:
        _flush_folder(made.parent)


def move(source: Path, target: Path) -> None:
    """Move a file or a folder to where nothing is; return when the disk has it there.

    Raises
    ------
    OSError
        It cannot be moved.
    """
    make_folder(target.parent)
    source.rename(target)
    # In this order: a disk that keeps only the first has it at both places, not at none.
    _flush_folder(target.parent)
    _flush_folder(source.parent)


def flush_removal(path: Path) -> None:
    """Return when the disk no longer has what was deleted at a path."""
    with suppress(FileNotFoundError):
        _flush_folder(path.parent)


def write_new(path: Path, write: Callable[[Path], object], *, resume: str | None = None) -> None:
    """Let a function write a file or folder, which has its name only once the disk has it whole.

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
            flush([finished], beside)
            _rename_new(finished, path)
            _flush_folder(path.parent)
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
    except SkybenchError:  # of another place, some of which are OSErrors
        raise
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
    make_folder(folder)
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
    make_folder(path.parent)
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


def _below(paths: Iterable[Path]) -> tuple[list[Path], set[Path]]:
    """Return the files and the folders among paths and below them; links are neither."""
    files: list[Path] = []
    folders: set[Path] = set()
    for path in paths:
        if not path.is_dir():
            files.append(path)
            continue
        folders.add(path)
        for _, entry in entries_below(str(path)):
            if entry.is_dir(follow_symlinks=False):
                folders.add(Path(entry.path))
            elif entry.is_file(follow_symlinks=False):
                files.append(Path(entry.path))
    return files, folders


def _is_in(folder: Path, root: Path) -> bool:
    return folder == root or root in folder.parents


def _flush_file(path: Path, *, caches: bool = False) -> None:
    with suppress(FileNotFoundError):  # deleted meanwhile
        # Windows flushes only what is open for writing.
        descriptor = os.open(path, os.O_RDWR if sys.platform == "win32" else os.O_RDONLY)
        try:
            _flush_descriptor(descriptor, caches=caches)
        except OSError:
            path.unlink(missing_ok=True)
            raise
        finally:
            os.close(descriptor)


def _flush_folder(path: Path) -> None:
    """Flush the names in a folder; Windows keeps them by itself."""
    if sys.platform == "win32":
        return
    try:
        descriptor = os.open(path, os.O_RDONLY)
    except PermissionError:  # a folder that may be written and not read cannot be flushed
        return
    try:
        _flush_descriptor(descriptor)
    finally:
        os.close(descriptor)


def _flush_descriptor(descriptor: int, *, caches: bool = False) -> None:
    """Flush what is open; with `caches` also what a Mac's drive holds of all that came before."""
    try:
        os.fsync(descriptor)
        if caches and sys.platform == "darwin":
            import fcntl

            fcntl.fcntl(descriptor, fcntl.F_FULLFSYNC)
    except OSError as error:
        if error.errno not in _OFFERS_NONE:
            raise


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


def file_digest(path: Path) -> str:
    """Return the SHA-256 of a file, as manifests and records write it."""
    with path.open("rb") as file:
        return f"sha256:{hashlib.file_digest(file, 'sha256').hexdigest()}"
