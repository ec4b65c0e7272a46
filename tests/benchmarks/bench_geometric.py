"""Geometric images in memory, parameters drawn and recorded, against DeepBench."""

import numpy as np

from deepbench_peer import deepbench
from harness import Work, row

SIDE = 256
THICKNESS = 3
PEER_ITEMS = 4


def recipe(**changes):
    """Return the recipe of three outlines on 256x256, of the sizes that DeepBench draws here."""
    from skybench.generators.recipe_file import recipe_from

    size = {"distribution": "uniform", "low": 0.1 * SIDE, "high": 0.4 * SIDE}
    half = {"distribution": "uniform", "low": 0.05 * SIDE, "high": 0.2 * SIDE}
    sources = {
        "rectangle": {"width": size, "height": size},
        "polygon": {"radius": size, "side_count": 5},
        "ellipse": {"radius": half},
    }
    return recipe_from(
        {
            "family": "geometric",
            "name": "outlines",
            "title": "Three outlines",
            "description": "",
            "licence": "CC-BY-4.0",
            "citation": "",
            "seed": 1,
            "samples": 10000,
            "task": "multilabel",
            "combine": "sum",
            "image": {"shape": [SIDE, SIDE]},
            "scene": {"count": 3, "placement": {"margin": 0.3 * SIDE}},
            "sources": {
                name: {"profile": name, "thickness": THICKNESS} | sizes
                for name, sizes in sources.items()
            },
            "classes": {name: {"sources": [name]} for name in sources},
            "splits": {"train": 1.0},
        }
        | changes
    )


@row("geometric 256x256, 3 shapes", peer="DeepBench ShapeImage", needed=100, items=64)
def shapes(items):
    """Pixels by the centre rule, as DeepBench has them; its parameters are drawn beforehand."""
    return _work(recipe(), items, _by_formula)


@row("geometric 256x256, 3 shapes, exact coverage", peer="DeepBench, not anti-aliased", items=64)
def covered(items):
    """Anti-aliased: DeepBench has no such thing, so its plain images are what it is next to."""
    return _work(recipe(antialias=True), items, _by_area)


@row(
    "geometric 64x64, blurred and noisy, as stored in memory",
    peer="generator 2",
    needed=3,
    items=1000,
)
def whole_samples(items):
    """Draw parameters, shapes, blur and noise of the packaged recipe, as they are stored."""
    from generator_2_peer import generator_2_recipe

    from skybench.generators.generate import generate_as_stored
    from skybench.generators.recipe_file import load_recipe

    recipe = load_recipe("geometric")

    def ours():
        generate_as_stored(recipe, 0, items)
        return items

    return Work(ours=ours, peer=lambda: generator_2_recipe("geometric", items))


def _work(fields, items, error):
    from skybench.generators.generate import generate_as_stored

    def ours():
        generate_as_stored(fields, 0, items)
        return items

    return Work(
        ours=ours,
        peer=lambda: deepbench("shapes", items=min(items, PEER_ITEMS), side=SIDE),
        error=lambda: error(generate_as_stored(fields, 0, min(items, PEER_ITEMS))),
    )


def _by_formula(images):
    """Return the largest difference to the shapes' inequalities at each pixel's centre."""
    worst = 0.0
    for sample in range(images.sizes["sample"]):
        truth = np.zeros((SIDE, SIDE))
        for shape in _shapes(images, sample):
            truth += _inside(shape, 0.0) & ~_inside(shape, THICKNESS)
        worst = max(worst, float(np.abs(images.image.values[sample] - truth).max()))
    return worst


def _by_area(images):
    """Return the largest error of the light of an image, as a share of it."""
    worst = 0.0
    for sample in range(images.sizes["sample"]):
        area = sum(_area(s, 0.0) - _area(s, THICKNESS) for s in _shapes(images, sample))
        light = float(images.image.values[sample].sum(dtype=np.float64))
        worst = max(worst, abs(light / area - 1))
    return worst


def _shapes(images, sample):
    names = [n for n, v in images.coords.items() if v.dims == ("sample", "source")]
    for slot in range(images.sizes["source"]):
        shape = {n: float(images[n].values[sample, slot]) for n in names}
        yield shape | {"kind": images.kind.values[sample, slot]}


def _inside(shape, inset):
    y, x = np.indices((SIDE, SIDE))
    x, y = x - shape["source_x"], y - shape["source_y"]
    angle = np.deg2rad(shape["position_angle"])
    u, v = x * np.cos(angle) + y * np.sin(angle), y * np.cos(angle) - x * np.sin(angle)
    if shape["kind"] == 1:
        return (abs(u) < shape["width"] / 2 - inset) & (abs(v) < shape["height"] / 2 - inset)
    if shape["kind"] == 2:
        part = np.pi / shape["side_count"]
        from_side = np.mod(np.arctan2(v, u), 2 * part) - part
        return np.hypot(u, v) * np.cos(from_side) < shape["radius"] * np.cos(part) - inset
    major, minor = shape["radius"] - inset, shape["radius"] * shape["axis_ratio"] - inset
    return (u / major) ** 2 + (v / minor) ** 2 < 1


def _area(shape, inset):
    if shape["kind"] == 1:
        return (shape["width"] - 2 * inset) * (shape["height"] - 2 * inset)
    if shape["kind"] == 2:
        part = np.pi / shape["side_count"]
        apothem = shape["radius"] * np.cos(part) - inset
        return shape["side_count"] * np.tan(part) * apothem**2
    return np.pi * (shape["radius"] - inset) * (shape["radius"] * shape["axis_ratio"] - inset)
