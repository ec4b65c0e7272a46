"""DeepBench's side of the comparison; runs under its own Python and needs nothing of skybench.

Each line on standard input names a function below and its parameters; the answer is a line with
what it made and its seconds. Random parameters are drawn before the clock starts.
"""

import json
import sys
import tempfile
import time

import numpy as np


def collection(items, side, kinds):
    """Make a Collection of sky images with a source of each kind, and write it."""
    from deepbench.collection import Collection

    place = {"center_x": side / 2, "center_y": side / 2}
    config = {
        "object_type": "sky",
        "object_name": "SkyImage",
        "total_runs": items,
        "image_parameters": {"image_shape": (side, side), "object_noise_level": 0.1},
        "object_parameters": {
            kind: {"object": dict(place), "instance": {"radius": 3.0, "amplitude": 1.0}}
            for kind in kinds
        },
    }
    with tempfile.TemporaryDirectory() as folder:
        begin = time.perf_counter()
        made = Collection(config)
        made()
        made.save(folder)
        return items, time.perf_counter() - begin


def shapes(items, side):
    """Draw images of a rectangle, a polygon and an ellipse, each outlined."""
    from deepbench.image import ShapeImage

    image = ShapeImage((side, side))
    random = np.random.default_rng(0)
    drawn = []
    for _ in range(items):
        centre = random.uniform(0.3 * side, 0.7 * side, (3, 2))
        size = random.uniform(0.1 * side, 0.4 * side, (3, 2))
        angle = random.uniform(0, 180, 3)
        drawn.append(
            [
                {"center": tuple(centre[0]), "width": size[0, 0], "height": size[0, 1]}
                | {"angle": angle[0], "line_width": 3},
                {"center": tuple(centre[1]), "radius": size[1, 0], "vertices": 5}
                | {"angle": angle[1], "line_width": 3},
                {"center": tuple(centre[2]), "width": size[2, 0], "height": size[2, 1]}
                | {"angle": angle[2], "line_width": 3},
            ]
        )
    begin = time.process_time()
    for parameters in drawn:
        image.combine_objects(["rectangle", "polygon", "ellipse"], parameters)
    return items, time.process_time() - begin


def main():
    """Answer the lines of standard input."""
    answers, sys.stdout = sys.stdout, sys.stderr
    for line in sys.stdin:
        request = json.loads(line)
        items, seconds = globals()[request["work"]](**request["parameters"])
        print(json.dumps({"items": items, "seconds": seconds}), file=answers, flush=True)


if __name__ == "__main__":
    main()
