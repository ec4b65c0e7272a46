"""From the parameters of geometric images to their pixels."""

from collections.abc import Iterator
from dataclasses import replace

import numpy as np
import xarray as xr
from numpy.typing import NDArray
from scipy.special import ndtri

from skybench.generators.geometric.blur import blur, reach
from skybench.generators.geometric.recipe import GeometricRecipe
from skybench.generators.geometric.scene import draw
from skybench.generators.random_streams import RowStreams
from skybench.generators.schema import VARIABLES, variable
from skybench.generators.variable import EXPECTED_BITS

Floats = NDArray[np.float64]

IMAGE = replace(
    VARIABLES["image"],
    dtype="float32",
    units="1",
    long_name="image of shapes",
    bits=EXPECTED_BITS,
)

_CHANGES = ("blur_sigma", "noise_sigma")
"""What makes pixels of the shapes' brightnesses, which have few bits, any number."""

_BLOCK_PIXELS = 1 << 21
"""Pixels drawn together, margins included, which may be many times the image."""


def render(recipe: GeometricRecipe, parameters: xr.Dataset) -> dict[str, xr.Variable]:
    """Return the images of the samples that the parameters describe, and their segmentation."""
    shape = parameters.sizes["sample"], *recipe.image.shape
    images = np.empty(shape, dtype=IMAGE.dtype)
    front = np.empty(shape, dtype=VARIABLES["segmentation"].dtype)
    noise = RowStreams(recipe.seed, "noise")
    inexact = recipe.antialias or any(parameters[n].values.any() for n in _CHANGES)
    for rows, margin in _blocks(parameters, recipe.image.shape):
        block = parameters.isel(sample=rows)
        drawn, front[rows] = draw(
            block,
            recipe.image.shape,
            combine=recipe.combine,
            antialias=recipe.antialias,
            margin=margin,
        )
        for image, seen in zip(images[rows], _seen(drawn, block, margin, noise), strict=True):
            image[:] = IMAGE.store(seen) if inexact else seen
    return {
        "image": xr.Variable(IMAGE.dims, images, IMAGE.attributes()),
        "segmentation": variable("segmentation", front),
    }


def _blocks(parameters: xr.Dataset, shape: tuple[int, int]) -> Iterator[tuple[slice, int]]:
    """Yield rows to draw together, and the margin that their blur needs."""
    margin = reach(float(parameters["blur_sigma"].values.max(initial=0)))
    step = max(1, _BLOCK_PIXELS // ((shape[0] + 2 * margin) * (shape[1] + 2 * margin)))
    for first in range(0, parameters.sizes["sample"], step):
        yield slice(first, first + step), margin


def _seen(
    images: Floats, parameters: xr.Dataset, margin: int, noise: RowStreams
) -> Iterator[Floats]:
    """Yield the images blurred, without their margin, and with noise."""
    columns = (parameters[n].values.tolist() for n in ("sample_id", "blur_sigma", "noise_sigma"))
    for image, row, width, sigma in zip(images, *columns, strict=True):
        seen = blur(image, width, margin)
        if sigma:
            seen = seen + sigma * ndtri(noise.uniforms(row, seen.size)).reshape(seen.shape)
        yield seen
