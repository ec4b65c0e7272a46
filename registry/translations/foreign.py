"""The configuration of another tool, and what became of each of its values."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from skybench.errors import RecipeError
from skybench.generators.recipe_file import parse_recipe
from skybench.generators.recipe_yaml import read_mapping

MAX_BYTES = 1_000_000

Value = float | dict[str, Any]
"""A number, or a distribution as recipes write it."""


class Foreign:
    """A configuration, read place by place; what nothing was told of has no counterpart.

    Parameters
    ----------
    content : mapping
    file : str
        To be named in errors.
    """

    def __init__(self, content: Mapping[str, Any], file: str) -> None:
        self.content, self.file = content, file
        self._told: dict[str, str] = {}

    @classmethod
    def read(cls, path: Path) -> "Foreign":
        """Read YAML; raises `RecipeError` where there is none."""
        try:
            if path.stat().st_size > MAX_BYTES:
                msg = f"{path} is larger than {MAX_BYTES:,} bytes; a configuration is a page."
                raise RecipeError(msg)
            text = path.read_text(encoding="utf-8")
        except (OSError, UnicodeDecodeError) as error:
            msg = f"{path} cannot be read as text: {error}"
            raise RecipeError(msg) from error
        return cls(read_mapping(text, str(path)), str(path))

    def get(self, place: str, otherwise: Any = None) -> Any:
        """Return what stands at a dotted place."""
        value: Any = self.content
        for key in place.split("."):
            inner = _members(value)
            if key not in inner:
                return otherwise
            value = inner[key]
        return value

    def number(self, place: str, otherwise: float) -> float:
        """Return the number at a place; raises `RecipeError` where something else stands there."""
        value = self.get(place, otherwise)
        if isinstance(value, bool) or not isinstance(value, int | float):
            msg = f"{self.file}: {place} must be a number to be translated, got {value!r}"
            raise RecipeError(msg)
        return value

    def became(self, place: str, what: str) -> None:
        """Tell what the value at a place, and all below it, is in the recipe."""
        self._told[place] = what

    def lost(self, place: str, why: str) -> None:
        """Tell that the value at a place has no counterpart, and why."""
        self._told[place] = f"nothing: {why}"

    def report(self) -> tuple[str, ...]:
        """Return a line for every value of the configuration, in its order."""
        return tuple(self._lines(self.content, ""))

    def _lines(self, value: Any, place: str) -> Iterator[str]:
        if place in self._told:
            yield f"{place}: {_short(value)} -> {self._told[place]}"
        elif isinstance(value, Mapping) or _members(value):
            for key, inner in _members(value).items():
                yield from self._lines(inner, f"{place}.{key}" if place else key)
        else:
            yield f"{place}: {_short(value)} -> nothing: it has no counterpart"


@dataclass(frozen=True, kw_only=True)
class Translation:
    """A recipe, and what became of each value of the configuration that it is from.

    Attributes
    ----------
    recipe : dict
        Its content as YAML holds it; it is valid.
    report : tuple of str
        ``place: value -> what it is in the recipe``, a line each; ``-> nothing: why`` where it is
        lost.
    notes : tuple of str
        What differs as a whole.
    """

    recipe: dict[str, Any]
    report: tuple[str, ...]
    notes: tuple[str, ...]

    def text(self) -> str:
        """Return the recipe as YAML, with report and notes as comments above it."""
        head = [f"# {line}" for line in (*self.notes, *self.report)]
        body = yaml.dump(
            self.recipe, Dumper=_Plain, sort_keys=False, default_flow_style=None, width=100
        )
        return "\n".join(head) + "\n" + body


class _Plain(yaml.SafeDumper):
    """Writes out what stands in two places, rather than naming it."""

    def ignore_aliases(self, data: Any) -> bool:
        return True


def translation(config: Foreign, recipe: dict[str, Any], notes: tuple[str, ...]) -> Translation:
    """Return a translation whose recipe is valid.

    Raises
    ------
    RecipeError
        The configuration has a value that skybench cannot draw; each is named.
    """
    made = Translation(recipe=recipe, report=config.report(), notes=notes)
    parse_recipe(made.text(), f"{config.file}, translated")
    return made


def name_of(text: str) -> str:
    """Return a name for a dataset that is near to some text."""
    name = "".join(c if c.isascii() and c.isalnum() else "_" for c in text.lower()).strip("_")
    return (name if name[:1].isalpha() else f"set_{name}".rstrip("_"))[:32]


def uniform(low: float, high: float) -> Value:
    """Return a uniform distribution, or the number where the ends are one."""
    return low if low == high else {"distribution": "uniform", "low": low, "high": high}


def through(value: Value, function: Callable[[float], float]) -> Value:
    """Return a value after a monotonous function.

    What is not linear changes the form of a distribution: between the new ends it is then uniform.
    """
    if not isinstance(value, Mapping):
        return _rounded(function(value))
    if value["distribution"] == "choice":
        return {**value, "values": [_rounded(function(v)) for v in value["values"]]}
    low, high = sorted(_rounded(function(value[end])) for end in ("low", "high"))
    return uniform(low, high)


def times(value: Value, factor: float) -> Value:
    """Return a value times a factor; a distribution keeps its form."""
    if not isinstance(value, Mapping):
        return _rounded(value * factor)
    scaled: dict[str, Any] = {k: _rounded(v * factor) for k, v in value.items() if k in _LENGTHS}
    if "values" in value:
        scaled["values"] = [_rounded(v * factor) for v in value["values"]]
    return {**value, **scaled}


_LENGTHS = ("low", "high", "mean", "sigma")


def middle(value: Value) -> float:
    """Return a typical number of a value."""
    if not isinstance(value, Mapping):
        return value
    if "mean" in value:
        return float(value["mean"])
    values = value.get("values") or (value["low"], value["high"])
    return float(sum(values) / len(values))


def _members(value: Any) -> dict[str, Any]:
    """Return what a mapping, or a list of mappings, holds by the words of a dotted place."""
    if isinstance(value, list) and all(isinstance(item, Mapping) for item in value):
        return {str(i): item for i, item in enumerate(value)}
    return {str(key): v for key, v in value.items()} if isinstance(value, Mapping) else {}


def _rounded(number: float) -> float:
    """Return a number without the digits that only conversion brought."""
    return float(f"{number:.8g}")


def _short(value: Any) -> str:
    text = yaml.safe_dump(value, default_flow_style=True, width=10**6).replace("\n...", "").strip()
    return text if len(text) <= 80 else f"{text[:77]}..."
