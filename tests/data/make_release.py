"""Make the tiny release beside this file: run once for a published format, then never again.

It is kept as it was written, so that `test_published_format.py` shows that later versions of
skybench open it, verify it and score against it. A new format gets a folder of its own:

    python tests/data/make_release.py tests/data/format-1
"""

import sys
from pathlib import Path

from skybench.generators.recipe_file import load_recipe
from skybench.release.release import BuildOptions, TrainingOptions, release

RECIPE = Path(__file__).with_name("tiny.yaml")


def main(folder: str) -> None:
    """Release the tiny recipe, with its floors, into a folder that is not there yet."""
    if Path(folder).exists():
        sys.exit(f"{folder} is there: what is published is never made again")
    release(
        "1.0",
        store=folder,
        datasets=[load_recipe(RECIPE)],
        building=BuildOptions(workers=1, progress=False),
        training=TrainingOptions(protocols=()),
        record=False,
    )


if __name__ == "__main__":
    main(*sys.argv[1:])
