"""From the parameters of sky images to their pixels, and to what is stored beside them."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from skybench.generators.arrays import Floats
from skybench.generators.sky import background, sky_residual
from skybench.generators.sky.bands import in_band
from skybench.generators.sky.detector import mask_flags, read_out
from skybench.generators.sky.noise import inverse_variance, observe
from skybench.generators.sky.recipe import SkyRecipe
from skybench.generators.sky.segmentation import segment
from skybench.generators.sky.source_light import expected, source_light
from skybench.generators.sky.vocabulary import VOCABULARY


def render(recipe: SkyRecipe, parameters: xr.Dataset) -> dict[str, xr.Variable]:
    """Return the images of the samples that the parameters describe.

    Beside ``image`` there are ``expected``, ``ivar``, ``mask``, ``segmentation`` and ``light``
    where the recipe asks for them; with bands all but ``segmentation`` have them before y and x.

    Raises
    ------
    ParameterError
        A pixel holds more electrons than an int32.
    """
    image = recipe.image
    seen = _light(recipe, parameters)
    if recipe.background is not None:
        seen += _light(recipe, background.galaxies(recipe, parameters))
        if recipe.background.stars:
            seen += _light(recipe, background.stars(recipe, parameters))
    seen, counted, weights = _observed(recipe, parameters, seen)
    pixels: dict[str, NDArray[Any]] = {"image": counted}
    if image.expected:
        pixels["expected"] = seen
    if recipe.detector is not None:
        pixels["mask"] = _read_out(recipe, parameters, pixels["image"])
    if weights is not None:
        pixels["ivar"] = np.where(pixels.get("mask", 0), 0.0, weights)
    data = {name: _variable(name, values) for name, values in pixels.items()}
    if recipe.detector is not None:
        data["mask"].attrs |= mask_flags(recipe.detector)
    if image.segmentation:
        found = segment(
            _reference(recipe, parameters), image.shape, recipe.noise, image.segmentation_threshold
        )
        data["segmentation"] = VOCABULARY["segmentation"].holding(found)
    if image.light:
        data["light"] = _variable("light", _of_bands(recipe, parameters, source_light))
    return data


def _observed(
    recipe: SkyRecipe, parameters: xr.Dataset, seen: Floats
) -> tuple[Floats, NDArray[np.int32], Floats | None]:
    """Return light with what is left of the sky, the electrons, and weights if asked for."""
    below = None
    if recipe.sky is not None:
        shares = sky_residual.left(recipe.sky, parameters, recipe.image.shape, recipe.seed)
        seen, parameters, below = sky_residual.lifted(seen, shares, parameters)
    counted = observe(seen, parameters, recipe.noise, recipe.seed, list(recipe.image.bands))
    weights = inverse_variance(seen, parameters, recipe.noise) if recipe.image.ivar else None
    if below is None:
        return seen, counted, weights
    return seen - below, counted - below, weights


def _reference(recipe: SkyRecipe, parameters: xr.Dataset) -> xr.Dataset:
    """Return the parameters of the reference band, or those of images without bands."""
    reference = recipe.image.reference
    if reference is None:
        return parameters
    return in_band(parameters, list(recipe.image.bands).index(reference))


def _light(recipe: SkyRecipe, parameters: xr.Dataset) -> Floats:
    return _of_bands(recipe, parameters, expected)


def _of_bands(
    recipe: SkyRecipe, parameters: xr.Dataset, draw: Callable[[xr.Dataset, tuple[int, int]], Floats]
) -> Floats:
    """Return what is drawn of each band, (..., band, y, x); without bands that of the image."""
    shape, bands = recipe.image.shape, len(recipe.image.bands)
    if not bands:
        return draw(parameters, shape)
    return np.stack([draw(in_band(parameters, b), shape) for b in range(bands)], axis=-3)


def _read_out(
    recipe: SkyRecipe, parameters: xr.Dataset, images: NDArray[np.int32]
) -> NDArray[np.uint8]:
    """Put the detector's defects into the images, in place, and return their mask."""
    assert recipe.detector is not None
    rows = parameters["sample_id"].values
    sky = parameters["sky_level"].values.astype(np.float64)
    if not recipe.image.bands:
        return read_out(images, rows, sky, recipe.detector, recipe.seed, "detector")
    masks = []
    for band, name in enumerate(recipe.image.bands):
        plane, stream = images[:, band], f"detector.{name}"
        masks.append(read_out(plane, rows, sky[:, band], recipe.detector, recipe.seed, stream))
    return np.stack(masks, axis=1)


def _variable(name: str, values: NDArray[Any]) -> xr.Variable:
    row = VOCABULARY[name]
    if values.ndim > len(row.dims):
        row = replace(row, dims=(*row.dims[:-2], "band", *row.dims[-2:]))
    return row.holding(values)
