"""From the parameters of geometric images to their pixels."""

from collections.abc import Iterator
from dataclasses import replace

import numpy as np
import xarray as xr
from numpy.typing import NDArray
from scipy.special import ndtri

from skybench.generators.geometric.blur import blur, reach
from skybench.generators.geometric.domains import within_domain
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

_BLOCK_PIXELS = 1 << 21
"""Pixels drawn together, margins included, which may be many times the image."""


def render(recipe: GeometricRecipe, parameters: xr.Dataset) -> dict[str, xr.Variable]:
    """Return the images of the samples that the parameters describe, and their segmentation."""
    shape = parameters.sizes["sample"], *recipe.image.shape
    images = np.empty(shape, dtype=IMAGE.dtype)
    front = np.empty(shape, dtype=VARIABLES["segmentation"].dtype)
    noise = RowStreams(recipe.seed, "noise")
    for name in ("blur_sigma", "noise_sigma"):
        within_domain(name, parameters[name].values, parameters["sample_id"].values)
    for rows, block, margin in _blocks(parameters, recipe.image.shape):
        drawn, front[rows] = draw(
            block,
            recipe.image.shape,
            combine=recipe.combine,
            antialias=recipe.antialias,
            margin=margin,
        )
        pixels = _pixels(drawn, block, margin, noise)
        for image, (seen, exact) in zip(images[rows], pixels, strict=True):
            image[:] = seen if exact and not recipe.antialias else IMAGE.store(seen)
    return {
        "image": xr.Variable(IMAGE.dims, images, IMAGE.attributes()),
        "segmentation": variable("segmentation", front),
    }


def _blocks(
    parameters: xr.Dataset, shape: tuple[int, int]
) -> Iterator[tuple[slice, xr.Dataset, int]]:
    """Yield rows to draw together, their parameters, and the margin that their blur needs."""
    count = parameters.sizes["sample"]
    margin = reach(float(parameters["blur_sigma"].values.max(initial=0)))
    step = max(1, _BLOCK_PIXELS // ((shape[0] + 2 * margin) * (shape[1] + 2 * margin)))
    if count <= step:
        yield slice(count), parameters, margin
        return
    for first in range(0, count, step):
        rows = slice(first, first + step)
        yield rows, parameters.isel(sample=rows), margin


def _pixels(
    images: Floats, parameters: xr.Dataset, margin: int, noise: RowStreams
) -> Iterator[tuple[Floats, bool]]:
    """Yield the images blurred, without their margin, and with noise.

    Beside each is whether it is as it was drawn. Then it holds the shapes' brightnesses or sums of
    them, which are the same on any computer and need not be rounded to be.
    """
    columns = (parameters[n].values.tolist() for n in ("sample_id", "blur_sigma", "noise_sigma"))
    for image, row, width, sigma in zip(images, *columns, strict=True):
        seen = blur(image, width, margin)
        if sigma:
            seen = seen + sigma * ndtri(noise.uniforms(row, seen.size)).reshape(seen.shape)
        yield seen, not (width or sigma)
