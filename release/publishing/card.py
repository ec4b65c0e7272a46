"""The data card of a version: Markdown for people, front matter for Hugging Face."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from skybench.generators.recipe import Sealing
from skybench.generators.schema import SPLITS
from skybench.learning.networks.table import NETWORKS
from skybench.learning.realism.certificate import Certificate
from skybench.registry.describing.citation import pinned_reference
from skybench.registry.describing.hugging_face import front_matter
from skybench.registry.describing.licence import licence_url
from skybench.registry.reference import CONTENT_PIN_HOLDS, Version
from skybench.registry.scoring.metric import Metric
from skybench.registry.scoring.metrics import metric_named
from skybench.registry.scoring.records import Record
from skybench.registry.seals import sealing_of
from skybench.registry.versions.manifest import Manifest, Range

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
        The headline of the task.
    metric : Metric
        What the score is.
    interval : tuple of float, optional
        95 % confidence interval.
    """

    name: str
    score: float
    metric: Metric
    interval: tuple[float, float] | None = None


def card_scores(records: Iterable[Record]) -> list[CardScore]:
    """Return what the card shows of each record."""
    return [
        CardScore(
            name=record.name,
            score=record.score,
            metric=metric_named(record.metric),
            interval=(record.interval.low, record.interval.high),
        )
        for record in records
    ]


def card_text(
    manifest: Manifest, scores: Sequence[CardScore] = (), realism: Certificate | None = None
) -> str:
    """Return the data card as Markdown.

    Parameters
    ----------
    manifest : Manifest
        Of the version.
    scores : sequence of CardScore
        Shown best first.
    realism : Certificate, optional
        Of a test of such images against real ones.
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
        **({"Realism": _realism(realism)} if realism else {}),
        "Licence": _licence_link(manifest.licence),
        "Citation": manifest.citation.strip() or "None given.",
    }
    (title, summary), *rest = sections.items()
    body = [f"# {title}", summary, *(f"## {name}\n\n{text}" for name, text in rest)]
    return _front_matter(manifest) + "\n\n".join(body) + "\n"


def _front_matter(manifest: Manifest) -> str:
    return front_matter(
        title=manifest.title,
        licence=manifest.licence,
        task=manifest.task,
        dims=[variable.header["dims"] for variable in manifest.content.variables.values()],
        samples=manifest.samples,
        tags=["zarr", *_kinds(manifest)],
    )


def _kinds(manifest: Manifest) -> tuple[str, ...]:
    family = manifest.recipe.get("family")
    return (manifest.task, family) if isinstance(family, str) else (manifest.task,)


def _licence_link(licence: str) -> str:
    url = licence_url(licence)
    return licence if url is None else f"[{licence}]({url})"


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
    content = f"{manifest.reference}#{manifest.content.root}"
    pins = (
        f"To have this version and no other: `{pinned_reference(manifest)}`. To have its content: "
        f"`{content}`; {CONTENT_PIN_HOLDS}."
    )
    return f"{_table(('', ''), rows.items())}\n\n{pins}"


def _opening(manifest: Manifest) -> str:
    key = f"{manifest.dataset}_v{manifest.version.replace('.', '_')}"
    return _OPEN.format(reference=manifest.reference, key=key)


def _by_use(split: tuple[str, int]) -> tuple[int, str]:
    """Order splits as they are used, whatever order the manifest was read in."""
    name, _ = split
    return (SPLITS.index(name) if name in SPLITS else len(SPLITS), name)


def _splits(manifest: Manifest) -> str:
    rows = [
        (name, f"{samples:,}", f"`{manifest.content.splits[name].root}`")
        for name, samples in sorted(manifest.splits.items(), key=_by_use)
    ]
    table = _table(
        ("Split or set" if manifest.content.sets else "Split", "Samples", "Content hash"), rows
    )
    sealing = sealing_of(manifest)
    return table if sealing is None else f"{table}\n\n{_withheld(sealing)}"


def _withheld(sealing: Sealing) -> str:
    """Say what is missing in a sealed split, and who scores."""
    holder = f" Predictions for it are scored by {sealing.contact}." if sealing.contact else ""
    return (
        f"The truth of the {sealing.split} split is sealed: its labels, parameters and noise-free "
        f"data are missing in the store. The commitment is `{sealing.commitment}`.{holder}"
    )


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
    table = _table(("Baseline", f"Test {scores[0].metric.title}", "95 % interval"), rows)
    return "\n\n".join([table, *_networks(scores)])


def _realism(found: Certificate) -> str:
    head = ("Judge", "AUC, real and fake", "Null: real", "Null: fake", "PSF a tenth broader")
    rows = [
        (one.judge, *map(str, (one.auc, one.null_real, one.null_fake, one.control)))
        for one in found.judges
    ]
    said = (
        f"{found.fake_cutouts:,} images of `{found.fake}` against {found.real_cutouts:,} of the "
        f"real sample `{found.real}`; an AUC of 0.5 is chance, in brackets the interval of 95 %."
    )
    verdicts = _bullets(f"{one.judge}: {one.verdict}" for one in found.judges)
    return "\n\n".join([said, _table(head, rows), verdicts])


def _networks(scores: Sequence[CardScore]) -> list[str]:
    """Say what the networks are that baselines are called by."""
    names = {score.name.partition("-")[0] for score in scores}
    known = [network for name, network in NETWORKS.items() if name in names]
    return [_bullets(f"`{n.name}`: {n.title}, {n.reference}" for n in known)] if known else []


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
