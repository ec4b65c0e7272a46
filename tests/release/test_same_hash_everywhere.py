"""One recipe has one content hash, whatever the CPU can do and however it is built.

numpy picks its loops by CPU features, and float64 results differ in the last bit between them.
Each packaged recipe is built in a subprocess with all optional features off, and with the kernels
of each level of instructions.
"""

import os
import subprocess
import sys

import numpy as np
import pytest

from skybench.generators.generate import generate_as_stored
from skybench.generators.native import compiling, library
from skybench.generators.recipe_file import load_recipe, packaged_recipes
from skybench.registry.hashing.content_hash import hash_dataset

SAMPLES = 48

REBUILD = """
import sys
import numpy as np
from skybench.generators.recipe_file import load_recipe
from skybench.release.building.build import build

features = np._core._multiarray_umath.__cpu_features__
print(sum(features[name] for name in np._core._multiarray_umath.__cpu_dispatch__))
for name in sys.argv[3:]:
    target = f"{sys.argv[1]}/{name}.zarr"
    built = build(load_recipe(name), target, samples=int(sys.argv[2]), progress=False,
                  chunk_rows=8, shard_rows=16)
    print(built.content.root)
"""


def optional_features() -> list[str]:
    """What numpy has loops for beyond its baseline, and this CPU supports."""
    umath = np._core._multiarray_umath  # type: ignore[attr-defined]
    return [name for name in umath.__cpu_dispatch__ if umath.__cpu_features__[name]]


def rebuilt(folder, **environment):
    """Return how many optional features numpy had, and the roots of the packaged recipes."""
    run = subprocess.run(
        [sys.executable, "-c", REBUILD, str(folder), str(SAMPLES), *packaged_recipes()],
        env=os.environ | environment,
        capture_output=True,
        text=True,
        check=True,
    )
    enabled, *roots = run.stdout.split()
    return int(enabled), dict(zip(packaged_recipes(), roots, strict=True))


@pytest.fixture(scope="module")
def here():
    """The roots of the packaged recipes with all that this CPU can do."""
    few = {n: load_recipe(n).model_copy(update={"samples": SAMPLES}) for n in packaged_recipes()}
    return {name: hash_dataset(generate_as_stored(recipe)).root for name, recipe in few.items()}


def levels_below():
    """The levels of the kernels below this CPU's own."""
    known = compiling.levels()
    return known[: known.index(library.level())]


@pytest.mark.skipif(not optional_features(), reason="this CPU has none beyond numpy's baseline")
def test_without_avx512_and_avx2(tmp_path, here):
    plain = {
        "NPY_DISABLE_CPU_FEATURES": " ".join(optional_features()),
        "SKYBENCH_CPU": compiling.levels()[0],
    }
    enabled, roots = rebuilt(tmp_path, **plain)
    assert enabled == 0, "the features are still on"
    assert roots == here


@pytest.mark.parametrize("level", levels_below()[1:])
def test_with_the_kernels_of_a_level_between(tmp_path, here, level):
    assert rebuilt(tmp_path, SKYBENCH_CPU=level)[1] == here
