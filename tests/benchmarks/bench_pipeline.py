"""From a recipe to a published, hashed Zarr store, against DeepBench's Collection and ourselves.

DeepBench writes an HDF5 and a YAML file. Its images are sampled at the centres of pixels, the PSF
and the noise of the detector are left out, and all images of a Collection have the same parameters.
"""

import json
import os
import subprocess
import sys
import tempfile
import time
from unittest.mock import patch

from bench_sky import numpy_noise
from deepbench_peer import deepbench
from harness import Timed, Work, row

FEW = 100
"""So few samples are built in this process, which has no imports to wait for."""


def built(recipe, samples, workers):
    """Build a dataset in a process of its own; return its seconds, CPU seconds, peak memory."""
    text = json.dumps(recipe | {"samples": samples})
    with tempfile.TemporaryDirectory() as folder:
        if samples < FEW:
            return built_here(text, folder, workers)
        done = subprocess.run(
            [sys.executable, __file__, text, folder, str(workers)],
            stdout=subprocess.PIPE,
            text=True,
            check=True,
        )
    return json.loads(done.stdout.splitlines()[-1])


def built_here(text, folder, workers):
    import resource

    from skybench.generators.generate import generate_as_stored
    from skybench.generators.recipe_file import recipe_from
    from skybench.release.building.build import build

    recipe = recipe_from(json.loads(text))
    generate_as_stored(recipe, 0, 1)
    begin, cpu = time.perf_counter(), time.process_time()
    build(recipe, f"{folder}/made.zarr", progress=False, workers=workers)
    seconds, cpu = time.perf_counter() - begin, time.process_time() - cpu
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return {"seconds": seconds, "cpu": cpu, "peak": peak}


def packaged(name):
    from skybench.generators.recipe_file import load_recipe

    return load_recipe(name).model_dump(mode="json")


def pairs(side):
    """Two stars or elliptical galaxies on an image, anywhere on it."""
    recipe = packaged("sky")
    del recipe["sources"]["spiral"], recipe["classes"]["spiral"]
    recipe["image"]["shape"] = [side, side]
    recipe["scene"] = {"count": 2, "placement": {"margin": 5}}
    return recipe


def stars():
    recipe = packaged("objects")
    recipe["sources"] = dict.fromkeys(recipe["sources"], recipe["sources"]["star"])
    return recipe


def _against_deepbench(recipe, side, kinds):
    def prepare(items):
        """DeepBench makes a tenth: its time is proportional to the number."""
        made = recipe()

        def ours():
            return Timed(items, built(made, items, workers=2)["seconds"])

        def peer():
            return deepbench("collection", items=max(2, items // 10), side=side, kinds=kinds)

        return Work(ours=ours, peer=peer)

    return prepare


_RENDERING = """Of an image of 28x28 about a third is kernels, a tenth hash, a fifth planning in
Python, and a fifth is fixed: laying the store down, flushing and checking its files. Tried: rows
hashed by a kernel (0.06 to 0.12 us a short row instead of 0.34, a row of 3 kB 1.2 with AVX-512 and
2.4 with AVX2 instead of 2.8); blocks of 2^19 to 2^23 values (2^22 is best for 64x64, 256x256)."""

_THREADS = """On a quiet machine of 16 cores, pinned to as many cores as workers, medians of five:
sky takes 5.65 s with one, 1.98 times less with two, 2.9 with four, 3.3 with eight, all in threads;
objects 1.78 s with one, and 1.4 times less with two. A build goes on in processes where the cost of
its first shard tells that these repay their start.
By thread time on a busy machine, what is not kernels is 0.44 of a group of objects and 0.33 of sky:
the most that can hold the interpreter's lock, for compression and writing let it go. Were it all
held, two threads that queue for it would do 2 / (1 + g^2) times one's work, with the tenth that is
not shared 1.57 and 1.73: an estimate, and sky above does better. Tried: pieces of 2048 rows
instead of 1024 (0.82 s of a processor for 0.96, g 0.36, but 10,000 rows are then five groups for
two threads); the lock handed over every 0.1 ms (five pairs under load, which cannot tell);
by what the first shard waited, which on a busy machine takes its load for the lock. Estimated, not
built: all variables hashed in one call, 1.58 for 1.57; processes, whose start takes 2 s."""

pairs_28 = row(
    "10,000 sky 28x28, stars and ellipticals, to published Zarr with hash, 2 cores",
    peer="DeepBench Collection with write",
    needed=20,
    items=10_000,
    clock="wall",
    note=_RENDERING,
)(_against_deepbench(lambda: pairs(28), 28, ["star", "galaxy"]))

pairs_64 = row(
    "10,000 sky 64x64, stars and ellipticals, to published Zarr with hash, 2 cores",
    peer="DeepBench Collection with write",
    needed=10,
    items=10_000,
    clock="wall",
    note=_RENDERING,
)(_against_deepbench(lambda: pairs(64), 64, ["star", "galaxy"]))

sky_64 = row(
    "10,000 sky 64x64 as packaged, with spirals, to published Zarr with hash, 2 cores",
    peer="DeepBench Collection with write",
    needed=8,
    items=10_000,
    clock="wall",
    note=_RENDERING,
)(_against_deepbench(lambda: packaged("sky"), 64, ["star", "galaxy", "spiral_galaxy"]))


def _two_threads(name):
    def prepare(items):
        """The peer is ours with one worker."""
        made = packaged(name)

        def run(workers):
            return lambda: Timed(items, built(made, items, workers)["seconds"])

        return Work(ours=run(2), peer=run(1))

    return prepare


sky_threads, objects_threads = (
    row(
        f"10,000 {name}, built by two workers",
        peer="ours, one worker",
        needed=1.7,
        items=10_000,
        clock="wall",
        note=_THREADS,
    )(_two_threads(name))
    for name in ("sky", "objects")
)


@row(
    "10,000 sky 64x64 released without baselines, on the disk when that returns",
    peer="the same, nothing flushed",
    needed=0.9,
    items=10_000,
    clock="wall",
    note="""Each file is flushed by itself, 16 at once. One syncfs takes half as long on an idle
    disk, but waits for what others are writing to it.""",
)
def flushed(items):
    """Both release into the working directory: a folder of temporary files may be in memory."""
    from skybench.generators.recipe_file import load_recipe
    from skybench.release.release import BuildOptions, release

    recipe = load_recipe("sky").model_copy(update={"samples": items})

    def ours():
        with tempfile.TemporaryDirectory(dir=".", prefix=".bench-") as store:
            quiet = BuildOptions(progress=False, workers=2)
            release("0.1", store=store, datasets=recipe, baselines=False, building=quiet)
        return items

    def peer():
        with patch.object(os, "fsync"):
            return ours()

    return Work(ours=ours, peer=peer)


@row(
    "10,000 sky 64x64, stars and ellipticals, to Zarr with hash, over the noise alone",
    peer="",
    floor_limit=1.7,
    items=10_000,
    note=_RENDERING,
)
def distance(items):
    """The floor: numpy's exact Poisson and normal numbers for the pixels of the same images."""
    from skybench.generators.recipe_file import recipe_from

    made = pairs(64)

    def ours():
        return Timed(items, built(made, items, workers=1)["cpu"])

    return Work(ours=ours, floor=numpy_noise(recipe_from(made), min(items, 256)))


def _scaling(few, many):
    def prepare(items):
        """The peer is a shorter run of ours; the error is the growth of peak memory."""
        recipe, peaks = stars(), {}

        def run(samples):
            count = max(2, samples * items // many)
            done = built(recipe, count, workers=1)
            peaks[samples] = done["peak"]
            return Timed(count, done["cpu"])

        return Work(
            ours=lambda: run(many),
            peer=lambda: run(few),
            error=lambda: max(0.0, peaks[many] / peaks[few] - 1),
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


if __name__ == "__main__":
    print(json.dumps(built_here(sys.argv[1], sys.argv[2], int(sys.argv[3]))))
