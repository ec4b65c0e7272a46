"""Recipe and rows to parameters: what every sample holds, drawn row by row."""

from typing import Any

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from skybench.generators.arrays import Floats, Integers
from skybench.generators.distributions import Choice
from skybench.generators.domains import Drawn, evaluation_order
from skybench.generators.random_streams import uniforms
from skybench.generators.recipe import CLASSIFICATION, MULTILABEL, ObjectRecipe
from skybench.generators.scene_recipe import Placement, SceneRecipe, SceneSpec
from skybench.generators.schema import variable
from skybench.generators.source_table import CATALOGUE_ROW, picked
from skybench.generators.strata import deal
from skybench.generators.variable import SAMPLE, flags, numbered

EMPTY = "empty"
"""Meaning of code 0 of ``kind``: a slot that holds no source."""


def sample(
    recipe: ObjectRecipe,
    start: int,
    stop: int,
    labels: Integers | None = None,
    attempt: int = 0,
) -> xr.Dataset:
    """Return the coordinates of rows ``start`` to ``stop``: every parameter, as stored.

    Row i depends on (recipe, i) alone. Values are rounded to their stored form, so what
    is rendered from them can be rendered again from a store.

    Parameters
    ----------
    recipe : ObjectRecipe
    start, stop : int
        Half-open range of rows.
    labels : (stop - start,) int64 array, optional
        Classes that were dealt elsewhere, for a recipe that is part of a collection.
    attempt : int
        Above 0 the parameters of sources are others, drawn again; what is there, where and under
        which conditions is the same.

    Returns
    -------
    xr.Dataset
        No data variables; coordinates on (sample), (sample, source) and (sample, class).
    """
    draws = _Draws(recipe.seed, start, stop)
    dealt, splits = _deal(recipe, start, stop)
    labels = dealt if labels is None else labels
    classes, sources = _slots(recipe, draws, labels)
    active = sources >= 0
    again = _Draws(recipe.seed, start, stop, attempt)
    table = _source_parameters(recipe, again, sources)
    if isinstance(recipe, SceneRecipe):
        table |= _positions(recipe.scene, recipe.image.shape, draws, active)
    coordinates = {
        "sample_id": variable("sample_id", np.arange(start, stop)),
        "split": variable("split", splits, flags(numbered(recipe.split_fractions))),
        **{
            row.name: row.holding(
                draws.values(stream_of_condition(place, distribution), distribution)
            )
            for place, row, distribution in recipe.conditions
        },
        "kind": _on_source(recipe, "kind", *_kinds(recipe, sources)),
        **{name: _on_source(recipe, name, values, {}) for name, values in table.items()},
        **_targets(recipe, labels, classes),
    }
    return xr.Dataset(coords=coordinates)


def source_of_slot(
    recipe: ObjectRecipe, start: int, stop: int, labels: Integers | None = None
) -> Integers:
    """Return which of the recipe's sources is in each slot, -1 for none: (row, slot).

    Parameters
    ----------
    recipe, start, stop, labels
        As for `sample`.
    """
    dealt = _deal(recipe, start, stop)[0] if labels is None else labels
    return _slots(recipe, _Draws(recipe.seed, start, stop), dealt)[1]


class _Draws:
    """The uniforms of one range of rows, by stream."""

    def __init__(self, seed: int, start: int, stop: int, attempt: int = 0) -> None:
        self._seed, self._rows = seed, (start, stop, attempt)

    def uniform(self, stream: str) -> Floats:
        return uniforms(self._seed, stream, *self._rows)

    def values(self, stream: str, distribution: Drawn) -> Floats:
        return distribution.quantile(self.uniform(stream), {})

    def each(self, stream: str, count: int) -> Floats:
        """Return (row, count) uniforms, one stream a column."""
        return np.stack([self.uniform(f"{stream}[{i}]") for i in range(count)], axis=1)


def _deal(recipe: ObjectRecipe, start: int, stop: int) -> tuple[Integers, Integers]:
    single = recipe.task != MULTILABEL and recipe.classes
    weights = [c.weight for c in recipe.classes.values()] if single else [1.0]
    return deal(recipe.seed, start, stop, weights, list(recipe.split_fractions.values()))


def _slots(recipe: ObjectRecipe, draws: _Draws, labels: Integers) -> tuple[Integers, Integers]:
    """Return the class and the source of each slot, -1 where it is empty."""
    active = np.arange(recipe.slots) < draws.values("scene.count", recipe.count)[:, None]
    classes, sources = _sources(recipe, draws, labels)
    return np.where(active, classes, -1), np.where(active, sources, -1)


def _sources(recipe: ObjectRecipe, draws: _Draws, labels: Integers) -> tuple[Integers, Integers]:
    """Return the class of each slot's source, -1 where it has none, and the source."""
    uniform = draws.each("scene.source", recipe.slots)
    if not recipe.classes:
        names = list(recipe.sources)
        alphabetical = np.array([names.index(name) for name in sorted(names)])
        return np.full(uniform.shape, -1), alphabetical[_choose(uniform, (1.0,) * len(names))]
    if recipe.task == CLASSIFICATION:
        drawn = np.repeat(labels[:, None], recipe.slots, axis=1)
    else:
        weights = tuple(c.weight for c in recipe.classes.values())
        drawn = _choose(draws.each("scene.class", recipe.slots), weights)
    sources = _members(recipe, uniform, drawn, [c.sources for c in recipe.classes.values()])
    if recipe.task == CLASSIFICATION and recipe.slots > 1:
        others = [c.companions for c in recipe.classes.values()]
        sources[:, 1:] = _members(recipe, uniform[:, 1:], drawn[:, 1:], others)
    return _class_of_source(recipe)[sources], sources


def _members(
    recipe: ObjectRecipe, uniform: Floats, classes: Integers, members: list[tuple[str, ...]]
) -> Integers:
    """Choose among the sources that go with each slot's class, evenly."""
    names = list(recipe.sources)
    chosen = np.zeros_like(classes)
    for code, sources in enumerate(members):
        codes = np.array([names.index(name) for name in sources])
        own = codes[_choose(uniform, (1.0,) * codes.size)]
        chosen = np.where(classes == code, own, chosen)
    return chosen


def _class_of_source(recipe: ObjectRecipe) -> Integers:
    owner = {source: code for code, c in enumerate(recipe.classes.values()) for source in c.sources}
    return np.array([owner.get(source, -1) for source in recipe.sources])


def _choose(uniform: Floats, weights: tuple[float, ...]) -> Integers:
    values = tuple(float(i) for i in range(len(weights)))
    choice = Choice(distribution="choice", values=values, weights=weights)
    return choice.quantile(uniform, {}).astype(np.int64)


def _kinds(recipe: ObjectRecipe, sources: Integers) -> tuple[Integers, dict[str, Any]]:
    """Return the code of each slot's object, and the words by which the recipe names them."""
    words = {spec.profile: spec.code for spec in recipe.sources.values()}
    codes = np.array([spec.code for spec in recipe.sources.values()] + [0])
    meanings = {EMPTY: 0} | dict(sorted(words.items(), key=lambda word: word[1]))
    return codes[sources], flags(meanings)


def _on_source(
    recipe: ObjectRecipe, name: str, values: NDArray[Any], attributes: dict[str, Any]
) -> xr.Variable:
    """Return a variable on (sample, source), or on (sample) where a sample is one object."""
    row = recipe.variables[name]
    if recipe.by_source:
        return row.holding(values, attributes)
    return xr.Variable(SAMPLE, row.store(values[:, 0]), row.attributes() | attributes)


def _source_parameters(recipe: ObjectRecipe, draws: _Draws, sources: Integers) -> dict[str, Floats]:
    table = {
        name: np.full(sources.shape, -1 if name == CATALOGUE_ROW else np.nan)
        for name in recipe.recorded
    }
    catalogue = recipe.catalogue if len(sources) else None
    numbers = None if catalogue is None else catalogue.table.rows
    for code, source in enumerate(recipe.sources):
        for slot in range(recipe.slots):
            mine = np.flatnonzero(sources[:, slot] == code)
            for name, values in _draw_source(recipe, draws, source, slot, mine).items():
                table[name][mine, slot] = values
            if numbers is not None and recipe.has_row(source):
                uniform = draws.uniform(stream_of(source, CATALOGUE_ROW, slot))[mine]
                table[CATALOGUE_ROW][mine, slot] = picked(uniform, numbers)
    return table


def _draw_source(
    recipe: ObjectRecipe, draws: _Draws, source: str, slot: int, rows: NDArray[np.intp]
) -> dict[str, Floats]:
    distributions = recipe.drawn_of(source)
    drawn: dict[str, Floats] = {}
    for name in evaluation_order(distributions):
        stream = stream_of(source, distributions[name].stream or name, slot)
        drawn[name] = distributions[name].quantile(draws.uniform(stream)[rows], drawn)
    return drawn | recipe.sources[source].drawn.derive(drawn)


def stream_of(source: str, name: str, slot: int) -> str:
    """Return the name of the uniforms of a parameter of a source in a slot."""
    return f"sources.{source}.{name}[{slot}]"


def stream_of_condition(place: str, distribution: Drawn) -> str:
    """Return the name of the uniforms of what is drawn once a sample."""
    shared = distribution.stream
    return place if shared is None else f"conditions.{shared}"


def _positions(
    scene: SceneSpec, shape: tuple[int, int], draws: _Draws, active: NDArray[np.bool_]
) -> dict[str, Floats]:
    placement, slots = scene.placement, active.shape[1]
    cell = _cells(placement, draws, slots, active.shape[0])
    columns = {"x": cell % placement.cells, "y": cell // placement.cells}
    table = {}
    for axis, length in (("x", shape[1]), ("y", shape[0])):
        uniform = draws.each(f"scene.{axis}", slots)
        inside = 0.5 + placement.fill * (uniform - 0.5)
        side = (length - 2 * placement.margin) / placement.cells
        position = placement.margin - 0.5 + (columns[axis] + inside) * side
        if scene.first_margin is not None:
            position[:, 0] = (
                scene.first_margin - 0.5 + uniform[:, 0] * (length - 2 * scene.first_margin)
            )
        table[f"source_{axis}"] = np.where(active, position, np.nan)
    return table


def _cells(placement: Placement, draws: _Draws, slots: int, rows: int) -> Integers:
    """Return the cell of each slot: different ones within a sample."""
    if placement.cells == 1:
        return np.zeros((rows, slots), dtype=np.int64)
    return draws.each("scene.cell", placement.cells**2).argsort(axis=1)[:, :slots]


def _targets(recipe: ObjectRecipe, labels: Integers, classes: Integers) -> dict[str, xr.Variable]:
    if not recipe.classes:
        return {}
    codes = numbered(recipe.class_names)
    meanings = flags(codes)
    targets = {"class": variable("class", list(codes.values()), meanings)}
    if recipe.by_source:
        targets["source_class"] = variable("source_class", classes, flags({"none": -1} | codes))
    if recipe.task == CLASSIFICATION:
        return targets | {"label": variable("label", labels, meanings)}
    if recipe.task == MULTILABEL:
        present = (classes[:, :, None] == np.arange(len(codes))).any(axis=1)
        return targets | {"present": variable("present", present)}
    return targets
