"""What went wrong with a store, said with the place and the fix, whichever client said it."""

import errno
from collections.abc import Iterator
from contextlib import contextmanager

from skybench.errors import NotFoundError, SkybenchError, StoreError

_CHOOSE = "choose another store with STORE=…, --store or $SKYBENCH_STORE"
_FIXES = {
    errno.ECONNREFUSED: "no server answers there; check the URL, and whether it runs",
    errno.ENOSPC: "the disk is full; free some space and run the same command again",
    errno.EDQUOT: "the disk quota is used up; free some space and run the same command again",
    errno.EFBIG: "the file is larger than the limit that is set (ulimit -f); raise it",
    errno.EACCES: f"permission is missing; ask its owner, or {_CHOOSE}",
    errno.EPERM: f"permission is missing; ask its owner, or {_CHOOSE}",
    errno.EROFS: f"the file system is read-only; {_CHOOSE}",
    errno.ENOTDIR: f"a part of the path is a file, not a folder; {_CHOOSE}",
    errno.EISDIR: "a folder is where a file should be; move it away",
    errno.EEXIST: f"a file is where a folder should be; move it away, or {_CHOOSE}",
}


@contextmanager
def reporting(action: str, url: str, *, local: bool) -> Iterator[None]:
    """Turn what the clients of disks, web servers and object stores raise into our errors.

    Parameters
    ----------
    action : str
        What is tried: read, write or lock.
    url : str
        The file or folder that it is tried on.
    local : bool
        It is on a local disk: only errors of the operating system are turned there.

    Raises
    ------
    NotFoundError
        Nothing is there.
    StoreError
        Anything else; the message names the fix where there is one.
    """
    try:
        yield
    except (SkybenchError, GeneratorExit):
        raise
    except FileNotFoundError as error:
        if fault := _web_fault(error):
            msg = f"cannot {action} {url}: {fault}"
            raise StoreError(msg) from error
        msg = f"{url} is not there"
        raise NotFoundError(msg) from None
    except OSError as error:
        fix = _FIXES.get(error.errno or 0, f"{error.strerror or error}")
        msg = f"cannot {action} {url}: {fix}"
        raise StoreError(msg) from error
    except Exception as error:
        # Clients of web and object stores have errors of their own, which are no OSError.
        if local:
            raise
        said = f"{type(error).__name__}: {error}".rstrip(": ")
        msg = f"cannot {action} {url}: {said}"
        raise StoreError(msg) from error


def _web_fault(error: FileNotFoundError) -> str:
    """Return what a web server said where fsspec calls every refusal a missing file."""
    cause = error.__cause__
    if cause is None or isinstance(cause, FileNotFoundError) or getattr(cause, "status", 0) == 404:
        return ""
    return f"{type(cause).__name__}: {cause}"
