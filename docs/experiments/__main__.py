"""Run the experiments that are named, or all whose results are not there, and write the page.

``make experiments`` runs this.
"""

import argparse
import sys
from pathlib import Path

from experiments import page
from experiments.experiment import Place
from experiments.table import EXPERIMENTS

WORK = Path("experiments-work")


def main(arguments: list[str] | None = None) -> int:
    """Run; return 2 for a name that there is not."""
    options = _options(arguments)
    place = Place(work=options.work, real=options.real)
    names = options.names or list(EXPERIMENTS)
    if unknown := sorted(set(names) - set(EXPERIMENTS)):
        print(
            f"no experiment {', '.join(unknown)}; there are: {', '.join(EXPERIMENTS)}",
            file=sys.stderr,
        )
        return 2
    for name in names:
        one = EXPERIMENTS[name]
        if one.numbers() is not None:
            place.report(f"{name}: its result is there")
        elif lacking := one.lacks(place):
            place.report(f"{name}: left out, for it needs REAL with {', '.join(lacking)}")
        else:
            place.report(f"{name}: begun")
            one.run(place)
            page.write()
    page.write()
    return 0


def _options(arguments: list[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="make experiments", description=__doc__)
    parser.add_argument("names", nargs="*")
    parser.add_argument("--real", type=Path, help="the folder of real images")
    parser.add_argument("--work", type=Path, default=WORK)
    return parser.parse_args(arguments)


if __name__ == "__main__":
    sys.exit(main())
