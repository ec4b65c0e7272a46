"""How well a source can be seen: its signal to noise, and that of what tells it from others.

Both follow from the expected light E of the source alone, PSF included, and from the variance V
that noise has in each pixel of it; with bands they add in quadrature.

    signal to noise = (F / 2) / sqrt(sum of V over H),

F the source's light on the image, and H the fewest pixels that hold half of it, the last one in
part: for a galaxy these are its half-light ellipse as it is seen.

    feature signal to noise = sqrt(sum of (E - E_smooth)^2 / V),

E_smooth the light of its twin without the feature (`Smooth`). That is how many standard deviations
lie between the two for the best of all tests (Neyman & Pearson 1933): nobody sees it better.

A source whose feature is not seen well enough is drawn again until it is, each attempt from random
streams of its own: a row depends on the recipe and on itself alone, as ever. Figures are rounded
before they are compared, so that every processor takes the same attempt. Views of one sky name
the instrument that is to see it: each takes the attempts that this one does.
"""

from collections.abc import Mapping
from typing import Any

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from skybench.generators.arrays import Floats, Integers
from skybench.generators.sampling import source_of_slot
from skybench.generators.sky import bands
from skybench.generators.sky.noise import inverse_variance
from skybench.generators.sky.objects import SKY_OBJECTS
from skybench.generators.sky.recipe import SkyRecipe
from skybench.generators.sky.sky_object import SkyObject
from skybench.generators.sky.source_light import alone, expected
from skybench.generators.sky.vocabulary import VOCABULARY
from skybench.generators.sky.votes import with_votes
from skybench.generators.variable import SOURCE

SIGNAL, FEATURE = "signal_to_noise", "feature_signal_to_noise"

_PIXELS = 1 << 20
"""Pixels of sources' own images that are looked at together: 8 MB of float64 each time."""

_Places = tuple[NDArray[np.intp], ...]
"""Rows and slots of some sources."""


def sample(recipe: SkyRecipe, start: int, stop: int, labels: Integers | None = None) -> xr.Dataset:
    """Return the parameters of rows ``start`` to ``stop``, of sources that are seen well enough.

    With ``visibility`` in the recipe they have `signal_to_noise` and `feature_signal_to_noise` on
    (sample, source); others are sampled as `bands.sample` does.

    Parameters
    ----------
    recipe, start, stop, labels
        As for `bands.sample`.
    """
    drawn = bands.sample(recipe, start, stop, labels)
    asked = recipe.visibility
    if asked is None and recipe.votes is None:
        return drawn
    rows = start, stop
    judge = recipe.judged
    if asked is not None and asked.least > 0 and judge is not recipe:
        other = bands.sample(judge, *rows, labels)
        judged = _seen(judge, other, _asked(recipe, rows, labels), (FEATURE,))
        attempts = _drawn_again(judge, other, judged, rows, labels)[1]
        drawn = _as_attempted(recipe, drawn, attempts, rows, labels)
        seen = _seen(recipe, drawn, drawn["kind"].values > 0)
    else:
        seen = _seen(recipe, drawn, drawn["kind"].values > 0)
        if asked is not None and asked.least > 0:
            drawn, _ = _drawn_again(recipe, drawn, seen, rows, labels)
    if recipe.votes is not None:
        drawn = with_votes(recipe, drawn, seen[FEATURE][:, 0])
    if asked is None or not asked.record:
        return drawn
    return drawn.assign_coords({name: VOCABULARY[name].holding(v) for name, v in seen.items()})


def _seen(
    recipe: SkyRecipe,
    drawn: xr.Dataset,
    which: NDArray[np.bool_],
    figures: tuple[str, ...] = (SIGNAL, FEATURE),
) -> dict[str, Floats]:
    """Return figures of some sources on (sample, source), NaN elsewhere."""
    places = np.nonzero(which)
    seen = {name: np.full(which.shape, np.nan) for name in figures}
    _put(seen, places, measured(recipe, drawn, places, figures))
    return seen


def _asked(recipe: SkyRecipe, rows: tuple[int, int], labels: Integers | None) -> NDArray[np.bool_]:
    """Return which sources have to be seen, on (sample, source)."""
    names = list(recipe.sources)
    wanted = [names.index(name) for name in recipe.visible_sources]
    return np.isin(source_of_slot(recipe, *rows, labels), wanted)


def _drawn_again(
    recipe: SkyRecipe,
    drawn: xr.Dataset,
    seen: dict[str, Floats],
    rows: tuple[int, int],
    labels: Integers | None,
) -> tuple[xr.Dataset, Integers]:
    """Return the first attempt that is seen well enough, or the best, source by source.

    With it comes which attempt that is, on (sample, source); the figures of ``seen`` become those
    of that attempt.
    """
    assert recipe.visibility is not None
    asked = _asked(recipe, rows, labels)
    own = _of_sources(drawn)
    attempts = np.zeros(asked.shape, np.int64)
    for attempt in range(1, recipe.visibility.attempts):
        unseen = np.nonzero(asked & (seen[FEATURE] < recipe.visibility.least))
        if not unseen[0].size:
            break
        again = bands.sample(recipe, *rows, labels, attempt)
        figures = measured(recipe, again, unseen, tuple(seen))
        better = figures[FEATURE] > seen[FEATURE][unseen]
        taken = unseen[0][better], unseen[1][better]
        attempts[taken] = attempt
        _put(seen, taken, {name: values[better] for name, values in figures.items()})
        _put(own, taken, {n: again[n].values[taken] for n in own})
    return _holding(drawn, own), attempts


def _as_attempted(
    recipe: SkyRecipe,
    drawn: xr.Dataset,
    attempts: Integers,
    rows: tuple[int, int],
    labels: Integers | None,
) -> xr.Dataset:
    """Return the given attempt of each source."""
    own = _of_sources(drawn)
    for attempt in np.unique(attempts[attempts > 0]).tolist():
        again, taken = bands.sample(recipe, *rows, labels, attempt), np.nonzero(attempts == attempt)
        _put(own, taken, {n: again[n].values[taken] for n in own})
    return _holding(drawn, own)


def _of_sources(drawn: xr.Dataset) -> dict[str, NDArray[Any]]:
    """Return copies of what is drawn of each source."""
    return {str(n): v.values.copy() for n, v in drawn.variables.items() if v.dims[:2] == SOURCE}


def _holding(drawn: xr.Dataset, own: dict[str, NDArray[Any]]) -> xr.Dataset:
    return drawn.assign_coords({n: drawn[n].variable.copy(data=v) for n, v in own.items()})


def _put(
    table: Mapping[str, NDArray[Any]], places: _Places, values: Mapping[str, NDArray[Any]]
) -> None:
    for name, some in values.items():
        table[name][places] = some


def measured(
    recipe: SkyRecipe,
    parameters: xr.Dataset,
    places: _Places,
    figures: tuple[str, ...] = (SIGNAL, FEATURE),
) -> dict[str, Floats]:
    """Return figures of some sources, each (m,), rounded as they are stored.

    Parameters
    ----------
    recipe : SkyRecipe
        Its bands, shape and noise are read.
    parameters : xr.Dataset
        Coordinates as `bands.sample` draws them.
    places : two (m,) arrays
        Rows and slots of the sources.
    figures : tuple of str
        Which: by default both.
    """
    ny, nx = recipe.image.shape
    step = max(1, _PIXELS // (ny * nx))
    squares = np.zeros((len(figures), places[0].size))
    for first in range(0, places[0].size, step):
        some = slice(first, first + step)
        one = alone(parameters, places[0][some], places[1][some])
        for band in range(max(1, len(recipe.image.bands))):
            seen = bands.in_band(one, band) if recipe.image.bands else one
            squares[:, some] += _squares(recipe, seen, figures)
    return {
        name: VOCABULARY[name].store(np.sqrt(values)).astype(np.float64)
        for name, values in zip(figures, squares, strict=True)
    }


def _squares(recipe: SkyRecipe, sources: xr.Dataset, figures: tuple[str, ...]) -> Floats:
    """Return the squares of figures in one band: (figure, m)."""
    light = expected(sources, recipe.image.shape)
    square_of = {SIGNAL: _half_light, FEATURE: _feature}
    return np.stack([square_of[name](recipe, sources, light) for name in figures])


def _feature(recipe: SkyRecipe, sources: xr.Dataset, light: Floats) -> Floats:
    """Return the square of the signal to noise of what the twin does not have."""
    feature = light - expected(smoothed(sources), recipe.image.shape)
    weights = inverse_variance(light, sources, recipe.noise)
    return np.asarray((feature**2 * weights).sum(axis=(1, 2)))


def _half_light(recipe: SkyRecipe, sources: xr.Dataset, light: Floats) -> Floats:
    """Return the square of the signal to noise within the pixels that hold half the light."""
    bright = np.sort(light.reshape(len(light), 1, -1), axis=2)[..., ::-1]
    weights = inverse_variance(bright, sources, recipe.noise)[:, 0]
    bright = bright[:, 0]
    upto = np.cumsum(bright, axis=1)
    half = upto[:, -1:] / 2
    share = np.clip((half - (upto - bright)) / np.where(bright > 0, bright, 1), 0, 1)
    return np.asarray(half[:, 0] ** 2 / (share / weights).sum(axis=1))


def smoothed(sources: xr.Dataset) -> xr.Dataset:
    """Return the twins of sources without their features; nothing where all light is one.

    Parameters
    ----------
    sources : xr.Dataset
        Parameters of one band.
    """
    kinds, own = sources["kind"].values, dict[str, Floats]()
    twins = np.zeros_like(kinds)
    for kind in SKY_OBJECTS.values():
        here = kinds == kind.code
        if kind.smooth is None or not here.any():
            continue
        twins[here] = (kind.smooth.kind or kind).code
        for name, values in _changed(kind, sources, here).items():
            own.setdefault(name, sources[name].values.astype(np.float64))[here] = values
    columns = {name: xr.Variable(SOURCE, values) for name, values in own.items()}
    return sources.assign_coords(columns | {"kind": xr.Variable(SOURCE, twins)})


def _changed(
    kind: type[SkyObject], sources: xr.Dataset, here: NDArray[np.bool_]
) -> dict[str, Floats | float]:
    assert kind.smooth is not None
    there = (name for name in kind.variables if name in sources)
    mine = {name: sources[name].values[here].astype(np.float64) for name in there}
    changes = kind.smooth.changes.items()
    return {name: to(mine) if callable(to) else to for name, to in changes}
