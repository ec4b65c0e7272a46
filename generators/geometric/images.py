"""From the parameters of geometric images to their pixels."""

from collections.abc import Iterator

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from skybench.generators.arrays import Floats, Integers
from skybench.generators.domains import within_domain
from skybench.generators.geometric.geometric_object import outlines
from skybench.generators.geometric.objects import GEOMETRIC_OBJECTS
from skybench.generators.geometric.recipe import GeometricRecipe
from skybench.generators.geometric.scene import blur, draw, reach
from skybench.generators.geometric.vocabulary import VOCABULARY
from skybench.generators.native.library import kernel
from skybench.generators.random_streams import RowStreams
from skybench.generators.schema import COMMON, variable
from skybench.generators.sky.noise import Noise, observe
from skybench.generators.variable import EXPECTED_BITS, Variable

_store_images = kernel("store_images")

IMAGE = Variable(
    name="image",
    dims=("sample", "y", "x"),
    dtype="float32",
    units="1",
    long_name="image of shapes",
    bits=EXPECTED_BITS,
)
"""Not in the vocabulary: an image is of electrons elsewhere."""

_FLOAT32_BITS = 23

_BLOCK_PIXELS = 1 << 21
"""Pixels drawn together, margins included, which may be many times the image."""


def render(recipe: GeometricRecipe, parameters: xr.Dataset) -> dict[str, xr.Variable]:
    """Return the images of the samples that the parameters describe, and their segmentation."""
    shape = parameters.sizes["sample"], *recipe.image.shape
    images = np.empty(shape, dtype=IMAGE.dtype)
    segmentation = np.empty(shape, dtype=COMMON["segmentation"].dtype)
    rows, blurs, sigmas = (
        parameters[name].values for name in ("sample_id", "blur_sigma", "noise_sigma")
    )
    for name, values in (("blur_sigma", blurs), ("noise_sigma", sigmas)):
        within_domain(VOCABULARY[name], values, rows)
    blurs, sigmas = blurs.astype(np.float64), sigmas.astype(np.float64)
    # Brightnesses and sums of them, and counts, are the same on any computer without rounding.
    exact = (sigmas == 0) & (bool(recipe.shot) | ((blurs == 0) & (not recipe.antialias)))
    bits = np.where(exact, _FLOAT32_BITS, IMAGE.bits)
    noise = RowStreams(recipe.seed, "noise")
    for some, light, front in _drawn(recipe, parameters):
        seen = blur(light, blurs[some], (light.shape[1] - shape[1]) // 2)
        if recipe.shot:
            seen = _counted(seen, rows[some], recipe.seed)
        normals = _normals(noise, rows[some], sigmas[some], seen.shape)
        _store_images(seen, normals, sigmas[some], bits[some], images[some])
        segmentation[some] = front
    return {
        "image": xr.Variable(IMAGE.dims, images, IMAGE.attributes()),
        "segmentation": variable("segmentation", segmentation),
    }


def _counted(light: Floats, rows: Integers, seed: int) -> Floats:
    """Return Poisson counts of some rows, whose means are the light."""
    none = ("sample", np.zeros(rows.size))
    dark = xr.Dataset({"sample_id": ("sample", rows), "sky_level": none, "read_noise": none})
    return observe(light, dark, Noise(), seed).astype(np.float64)


def _normals(noise: RowStreams, rows: Integers, sigmas: Floats, shape: tuple[int, ...]) -> Floats:
    """Return normal deviates for images of some rows, or zeros where no image has noise."""
    if not sigmas.any():
        return np.zeros(shape)
    return noise.normals_of(rows, shape[1] * shape[2]).reshape(shape)


def _drawn(
    recipe: GeometricRecipe, parameters: xr.Dataset
) -> Iterator[tuple[slice, Floats, NDArray[np.int8]]]:
    """Yield which samples, their light with a margin for the blur, and whose the pixels are."""
    for first, block, margin in _blocks(parameters, recipe.image.shape):
        edges = outlines(block, GEOMETRIC_OBJECTS.values())
        for light, front in draw(
            block,
            edges,
            recipe.image.shape,
            combine=recipe.combine,
            antialias=recipe.antialias,
            margin=margin,
        ):
            yield slice(first, first + len(light)), light, front
            first += len(light)


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
