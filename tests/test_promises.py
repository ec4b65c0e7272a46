"""The promises of docs/trust.md, each attacked by name.

A test here is one attack that was seen to succeed once, told as whoever attacks would do it and
asserted as a user would meet it. The details of each promise are tested beside the code that
keeps it.
"""

import numpy as np

import skybench
from skybench.generators.recipe_file import load_recipe
from skybench.registry.seals import read_seal, unseal
from skybench.release.release import BuildOptions, release
from skybench.release.reproduce import reproduce

QUIET = {"building": BuildOptions(progress=False, workers=1), "baselines": False}


def test_a_label_of_a_sealed_test_split_cannot_be_derived_from_what_is_public(tmp_path):
    """The recipe and its seed are public, and once gave the label of every test sample."""
    store, seal = tmp_path / "store", tmp_path / "objects.seal"
    release("1.0", store=store, datasets="objects", samples=100, sealed=seal, **QUIET)
    public = skybench.open("objects@1.0", split="test", store=store)
    assert set(public["label"].values) == {""}
    assert np.isnan(public["flux"].values).all()
    secret = read_seal(seal).seed
    texts = [path.read_bytes() for path in store.rglob("*") if path.is_file()]
    assert not any(secret.encode() in t or bytes.fromhex(secret) in t for t in texts)
    recipe = load_recipe("objects")
    drawn = skybench.generate(recipe.model_copy(update={"samples": 100})).sel(
        sample=public["sample_id"].values
    )
    assert (drawn.image.values != public.image.values).any(axis=(1, 2)).all()
    unseal("objects@1.0", seal, store=store)
    assert reproduce("objects@1.0", store=store, workers=1, progress=False).ok
