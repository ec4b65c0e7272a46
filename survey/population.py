"""What is injected: rows of a catalogue, or samples of a recipe, as sources in a frame's units.

Both become coordinates on (sample, source), as the generators draw from: lengths in the frame's
pixels, electrons a band in ``flux_band``, and ``source_x`` and ``source_y`` from where the sample
is put.
"""

from collections.abc import Iterable, Iterator, Mapping
from os import PathLike
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from skybench.errors import ParameterError
from skybench.generators.arrays import Floats
from skybench.generators.quantities import PIXEL
from skybench.generators.recipe import Recipe
from skybench.generators.recipe_file import load_recipe
from skybench.generators.sampling import EMPTY
from skybench.generators.sky.band_table import banded, fluxes, in_bands, variables
from skybench.generators.sky.bands import sample
from skybench.generators.sky.objects import SKY_OBJECTS
from skybench.generators.sky.recipe import SkyRecipe
from skybench.generators.sky.sky_object import SkyObject
from skybench.generators.sky.spellings import Sky, Spelling, spellings_of, tractor_shape
from skybench.generators.sky.vocabulary import VOCABULARY
from skybench.generators.suggestion import unknown
from skybench.generators.variable import flags
from skybench.survey.frame import Frame

_PLACES = ("x", "y", "ra", "dec")
_OF_THE_IMAGE = ("psf_", "spike_", "sky_", "read_noise", "split", "band", "zeropoint")
"""How coordinates of a recipe's samples begin that the frame replaces."""

_NORTHERN = {spelling.words: spelling for spelling in (tractor_shape(),)}
"""Ellipticities whose components are along north, not along x."""


class Population(NamedTuple):
    """Sources for a frame.

    Attributes
    ----------
    sources : Dataset
        Coordinates on (sample, source), (sample, source, band) and (sample).
    rows : (sample,) int64 array
        Of the catalogue or the recipe.
    places : (2, sample) float64 array, optional
        x and y on the frame, where the catalogue says them.
    """

    sources: xr.Dataset
    rows: NDArray[np.int64]
    places: Floats | None = None

    def chosen(self, which: NDArray[Any]) -> "Population":
        """Return some of its samples."""
        places = None if self.places is None else self.places[:, which]
        return Population(self.sources.isel(sample=which), self.rows[which], places)


def population(
    given: object, frame: Frame, *, count: int | None = None, first: int = 0
) -> Population:
    """Return what is to be injected into a frame.

    Parameters
    ----------
    given : DataFrame, Table, mapping of arrays, path, recipe or its name
        A catalogue, in memory or as CSV, Parquet, FITS or ECSV; or a recipe of the sky.
    frame : Frame
    count : int, optional
        How many; all rows of a catalogue by default.
    first : int
        The first row of those without places; a catalogue begins again at its end.

    Raises
    ------
    ParameterError
        A column is missing, unknown, or has values outside its domain; bands do not fit.
    """
    recipe = as_recipe(given)
    if recipe is not None:
        return _of_recipe(recipe, frame, count, first)
    return _of_catalogue(read_catalogue(given), frame, count, first)


def as_recipe(given: object) -> SkyRecipe | None:
    """Return the recipe that is meant; None for a catalogue.

    Raises
    ------
    ParameterError
        It is a recipe of another family.
    RecipeError
        There is no such recipe.
    """
    is_text = isinstance(given, str | PathLike)
    name = Path(given) if isinstance(given, str | PathLike) else None
    if isinstance(given, Recipe) or (is_text and name and name.suffix in ("", ".yaml", ".yml")):
        recipe = load_recipe(given)  # type: ignore[arg-type]
        if not isinstance(recipe, SkyRecipe):
            msg = (
                f"{recipe.name} is a recipe of {recipe.family}; only those of the sky are injected."
            )
            raise ParameterError(msg)
        return recipe
    return None


def read_catalogue(given: object) -> dict[str, NDArray[Any]]:
    """Return the columns of a table in memory or in a file, native and without units.

    Raises
    ------
    ParameterError
        It is no table, or has no rows.
    """
    if isinstance(given, str | PathLike):
        given = _table_in(Path(given))
    names = getattr(given, "colnames", None) or getattr(given, "columns", None)
    if isinstance(given, Mapping):
        names = list(given)
    if names is None or not hasattr(given, "__getitem__"):
        msg = (
            f"a catalogue is a DataFrame, a table, a mapping of columns or a file, got "
            f"{type(given).__name__}."
        )
        raise ParameterError(msg)
    found = {str(name): np.asarray(given[name]) for name in names}
    if len({len(np.atleast_1d(column)) for column in found.values()} | {0}) != 2:
        msg = "the catalogue must have rows, and as many in each column."
        raise ParameterError(msg)
    return {name: np.atleast_1d(column) for name, column in found.items()}


def _table_in(path: Path) -> Any:
    import pandas as pd  # late: it takes a while

    if path.suffix == ".csv":
        return pd.read_csv(path)
    if path.suffix == ".parquet":
        return pd.read_parquet(path)
    if path.suffix in (".fits", ".fit", ".ecsv"):
        from astropy.table import Table  # late: it takes a while

        return Table.read(path)
    msg = f"{path}: a catalogue is .csv, .parquet, .fits or .ecsv, and a recipe .yaml."
    raise ParameterError(msg)


def _of_recipe(recipe: SkyRecipe, frame: Frame, count: int | None, first: int) -> Population:
    if count is None:
        msg = f"say how many sources of {recipe.name} are to be injected into a frame: count=100"
        raise ParameterError(msg)
    if first + count > recipe.samples:
        msg = (
            f"{recipe.name} has {recipe.samples} samples, and {first + count} are needed; change "
            "its samples."
        )
        raise ParameterError(msg)
    drawn = sample(recipe, first, first + count)
    scale = _length_scale(recipe, frame)
    replaced = [name for name in drawn.variables if str(name).startswith(_OF_THE_IMAGE)]
    kept = drawn.drop_vars(replaced).variables.items()
    own = {str(name): _scaled(values, scale) for name, values in kept}
    middle = {"source_x": recipe.image.shape[1], "source_y": recipe.image.shape[0]}
    for name, length in middle.items():
        away = (drawn[name].values.astype(np.float64) - (length - 1) / 2) * scale
        own[name] = VOCABULARY[name].holding(away)
    for name in list(own):
        if name.endswith("_band"):
            own.pop(name)
    own |= _in_bands_of(frame, recipe, drawn)
    rows = drawn["sample_id"].values
    return Population(xr.Dataset(coords=own).drop_vars("sample_id"), rows)


def _length_scale(recipe: SkyRecipe, frame: Frame) -> float:
    """Return pixels of the frame along a pixel of the recipe; 1 where the frame has no scale."""
    if frame.pixel_scale_arcsec is None:
        return 1.0
    return recipe.image.pixel_scale_arcsec / frame.pixel_scale_arcsec


def _scaled(variable: xr.Variable, scale: float) -> xr.Variable:
    if variable.attrs.get("units") != PIXEL or scale == 1:
        return variable
    rounded = VOCABULARY["half_light_radius"].store(variable.values.astype(np.float64) * scale)
    return variable.copy(data=rounded.astype(variable.dtype))


def _in_bands_of(frame: Frame, recipe: SkyRecipe, drawn: xr.Dataset) -> dict[str, xr.Variable]:
    """Return what differs from band to band, in electrons of the frame."""
    places = list(map(_band_index(recipe, frame), frame.bands))
    found = {}
    for name, row in banded().items():
        if name not in drawn:
            continue
        values = drawn[in_bands(name)] if in_bands(name) in drawn else drawn[name]
        planes = values.values.astype(np.float64)
        planes = planes[..., places] if planes.ndim == 3 else planes[..., None]
        if row.units == "electron":
            zeropoints = _zeropoints(recipe, frame)
            planes = planes * 10 ** (0.4 * (frame.electron_zeropoint - zeropoints))
        if row.units == "electron" or in_bands(name) in drawn:
            found[in_bands(name)] = variables()[in_bands(name)].holding(planes)
    return found


def _band_index(recipe: SkyRecipe, frame: Frame) -> Any:
    names = list(recipe.image.bands)
    if not names and len(frame.bands) == 1:
        return lambda _: 0

    def index(band: str) -> int:
        if band not in names:
            seen = ", ".join(names) or "none"
            msg = f"{frame.name} has the band {band}; the bands of {recipe.name} are {seen}."
            raise ParameterError(msg)
        return names.index(band)

    return index


def _zeropoints(recipe: SkyRecipe, frame: Frame) -> Floats:
    image = recipe.image
    if not image.bands:
        return np.array([image.zeropoint])
    return np.array([image.zeropoint_of(band) for band in frame.bands])


def _of_catalogue(
    columns: dict[str, NDArray[Any]], frame: Frame, count: int | None, first: int
) -> Population:
    places = _places(columns, frame)
    length = len(next(iter(columns.values())))
    rows = np.arange(length, dtype=np.int64)
    if places is None:
        rows = (first + np.arange(length if count is None else count)) % length
    elif count is not None:
        rows = rows[:count]
    taken = {name: column[rows] for name, column in columns.items()}
    sources = xr.Dataset(coords=_coordinates(taken, frame))
    return Population(sources, rows, None if places is None else places[:, rows])


def _places(columns: Mapping[str, NDArray[Any]], frame: Frame) -> Floats | None:
    pairs = [pair for pair in (("x", "y"), ("ra", "dec")) if set(pair) & columns.keys()]
    for pair in pairs[:1]:
        if missing := set(pair) - columns.keys():
            msg = f"the catalogue has {pair[0]} or {pair[1]}, but lacks {missing.pop()}."
            raise ParameterError(msg)
        first, second = (_numbers(name, columns[name]) for name in pair)
        if pair == ("ra", "dec"):
            first, second = frame.pixels_of(first, second)
        return np.stack([first, second])
    return None


def _numbers(name: str, column: NDArray[Any]) -> Floats:
    if column.dtype.kind not in "fiu" or not np.isfinite(column).all():
        msg = f"column {name} of the catalogue must be of numbers, all finite; it has others."
        raise ParameterError(msg)
    return column.astype(np.float64)


def _coordinates(columns: dict[str, NDArray[Any]], frame: Frame) -> dict[str, xr.Variable]:
    count = len(next(iter(columns.values())))
    kinds = _kinds(columns.pop("profile", np.full(count, "sersic")))
    converted = dict(_converted(columns, dict.fromkeys(kinds), frame))
    own = sorted({n for kind in kinds for n in kind.variables}, key=list(variables()).index)
    table = {name: np.full(count, np.nan) for name in own if name not in fluxes()}
    lights = {name: np.full((count, len(frame.bands)), np.nan) for name in own if name in fluxes()}
    codes = np.array([kind.code for kind in kinds])
    for kind in dict.fromkeys(kinds):
        mine = np.flatnonzero(codes == kind.code)
        values = _of_kind(kind, converted, mine)
        for name, given in values.items():
            (lights if name in lights else table)[name][mine] = given
    words = {EMPTY: 0} | {k.name: k.code for k in sorted(set(kinds), key=lambda k: k.code)}
    placed = {"source_x": np.zeros(count), "source_y": np.zeros(count)}
    rows = SKY_OBJECTS.variables
    return {
        "kind": rows["kind"].holding(codes[:, None], flags(words)),
        **{n: rows[n].holding(values[:, None]) for n, values in (placed | table).items()},
        **{
            in_bands(n): variables()[in_bands(n)].holding(values[:, None])
            for n, values in lights.items()
        },
    }


def _kinds(profiles: NDArray[Any]) -> list[type[SkyObject]]:
    names = [str(name) for name in profiles]
    for name in names:
        if name not in SKY_OBJECTS:
            raise ParameterError(unknown("profile in the catalogue", name, SKY_OBJECTS))
    return [SKY_OBJECTS[name] for name in names]


def _of_kind(
    kind: type[SkyObject], columns: Mapping[str, Floats], mine: NDArray[np.intp]
) -> dict[str, Floats]:
    """Return the parameters of objects of one kind, what follows from them included."""
    if missing := [name for name in kind.defaults if name not in columns]:
        msg = (
            f"the catalogue lacks {', '.join(missing)} of {kind.name}; add these columns, a flux "
            "as a magnitude if you like."
        )
        raise ParameterError(msg)
    given = {name: columns[name][mine] for name in kind.defaults}
    for name, values in given.items():
        if np.isnan(values).any():
            msg = f"column {name} of the catalogue has no value in row {mine[0]} or after it."
            raise ParameterError(msg)
        kind.variables[name].check(values)
    return given | kind.derive(given)


def _converted(
    columns: Mapping[str, NDArray[Any]], kinds: Iterable[type[SkyObject]], frame: Frame
) -> Iterator[tuple[str, Floats]]:
    """Yield the columns that are parameters, by our names and in our units."""
    known = {*SKY_OBJECTS.variables} - {"source_x", "source_y"}
    for name, column in columns.items():
        parameter, _, band = name.rpartition("_") if name not in known else (name, "", "")
        if name in fluxes() or name == "magnitude":
            yield _flux_name(name), _in_all_bands(name, column, frame)
        elif name in known:
            yield name, _numbers(name, column)
        elif parameter in ("magnitude", "flux") and band == frame.bands[0]:
            yield "flux", _each_band(parameter, columns, frame)
    shapes = {s.words: s for kind in kinds for s in spellings_of(kind.name)} | _NORTHERN
    for words, spelling in shapes.items():
        if spelling.variables[0].units != "mag" and {*words} & columns.keys():
            values = _together(spelling, columns)
            yield from zip(spelling.ours, _by_the_frame(spelling, values, frame), strict=True)


def _together(spelling: Spelling, columns: Mapping[str, NDArray[Any]]) -> list[Floats]:
    """Return the columns of a spelling."""
    words = " and ".join(spelling.words)
    if missing := {*spelling.words} - columns.keys():
        msg = f"the catalogue lacks {missing.pop()}: {words} are given together."
        raise ParameterError(msg)
    if twice := [name for name in spelling.ours if name in columns]:
        msg = f"{words} and {twice[0]} say the same; the catalogue may have one of them."
        raise ParameterError(msg)
    values = [_numbers(word, columns[word]) for word in spelling.words]
    for row, column in zip(spelling.variables, values, strict=True):
        row.check(column)
    return values


def _by_the_frame(spelling: Spelling, values: list[Floats], frame: Frame) -> tuple[Floats, ...]:
    """Return what follows from a spelling on a frame, whose north may point anywhere."""
    if spelling.words[0].endswith("_north"):
        return (_from_north(values[0], frame),)
    scale = _scale(frame) if spelling.variables[0].units == "arcsec" else 1.0
    found = spelling.converted(values, Sky(0.0, scale, east_left=True))
    if spelling.words in _NORTHERN:
        ratio, angle = found
        return ratio, _from_north(angle, frame)
    return found


def _from_north(angle: Floats, frame: Frame) -> Floats:
    north, turn = frame.north
    return north + turn * angle


def _flux_name(name: str) -> str:
    return "flux" if name == "magnitude" else name


def _electrons(name: str, column: NDArray[Any], zeropoint: float) -> Floats:
    values = _numbers(name, column)
    if name.startswith("magnitude"):
        return np.asarray(10 ** (0.4 * (zeropoint - values)))
    return values


def _in_all_bands(name: str, column: NDArray[Any], frame: Frame) -> Floats:
    if len(frame.bands) > 1:
        msg = (
            f"{frame.name} has the bands {', '.join(frame.bands)}; name the column of each, like "
            f"{name}_{frame.bands[0]}."
        )
        raise ParameterError(msg)
    return _electrons(name, column, float(frame.electron_zeropoint[0]))[:, None]


def _each_band(parameter: str, columns: Mapping[str, NDArray[Any]], frame: Frame) -> Floats:
    named = [f"{parameter}_{band}" for band in frame.bands]
    if missing := [name for name in named if name not in columns]:
        msg = f"{frame.name} has the bands {', '.join(frame.bands)}; add {missing[0]}."
        raise ParameterError(msg)
    planes = zip(named, frame.electron_zeropoint.tolist(), strict=True)
    return np.stack([_electrons(name, columns[name], zero) for name, zero in planes], axis=1)


def _scale(frame: Frame) -> float:
    if frame.pixel_scale_arcsec is None:
        msg = f"{frame.name} has no pixel scale, so arcsec are no pixels; give pixel_scale_arcsec."
        raise ParameterError(msg)
    return frame.pixel_scale_arcsec
