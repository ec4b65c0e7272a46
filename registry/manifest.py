"""The manifest of a released version: what it is, how it was made, and every hash of it."""

import json
import re
from pathlib import PurePosixPath
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
from skybench.registry.content_hash import ContentHash
from skybench.registry.reference import Version, check_dataset_name

FORMAT: Literal["skybench-manifest-1"] = "skybench-manifest-1"


def _check_path(path: str) -> str:
    parts = PurePosixPath(path).parts
    if "/".join(parts) != path or not parts or ".." in parts or re.search(r"[\x00-\x1f\\:]", path):
        msg = f"must be a relative path inside the version's folder, got {path!r}"
        raise ValueError(msg)
    return path


def _check_name(name: str) -> str:
    check_dataset_name(name, name)
    return name


def _check_version(version: str) -> str:
    return str(Version.parse(version))


Digest = Annotated[str, StringConstraints(pattern=r"^sha256:[0-9a-f]{64}$")]
InsidePath = Annotated[str, AfterValidator(_check_path)]
DatasetName = Annotated[str, AfterValidator(_check_name)]
VersionText = Annotated[str, AfterValidator(_check_version)]
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
        ``skyhash-1`` of the logical content, independent of how it is stored.
    zarr, sample_digests : str
        The Zarr store and the 32-byte digests of the samples, relative to the version's folder.
    chunk_count : int
        Chunk files in the Zarr store. A missing one would read as zeros without an error.
    objects : tuple of StoredObject
        Every file, baselines included; the manifest and what is made from it, the card and the
        Croissant, are left out.
    """

    format: Literal["skybench-manifest-1"] = FORMAT
    dataset: DatasetName
    version: VersionText
    title: str
    description: str
    created: UtcTime
    recipe: dict[str, JsonValue]
    generator: dict[str, str]
    content: ContentHash
    samples: int = Field(ge=0)
    splits: dict[str, int]
    task: str
    classes: tuple[str, ...]
    ranges: dict[str, Range]
    licence: str
    citation: str
    zarr: InsidePath
    sample_digests: InsidePath
    chunk_count: int = Field(ge=0)
    objects: tuple[StoredObject, ...]

    @model_validator(mode="after")
    def _agrees_with_itself(self) -> Self:
        keys = [stored.key for stored in self.objects]
        if len({key.casefold() for key in keys}) != len(keys):
            msg = "objects has keys that collide"
            raise ValueError(msg)
        if self.splits != {name: split.samples for name, split in self.content.splits.items()}:
            msg = "splits and content.splits disagree on the number of samples"
            raise ValueError(msg)
        return self

    def to_text(self) -> str:
        """Return the canonical JSON: sorted keys, UTF-8, a newline at the end."""
        return canonical_text(self.model_dump(mode="json"))

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
        _check_format(values, where)
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
    def reference(self) -> str:
        """The exact reference to this version, like ``sky@1.0``."""
        return f"{self.dataset}@{self.version}"


def manifest_schema() -> dict[str, Any]:
    """Return the JSON Schema of a manifest."""
    return {"$schema": "https://json-schema.org/draft/2020-12/schema"} | Manifest.model_json_schema(
        mode="serialization"
    )


def canonical_text(values: object) -> str:
    """Return the one JSON text of `values` that skybench publishes, a line an item."""
    return json.dumps(values, sort_keys=True, ensure_ascii=False, allow_nan=False, indent=1) + "\n"


def strict_json(text: str, where: str) -> Any:
    """Return what JSON text holds, refusing NaN, infinities and repeated keys.

    Raises
    ------
    IntegrityError
        With `where` and the place in the text.
    """
    try:
        return json.loads(text, parse_constant=_no_constant, object_pairs_hook=_unique_keys)
    except (ValueError, RecursionError) as error:
        msg = f"{where} is not valid JSON: {error}. The copy is damaged; fetch or build it again."
        raise IntegrityError(msg) from None


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
        got = repr(first["input"])
        msg = (
            f"{where} is not as skybench writes it: {place}: {first['msg']}, "
            f"got {got[:80]}{'…' * (len(got) > 80)}. "
            "The copy is damaged or made by another skybench; fetch or build it again."
        )
        raise IntegrityError(msg) from None


def _check_format(values: object, where: str) -> None:
    found = values.get("format") if isinstance(values, dict) else None
    newer = re.fullmatch(r"skybench-manifest-([0-9]{1,6})", str(found))
    if not newer or int(newer[1]) <= int(FORMAT.rpartition("-")[2]):
        return
    made_by = values.get("generator") if isinstance(values, dict) else None
    needed = str(made_by.get("skybench", ""))[:20] if isinstance(made_by, dict) else ""
    msg = (
        f"{where} has format {found} and needs skybench >= {needed or 'a newer version'}; "
        f"this one reads {FORMAT}. Run pip install --upgrade skybench."
    )
    raise StoreError(msg)


def _no_constant(name: str) -> None:
    msg = f"{name} is not a number that JSON allows"
    raise ValueError(msg)


def _unique_keys(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    values = dict(pairs)
    if len(values) != len(pairs):
        names = [name for name, _ in pairs]
        repeated = next(name for name in names if names.count(name) > 1)
        msg = f"key {repeated!r} is there twice"
        raise ValueError(msg)
    return values
