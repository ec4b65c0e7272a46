"""Bands: the seeing, sky and flux of each, drawn beside what all bands share.

A source has the colour g - r of its object; with L the locus of a band,
its AB magnitude there is that in the reference band plus (g - r) (L - L_reference) and a small
scatter. Electrons follow by the zero points. A recipe may give the ratio of fluxes instead.
"""

from dataclasses import replace

import numpy as np
import xarray as xr
from scipy.special import ndtri

from skybench.generators.arrays import Floats, Integers
from skybench.generators.distributions import Distribution
from skybench.generators.random_streams import uniforms
from skybench.generators.sampling import sample as sample_shared
from skybench.generators.sampling import source_of_slot
from skybench.generators.sky.band_table import KNOWN, SCATTER, fluxes, in_bands, variables
from skybench.generators.sky.objects import SKY_OBJECTS
from skybench.generators.sky.recipe import BANDED, SkyRecipe
from skybench.generators.sky.vocabulary import VOCABULARY
from skybench.generators.variable import flags, numbered

MAGNITUDE = 0.4 * np.log(10)
"""Logarithm of the flux ratio of a magnitude."""


def sample(recipe: SkyRecipe, start: int, stop: int, labels: Integers | None = None) -> xr.Dataset:
    """Return the parameters of rows ``start`` to ``stop``, with those of each band.

    Where the recipe has bands, ``psf_fwhm``, ``sky_level`` and ``read_noise`` lie on (sample,
    band), and ``flux_band (sample, source, band)`` holds electrons; ``flux`` stays that of the
    reference band as the recipe gives it. Other recipes are sampled as those of all families.

    Parameters
    ----------
    recipe : SkyRecipe
    start, stop : int
        Half-open range of rows.
    labels : (stop - start,) int64 array, optional
        Classes that were dealt elsewhere.
    """
    shared = sample_shared(recipe, start, stop, labels)
    if not recipe.image.bands:
        return shared
    rows = (start, stop)
    chosen = source_of_slot(recipe, start, stop, labels)
    conditions = {name: _condition(recipe, shared, key, rows) for key, name in BANDED.items()}
    electrons = {
        in_bands(n): _fluxes(recipe, shared, n, chosen, rows) for n in fluxes() if n in shared
    }
    image = recipe.image
    names = tuple(image.bands)
    zeropoints = [image.zeropoint_of(band) for band in names]
    return shared.assign_coords(
        conditions
        | electrons
        | {
            "band": VOCABULARY["band"].holding(np.arange(len(names)), flags(numbered(names))),
            "zeropoint": VOCABULARY["zeropoint"].holding(zeropoints),
        }
    )


def in_band(parameters: xr.Dataset, band: int) -> xr.Dataset:
    """Return the parameters of one band as those of an image without bands."""
    one = parameters.isel(band=band)
    own = {n: one[in_bands(n)].variable for n in fluxes() if in_bands(n) in one}
    return one.assign_coords(own)


def _condition(
    recipe: SkyRecipe, shared: xr.Dataset, key: str, rows: tuple[int, int]
) -> xr.Variable:
    name = BANDED[key]
    columns = []
    for band, spec in recipe.image.bands.items():
        own = getattr(spec, key)
        if own is None:
            columns.append(shared[name].values * recipe.image.factor(band, name))
        else:
            columns.append(_drawn(recipe, own, f"image.bands.{band}.{key}", rows))
    row = replace(VOCABULARY[name], dims=("sample", "band"))
    return row.holding(np.stack(columns, axis=1))


def _fluxes(
    recipe: SkyRecipe, shared: xr.Dataset, name: str, chosen: Integers, rows: tuple[int, int]
) -> xr.Variable:
    """Return the electrons of a flux in each band; NaN where a slot has no such source."""
    flux = shared[name].values.astype(np.float64)
    ratios = np.full((*flux.shape, len(recipe.image.bands)), np.nan)
    for code, source in enumerate(recipe.sources):
        for slot in range(flux.shape[1]):
            mine = chosen[:, slot] == code
            if mine.any():
                ratios[mine, slot] = _ratios(recipe, source, name, slot, rows)[mine]
    row = variables()[in_bands(name)]
    values = flux[:, :, None] * ratios
    row.check(values)
    return row.holding(values)


def _ratios(recipe: SkyRecipe, source: str, name: str, slot: int, rows: tuple[int, int]) -> Floats:
    """Return electrons over those of the recipe's flux: (row, band)."""
    image = recipe.image
    assert image.reference is not None
    kind = SKY_OBJECTS[recipe.sources[source].profile]
    place = f"sources.{source}.{name}"
    colours = kind.colour if name == "flux" else kind.other_colours[name]
    colour = _drawn(recipe, colours, f"{place}.colour[{slot}]", rows)
    columns = []
    for band, spec in image.bands.items():
        stream = f"{place}.ratio.{band}[{slot}]"
        if source in spec.flux_ratio:
            ratio = _drawn(recipe, spec.flux_ratio[source], stream, rows)
        elif band == image.reference or band not in KNOWN or image.reference not in KNOWN:
            ratio = np.ones_like(colour)
        else:
            scatter = SCATTER * ndtri(uniforms(recipe.seed, stream, *rows))
            span = KNOWN[band].locus - KNOWN[image.reference].locus
            ratio = np.exp(-MAGNITUDE * (colour * span + scatter))
        gain = image.zeropoint_of(band) - image.zeropoint_of(image.reference)
        columns.append(ratio * float(np.exp(MAGNITUDE * gain)))
    return np.stack(columns, axis=1)


def _drawn(
    recipe: SkyRecipe, distribution: Distribution, stream: str, rows: tuple[int, int]
) -> Floats:
    return distribution.quantile(uniforms(recipe.seed, stream, *rows), {})
