"""The manifest of a released version: what it is, how it was made, and every hash of it."""

import json
import re
import reprlib
from collections.abc import Iterator, Mapping
from functools import lru_cache
from hashlib import sha256
from typing import Annotated, Any, Literal, Self, TypeVar

from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Field,
    JsonValue,
    StringConstraints,
    ValidationError,
    model_validator,
)

from skybench.errors import IntegrityError, StoreError
from skybench.generators.plain_text import PlainLine, PlainText
from skybench.registry.hashing.content_hash import ALGORITHM, ContentHash
from skybench.registry.reference import Version, check_dataset_name, is_refused_by_windows
from skybench.registry.storage.store import CARD, CROISSANT, MANIFEST, version_key
from skybench.registry.storage.strict_json import strict_json as strict_json
from skybench.registry.versions.published_hash import check_content, lacks_blocks

_SHORT = reprlib.Repr()
_SHORT.maxstring = _SHORT.maxother = _SHORT.maxlong = 80

Format = Literal["skybench-manifest-1", "skybench-manifest-2", "skybench-manifest-3"]
FORMATS: dict[str, Format] = {
    "skyhash-1": "skybench-manifest-1",
    "skyhash-2": "skybench-manifest-2",
}
"""By the algorithm of the content hash: who knows only the older must not misread the newer."""

FORMAT = FORMATS[ALGORITHM]
"""Of what is new, and lists the digests of all blocks."""

FORMAT_BESIDE: Format = "skybench-manifest-3"
"""Of what has too many samples for that: its digests lie in files beside."""

MAX_SAMPLES = 10**9
"""As in a recipe."""

_NAMED_FREELY = frozenset(["classes", "members", "sets", "sources", "splits"])
"""Sections of a recipe whose keys are words of its author."""

DIGEST_BYTES = 32
"""Of a sample, and of a block, where they lie in files."""

_MAX_PATH = 500
_PATH_PART = re.compile(r"(?!\.{1,2}$)[A-Za-z0-9._+-]{1,255}")


# A manifest has ten thousand paths and more, of the same few parts.
_is_refused = lru_cache(maxsize=4096)(is_refused_by_windows)


@lru_cache(maxsize=4096)
def _is_path_part(part: str) -> bool:
    return _PATH_PART.fullmatch(part) is not None


def _check_path(path: str) -> str:
    """Refuse what climbs, what a file system or a URL reads in its own way, and what globs."""
    parts = path.split("/")
    if len(path) > _MAX_PATH or not all(map(_is_path_part, parts)):
        msg = (
            "must be a relative path inside the version's folder, of letters, digits and ._+-, "
            f"got {path[:_MAX_PATH]!a}"
        )
        raise ValueError(msg)
    if refused := [part for part in parts if _is_refused(part)]:
        msg = f"must be a path that Windows takes, too, got {refused[0]!a}"
        raise ValueError(msg)
    return path


def _check_name(name: str) -> str:
    check_dataset_name(name, name)
    return name


def _check_version(version: str) -> str:
    return str(Version.parse(version))


def _check_split(name: str) -> str:
    if not re.fullmatch(r"[a-z][a-z0-9_]{0,63}", name):
        msg = f"must be lower-case letters, digits and underscores, got {name[:80]!a}"
        raise ValueError(msg)
    return name


Digest = Annotated[str, StringConstraints(pattern=r"^sha256:[0-9a-f]{64}$")]
InsidePath = Annotated[str, AfterValidator(_check_path)]
DatasetName = Annotated[str, AfterValidator(_check_name)]
VersionText = Annotated[str, AfterValidator(_check_version)]
SplitName = Annotated[str, AfterValidator(_check_split)]
Content = Annotated[ContentHash, AfterValidator(check_content)]
Model = TypeVar("Model", bound=BaseModel)
UtcTime = Annotated[str, StringConstraints(pattern=r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$")]


class StrictModel(BaseModel):
    """A frozen model of published JSON: unknown keys, NaN and infinities are refused."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)


class StoredObject(StrictModel):
    """One file of a version: its key inside the version's folder, its size and its SHA-256."""

    key: InsidePath
    size: int = Field(ge=0)
    sha256: Digest


class Range(StrictModel):
    """The smallest and largest value of a variable, missing values left out."""

    minimum: float
    maximum: float


class Manifest(StrictModel):
    """Everything that identifies a version and lets it be opened, proved and rebuilt.

    Attributes
    ----------
    recipe : dict
        The recipe in its canonical form, enough to render every sample again. Its keys are
        sorted; `recipe_in_order` has the classes in the order that gives them their codes.
    generator : dict
        Versions of skybench, Python and the libraries that made it.
    content : ContentHash
        ``skyhash-2`` of the logical content, independent of how it is stored; ``skyhash-1`` in the
        older format.
    zarr, sample_digests : str
        The Zarr store and the 32-byte digests of the samples, relative to the version's folder.
        The latter is a folder of several files where there are many samples.
    blocks : str, optional
        The folder of the digests of the blocks that `content` does not list: a file a variable,
        from which its root follows.
    chunk_count : int
        Chunk files in the Zarr store. A missing one would read as zeros without an error.
    objects : tuple of StoredObject
        Every file, baselines included; the manifest and what is made from it, the card and the
        Croissant, are left out.
    """

    format: Format = FORMAT
    dataset: DatasetName
    version: VersionText
    title: PlainLine
    description: PlainText
    created: UtcTime
    recipe: dict[str, JsonValue]
    generator: dict[PlainLine, PlainLine]
    content: Content
    samples: int = Field(ge=0)
    splits: dict[SplitName, int]
    task: PlainLine
    classes: tuple[PlainLine, ...]
    ranges: dict[PlainLine, Range]
    licence: PlainLine
    citation: PlainText
    zarr: InsidePath
    sample_digests: InsidePath
    blocks: InsidePath | None = None
    chunk_count: int = Field(ge=0)
    objects: tuple[StoredObject, ...]

    @model_validator(mode="after")
    def _agrees_with_itself(self) -> Self:
        self._check_keys()
        if self.samples > MAX_SAMPLES:
            msg = f"samples is {self.samples:.3g}, more than {MAX_SAMPLES:,}"
            raise ValueError(msg)
        self._check_digests()
        if self.splits != {name: split.samples for name, split in self.content.splits.items()}:
            msg = "splits and content.splits disagree on the number of samples"
            raise ValueError(msg)
        self._check_format()
        for fault in self._other_meanings():
            raise ValueError(fault)
        return self

    def _check_format(self) -> None:
        unlisted = any(map(lacks_blocks, self.content.variables.values()))
        if unlisted != (self.blocks is not None):
            msg = "blocks must be a folder where, and only where, content does not list all blocks"
            raise ValueError(msg)
        if self.format != format_of(self.content):
            msg = f"{self.format} does not hold {self.content.algorithm}" + " beside" * unlisted
            raise ValueError(msg)

    def _other_meanings(self) -> Iterator[str]:
        """Yield where task, classes or recipe say another thing than what is hashed."""
        named = self.content.variables.get("class")
        words = named and named.header["flag_meanings"]
        if words and words.split() != list(self.classes):
            yield f"content.variables has the classes {words}, but classes are {self.classes}"
        for name, hashed in (self.content.attributes or {}).items():
            for place, said in (("its task", {"task": self.task}), *_sections(self.recipe)):
                value = said.get(name)
                if _says_otherwise(value, hashed):
                    yield f"content.attributes has {name} {hashed!r}, but {place} has {value!r}"

    def _check_keys(self) -> None:
        """Refuse files that would take each other's place, on any file system."""
        keys = [stored.key.casefold() for stored in self.objects]
        names = {*keys, MANIFEST, CARD, CROISSANT}
        folders = {key[:end] for key in keys for end, sign in enumerate(key) if sign == "/"}
        if len(names) != len(keys) + 3 or names & folders:
            msg = "objects has keys that collide"
            raise ValueError(msg)

    def _check_digests(self) -> None:
        expected = DIGEST_BYTES * self.samples
        files = self.files_of(self.sample_digests)
        if files and (size := sum(stored.size for stored in files)) != expected:
            msg = f"{self.sample_digests} has {size} bytes, not {DIGEST_BYTES} a sample"
            raise ValueError(msg)

    def files_of(self, key: str) -> list[StoredObject]:
        """Return the file at a key, or the files in the folder there, in order."""
        inside = (s for s in self.objects if s.key == key or s.key.startswith(f"{key}/"))
        return sorted(inside, key=lambda stored: stored.key)

    def to_text(self) -> str:
        """Return the canonical JSON: sorted keys, UTF-8, a newline at the end."""
        # A manifest of skyhash-1, or with all its blocks, is written as it always was.
        absent: dict[str, Any] = {} if self.blocks is not None else {"blocks": True}
        absent |= {"content": {"attributes"}} if self.content.attributes is None else {}
        return canonical_text(self.model_dump(mode="json", exclude=absent))

    @classmethod
    def from_text(cls, text: str, where: str) -> Self:
        """Return the manifest that a file holds.

        Parameters
        ----------
        text : str
            Content of the file.
        where : str
            Its name, for messages.

        Raises
        ------
        StoreError
            It is of a newer format than this skybench reads.
        IntegrityError
            It is not a manifest; the message names the key at fault.
        """
        values = strict_json(text, where)
        check_format(values, where, FORMAT_BESIDE)
        return validated(cls, values, where)

    @property
    def targets(self) -> tuple[str, ...]:
        """The parameters that a regression is to predict, from the recipe."""
        names = self.recipe.get("targets")
        return tuple(map(str, names)) if isinstance(names, list) else ()

    @property
    def recipe_in_order(self) -> dict[str, JsonValue]:
        """The recipe with its classes in the order of their codes, which JSON does not keep."""
        classes = self.recipe.get("classes")
        if not isinstance(classes, dict):
            return self.recipe
        ordered = {name: classes[name] for name in self.classes if name in classes}
        return {**self.recipe, "classes": ordered}

    @property
    def key(self) -> str:
        """The version's folder in a store."""
        return version_key(self.dataset, self.version)

    @property
    def reference(self) -> str:
        """The exact reference to this version, like ``sky@1.0``."""
        return f"{self.dataset}@{self.version}"

    @property
    def digest(self) -> str:
        """SHA-256 of its text, by which the index lists it."""
        return digest_of(self.to_text())


def format_of(content: ContentHash) -> Format:
    """Return the format of a manifest with this content."""
    beside = any(map(lacks_blocks, content.variables.values()))
    return FORMAT_BESIDE if beside else FORMATS[content.algorithm]


def _sections(recipe: Mapping[str, JsonValue]) -> Iterator[tuple[str, Mapping[str, JsonValue]]]:
    yield "its recipe", recipe
    for name, section in recipe.items():
        if isinstance(section, dict) and name not in _NAMED_FREELY:
            yield f"its recipe under {name}", section


def _says_otherwise(value: JsonValue, attribute: JsonValue) -> bool:
    """Whether a value of a recipe is another than an attribute; a section has its own names."""
    if value is None or isinstance(value, dict) or value == attribute:
        return False
    if isinstance(value, bool):
        return str(value).lower() != attribute
    return not isinstance(value, list) or " ".join(map(str, value)) != attribute


def manifest_schema() -> dict[str, Any]:
    """Return the JSON Schema of a manifest."""
    return {"$schema": "https://json-schema.org/draft/2020-12/schema"} | Manifest.model_json_schema(
        mode="serialization"
    )


def canonical_text(values: object) -> str:
    """Return the one JSON text of `values` that skybench publishes, a line an item."""
    return json.dumps(values, sort_keys=True, ensure_ascii=False, allow_nan=False, indent=1) + "\n"


def digest_of(content: str | bytes) -> str:
    """Return the ``sha256:…`` of a file's content; text is UTF-8."""
    data = content.encode() if isinstance(content, str) else content
    return f"sha256:{sha256(data).hexdigest()}"


def validated(model: type[Model], values: object, where: str) -> Model:
    """Return `values` as `model`.

    Raises
    ------
    IntegrityError
        With the first key at fault, what was expected and what was got.
    """
    try:
        return model.model_validate(values)
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        place = ".".join(str(part) for part in first["loc"]) or "it"
        # A validator of ours says what it got, where it looks at more than one value.
        got = "" if isinstance(first["input"], dict) else f", got {_SHORT.repr(first['input'])}"
        said = first["msg"].removeprefix("Value error, ") + got
        msg = (
            f"{where} is not as skybench writes it: {_shown(place)}: {_shown(said)}. "
            "The copy is damaged or made by another skybench; fetch or build it again."
        )
        raise IntegrityError(msg) from None


def _shown(text: str) -> str:
    """Return text from a stranger so that it can stand in a message."""
    plain = "".join(sign if sign.isprintable() else ascii(sign)[1:-1] for sign in text[:600])
    return f"{plain[:600]}{'…' * (len(text) > 600)}"


def check_format(values: object, where: str, newest: str) -> None:
    """Raise a `StoreError` where values say that their format is newer than the newest known."""
    kind, _, number = newest.rpartition("-")
    found = values.get("format") if isinstance(values, dict) else None
    newer = re.fullmatch(rf"{kind}-([0-9]{{1,6}})", str(found))
    if not newer or int(newer[1]) <= int(number):
        return
    made_by = values.get("generator") if isinstance(values, dict) else None
    needed = _shown(str(made_by.get("skybench", ""))[:20]) if isinstance(made_by, dict) else ""
    msg = (
        f"{where} has format {found} and needs skybench >= {needed or 'a newer version'}; "
        f"this one reads up to {newest}. Run pip install --upgrade skybench."
    )
    raise StoreError(msg)
