"""From the parameters of maps to their pixels."""

from dataclasses import replace

import numpy as np
import xarray as xr
from scipy.special import ndtri

from skybench.generators.arrays import Floats
from skybench.generators.drawn_object import columns
from skybench.generators.random_streams import RowStreams
from skybench.generators.sphere import healpix, point_sources, sphere_field
from skybench.generators.sphere.harmonics import synthesis
from skybench.generators.sphere.healpix import ring_numbers
from skybench.generators.sphere.objects import SPHERE_OBJECTS
from skybench.generators.sphere.recipe import SphereRecipe
from skybench.generators.sphere.vocabulary import VOCABULARY

_NOISE = "noise"


def render(recipe: SphereRecipe, parameters: xr.Dataset) -> dict[str, xr.Variable]:
    """Return the maps and masks of the samples that the parameters describe."""
    nside = recipe.sphere.nside
    maps = fields(recipe, parameters)
    _add_point_sources(maps, recipe, parameters)
    _add_noise(maps, recipe, parameters)
    masked = healpix.band(parameters["mask_latitude"].values.astype(np.float64), nside)
    maps[masked] = 0.0
    if recipe.sphere.ordering == "nested":
        maps, masked = maps[:, ring_numbers(nside)], masked[:, ring_numbers(nside)]
    row = replace(VOCABULARY["sky_map"], units=recipe.sphere.units)
    return {
        "sky_map": row.holding(maps, {"ordering": recipe.sphere.ordering}),
        "masked": VOCABULARY["masked"].holding(masked),
    }


def fields(recipe: SphereRecipe, parameters: xr.Dataset) -> Floats:
    """Return the random fields seen through the beam, (sample, pixel) in RING order."""
    nside, lmax = recipe.sphere.nside, recipe.sphere.highest
    unit = sphere_field.unit_coefficients(recipe.seed, parameters["sample_id"].values, lmax)
    fwhm = parameters["beam_fwhm"].values.astype(np.float64)
    return synthesis(
        sphere_field.coefficients(unit, spectra(parameters, lmax), fwhm, lmax), nside, lmax
    )


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
    if recipe.point_sources is None:
        return
    streams = RowStreams(recipe.seed, point_sources.STREAM)
    names = ("slope", "faintest", "brightest")
    for one, values in enumerate(maps):
        here = parameters.isel(sample=one)
        row, count = int(here["sample_id"]), int(here["point_source_count"])
        counts = (float(here[f"point_source_{name}"]) for name in names)
        sources = point_sources.draw(streams, row, count, *counts)
        point_sources.add(values, sources, float(here["beam_fwhm"]), recipe.sphere.nside)


def _add_noise(maps: Floats, recipe: SphereRecipe, parameters: xr.Dataset) -> None:
    streams = RowStreams(recipe.seed, _NOISE)
    levels = parameters["pixel_noise"].values.astype(np.float64)
    for values, row, level in zip(maps, parameters["sample_id"].values, levels, strict=True):
        if level > 0:
            values += level * ndtri(streams.uniforms(int(row), values.size))
