"""A dataset of your own, released into a bucket, and read as others will read it.

    SKYBENCH_STORE=s3://bucket/skybench python docs/tutorials/maintainer.py

Keys, region and endpoint of the bucket are where its other tools look for them, such as
AWS_ACCESS_KEY_ID. A folder is a store, too.
"""

import os
from pathlib import Path

import intake
import numpy as np
import yaml

import skybench
from skybench.gallery import save_gallery
from skybench.generators.starting_recipe import starting_recipe
from skybench.release.release import release

STORE = os.environ["SKYBENCH_STORE"]

# What 'skybench recipe new compact' writes, and what one changes in an editor.
recipe = yaml.safe_load(starting_recipe("compact"))
recipe |= {"title": "Stars against compact galaxies", "licence": "CC-BY-4.0", "samples": 600}
recipe["image"]["shape"] = [32, 32]
recipe["psf"]["fwhm"] = {"distribution": "uniform", "low": 2.5, "high": 3.5}
size = {"distribution": "uniform", "low": 0.5, "high": 2.0}
recipe["sources"]["sersic"]["half_light_radius"] = size
Path("compact.yaml").write_text(yaml.safe_dump(recipe, sort_keys=False))

# All mistakes are told at once, before anything is made. Then look at some samples.
print(skybench.load_recipe("compact.yaml").title)
save_gallery(skybench.generate("compact.yaml", 60), "look.png", count=16)

# Build, hash and publish. Readers see all of the version or nothing; again, it changes nothing.
(released,) = release("0.1", datasets="compact.yaml", store=STORE, baselines=False)
print(released)
print(*release("0.1", datasets="compact.yaml", store=STORE, baselines=False))

# A reader opens it from the bucket, by skybench or by Intake alone.
train = skybench.open("compact@0.1", split="train", store=STORE)
print(train.sizes["sample"], "samples to train with:", *np.unique(train.label))
catalog = intake.open_catalog(f"{STORE}/catalog.yaml")
print(list(catalog), catalog.compact_v0_test.to_dask().sizes["sample"], "samples to test")

# And proves it: every row against the content hash, and two by drawing them again from the recipe.
print(skybench.verify("compact@0.1", full=True, store=STORE))
print(skybench.reproduce("compact@0.1", samples=[17, 99], store=STORE))

# Whoever wants it in another format proves that file by the same hash.
file = skybench.export("hdf5", "compact@0.1", split="test", store=STORE)
print(skybench.verify(file))
