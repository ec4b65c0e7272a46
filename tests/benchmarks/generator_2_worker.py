"""Generator 2's side of the comparison: each line of input is made, and its seconds answered."""

import json
import sys
import time

import numpy as np

from skybench import generators
from skybench.generators.generate import generate_as_stored
from skybench.generators.recipe_file import load_recipe
from skybench.generators.sky import stamps


def drawn(kind, sources, side):
    """Draw one source an image; return how many and the seconds that it took."""
    columns = {name: np.array(values) for name, values in sources.items()}
    images = np.zeros((columns["flux"].size, side, side))
    begin = time.process_time()
    light = getattr(generators, kind).draw(columns, (side, side))
    stamps.add(images, np.arange(len(images)), light)
    return {"items": len(images), "seconds": time.process_time() - begin}


def generated(recipe, items):
    """Make samples of a packaged recipe; return how many and the seconds that it took."""
    made = load_recipe(recipe)
    begin = time.process_time()
    generate_as_stored(made, 0, items)
    return {"items": items, "seconds": time.process_time() - begin}


if __name__ == "__main__":
    for line in sys.stdin:
        asked = json.loads(line)
        make = generated if "recipe" in asked else drawn
        print(json.dumps(make(**asked)), flush=True)
