"""Packaged recipes from parameters to what is stored, each against generator 2's own.

Those of plane shapes and of light curves are rows of their topics.
"""

from functools import partial

from generator_2_peer import generator_2_recipe

from harness import Work, row

SAMPLES = {
    "clusters": 64,
    "collection": 64,
    "fields": 64,
    "grz": 256,
    "halos": 16,
    "lensing": 64,
    "morphology": 32,
    "nbody": 128,
    "objects": 256,
    "orbits": 128,
    "pendulum": 128,
    "photometry": 64,
    "shapes2": 128,
    "sky": 64,
    "spectra": 16,
    "sphere": 256,
}
"""Of each packaged recipe, how many take generator 2 some tenths of a second.

Of `grz` and `sphere` they are the 256 that a build draws in one call (`Layout.pieces`): of a
few dozen, what is done once a call takes a fifth to a half of the time.
"""

NEEDED = {"sphere": 3, "grz": 3, "pendulum": 3, "nbody": 1, "clusters": 1}


def generating(recipe, items):
    """Generate the first samples, one process each; the peer's recipe is that of its own time."""
    from skybench.generators.generate import generate_as_stored

    def ours():
        generate_as_stored(recipe, 0, items)
        return items

    return Work(ours=ours, peer=lambda: generator_2_recipe(recipe, items))


def _row(recipe):
    prepare = partial(generating, recipe)
    # What a row's topic is read from.
    prepare.__module__ = __name__
    settings = {"items": SAMPLES[recipe], "needed": NEEDED.get(recipe)}
    return row(f"{recipe}, as stored", peer="generator 2", **settings)(prepare)


globals().update({f"of_{recipe}": _row(recipe) for recipe in SAMPLES})
