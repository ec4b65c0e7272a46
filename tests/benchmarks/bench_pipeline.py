"""From a recipe to a published, hashed Zarr store, against DeepBench's Collection and ourselves.

DeepBench writes an HDF5 file and a YAML file, without noise of the detector, without convolving or
integrating over pixels, and every image of a Collection has the same parameters.
"""

import json
import subprocess
import sys
import tempfile

from deepbench_peer import deepbench
from harness import Timed, Work, row

_BUILD = """
import json, resource, sys, time
from pathlib import Path
from skybench.generators.generate import generate
from skybench.generators.recipe_file import load_recipe
from skybench.release.build import build

name, samples, folder = sys.argv[1], int(sys.argv[2]), Path(sys.argv[3])
recipe = load_recipe(name.removesuffix(" (stars)"))
changes = {"samples": samples}
if name.endswith(" (stars)"):
    star = recipe.sources["star"].model_dump(mode="json")
    changes["sources"] = {source: star for source in recipe.sources}
recipe = type(recipe).model_validate(recipe.model_dump(mode="json") | changes)
generate(recipe, 0, 1)
begin, cpu = time.perf_counter(), time.process_time()
build(recipe, str(folder / "made.zarr"), progress=False, workers=int(sys.argv[4]))
seconds, cpu = time.perf_counter() - begin, time.process_time() - cpu
peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
print(json.dumps({"seconds": seconds, "cpu": cpu, "peak": peak}))
"""


def built(name, samples, workers):
    """Build a dataset in a process of its own; return its seconds, CPU seconds, peak kB."""
    with tempfile.TemporaryDirectory() as folder:
        done = subprocess.run(
            [sys.executable, "-c", _BUILD, name, str(samples), folder, str(workers)],
            capture_output=True,
            text=True,
            check=True,
        )
    return json.loads(done.stdout.splitlines()[-1])


def _rows_of_pipeline(name, side, kinds):
    def prepare(items):
        def ours():
            return Timed(items, built(name, items, workers=2)["seconds"])

        def peer():
            return deepbench("collection", items=max(2, items // 10), side=side, kinds=kinds)

        return Work(ours=ours, peer=peer)

    return prepare


objects = row(
    "10,000 objects 28x28, recipe to published Zarr with hash, 2 cores",
    peer="DeepBench Collection with write, a star each",
    needed=20,
    items=10_000,
    clock="wall",
)(_rows_of_pipeline("objects", 28, ["star"]))

sky = row(
    "10,000 sky 64x64, recipe to published Zarr with hash, 2 cores",
    peer="DeepBench Collection with write, 3 sources each",
    needed=10,
    items=10_000,
    clock="wall",
)(_rows_of_pipeline("sky", 64, ["star", "galaxy", "spiral_galaxy"]))


@row(
    "10,000 sky 64x64, distance from the noise generator, 1 core",
    peer="",
    floor_limit=2,
    items=10_000,
    tiny=2,
    clock="cpu",
)
def distance(items):
    """The floor: numpy's exact Poisson and normal numbers for the pixels of the same images."""
    import numpy as np

    from skybench.generators.generate import generate
    from skybench.generators.recipe_file import load_recipe
    from skybench.generators.sky.scene import expected

    recipe = load_recipe("sky")
    some = generate(recipe, 0, min(items, 256))
    light = np.maximum(expected(some, recipe.image.shape), 0)
    light += some.sky_level.values[:, None, None]
    random = np.random.Generator(np.random.Philox(0))

    def ours():
        return Timed(items, built("sky", items, workers=1)["cpu"])

    def floor():
        for image in light:
            random.poisson(image)
            random.standard_normal(image.shape, dtype=np.float32)
        return len(light)

    return Work(ours=ours, floor=floor)


def _scaling(few, many):
    def prepare(items):
        """Time and memory of a run ten or a hundred times as long; the error is memory's growth."""
        share = items / many
        peaks = {}

        def run(samples):
            done = built("objects (stars)", max(2, int(samples * share)), workers=1)
            peaks[samples] = done["peak"]
            return Timed(max(2, int(samples * share)), done["cpu"])

        return Work(
            ours=lambda: run(many),
            peer=lambda: run(few),
            error=lambda: max(0.0, peaks.get(many, 0) / peaks.get(few, 1) - 1),
        )

    return prepare


scaling = row(
    "100,000 stars 28x28 against 10,000: rate, growth of peak memory",
    peer="ours, 10,000 stars",
    needed=0.9,
    limit=0.3,
    items=100_000,
    tiny=20,
)(_scaling(10_000, 100_000))

scaling_far = row(
    "1,000,000 stars 28x28 against 10,000: rate, growth of peak memory",
    peer="ours, 10,000 stars",
    needed=0.9,
    limit=0.3,
    items=1_000_000,
    tiny=200,
    slow=True,
)(_scaling(10_000, 1_000_000))
