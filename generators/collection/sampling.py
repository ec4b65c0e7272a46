"""The parameters of a collection's samples: each row is dealt to a member, which draws it.

Members share coordinates, and so codes: each member's are made part of one list, and taken apart
again where the member is to draw its samples.
"""

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from skybench.errors import RecipeError
from skybench.generators.arrays import Integers
from skybench.generators.collection.canvas import on_canvas
from skybench.generators.collection.recipe import CollectionRecipe
from skybench.generators.family import Family
from skybench.generators.recipe import CLASSIFICATION, ObjectRecipe
from skybench.generators.schema import SPLITS, variable
from skybench.generators.strata import deal
from skybench.generators.variable import flags, numbered

_OWN = ("sample_id", "split", "label", "class", "present")
"""What the collection says of its samples itself."""


def sample(
    families: Mapping[str, Family], recipe: CollectionRecipe, start: int, stop: int
) -> xr.Dataset:
    """Return the coordinates of rows ``start`` to ``stop``.

    Those of all members side by side, empty where a sample comes from another; the codes
    of ``kind`` and ``source_class`` mean ``member.name``.

    Parameters
    ----------
    families : mapping
        Those of the members, by name.
    recipe : CollectionRecipe
    start, stop : int
        Half-open range of rows.
    """
    members, labels, splits = _deal(recipe, start, stop)
    drawn = {
        name: on_canvas(
            families[member.family].sample(
                member, start, stop, np.where(members == code, labels, 0)
            ),
            member,
            recipe.canvas,
        )
        for code, (name, member) in enumerate(recipe.recipes.items())
    }
    rows = [np.flatnonzero(members == code) for code in range(len(drawn))]
    names = dict.fromkeys(str(n) for ds in drawn.values() for n in ds.coords if n not in _OWN)
    meanings = numbered(recipe.class_names)
    return xr.Dataset(
        coords={
            "sample_id": variable("sample_id", np.arange(start, stop)),
            "split": variable("split", splits, flags(numbered(SPLITS))),
            "image_type": variable("image_type", members, flags(numbered(recipe.members))),
            **{name: _beside(name, drawn, rows, stop - start, recipe.slots) for name in names},
            "class": variable("class", list(meanings.values()), flags(meanings)),
            "label": variable("label", _labels(recipe, members, labels), flags(meanings)),
        }
    )


def _deal(recipe: CollectionRecipe, start: int, stop: int) -> tuple[Integers, Integers, Integers]:
    """Return the member, the label within the member and the split of each row.

    Members and their classes are dealt together, so that both are in exact proportion.
    """
    pairs, weights = [], []
    for code, (name, member) in enumerate(recipe.recipes.items()):
        shares = _class_shares(member)
        pairs += [(code, label) for label in range(len(shares))]
        weights += [recipe.members[name].share * share for share in shares]
    place, splits = deal(recipe.seed, start, stop, weights, list(recipe.split_fractions.values()))
    table = np.array(pairs)
    return table[place, 0], table[place, 1], splits


def _class_shares(member: ObjectRecipe) -> list[float]:
    if member.task != CLASSIFICATION:
        return [1.0]
    weights = np.array([c.weight for c in member.classes.values()])
    return list(weights / weights.sum())


def _labels(recipe: CollectionRecipe, members: Integers, labels: Integers) -> Integers:
    if recipe.label == "image_type":
        return members
    sizes = [len(member.class_names) for member in recipe.recipes.values()]
    return np.cumsum([0, *sizes[:-1]])[members] + labels


def _beside(
    name: str, drawn: Mapping[str, xr.Dataset], rows: list[Integers], length: int, slots: int
) -> xr.Variable:
    """Return a coordinate of all samples, from the members that have it."""
    having = {m: ds.variables[name] for m, ds in drawn.items() if name in ds.variables}
    first = next(iter(having.values()))
    _check_alike(name, having)
    if "sample" not in first.dims:
        return first
    codes, attributes = joined(having)
    shape = [
        length if d == "sample" else slots if d == "source" else n
        for d, n in zip(first.dims, first.shape, strict=True)
    ]
    values: NDArray[Any] = np.full(shape, _fill(first), dtype=first.dtype)
    for member, own in zip(drawn, rows, strict=True):
        if member in having:
            new = codes[member](having[member].values[own])
            place: tuple[Any, ...] = (own, *(slice(n) for n in new.shape[1:]))
            values[place] = new
    return xr.Variable(first.dims, values, _common(having) | attributes)


def _common(having: Mapping[str, xr.Variable]) -> dict[str, Any]:
    """Return the meaning and the unit, which a name has in all families alike."""
    attributes = next(iter(having.values())).attrs
    return {key: attributes[key] for key in ("long_name", "units") if key in attributes}


def _check_alike(name: str, having: Mapping[str, xr.Variable]) -> None:
    """Refuse members that give a name to things of other forms."""
    (one, first), *others = having.items()
    for other, second in others:
        fixed = "sample" not in first.dims and not np.array_equal(first.values, second.values)
        if second.dims != first.dims or fixed:
            msg = (
                f"members {one} and {other} of a collection have {name} on {first.dims} and on "
                f"{second.dims}, or with other values; give them the same bands"
            )
            raise RecipeError(msg)


def _fill(variable: xr.Variable) -> float:
    """Return what marks an empty slot: NaN, the code 0 of empty, or the code -1 of none."""
    if variable.dtype.kind == "f":
        return np.nan
    return 0 if "empty" in str(variable.attrs.get("flag_meanings")).split() else -1


Recode = Callable[[NDArray[Any]], NDArray[Any]]

NOTHING = ("empty", "none")
"""Meanings that are no member's own."""


def joined(members: Mapping[str, xr.Variable]) -> tuple[dict[str, Recode], dict[str, Any]]:
    """Return how each member's codes change into common ones, and what those mean.

    Parameters
    ----------
    members : mapping of str to Variable
        The coordinate of each member that has it. One without flags stays as it is.

    Returns
    -------
    recodings : dict of str to callable
    attributes : dict
        The common flags: ``member.meaning``; what means nothing keeps its code.
    """
    first = next(iter(members.values()))
    if "flag_values" not in first.attrs:
        return dict.fromkeys(members, _unchanged), {}
    common: dict[str, int] = {}
    tables: dict[str, dict[int, int]] = {name: {} for name in members}
    for name, coordinate in members.items():
        for meaning, code in _flags(coordinate).items():
            new = meaning if meaning in NOTHING else f"{name}.{meaning}"
            following = max([0, *common.values()]) + 1 if common else 0
            tables[name][code] = common.setdefault(new, code if meaning in NOTHING else following)
    return {name: _recoding(table) for name, table in tables.items()}, flags(common)


def parted(variable: xr.Variable, member: str, codes: Mapping[str, int]) -> NDArray[Any]:
    """Return common codes as the member's own, by its table of meanings."""
    table = {}
    for meaning, code in _flags(variable).items():
        owner, _, own = meaning.partition(".")
        if meaning in NOTHING:
            table[code] = code
        elif owner == member and own in codes:
            table[code] = codes[own]
    return _recoding(table)(variable.values)


def _flags(variable: xr.Variable) -> dict[str, int]:
    values = np.atleast_1d(variable.attrs["flag_values"]).tolist()
    return dict(zip(str(variable.attrs["flag_meanings"]).split(), values, strict=True))


def _recoding(table: Mapping[int, int]) -> Recode:
    old = np.array(sorted(table))
    new = np.array([table[code] for code in sorted(table)])

    def recode(values: NDArray[Any]) -> NDArray[Any]:
        return np.asarray(new[np.searchsorted(old, values)], dtype=values.dtype)

    return recode


def _unchanged(values: NDArray[Any]) -> NDArray[Any]:
    return values
