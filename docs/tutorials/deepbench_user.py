"""A configuration of DeepBench as a recipe, and its samples as the NPY files of the paper.

python docs/tutorials/deepbench_user.py [config.yaml]
"""

import sys
from pathlib import Path

import numpy as np

import skybench
from skybench.gallery import save_gallery
from skybench.registry.translations.deepbench import from_deepbench
from skybench.release.release import release

EXAMPLE = Path(__file__).with_name("deepbench.yaml")
config = Path(sys.argv[1]) if len(sys.argv) > 1 else EXAMPLE

# As 'skybench recipe from-deepbench config.yaml': what differs as a whole, then what became of
# each value. All of it also stands above the recipe, as comments.
made = from_deepbench(config)
lost = [line for line in made.report if "-> nothing" in line]
print(*made.notes, "", *(line for line in made.report if line not in lost), sep="\n")
print(f"\n{len(lost)} of {len(made.report)} values have no counterpart:", *lost, sep="\n")
name = made.recipe["name"]
recipe = Path(f"{name}-recipe.yaml")
recipe.write_text(made.text())

# DeepBench repeats one image with noise on its parameters. Here each sample is drawn anew, and what
# was drawn is known of each source.
ds = skybench.generate(recipe, 16)
print(
    skybench.sources(ds)[["sample_id", "kind", "flux", "half_light_radius", "pitch_angle"]].head()
)
print(save_gallery(ds, "look.png", count=16, columns=4))

# All samples become a version with a name and a hash, in a folder beside you, and that becomes the
# files of the DeepBench paper: xtrain_0.npy and ytrain_0.npy, 512 samples each.
release("0.1", datasets=recipe, store="store", baselines=False)
folder = skybench.export("npy", f"{name}@0.1", store="store")
x, y = np.load(folder / "xtrain_0.npy"), np.load(folder / "ytrain_0.npy")
print(folder, x.shape, x.dtype, y.shape, y.dtype, sep=", ")
print("classes:", *skybench.open(f"{name}@0.1", store="store")["class"].to_numpy())
