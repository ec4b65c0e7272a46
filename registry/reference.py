"""How a dataset and its versions are named: ``sky``, ``sky@1``, ``sky@1.0``, ``sky@1.0#sha256:…``.

A version is ``MAJOR.MINOR``. MINOR adds and keeps every content hash, MAJOR changes data,
and everything below 1.0 is for development. Behind ``#`` an exact version is pinned: to its
content, ``sky@1.0#sha256:…``, or to all that its manifest says, ``sky@1.0#manifest:sha256:…``.
"""

import re
from dataclasses import dataclass
from typing import Self

from skybench.errors import DatasetReferenceError

_NAME = re.compile(r"[a-z][a-z0-9_]*")
_VERSION = re.compile(r"(0|[1-9][0-9]{0,5})\.(0|[1-9][0-9]{0,5})")
_PIN = re.compile(r"(manifest:)?(sha256:[0-9a-f]{12,64})")
_MANIFEST = "manifest:"
_DEVICES = frozenset(
    ("CON", "PRN", "AUX", "NUL", *(f"{port}{n}" for port in ("COM", "LPT") for n in range(10)))
)
"""What Windows takes for a device, in any folder, any case and with any suffix."""

_FORMS = (
    "sky, sky@1, sky@1.0, sky@1.0#manifest:sha256:… or sky@1.0#sha256:… "
    "(12 to 64 hexadecimal digits)"
)

CONTENT_PIN_HOLDS = (
    "a content pin holds pixels and coordinates, but not scores, licence or citation: "
    "the manifest's pin holds these, too"
)
"""What is said wherever a user sees what a content hash is good for."""


@dataclass(frozen=True, order=True)
class Version:
    """A dataset's version, ordered by number.

    Parameters
    ----------
    major : int
        Changes when data change. 0 is development: no promise.
    minor : int
        Changes when something is added and every earlier content hash stays.

    Examples
    --------
    >>> Version.parse("1.10") > Version.parse("1.9")
    True
    >>> str(Version(1, 0))
    '1.0'
    """

    major: int
    minor: int

    @classmethod
    def parse(cls, text: str) -> Self:
        """Return the version that `text` spells.

        Raises
        ------
        DatasetReferenceError
            For anything but ``MAJOR.MINOR``; the message names the nearest right form.
        """
        if isinstance(text, str) and (match := _VERSION.fullmatch(text)):
            return cls(int(match[1]), int(match[2]))
        msg = f"version must be MAJOR.MINOR, like 0.1 or 1.0, got {text!r}{_nearest(text)}"
        raise DatasetReferenceError(msg)

    @property
    def is_development(self) -> bool:
        """Whether the version makes no promise, as all below 1.0."""
        return self.major == 0

    def __str__(self) -> str:
        """Return ``MAJOR.MINOR``."""
        return f"{self.major}.{self.minor}"


@dataclass(frozen=True, kw_only=True)
class DatasetReference:
    """A dataset, with as much of its version and of what it is pinned to as was given.

    Parameters
    ----------
    dataset : str
        Name, as in ``sky``.
    major, minor : int, optional
        Without `minor` the newest version of that major is meant, without both the newest of all.
    pin : str, optional
        Content hash, ``sha256:`` and its first 12 or more hexadecimal digits. It pins pixels and
        coordinates, but not scores, licence or citation.
    manifest : str, optional
        SHA-256 of the manifest, in the same form. It pins what the manifest says: content, recipe,
        licence, citation, records of baselines, files.

    Examples
    --------
    >>> DatasetReference.parse("sky@1.0").version
    Version(major=1, minor=0)
    >>> str(DatasetReference.parse("sky@1"))
    'sky@1'
    >>> DatasetReference.parse("sky@1.0#manifest:sha256:9f86d081884c").manifest
    'sha256:9f86d081884c'
    """

    dataset: str
    major: int | None = None
    minor: int | None = None
    pin: str | None = None
    manifest: str | None = None

    @classmethod
    def parse(cls, reference: "str | DatasetReference") -> "DatasetReference":
        """Return the reference that a user wrote.

        Raises
        ------
        DatasetReferenceError
            When `reference` is not one of the five forms; the message names the part at fault.
        """
        if isinstance(reference, DatasetReference):
            return reference
        if not isinstance(reference, str):
            msg = f"a dataset is named by a string like {_FORMS}, got {reference!r}"
            raise DatasetReferenceError(msg)
        name, pin_mark, pin = reference.partition("#")
        name, version_mark, version = name.partition("@")
        check_dataset_name(name, reference)
        major, minor = _numbers(version, reference) if version_mark else (None, None)
        kind, digest = _pinned(pin, minor, reference) if pin_mark else (None, None)
        pins = {"manifest": digest} if kind else {"pin": digest}
        return cls(dataset=name, major=major, minor=minor, **pins)

    @property
    def version(self) -> Version | None:
        """The exact version, or None where the reference is an alias."""
        if self.major is None or self.minor is None:
            return None
        return Version(self.major, self.minor)

    def matches(self, version: Version) -> bool:
        """Tell whether `version` is one that the reference may mean."""
        return self.major in (None, version.major) and self.minor in (None, version.minor)

    def pin_fault(self, *, content: str, manifest: str) -> str | None:
        """Say how a version with these hashes is not the one that is pinned, None where it is."""
        pinned = (("content", self.pin, content), ("manifest", self.manifest, manifest))
        for kind, expected, got in pinned:
            if expected is not None and not got.startswith(expected):
                return f"is not the {kind} that was pinned: expected {expected}, got {got}"
        return None

    @property
    def pin_note(self) -> str:
        """What the pin does not hold, for people; empty where it holds all or there is none."""
        return CONTENT_PIN_HOLDS if self.pin and not self.manifest else ""

    def __str__(self) -> str:
        """Return the reference as a user writes it."""
        numbers = [str(n) for n in (self.major, self.minor) if n is not None]
        version = "@" + ".".join(numbers) if numbers else ""
        pin = manifest_pin(self.manifest) if self.manifest else self.pin
        return self.dataset + version + (f"#{pin}" if pin else "")


def manifest_pin(digest: str) -> str:
    """Return how a reference pins the manifest with a SHA-256, as it stands behind ``#``."""
    return _MANIFEST + digest


def is_refused_by_windows(name: str) -> bool:
    """Tell whether a file or folder of this name cannot be copied to a disk of Windows."""
    stem = name.partition(".")[0].rstrip(" ").upper()
    return stem in _DEVICES or name.endswith((".", " "))


def check_dataset_name(name: str, where: str) -> None:
    """Raise unless `name` may name a dataset: lower case, digits, underscores.

    Raises
    ------
    DatasetReferenceError
        With the nearest name that is allowed.
    """
    if is_refused_by_windows(name):
        msg = f"{name!r} in {where!r} is a name that Windows does not take; choose another"
        raise DatasetReferenceError(msg)
    if _NAME.fullmatch(name):
        return
    near = re.sub(r"[^a-z0-9_]", "_", name.strip().lower())
    if spoken := re.fullmatch(r"(\w+)[ -]v?(\d+(?:\.\d+)?)", name.strip().lower()):
        near = "@".join(spoken.groups())
    known = _NAME.fullmatch(near.partition("@")[0])
    hint = f"; did you mean {near!r}?" if known else f"; references are {_FORMS}"
    msg = (
        f"a dataset name is lower-case letters, digits and underscores, "
        f"got {name!r} in {where!r}{hint}"
    )
    raise DatasetReferenceError(msg)


def _pinned(pin: str, minor: int | None, reference: str) -> tuple[str | None, str]:
    if minor is None or not (found := _PIN.fullmatch(pin)):
        msg = (
            f"{reference!r} pins a hash, which is written like "
            "sky@1.0#manifest:sha256:9f86d081884c… or, of the content alone, "
            "sky@1.0#sha256:9f86d081884c…"
        )
        raise DatasetReferenceError(msg)
    return found[1], found[2]


def _numbers(version: str, reference: str) -> tuple[int, int | None]:
    if re.fullmatch(r"0|[1-9][0-9]{0,5}", version):
        return int(version), None
    try:
        exact = Version.parse(version)
    except DatasetReferenceError as error:
        msg = f"{error} in {reference!r}; references are {_FORMS}"
        raise DatasetReferenceError(msg) from None
    return exact.major, exact.minor


def _nearest(text: object) -> str:
    numbers = re.findall(r"[0-9]+", str(text))
    if not numbers or any(len(number) > 6 for number in numbers):
        return ""
    major, minor = (int(n) for n in [*numbers, "0"][:2])
    return f"; did you mean {major}.{minor}?"
