"""From the parameters of geometric images to their pixels."""

from collections.abc import Iterator

import numpy as np
import xarray as xr
from scipy.special import ndtri

from skybench.generators.domains import within_domain
from skybench.generators.geometric.geometric_object import outlines
from skybench.generators.geometric.objects import GEOMETRIC_OBJECTS
from skybench.generators.geometric.recipe import GeometricRecipe
from skybench.generators.geometric.scene import blur, draw, reach
from skybench.generators.geometric.vocabulary import VOCABULARY
from skybench.generators.random_streams import RowStreams
from skybench.generators.schema import COMMON, variable
from skybench.generators.variable import EXPECTED_BITS, Variable

IMAGE = Variable(
    name="image",
    dims=("sample", "y", "x"),
    dtype="float32",
    units="1",
    long_name="image of shapes",
    bits=EXPECTED_BITS,
)
"""Not in the vocabulary: an image is of electrons elsewhere."""

_CHANGES = ("blur_sigma", "noise_sigma")
"""What is done to an image after the shapes are drawn."""

_BLOCK_PIXELS = 1 << 21
"""Pixels drawn together, margins included, which may be many times the image."""


def render(recipe: GeometricRecipe, parameters: xr.Dataset) -> dict[str, xr.Variable]:
    """Return the images of the samples that the parameters describe, and their segmentation."""
    shape = parameters.sizes["sample"], *recipe.image.shape
    images = np.empty(shape, dtype=IMAGE.dtype)
    segmentation = np.empty(shape, dtype=COMMON["segmentation"].dtype)
    noise = RowStreams(recipe.seed, "noise")
    for name in _CHANGES:
        within_domain(VOCABULARY[name], parameters[name].values, parameters["sample_id"].values)
    for first, block, margin in _blocks(parameters, recipe.image.shape):
        drawn = draw(
            block,
            outlines(block, GEOMETRIC_OBJECTS.values()),
            recipe.image.shape,
            combine=recipe.combine,
            antialias=recipe.antialias,
            margin=margin,
        )
        columns = (block[name].values.tolist() for name in ("sample_id", *_CHANGES))
        for i, ((image, front), row, width, sigma) in enumerate(
            zip(drawn, *columns, strict=True), first
        ):
            segmentation[i] = front
            seen = blur(image, width, margin)
            if sigma:
                seen = seen + sigma * ndtri(noise.uniforms(row, seen.size)).reshape(seen.shape)
            # Brightnesses and sums of them are the same on any computer without rounding.
            exact = not (recipe.antialias or width or sigma)
            images[i] = seen if exact else IMAGE.store(seen)
    return {
        "image": xr.Variable(IMAGE.dims, images, IMAGE.attributes()),
        "segmentation": variable("segmentation", segmentation),
    }


def _blocks(
    parameters: xr.Dataset, shape: tuple[int, int]
) -> Iterator[tuple[int, xr.Dataset, int]]:
    """Yield samples to draw together: the first, their parameters, the margin for their blur."""
    count = parameters.sizes["sample"]
    margin = reach(float(parameters["blur_sigma"].values.max(initial=0)))
    step = max(1, _BLOCK_PIXELS // ((shape[0] + 2 * margin) * (shape[1] + 2 * margin)))
    if count <= step:
        yield 0, parameters, margin
        return
    for first in range(0, count, step):
        yield first, parameters.isel(sample=slice(first, first + step)), margin
