"""The data card of a version: Markdown for people, front matter for Hugging Face."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import yaml

from skybench.registry.manifest import Manifest, Range
from skybench.registry.metrics import Metric
from skybench.registry.reference import Version
from skybench.registry.tasks import ACCURACY

_SIZES = ((10**3, "n<1K"), (10**4, "1K<n<10K"), (10**5, "10K<n<100K"), (10**6, "100K<n<1M"))
_CATEGORIES = {"regression": "other", "segmentation": "image-segmentation"}
_OPEN = """\
```python
import skybench

ds = skybench.open("{reference}", split="train")
```

or, where only Intake is at hand, from the folder of the store:

```python
import intake

ds = intake.open_catalog("catalog.yaml").{key}_train.to_dask()
```"""


@dataclass(frozen=True, kw_only=True)
class CardScore:
    """What one baseline scored on the test split, as the card shows it.

    Parameters
    ----------
    name : str
        Of the baseline.
    score : float
        The headline of the task: accuracy, exact match where the task is multi-label.
    interval : tuple of float, optional
        95 % confidence interval.
    metric : Metric
        What the score is.
    """

    name: str
    score: float
    interval: tuple[float, float] | None = None
    metric: Metric = ACCURACY


def card_text(manifest: Manifest, scores: Sequence[CardScore] = ()) -> str:
    """Return the data card as Markdown.

    Parameters
    ----------
    manifest : Manifest
        Of the version.
    scores : sequence of CardScore
        Shown best first.
    """
    sections = {
        manifest.title: manifest.description.strip() + _promise(manifest),
        "Identity": _identity(manifest),
        "How to open it": _opening(manifest),
        "Splits": _splits(manifest),
        **({"Targets": _bullets(manifest.targets)} if manifest.targets else {}),
        **({"Classes": _bullets(manifest.classes)} if manifest.classes else {}),
        "Variables": _variables(manifest),
        "Baselines": _baselines(scores),
        "Licence": f"[{manifest.licence}](https://spdx.org/licenses/{manifest.licence}.html)",
        "Citation": manifest.citation.strip() or "None given.",
    }
    (title, summary), *rest = sections.items()
    body = [f"# {title}", summary, *(f"## {name}\n\n{text}" for name, text in rest)]
    return _front_matter(manifest) + "\n\n".join(body) + "\n"


def _front_matter(manifest: Manifest) -> str:
    values = {
        "pretty_name": manifest.title,
        "license": manifest.licence.lower(),
        "task_categories": [_CATEGORIES.get(manifest.task, "image-classification")],
        "tags": ["astronomy", "simulation", "benchmark", "zarr", manifest.task],
        "size_categories": [_size(manifest.samples)],
    }
    return f"---\n{yaml.safe_dump(values, sort_keys=False, allow_unicode=True)}---\n\n"


def _size(samples: int) -> str:
    return next((name for limit, name in _SIZES if samples < limit), "n>1M")


def _promise(manifest: Manifest) -> str:
    if not Version.parse(manifest.version).is_development:
        return ""
    return (
        f"\n\nVersion {manifest.version} is a development version: "
        "its number is never used again, but later versions may differ in any way."
    )


def _identity(manifest: Manifest) -> str:
    rows = {
        "Dataset": f"`{manifest.dataset}`",
        "Version": f"`{manifest.version}`",
        "Content hash": f"`{manifest.content.root}`",
        "Made": f"{manifest.created} by skybench {manifest.generator.get('skybench', 'unknown')}",
        "Task": manifest.task,
        "Samples": f"{manifest.samples:,}",
    }
    pinned = f"{manifest.reference}#{manifest.content.root}"
    return f"{_table(('', ''), rows.items())}\n\nTo have this content and no other: `{pinned}`"


def _opening(manifest: Manifest) -> str:
    key = f"{manifest.dataset}_v{manifest.version.replace('.', '_')}"
    return _OPEN.format(reference=manifest.reference, key=key)


def _splits(manifest: Manifest) -> str:
    rows = [
        (name, f"{samples:,}", f"`{manifest.content.splits[name].root}`")
        for name, samples in manifest.splits.items()
    ]
    return _table(("Split", "Samples", "Content hash"), rows)


def _variables(manifest: Manifest) -> str:
    rows = [
        (
            f"`{name}`",
            ", ".join(variable.header["dims"]),
            variable.header["dtype"],
            variable.header["units"] or "",
            _range(manifest.ranges, name) or (variable.header["flag_meanings"] or ""),
        )
        for name, variable in sorted(manifest.content.variables.items())
    ]
    return _table(("Variable", "Dimensions", "Type", "Unit", "Range or values"), rows)


def _range(ranges: Mapping[str, Range], name: str) -> str:
    return f"{ranges[name].minimum:g} to {ranges[name].maximum:g}" if name in ranges else ""


def _baselines(scores: Sequence[CardScore]) -> str:
    if not scores:
        return "No baseline is recorded with this version."
    ordered = sorted(scores, key=lambda score: (-score.score, score.name))
    rows = [(s.name, *_in_unit(s)) for s in ordered]
    return _table(("Baseline", f"Test {scores[0].metric.title}", "95 % interval"), rows)


def _in_unit(score: CardScore) -> tuple[str, str]:
    factor, digits, unit = (100, 2, " %") if score.metric.is_share else (1, 4, "")
    value, *ends = (
        f"{factor * number:.{digits}f}" for number in (score.score, *(score.interval or ()))
    )
    return value + unit, f"{' to '.join(ends)}{unit}" if ends else ""


def _bullets(items: Iterable[str]) -> str:
    return "\n".join(f"- {item}" for item in items)


def _table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join(
        "| " + " | ".join(cell.replace("|", "\\|") for cell in line) + " |" for line in lines
    )
