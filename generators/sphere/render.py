"""From the parameters of maps to their pixels."""

from dataclasses import replace
from functools import lru_cache
from typing import NamedTuple, Self

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from skybench.generators.arrays import Floats, Integers
from skybench.generators.drawn_object import columns
from skybench.generators.native.library import kernel
from skybench.generators.random_streams import RowStreams, key_of, normal_cells
from skybench.generators.sphere import point_sources, sphere_field
from skybench.generators.sphere.harmonics import TILE, synthesis
from skybench.generators.sphere.healpix import Ordering, first_masked, pixel_count, ring_numbers
from skybench.generators.sphere.objects import SPHERE_OBJECTS
from skybench.generators.sphere.recipe import SphereRecipe
from skybench.generators.sphere.vocabulary import VOCABULARY

_NOISE = "noise"

_observe_maps = kernel("observe_maps")


def render(recipe: SphereRecipe, parameters: xr.Dataset) -> dict[str, xr.Variable]:
    """Return the maps and masks of the samples that the parameters describe."""
    row = replace(VOCABULARY["sky_map"], units=recipe.sphere.units)
    shape = parameters.sizes["sample"], pixel_count(recipe.sphere.nside)
    maps, masked = np.empty(shape, row.dtype), np.empty(shape, VOCABULARY["masked"].dtype)
    sky = _sky(recipe, parameters)
    # Some maps at a time, that they stay in the processor's cache.
    for first in range(0, len(maps), TILE):
        some = slice(first, first + TILE)
        here = sky.of(some)
        values = _fields(recipe, here)
        if recipe.point_sources is not None:
            _add_point_sources(values, recipe, parameters.isel(sample=some))
        _observe(values, recipe, here, maps[some], masked[some])
    attributes = row.attributes() | {"ordering": recipe.sphere.ordering}
    return {
        "sky_map": xr.Variable(row.dims, maps, attributes),
        "masked": xr.Variable(row.dims, masked, VOCABULARY["masked"].attributes()),
    }


class _Sky(NamedTuple):
    """What maps of some samples follow from: rows, C_l (sample, l), beam, noise and mask."""

    rows: Integers
    powers: Floats
    fwhm: Floats
    noise: Floats
    first_masked: Integers

    def of(self, some: slice) -> Self:
        """Return some of the samples."""
        return type(self)(
            self.rows[some],
            self.powers[some],
            self.fwhm[some],
            self.noise[some],
            self.first_masked[some],
        )


def _sky(recipe: SphereRecipe, parameters: xr.Dataset) -> _Sky:
    return _Sky(
        parameters["sample_id"].values,
        spectra(parameters, recipe.sphere.highest),
        _column(parameters, "beam_fwhm"),
        _column(parameters, "pixel_noise"),
        first_masked(_column(parameters, "mask_latitude"), recipe.sphere.nside),
    )


def _column(parameters: xr.Dataset, name: str) -> Floats:
    return np.asarray(parameters[name].values, dtype=np.float64)


def _fields(recipe: SphereRecipe, sky: _Sky) -> Floats:
    """Return the random fields through the beam, (sample, pixel) in RING order."""
    nside, lmax = recipe.sphere.nside, recipe.sphere.highest
    seen = sphere_field.coefficients(recipe.seed, sky.rows, sky.powers, sky.fwhm, lmax)
    return synthesis(seen, nside, lmax)


def _observe(
    values: Floats,
    recipe: SphereRecipe,
    sky: _Sky,
    maps: NDArray[np.float32],
    masked: NDArray[np.int8],
) -> None:
    """Write maps with their noise, and the masks, as they are stored."""
    _observe_maps(
        key_of(recipe.seed, _NOISE),
        sky.rows,
        normal_cells(),
        values,
        sky.noise,
        sky.first_masked,
        _places(recipe.sphere.nside, recipe.sphere.ordering),
        maps,
        masked.view(np.uint8),
        np.empty(values.shape[1], dtype=np.float32),
        VOCABULARY["sky_map"].bits,
    )


@lru_cache(maxsize=4)
def _places(nside: int, ordering: Ordering) -> NDArray[np.int32]:
    """Return the RING number of each stored pixel."""
    numbers = ring_numbers(nside) if ordering == "nested" else np.arange(pixel_count(nside))
    return numbers.astype(np.int32)


def spectra(parameters: xr.Dataset, lmax: int) -> Floats:
    """Return C_l of each sample's field before the beam, (sample, l)."""
    kinds = parameters["kind"].values
    powers = np.zeros((kinds.size, lmax + 1))
    for kind in SPHERE_OBJECTS.values():
        mine = np.flatnonzero(kinds == kind.code)
        if mine.size:
            powers[mine] = kind.spectra(columns(parameters, kind, mine), lmax)
    return powers


def _add_point_sources(maps: Floats, recipe: SphereRecipe, parameters: xr.Dataset) -> None:
    streams = RowStreams(recipe.seed, point_sources.STREAM)
    names = ("slope", "faintest", "brightest")
    for one, values in enumerate(maps):
        here = parameters.isel(sample=one)
        row, count = int(here["sample_id"]), int(here["point_source_count"])
        counts = (float(here[f"point_source_{name}"]) for name in names)
        sources = point_sources.draw(streams, row, count, *counts)
        point_sources.add(values, sources, float(here["beam_fwhm"]), recipe.sphere.nside)
