"""Faint galaxies and stars all over an image, below the depth to which sources are told.

Their number is that of deep surveys (LSST Science Book 2009, arXiv:0912.0201, equation 3.7, fitted
to counts at i from 20.5 to 25.5),

    N(< i) = 46 x 10^(0.31 (i - 25)) a square arcminute,

their size that of the discs of faint galaxies (Miller et al. 2013, MNRAS 429, 2858, appendix B),

    ln (h / arcsec) = -1.145 - 0.269 (i - 23),

h the median scale length of exponential discs. Both are of the i band, and taken in the reference
band of a recipe. The galaxies of a sample follow from its seed and its row, and are no sources:
they have no coordinates.

Stars are those of the Galactic pole, about

    N(< r) = 0.55 x 10^(0.13 (r - 20)) a square arcminute

from r = 18 to 26: 2,000 a square degree to r = 20, as Bahcall & Soneira (1980, ApJS 44, 73) count
them in V, and the slope of their faint counts. Towards the plane there are more, by a factor that
the recipe gives.
"""

from typing import NamedTuple

import numpy as np
import xarray as xr
from scipy.special import ndtri, pdtr

from skybench.generators.arrays import Floats, Integers
from skybench.generators.random_streams import RowStreams
from skybench.generators.sky.arms import SLOPE
from skybench.generators.sky.recipe import Background, SkyRecipe
from skybench.generators.sky.sersic import Sersic
from skybench.generators.sky.sky_object import BLUE, SkyObject
from skybench.generators.sky.star import Star


class _Counts(NamedTuple):
    """How many a square arcminute are brighter than a magnitude, and the slope of their counts."""

    density: float
    growth: float
    magnitude: float


_GALAXY_COUNTS = _Counts(46.0, 0.31, 25.0)
_STAR_COUNTS = _Counts(0.55, 0.13, 20.0)

_STAR_DRAWS = 4
"""Uniforms of a star: x, y, magnitude, colour."""

_STAR_MARGIN = 8.0
"""Arcseconds beyond the border within which stars matter."""

_LOG_LENGTH, _SHRINKING, _MEASURED = -1.145, -0.269, 23.0
_SCATTER = 0.3
"""Of the natural logarithm of sizes."""

_ROUNDEST, _FLATTEST = 1.0, 0.3

_MARGIN = 6.0
"""Half-light radii beyond the border within which galaxies still matter: those of the brightest."""

_DRAWS = 7
"""Uniforms of a galaxy: x, y, magnitude, size, axis ratio, angle, colour."""


class _Canvas(NamedTuple):
    """Where galaxies lie: the image and a margin about it, in pixels."""

    shape: tuple[int, int]
    scale: float
    margin: float

    @property
    def square_arcminutes(self) -> float:
        sides = (length + 2 * self.margin for length in self.shape)
        return float(next(sides) * next(sides) * (self.scale / 60) ** 2)


def galaxies(recipe: SkyRecipe, parameters: xr.Dataset) -> xr.Dataset:
    """Return the galaxies behind the samples, as parameters of sources.

    Parameters
    ----------
    recipe : SkyRecipe
        With a background.
    parameters : xr.Dataset
        Of the samples: their ``sample_id`` and optics are read.

    Returns
    -------
    xr.Dataset
        Coordinates as those of a dataset of Sersic sources, as many slots as the richest has.
    """
    assert recipe.background is not None
    image, background = recipe.image, recipe.background
    scale = image.pixel_scale_arcsec
    canvas = _Canvas(image.shape, scale, _MARGIN * float(_median_size(background.depth)) / scale)
    rows = parameters["sample_id"].values
    mean = _density(background, _GALAXY_COUNTS) * canvas.square_arcminutes
    drawn = _uniforms(recipe.seed, rows, mean, _DRAWS, "background")
    magnitude = _magnitudes(background, drawn[2], _GALAXY_COUNTS.growth)
    shapes = _places(drawn, canvas) | _shapes(drawn, magnitude, canvas)
    return _sources(recipe, parameters, Sersic, shapes, magnitude, BLUE.quantile(drawn[6], {}))


def stars(recipe: SkyRecipe, parameters: xr.Dataset) -> xr.Dataset:
    """Return the stars of the background, as parameters of sources; as `galaxies` does."""
    background = recipe.background
    assert background is not None
    assert background.stars is not None
    scale = recipe.image.pixel_scale_arcsec
    canvas = _Canvas(recipe.image.shape, scale, _STAR_MARGIN / scale)
    rows = parameters["sample_id"].values
    mean = background.stars * _density(background, _STAR_COUNTS) * canvas.square_arcminutes
    drawn = _uniforms(recipe.seed, rows, mean, _STAR_DRAWS, "background.stars")
    magnitude = _magnitudes(background, drawn[2], _STAR_COUNTS.growth)
    colour = Star.colour.quantile(drawn[3], {})
    return _sources(recipe, parameters, Star, _places(drawn, canvas), magnitude, colour)


def _sources(
    recipe: SkyRecipe,
    parameters: xr.Dataset,
    kind: type[SkyObject],
    columns: dict[str, Floats],
    magnitude: Floats,
    colour: Floats,
) -> xr.Dataset:
    """Return objects of one kind in place of the sources of the samples."""
    columns = columns | {
        "kind": np.where(np.isnan(magnitude), 0, kind.code),
        "flux": 10 ** (0.4 * (_zeropoint(recipe) - magnitude)),
    }
    optics = parameters.drop_dims("source") if "source" in parameters.dims else parameters
    found = {n: xr.Variable(("sample", "source"), values) for n, values in columns.items()}
    if recipe.image.bands:
        electrons = _in_bands(recipe, magnitude, colour)
        found["flux_band"] = xr.Variable(("sample", "source", "band"), electrons)
    return optics.assign_coords(found)


def _density(background: Background, counts: _Counts) -> float:
    """Return how many there are in a square arcminute."""
    ends = np.array([background.depth, background.faintest])
    brighter, all_ = (counts.density * 10 ** (counts.growth * (ends - counts.magnitude))).tolist()
    return float(all_ - brighter)


def _uniforms(seed: int, rows: Integers, mean: float, draws: int, stream: str) -> Floats:
    """Return (draw, row, slot) uniforms of what each row has; NaN where there is none."""
    number = RowStreams(seed, f"{stream}.count").uniforms_of(rows, 1)[:, 0]
    counts = _poisson(number, mean)
    most = int(counts.max(initial=0))
    # A row's first draws stay where more are asked for, so that one call draws for all rows.
    drawn = RowStreams(seed, stream).uniforms_of(rows, draws * most)
    is_there = np.arange(most) < counts[:, None]
    return np.where(is_there, drawn.reshape(len(rows), most, draws).transpose(2, 0, 1), np.nan)


def _poisson(uniform: Floats, mean: float) -> Integers:
    """Return the quantiles of Poisson numbers."""
    spread = 9 * np.sqrt(mean) + 20
    numbers = np.arange(max(int(mean - spread), 0), int(mean + spread))
    return np.asarray(numbers[np.searchsorted(pdtr(numbers[:-1], mean), uniform)])


def _magnitudes(background: Background, uniform: Floats, growth: float) -> Floats:
    """Return magnitudes distributed as the counts."""
    span = np.log(10) * growth * (background.faintest - background.depth)
    steps = np.log1p(uniform * np.expm1(span)) / (np.log(10) * growth)
    return np.asarray(background.depth + steps)


def _median_size(magnitude: Floats | float) -> Floats:
    """Return the median half-light radius in arcseconds."""
    return np.asarray(SLOPE * np.exp(_LOG_LENGTH + _SHRINKING * (magnitude - _MEASURED)))


def _places(drawn: Floats, canvas: _Canvas) -> dict[str, Floats]:
    lengths = zip("xy", reversed(canvas.shape), drawn, strict=False)
    return {
        f"source_{axis}": uniform * (length + 2 * canvas.margin) - canvas.margin - 0.5
        for axis, length, uniform in lengths
    }


def _shapes(drawn: Floats, magnitude: Floats, canvas: _Canvas) -> dict[str, Floats]:
    size = _median_size(magnitude) * np.exp(_SCATTER * ndtri(drawn[3])) / canvas.scale
    return {
        "half_light_radius": size,
        "sersic_index": np.ones_like(size),
        "axis_ratio": _FLATTEST + (_ROUNDEST - _FLATTEST) * drawn[4],
        "position_angle": 180 * drawn[5],
    }


def _zeropoint(recipe: SkyRecipe) -> float:
    image = recipe.image
    return image.zeropoint if image.reference is None else image.zeropoint_of(image.reference)


def _in_bands(recipe: SkyRecipe, magnitude: Floats, colour: Floats) -> Floats:
    image = recipe.image
    planes = [
        10 ** (0.4 * (image.zeropoint_of(band) - magnitude - colour * image.locus(band)))
        for band in image.bands
    ]
    return np.stack(planes, axis=-1)
