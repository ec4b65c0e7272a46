"""Bands: the seeing, sky and flux of each, drawn beside what all bands share.

A source has the colour g - r of its object; with L the locus of a band,
its AB magnitude there is that in the reference band plus (g - r) (L - L_reference) and a small
scatter. Electrons follow by the zero points. A recipe may give the ratio of fluxes instead.

A second colour s adds s (M - M_reference), M being the second locus: so colours of several bands
lie on a plane rather than on a line.

Where a bulge or knots have a colour of their own, that of the galaxy is the colour of all else:
relative to the reference band they outshine the rest by 10^(-0.4 (difference in g - r) (L -
L_reference)) times their share there, and the flux is the sum of all.
"""

from dataclasses import replace
from typing import NamedTuple

import numpy as np
import xarray as xr
from scipy.special import ndtri

from skybench.generators.arrays import Floats, Integers
from skybench.generators.distributions import Distribution
from skybench.generators.random_streams import uniforms
from skybench.generators.sampling import sample as sample_shared
from skybench.generators.sampling import source_of_slot, stream_of, stream_of_condition
from skybench.generators.sky.band_table import (
    BULGE,
    KNOTS,
    KNOWN,
    SCATTER,
    banded,
    fluxes,
    in_bands,
    variables,
)
from skybench.generators.sky.image_recipe import BANDED
from skybench.generators.sky.objects import SKY_OBJECTS
from skybench.generators.sky.recipe import SkyRecipe
from skybench.generators.sky.source_recipe import SkySource
from skybench.generators.sky.vocabulary import VOCABULARY
from skybench.generators.variable import flags, numbered

MAGNITUDE = 0.4 * np.log(10)
"""Logarithm of the flux ratio of a magnitude."""

_Rows = tuple[int, int, int]
"""First row, the row after the last, and the attempt at which they are drawn."""


class _Slot(NamedTuple):
    """A source of the recipe in a slot, in some rows of which the shared parameters are known."""

    recipe: SkyRecipe
    shared: xr.Dataset
    source: str
    slot: int
    rows: _Rows

    @property
    def spec(self) -> SkySource:
        """The source, as the recipe describes it."""
        return self.recipe.sources[self.source]

    def drawn(self, distribution: Distribution, name: str) -> Floats:
        """Return what may follow a parameter of the source, or be from its catalogue's row."""
        stream = stream_of(self.source, distribution.stream or name, self.slot)
        followed, known = distribution.depends_on, {}
        if followed:
            known[followed] = self.shared[followed].values[:, self.slot].astype(np.float64)
        return distribution.quantile(uniforms(self.recipe.seed, stream, *self.rows), known)


def sample(
    recipe: SkyRecipe, start: int, stop: int, labels: Integers | None = None, attempt: int = 0
) -> xr.Dataset:
    """Return the parameters of rows ``start`` to ``stop``, with those of each band.

    Where the recipe has bands, ``psf_fwhm``, ``sky_level`` and ``read_noise`` lie on (sample,
    band), and ``flux_band (sample, source, band)`` holds electrons; ``flux`` stays that of the
    reference band as the recipe gives it, and so does ``bulge_fraction`` beside the
    ``bulge_fraction_band`` of recipes with a ``bulge_colour``. Other recipes are sampled as those
    of all families.

    Parameters
    ----------
    recipe : SkyRecipe
    start, stop : int
        Half-open range of rows.
    labels : (stop - start,) int64 array, optional
        Classes that were dealt elsewhere.
    attempt : int
        As for `skybench.generators.sampling.sample`.
    """
    shared = sample_shared(recipe, start, stop, labels, attempt)
    if recipe.psf.is_measured:
        shared = shared.assign_coords(recipe.psf.measured.coordinates(tuple(recipe.image.bands)))
    if not recipe.image.bands:
        return shared
    rows = (start, stop, attempt)
    chosen = source_of_slot(recipe, start, stop, labels)
    conditions = {name: _condition(recipe, shared, key, rows) for key, name in BANDED.items()}
    sources = {n: _fluxes(recipe, shared, n, chosen, rows) for n in fluxes() if n in shared}
    if any(spec.bulge_colour or spec.clump_colour for spec in recipe.sources.values()):
        growth, shares = _parts(recipe, shared, chosen, rows)
        sources |= shares | {"flux": sources["flux"] * growth}
    image = recipe.image
    names = tuple(image.bands)
    zeropoints = [image.zeropoint_of(band) for band in names]
    return shared.assign_coords(
        conditions
        | {in_bands(name): _stored(name, values) for name, values in sources.items()}
        | {
            "band": VOCABULARY["band"].holding(np.arange(len(names)), flags(numbered(names))),
            "zeropoint": VOCABULARY["zeropoint"].holding(zeropoints),
        }
    )


def in_band(parameters: xr.Dataset, band: int) -> xr.Dataset:
    """Return the parameters of one band as those of an image without bands."""
    one = parameters.isel(band=band)
    own = {n: one[in_bands(n)].variable for n in banded() if in_bands(n) in one}
    return one.assign_coords(own)


def _condition(recipe: SkyRecipe, shared: xr.Dataset, key: str, rows: _Rows) -> xr.Variable:
    name = BANDED[key]
    columns = []
    for band, spec in recipe.image.bands.items():
        own = getattr(spec, key)
        if key == "fwhm" and recipe.psf.is_measured:
            columns.append(np.full(shared[name].shape, recipe.psf.measured.fwhm(band)))
        elif own is None:
            columns.append(shared[name].values * recipe.image.factor(band, name))
        else:
            stream = stream_of_condition(f"image.bands.{band}.{key}", own)
            columns.append(own.quantile(uniforms(recipe.seed, stream, *rows), {}))
    row = replace(VOCABULARY[name], dims=("sample", "band"))
    return row.holding(np.stack(columns, axis=1))


def _fluxes(
    recipe: SkyRecipe, shared: xr.Dataset, name: str, chosen: Integers, rows: _Rows
) -> Floats:
    """Return the electrons of a flux in each band; NaN where a slot has no such source."""
    flux = shared[name].values.astype(np.float64)
    ratios = np.full((*flux.shape, len(recipe.image.bands)), np.nan)
    for code, (source, spec) in enumerate(recipe.sources.items()):
        for slot in range(flux.shape[1]):
            mine = chosen[:, slot] == code
            if name in spec.drawn.variables and mine.any():
                ratios[mine, slot] = _ratios(_Slot(recipe, shared, source, slot, rows), name)[mine]
    return flux[:, :, None] * ratios


def _stored(name: str, values: Floats) -> xr.Variable:
    row = variables()[in_bands(name)]
    row.check(values)
    return row.holding(values)


def _parts(
    recipe: SkyRecipe, shared: xr.Dataset, chosen: Integers, rows: _Rows
) -> tuple[Floats, dict[str, Floats]]:
    """Return what fluxes grow by in each band, and the shares of bulges, and of knots in discs."""
    share = shared[BULGE].values.astype(np.float64)[:, :, None]
    excess = _excesses(recipe, shared, chosen, rows, "bulge_colour")
    growth = _growth(share, excess)
    shares = {}
    if any(spec.clump_colour for spec in recipe.sources.values()):
        knots = shared[KNOTS].values.astype(np.float64)[:, :, None]
        brighter = _excesses(recipe, shared, chosen, rows, "clump_colour")
        brighter = np.where(shared["knot_count"].values[:, :, None] > 0, brighter, 1.0)
        disc = _growth(knots, brighter)
        shares[KNOTS] = knots * brighter / disc
        growth = growth + np.where(disc == 1, 0.0, (1 - share) * (disc - 1))
    return growth, {BULGE: share * excess / growth, **shares}


def _growth(share: Floats, excess: Floats) -> Floats:
    """Return what the whole grows by where a share of it is brighter by a factor."""
    return np.where(excess == 1, 1.0, 1 + share * (excess - 1))


def _excesses(
    recipe: SkyRecipe, shared: xr.Dataset, chosen: Integers, rows: _Rows, key: str
) -> Floats:
    """Return how much brighter parts are by the colour of a key: (row, slot, band)."""
    excess = np.ones((*chosen.shape, len(recipe.image.bands)))
    for code, (source, spec) in enumerate(recipe.sources.items()):
        for slot in range(chosen.shape[1]):
            mine = chosen[:, slot] == code
            if getattr(spec, key) is not None and mine.any():
                excess[mine, slot] = _excess(_Slot(recipe, shared, source, slot, rows), key)[mine]
    return excess


def _excess(own: _Slot, key: str) -> Floats:
    """Return the light of a part over that of the rest, less so in the reference band."""
    redder = own.drawn(getattr(own.spec, key), key) - _colour(own, "flux")
    spans = np.array([own.recipe.image.locus(band) for band in own.recipe.image.bands])
    return np.asarray(np.exp(-MAGNITUDE * redder[:, None] * spans))


def _ratios(own: _Slot, name: str) -> Floats:
    """Return electrons over those of the recipe's flux: (row, band)."""
    recipe, source, rows = own.recipe, own.source, own.rows
    image = recipe.image
    assert image.reference is not None
    colour = _colour(own, name)
    scatter = SCATTER if own.spec.colour_scatter is None else own.spec.colour_scatter
    second = None
    if own.spec.second_colour is not None and name == "flux":
        second = own.drawn(own.spec.second_colour, "second_colour")
    columns = []
    for band, spec in image.bands.items():
        place = f"{name}.ratio.{band}"
        if source in spec.flux_ratio:
            ratio = own.drawn(spec.flux_ratio[source], place)
        elif band == image.reference or band not in KNOWN or image.reference not in KNOWN:
            ratio = np.ones_like(colour)
        else:
            fainter = colour * image.locus(band)
            stream = stream_of(source, place, own.slot)
            fainter = fainter + scatter * ndtri(uniforms(recipe.seed, stream, *rows))
            if second is not None:
                fainter = fainter + second * image.second_locus(band)
            ratio = np.exp(-MAGNITUDE * fainter)
        gain = image.zeropoint_of(band) - image.zeropoint_of(image.reference)
        columns.append(ratio * float(np.exp(MAGNITUDE * gain)))
    return np.stack(columns, axis=1)


def _colour(own: _Slot, name: str) -> Floats:
    """Return g - r of a flux."""
    kind = SKY_OBJECTS[own.spec.profile]
    colours = (own.spec.colour or kind.colour) if name == "flux" else kind.other_colours[name]
    return own.drawn(colours, f"{name}.colour")
