"""Every error that skybench raises for a caller to handle.

Each is a `SkybenchError` and also the builtin that a caller would catch. A message
says what is wrong, where, what was expected, what was got, and the fix. All pickle,
because they cross dask workers: a subclass takes its message and nothing else. Passwords, keys and
signatures in a URL are masked before they get into one.
"""

import re

_MOST_SHOWN = 8000

_SECRETS = re.compile(
    r"""
    (?<=://) [^\s/?\#@:'"]* : (?!\d{1,5}[/?])        # user:password@, which is not host:80/
        (?: [^\s/?\#'"]* | [^\s@'"]* ) (?=@)         # a password may hold @, a key of S3 a slash
    | (?: (?<=https://) | (?<=http://) ) [^\s/?\#@:'"]+ (?=@)                    # token@
    | (?<=[?&]) (?P<name>[\w.~%-]+=) [^\s&'"<>]* [^\s&'"<>.,;:)\]]              # ?sig=…
    | (?P<bare>\b(?:X-(?:Amz|Goog)-\w[\w-]*|AWSAccessKeyId|Signature|sig)=) [^\s&'"<>,;)]+
    """,
    re.VERBOSE | re.IGNORECASE,
)


def masked(text: str) -> str:
    """Return text with ``***`` for what in its URLs gives access.

    That is user and password, and every value after a ``?``: which of them is a signature, only
    the server knows.
    """
    return _SECRETS.sub(lambda found: f"{found['name'] or found['bare'] or ''}***", text)


class _Masked(Exception):
    """Has no credentials in its message, so that neither a traceback nor a log shows them."""

    def __init__(self, *args: object) -> None:
        super().__init__(*(masked(arg) if isinstance(arg, str) else arg for arg in args))


class SkybenchError(_Masked):
    """Base of every error in skybench."""

    def __str__(self) -> str:
        """Return the message as plain text: what a stranger put into it steers no terminal."""
        text = super().__str__()
        if len(text) > _MOST_SHOWN:
            text = f"{text[: _MOST_SHOWN // 2]} … {text[-_MOST_SHOWN // 2 :]}"
        if text.isprintable():
            return text
        return "".join(c if c.isprintable() or c == "\n" else ascii(c)[1:-1] for c in text)


class ParameterError(SkybenchError, ValueError):
    """A physical parameter is outside its domain."""


class UnknownParameterError(ParameterError, TypeError):
    """An object has no parameter of that name."""


class RecipeError(SkybenchError, ValueError):
    """A recipe cannot be read, or describes nothing that can be made."""


class DatasetReferenceError(SkybenchError, ValueError):
    """A dataset name, version or hash is not written as one."""


class NotFoundError(SkybenchError, LookupError):
    """The store holds no such dataset, version, split or file."""


class SealedError(SkybenchError, LookupError):
    """What is asked for follows from a secret seed, which is not at hand."""


class StoreError(SkybenchError, OSError):
    """A store cannot be read or written."""


class VersionConflictError(SkybenchError, FileExistsError):
    """A published version exists with other content, or its number may not be used."""


class IntegrityError(SkybenchError, ValueError):
    """Data, manifest or index do not match their recorded hashes."""


class SignatureError(SkybenchError, ValueError):
    """No trusted key signed what should be signed."""


class PredictionsError(SkybenchError, ValueError):
    """A predictions file does not answer the question that was asked."""


class MissingDependencyError(SkybenchError, ImportError):
    """An optional package is needed; the message says which to install."""


class ExtensionError(SkybenchError, TypeError):
    """A member of one of skybench's tables, from it or another package, is not declared right."""


class YankedVersionWarning(_Masked, UserWarning):
    """A version was opened that its publishers have withdrawn."""


class UnlikeTrainingWarning(_Masked, UserWarning):
    """A network was given samples whose statistics are far from those of its training."""


class UnprovenDataWarning(_Masked, UserWarning):
    """A Zarr store was opened that no manifest around it proves."""


class UnsignedIndexWarning(_Masked, UserWarning):
    """A signed version came from a store whose index is not signed."""


class OlderIndexWarning(UserWarning):
    """The index of a store lacks lines that were seen in it before."""
