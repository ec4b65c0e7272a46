"""From the parameters of maps to their pixels."""

from dataclasses import replace
from typing import NamedTuple, Self

import numpy as np
import xarray as xr

from skybench.generators.arrays import Flags, Floats, Integers
from skybench.generators.drawn_object import columns
from skybench.generators.random_streams import RowStreams
from skybench.generators.sphere import healpix, point_sources, sphere_field
from skybench.generators.sphere.harmonics import TILE, synthesis
from skybench.generators.sphere.healpix import pixel_count, ring_numbers
from skybench.generators.sphere.objects import SPHERE_OBJECTS
from skybench.generators.sphere.recipe import SphereRecipe
from skybench.generators.sphere.vocabulary import VOCABULARY

_NOISE = "noise"


def render(recipe: SphereRecipe, parameters: xr.Dataset) -> dict[str, xr.Variable]:
    """Return the maps and masks of the samples that the parameters describe."""
    nside, samples = recipe.sphere.nside, parameters.sizes["sample"]
    row = replace(VOCABULARY["sky_map"], units=recipe.sphere.units)
    maps = np.empty((samples, pixel_count(nside)), dtype=row.dtype)
    masked = _masks(_column(parameters, "mask_latitude"), nside)
    order = ring_numbers(nside) if recipe.sphere.ordering == "nested" else slice(None)
    sky = _sky(recipe, parameters)
    # Some maps at a time, that they stay in the processor's cache.
    for first in range(0, samples, TILE):
        some = slice(first, first + TILE)
        values = _observed(recipe, sky.of(some))
        if recipe.point_sources is not None:
            _add_point_sources(values, recipe, parameters.isel(sample=some))
        values[masked[some]] = 0.0
        maps[some] = row.store(values)[:, order]
    attributes = row.attributes() | {"ordering": recipe.sphere.ordering}
    return {
        "sky_map": xr.Variable(row.dims, maps, attributes),
        "masked": VOCABULARY["masked"].holding(masked[:, order]),
    }


class _Sky(NamedTuple):
    """What the fields of some samples follow from: rows, C_l (sample, l), beam and noise."""

    rows: Integers
    powers: Floats
    fwhm: Floats
    noise: Floats

    def of(self, some: slice) -> Self:
        """Return some of the samples."""
        return type(self)(self.rows[some], self.powers[some], self.fwhm[some], self.noise[some])


def _sky(recipe: SphereRecipe, parameters: xr.Dataset) -> _Sky:
    return _Sky(
        parameters["sample_id"].values,
        spectra(parameters, recipe.sphere.highest),
        _column(parameters, "beam_fwhm"),
        _column(parameters, "pixel_noise"),
    )


def _column(parameters: xr.Dataset, name: str) -> Floats:
    return np.asarray(parameters[name].values, dtype=np.float64)


def _observed(recipe: SphereRecipe, sky: _Sky) -> Floats:
    """Return the random fields through the beam, with noise: (sample, pixel) in RING order."""
    nside, lmax = recipe.sphere.nside, recipe.sphere.highest
    unit = sphere_field.unit_coefficients(recipe.seed, sky.rows, lmax)
    seen = sphere_field.coefficients(unit, sky.powers, sky.fwhm, lmax)
    maps, streams = synthesis(seen, nside, lmax), RowStreams(recipe.seed, _NOISE)
    for values, row, level in zip(maps, sky.rows.tolist(), sky.noise, strict=True):
        if level > 0:
            values += level * streams.normals(row, values.size)
    return maps


def _masks(latitude: Floats, nside: int) -> Flags:
    """Return which pixels are masked, (sample, pixel) in RING order."""
    masked = np.zeros((latitude.size, pixel_count(nside)), dtype=np.bool_)
    some = np.flatnonzero(latitude)
    if some.size:
        masked[some] = healpix.band(latitude[some], nside)
    return masked


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
