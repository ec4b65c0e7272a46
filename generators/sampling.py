"""Recipe and rows to parameters: what every sample holds, drawn row by row."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from skybench.generators.distributions import Choice, Distribution
from skybench.generators.random_streams import uniforms
from skybench.generators.recipe import Recipe, SourceSpec, evaluation_order
from skybench.generators.schema import SPLITS, VARIABLES, flags, variable
from skybench.generators.sky.catalogue import KINDS, PROFILES
from skybench.generators.strata import deal

Floats = NDArray[np.float64]
Codes = NDArray[np.int64]


def sample(recipe: Recipe, start: int, stop: int) -> xr.Dataset:
    """Return the coordinates of rows ``start`` to ``stop``: every parameter, as stored.

    Row i depends on (recipe, i) alone. Values are rounded to their stored form, so what
    is rendered from them can be rendered again from a store.

    Parameters
    ----------
    recipe : Recipe
    start, stop : int
        Half-open range of rows.

    Returns
    -------
    xr.Dataset
        No data variables; coordinates on (sample), (sample, source) and (sample, class).
    """
    draws = _Draws(recipe.seed, start, stop)
    labels, splits = _deal(recipe, start, stop)
    count = draws.values("scene.count", recipe.scene.count)
    active = np.arange(recipe.slots) < count[:, None]
    classes = _classes(recipe, draws, labels)
    sources = _sources(recipe, draws, classes)
    classes, sources = np.where(active, classes, -1), np.where(active, sources, -1)
    table = _source_parameters(recipe, draws, sources)
    table |= _positions(recipe, draws, active)
    specs = list(recipe.sources.values())
    codes = np.array([PROFILES[spec.profile].code for spec in specs] + [0])

    coordinates = {
        "sample_id": variable("sample_id", np.arange(start, stop)),
        "split": variable("split", splits, flags(SPLITS)),
        "psf_fwhm": variable("psf_fwhm", draws.values("psf.fwhm", recipe.psf.fwhm)),
        "psf_beta": variable("psf_beta", draws.values("psf.beta", recipe.psf.beta)),
        "sky_level": variable("sky_level", draws.values("noise.sky_level", recipe.noise.sky_level)),
        "read_noise": variable(
            "read_noise", draws.values("noise.read_noise", recipe.noise.read_noise)
        ),
        "kind": variable("kind", codes[sources], flags(KINDS)),
        "source_class": variable("source_class", classes, flags(("none", *recipe.class_names), -1)),
        **{name: variable(name, values) for name, values in table.items()},
        **_targets(recipe, labels, classes),
    }
    return xr.Dataset(coords=coordinates)


class _Draws:
    """The uniforms of one range of rows, by stream."""

    def __init__(self, seed: int, start: int, stop: int) -> None:
        self._rows = seed, start, stop

    def uniform(self, stream: str) -> Floats:
        seed, start, stop = self._rows
        return uniforms(seed, stream, start, stop)

    def values(self, stream: str, distribution: Distribution) -> Floats:
        return distribution.quantile(self.uniform(stream), {})

    def each(self, stream: str, count: int) -> Floats:
        """Return (row, count) uniforms, one stream a column."""
        return np.stack([self.uniform(f"{stream}[{i}]") for i in range(count)], axis=1)


def _deal(recipe: Recipe, start: int, stop: int) -> tuple[Codes, Codes]:
    single = recipe.task == "classification"
    weights = [c.weight for c in recipe.classes.values()] if single else [1.0]
    return deal(recipe.seed, start, stop, weights, list(recipe.split_fractions.values()))


def _classes(recipe: Recipe, draws: _Draws, labels: Codes) -> Codes:
    if recipe.task == "classification":
        return labels[:, None]
    weights = tuple(c.weight for c in recipe.classes.values())
    return _choose(draws.each("scene.class", recipe.slots), weights)


def _sources(recipe: Recipe, draws: _Draws, classes: Codes) -> Codes:
    """Choose among the sources of each slot's class, evenly."""
    names = list(recipe.sources)
    chosen = np.empty_like(classes)
    uniform = draws.each("scene.source", recipe.slots)
    for code, spec in enumerate(recipe.classes.values()):
        members = np.array([names.index(name) for name in spec.sources])
        own = members[_choose(uniform, (1.0,) * members.size)]
        chosen = np.where(classes == code, own, chosen)
    return chosen


def _choose(uniform: Floats, weights: tuple[float, ...]) -> Codes:
    values = tuple(float(i) for i in range(len(weights)))
    choice = Choice(distribution="choice", values=values, weights=weights)
    return choice.quantile(uniform, {}).astype(np.int64)


def _source_parameters(recipe: Recipe, draws: _Draws, sources: Codes) -> dict[str, Floats]:
    specs = recipe.sources
    names = _recorded(specs)
    table = {name: np.full(sources.shape, np.nan) for name in names}
    for code, (source, spec) in enumerate(specs.items()):
        for slot in range(recipe.slots):
            mine = sources[:, slot] == code
            for name, values in _draw_source(draws, source, spec, slot).items():
                table[name][mine, slot] = values[mine]
    return table


def _recorded(specs: Mapping[str, SourceSpec]) -> list[str]:
    """Return the parameters that any source has, in the order of the schema."""
    profiles = [PROFILES[spec.profile] for spec in specs.values()]
    used = {name for p in profiles for name in (*p.defaults, *p.derived)}
    return [name for name in VARIABLES if name in used]


def _draw_source(draws: _Draws, source: str, spec: SourceSpec, slot: int) -> dict[str, Floats]:
    distributions = spec.distributions
    drawn: dict[str, Floats] = {}
    for name in evaluation_order(distributions):
        uniform = draws.uniform(f"sources.{source}.{name}[{slot}]")
        drawn[name] = distributions[name].quantile(uniform, drawn)
    return drawn | PROFILES[spec.profile].derive(drawn)


def _positions(recipe: Recipe, draws: _Draws, active: NDArray[np.bool_]) -> dict[str, Floats]:
    placement, slots = recipe.scene.placement, recipe.slots
    order = draws.each("scene.cell", placement.cells**2).argsort(axis=1)
    cell = np.zeros((active.shape[0], slots), dtype=np.int64)
    if placement.cells > 1:
        cell = order[:, :slots]
    columns: dict[str, Any] = {"x": cell % placement.cells, "y": cell // placement.cells}
    table = {}
    for axis, length in (("x", recipe.image.shape[1]), ("y", recipe.image.shape[0])):
        inside = 0.5 + placement.fill * (draws.each(f"scene.{axis}", slots) - 0.5)
        side = (length - 2 * placement.margin) / placement.cells
        position = placement.margin - 0.5 + (columns[axis] + inside) * side
        table[f"source_{axis}"] = np.where(active, position, np.nan)
    return table


def _targets(recipe: Recipe, labels: Codes, classes: Codes) -> dict[str, xr.Variable]:
    names = flags(recipe.class_names)
    codes = np.arange(len(recipe.class_names))
    targets = {"class": variable("class", codes, names)}
    if recipe.task == "classification":
        return targets | {"label": variable("label", labels, names)}
    present = (classes[:, :, None] == codes).any(axis=1)
    return targets | {"present": variable("present", present)}
