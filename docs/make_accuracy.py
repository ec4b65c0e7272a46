"""Measure the error of every object over its domain, and write accuracy.json and accuracy.md.

``make accuracy`` runs this; how each object is measured is said in tests/generators/accuracy.
Arguments are the names of classes: only these are measured again. A run that was cut off goes on
where it was. With ``--check`` nothing is written: it ends with 1 where an error is larger than the
page says.
"""

import json
import math
import multiprocessing
import os
import sys
from collections.abc import Iterator, Mapping
from concurrent.futures import ProcessPoolExecutor, as_completed
from hashlib import sha256
from pathlib import Path
from typing import Any

from skybench.generators.drawn_object import DrawnObject
from skybench.generators.families import FAMILIES
from skybench.release.building.generator_identity import code_digest

FOLDER = Path(__file__).parent
FIGURES = FOLDER / "accuracy.json"
PAGE = FOLDER / "accuracy.md"
HARNESS = FOLDER.parent / "tests" / "generators"
UNFINISHED = FOLDER.parent / ".accuracy"

HEAD = """# Accuracy

The error of each object, measured by `make accuracy` against a truth that shares no code with the
engine, over two kinds of cases:

- *usual*: drawn as recipes draw them, from the defaults, on images of 32 pixels a side under a
  Moffat of a FWHM of 1.5 to 4 pixels and an exponent of 2.5 to 5;
- *corners*: each end of each parameter's domain with the rest as usual, then many ends at once.
  Which ends stands below, where a domain has no end or one that no truth can be had for.

A case that the object refuses by name is left out. Errors of images are the largest over their
pixels, and a peak that shows less than 1e-4 of the flux of a source counts as that. How each object
is measured is in [tests/generators/accuracy](../tests/generators/accuracy/measure.py); the figures
are also in [accuracy.json](accuracy.json).
"""

NOTE = """
## Worst cases and ends

The arguments draw the case again: those that a class does not take are given to `render`, a
`side` is that of the image.
"""

Figures = dict[str, list[dict[str, Any]]]

GROWN = 1.2
"""A figure that is this many times the written one is another: processors differ by less."""


def kinds() -> dict[str, type[DrawnObject]]:
    """Return skybench's own objects by the names of their classes."""
    own = (kind for family in FAMILIES.values() for kind in family.objects.values())
    return {kind.__name__: kind for kind in own if kind.__module__.startswith("skybench.")}


def read() -> Figures:
    """Return the figures as they were measured."""
    return json.loads(FIGURES.read_text(encoding="utf-8")) if FIGURES.exists() else {}


def sentence(measured: Mapping[str, Any]) -> str:
    """Return what was found of an object, in a line."""
    usual, corners = measured["usual"], measured["corners"]
    said = (
        f"median {_figure(usual['median'])}, 99 % {_figure(usual['p99'])}, "
        f"largest {_figure(usual['largest'])} {measured['scale']}"
    )
    return said + (f"; in corners up to {_figure(corners['largest'])}" if corners else "")


def page(figures: Figures) -> str:
    """Return the text of the page."""
    tables = "".join(_family(name, figures) for name in FAMILIES)
    cases = "\n".join(line for name in kinds() for line in _worst(name, figures[name]))
    return f"{HEAD}{tables}{NOTE}\n{cases}\n"


def _family(family: str, figures: Figures) -> str:
    rows = [
        _row(name, measured)
        for name, kind in kinds().items()
        if kind.family == family
        for measured in figures[name]
    ]
    if not rows:
        return ""
    return (
        f"\n## {family}\n\n"
        "| object | error | usual: median | 99 % | largest | corners: median | 99 % | largest | "
        "cases | against |\n| --- | --- | --- | --- | --- | --- | --- | --- | --- | --- |\n"
        + "\n".join(rows)
        + "\n"
    )


def _row(name: str, measured: Mapping[str, Any]) -> str:
    groups = measured["usual"], measured["corners"]
    shown = [
        _figure(group[figure]) if group else ""
        for group in groups
        for figure in ("median", "p99", "largest")
    ]
    cases = " + ".join(str(group["cases"]) for group in groups if group)
    cells = [f"`{name}`", measured["scale"], *shown, cases, measured["against"]]
    return "| " + " | ".join(cells) + " |"


def _worst(name: str, measures: list[dict[str, Any]]) -> Iterator[str]:
    for measured in measures:
        cases = (measured[group]["worst"] for group in ("usual", "corners") if measured[group])
        drawn = "; ".join(f"`{name}({_arguments(case)})`" for case in cases)
        ends = "; ".join(
            f"`{parameter}` {', '.join(f'{end:g}' for end in ends)}"
            for parameter, ends in measured["ends"].items()
        )
        yield f"- {drawn}" + (f". Ends: {ends}" if ends else "")


def _arguments(case: Mapping[str, float]) -> str:
    return ", ".join(f"{name}={value:g}" for name, value in case.items())


def _figure(error: float) -> str:
    """Return a figure with one digit, as 2e-4."""
    if error == 0 or not math.isfinite(error):
        return f"{error:g}"
    mantissa, exponent = f"{error:.0e}".split("e")
    return f"{mantissa}e{int(exponent)}"


def _measured(name: str) -> tuple[str, list[dict[str, Any]]]:
    """Measure an object, or read what an earlier run left."""
    sys.path.insert(0, str(HARNESS))
    from accuracy.table import of_object  # the harness is no package of skybench's

    kept = UNFINISHED / f"{name}-{_digest()[:16]}.json"
    if not kept.exists():
        found = [measure.measured() for measure in of_object(name)]
        kept.write_text(json.dumps(found), encoding="utf-8")
    return name, json.loads(kept.read_text(encoding="utf-8"))


def _digest() -> str:
    """Return the SHA-256 of what the figures follow from: generators and harness."""
    digest = sha256(code_digest().encode())
    for path in sorted(HARNESS.rglob("*.py")):
        if not path.name.startswith("test_"):
            digest.update(path.read_bytes())
    return digest.hexdigest()


def write(figures: Figures) -> None:
    """Write both files, objects in the order of the tables."""
    ordered = {name: figures[name] for name in kinds() if name in figures}
    FIGURES.write_text(json.dumps(ordered, indent=1) + "\n", encoding="utf-8")
    if ordered.keys() == kinds().keys():
        PAGE.write_text(page(ordered), encoding="utf-8")


def worse(written: Figures, found: Figures) -> Iterator[str]:
    """Give a sentence for each error that has grown since it was written."""
    for name, measures in found.items():
        before = {one["scale"]: one for one in written.get(name, [])}
        for measured in measures:
            for group in ("usual", "corners"):
                known = before.get(measured["scale"], {}).get(group)
                now = measured[group]
                if now and (not known or now["largest"] > GROWN * known["largest"]):
                    was = _figure(known["largest"]) if known else "not written"
                    got = f"{_figure(now['largest'])} {measured['scale']}"
                    yield f"{name}, {group}: {got}, was {was}"


def main() -> int:
    """Measure the objects that are named, or all; return 2 for a name that there is not."""
    checks = "--check" in sys.argv[1:]
    names = [name for name in sys.argv[1:] if name != "--check"] or list(kinds())
    if unknown := sorted(set(names) - set(kinds())):
        print(f"no object {', '.join(unknown)}; there are: {', '.join(kinds())}", file=sys.stderr)
        return 2
    UNFINISHED.mkdir(exist_ok=True)
    written, cores = read(), len(os.sched_getaffinity(0))
    found: Figures = {}
    spawned = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(min(cores, len(names)), mp_context=spawned) as pool:
        for done in as_completed([pool.submit(_measured, name) for name in names]):
            name, found[name] = done.result()
            for measured in found[name]:
                print(f"{name}: {sentence(measured)}", flush=True)
    grown = list(worse(written, found)) if checks else []
    print(*grown, sep="\n")
    if not checks:
        write(written | found)
    for kept in UNFINISHED.glob("*.json"):
        kept.unlink()
    UNFINISHED.rmdir()
    return 1 if grown else 0


if __name__ == "__main__":
    sys.exit(main())
