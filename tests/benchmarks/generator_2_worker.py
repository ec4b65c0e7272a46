"""Generator 2's side of the comparison: each line of input is drawn, and its seconds answered."""

import json
import sys
import time

import numpy as np

from skybench import generators
from skybench.generators.generate import generate_as_stored
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
    """Generate samples of a packaged recipe, after one that warms the caches."""
    generate_as_stored(recipe, 0, 1)
    begin = time.process_time()
    generate_as_stored(recipe, 0, items)
    return {"items": items, "seconds": time.process_time() - begin}


WORKS = {work.__name__: work for work in (drawn, generated)}

if __name__ == "__main__":
    for line in sys.stdin:
        asked = json.loads(line)
        print(json.dumps(WORKS[asked["work"]](**asked["parameters"])), flush=True)
