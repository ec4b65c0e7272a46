"""One recipe has one content hash, whatever the CPU can do and however it is built.

numpy picks its loops by CPU features, and float64 results differ in the last bit between them.
Each packaged recipe is built in a subprocess with all optional features off.
"""

import os
import subprocess
import sys

import numpy as np
import pytest

from skybench.generators.generate import generate_as_stored
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


@pytest.mark.skipif(not optional_features(), reason="this CPU has none beyond numpy's baseline")
def test_without_avx512_and_avx2(tmp_path):
    recipes = packaged_recipes()
    run = subprocess.run(
        [sys.executable, "-c", REBUILD, str(tmp_path), str(SAMPLES), *recipes],
        env=os.environ | {"NPY_DISABLE_CPU_FEATURES": " ".join(optional_features())},
        capture_output=True,
        text=True,
        check=True,
    )
    enabled, *roots = run.stdout.split()
    assert enabled == "0", "the features are still on"
    for name, root in zip(recipes, roots, strict=True):
        here = load_recipe(name).model_copy(update={"samples": SAMPLES})
        assert hash_dataset(generate_as_stored(here)).root == root, f"{name} depends on the CPU"
