"""Write an object only where nobody wrote it in between, as S3 offers it.

S3 takes ``If-None-Match: *`` (only where nothing is there) and ``If-Match: ETAG`` (only where it
is still what was read). Other file systems of fsspec offer no such thing: there the caller
writes, reads again and looks whether its own words are there, which leaves a moment in which two
writers both believe that they won.
"""

from typing import Any

ABSENT = ""
"""The tag of an object that is not there."""

_S3 = frozenset({"s3", "s3a"})
_LOST = frozenset({"PreconditionFailed", "ConditionalRequestConflict", "412", "409"})
_UNKNOWN = frozenset({"NotImplemented", "501"})


class ChangedError(Exception):
    """The object is not the one that the tag names: another writer came first."""


def offers_tags(fs: Any) -> bool:
    """Tell whether a file system can write on condition."""
    protocols = (fs.protocol,) if isinstance(fs.protocol, str) else fs.protocol
    return not _S3.isdisjoint(protocols)


def tag_of(fs: Any, path: str) -> str:
    """Return the tag of what is at a path, `ABSENT` where nothing is.

    Read the tag before the content: then a write in between makes the tag too old and the
    put fails, where the other order would let it overwrite what was never read.
    """
    fs.invalidate_cache(path)
    try:
        return str(fs.info(path, refresh=True)["ETag"])
    except FileNotFoundError:
        return ABSENT


def put(fs: Any, path: str, data: bytes, tag: str) -> str:
    """Write an object whose tag is still `tag`, and return its new one.

    Servers that answer that they know no conditions are written to without.

    Raises
    ------
    ChangedError
        It has another tag by now.
    """
    condition = {"IfMatch": tag} if tag else {"IfNoneMatch": "*"}
    try:
        answer = fs.pipe_file(path, data, **condition)
    except OSError as error:
        code = _code(error)
        if code in _LOST or isinstance(error, FileExistsError | FileNotFoundError):
            raise ChangedError(path) from error
        if code not in _UNKNOWN:
            raise
        answer = fs.pipe_file(path, data)
    return str(answer["ETag"]) if answer else tag_of(fs, path)


def _code(error: OSError) -> str:
    response = getattr(error.__cause__, "response", None)
    return str(response.get("Error", {}).get("Code", "")) if isinstance(response, dict) else ""
