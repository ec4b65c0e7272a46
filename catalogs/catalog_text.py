"""The text of ``catalog.yaml``: every released version as Intake entries, and nothing else.

A dataset ``sky`` of version 0.1 gives ``sky_v0_1`` and, where it is the newest 0.x, ``sky_v0``;
each also with ``_train``, ``_validation`` and ``_test``. Entries of a whole version name
intake-xarray's ``zarr`` as a second driver, so they open where skybench is not installed. Entries
of a split do not, because that driver cannot select rows: there Intake refuses them by name.

In a stranger's catalog an entry may name any class of any module as its driver, and any text in it
may be a template that Intake runs. skybench writes two drivers and one template; all else is
refused.
"""

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import yaml

from skybench.errors import IntegrityError, ParameterError
from skybench.generators.recipe_yaml import load_bounded
from skybench.registry.reference import Version
from skybench.registry.versions.manifest import Manifest
from skybench.registry.versions.recorded_manifests import cited_hash

DRIVER = "skybench.catalogs.SkySource"
FALLBACK_DRIVER = "zarr"

MAX_VALUES = 1_000_000
"""Of a catalog that is read."""

_TOP = {"metadata", "name", "description", "sources"}
_SOURCE = {"description", "driver", "args", "metadata"}
_ARGUMENTS = {"urlpath", "split"}
_URL = re.compile(r"\{\{ CATALOG_DIR \}\}(/(?!\.{1,2}(/|$))[A-Za-z0-9._+-]+){3}")
_NAME = re.compile(r"[a-z][a-z0-9_]*")
_TEMPLATE_START = re.compile(r"\{(?=[{%#])")
_LITERAL_BRACE = "{% raw %}{{% endraw %}"


@dataclass(frozen=True, kw_only=True)
class CatalogEntry:
    """A released version and what its baselines scored.

    Parameters
    ----------
    manifest : Manifest
        Of the version.
    scores : mapping of str to float
        Headline score of each baseline on test, by the baseline's name.
    yanked : str, optional
        Why the version was withdrawn: it keeps its own name and gives up its alias.
    """

    manifest: Manifest
    scores: Mapping[str, float] = field(default_factory=dict)
    yanked: str | None = None

    @property
    def version(self) -> Version:
        """The version, ordered by number."""
        return Version.parse(self.manifest.version)


def catalog_text(entries: Iterable[CatalogEntry]) -> str:
    """Return the YAML text of the catalog of `entries`, the same whatever their order.

    Parameters
    ----------
    entries : iterable of CatalogEntry
        Every version that is to be offered.

    Returns
    -------
    str
        An Intake catalog in format 1, which Intake 0.7 and 2 read. Paths are relative to the
        file's own folder; text from recipes is written so that Intake never runs it as a template.

    Raises
    ------
    ParameterError
        Two entries have the same dataset and version.
    """
    ordered = sorted(entries, key=lambda entry: (entry.manifest.dataset, entry.version))
    newest = {(e.manifest.dataset, e.version.major): e for e in ordered if e.yanked is None}
    sources: dict[str, Any] = {}
    for entry in ordered:
        names = [_key(entry, str(entry.version))]
        if newest.get((entry.manifest.dataset, entry.version.major)) is entry:
            names.append(_key(entry, str(entry.version.major)))
        for name in names:
            _add(sources, dict(_sources(name, entry)), entry)
    catalog = {
        "metadata": {"version": 1},
        "name": "skybench",
        "description": "Simulated astronomy datasets with baseline scores.",
        "sources": dict(sorted(sources.items())),
    }
    return yaml.safe_dump(catalog, sort_keys=False, allow_unicode=True, width=100)


def _key(entry: CatalogEntry, version: str) -> str:
    return f"{entry.manifest.dataset}_v{version.replace('.', '_')}"


def _add(sources: dict[str, Any], more: dict[str, Any], entry: CatalogEntry) -> None:
    if repeated := sorted(sources.keys() & more.keys()):
        msg = f"catalog key {repeated[0]} is there twice; the second is {entry.manifest.reference}"
        raise ParameterError(msg)
    sources.update(more)


def _sources(name: str, entry: CatalogEntry) -> Iterator[tuple[str, dict[str, Any]]]:
    yield name, _source(entry, drivers=[DRIVER, FALLBACK_DRIVER])
    for split in entry.manifest.splits:
        yield f"{name}_{split}", _source(entry, drivers=[DRIVER], split=split)


def _source(entry: CatalogEntry, *, drivers: list[str], split: str | None = None) -> dict[str, Any]:
    manifest = entry.manifest
    folder = manifest.key
    args = {"urlpath": f"{{{{ CATALOG_DIR }}}}/{literal(folder)}/{literal(manifest.zarr)}"}
    return {
        "description": manifest.title + (f", {split} split" if split else ""),
        "driver": drivers,
        "args": args | ({"split": split} if split else {}),
        "metadata": literal(_metadata(entry, split)),
    }


def _metadata(entry: CatalogEntry, split: str | None) -> dict[str, Any]:
    manifest = entry.manifest
    withdrawn = {} if entry.yanked is None else {"yanked": entry.yanked}
    targets = {"targets": list(manifest.targets)} if manifest.targets else {}
    return (
        withdrawn
        | targets
        | {
            "dataset": manifest.dataset,
            "version": manifest.version,
            "hash": manifest.content.root,
            "manifest": cited_hash(manifest),
            "licence": manifest.licence,
            "citation": manifest.citation,
            "task": manifest.task,
            "classes": list(manifest.classes),
            "samples": manifest.splits[split] if split else manifest.samples,
            "splits": dict(manifest.splits),
            "split_hashes": {name: part.root for name, part in manifest.content.splits.items()},
            "chunk_count": manifest.chunk_count,
            "baseline_scores": {name: float(entry.scores[name]) for name in sorted(entry.scores)},
        }
    )


def literal(value: Any) -> Any:
    """Return `value` with its strings written so that Jinja renders them as they were.

    Intake renders every string of ``args`` and ``metadata`` as a template, and 0.7 lets a template
    run shell commands; a BibTeX title in double braces is enough to be taken for one.

    Examples
    --------
    >>> literal("flux {e-}, title = {{DeepBench}}")
    'flux {e-}, title = {% raw %}{{% endraw %}{DeepBench}}'
    """
    if isinstance(value, str):
        return _TEMPLATE_START.sub(_LITERAL_BRACE, value)
    if isinstance(value, Mapping):
        return {key: literal(item) for key, item in value.items()}
    if isinstance(value, list):
        return [literal(item) for item in value]
    return value


def check_catalog(text: str, where: str) -> None:
    """Refuse the text of a catalog that is not as skybench writes it.

    Parameters
    ----------
    text : str
        Of ``catalog.yaml``.
    where : str
        Its name, for messages.

    Raises
    ------
    IntegrityError
        With the entry at fault.
    """
    try:
        fault = next(_faults(load_bounded(text, MAX_VALUES)), None)
    except (yaml.YAMLError, RecursionError) as error:
        fault = f"it is no YAML: {' '.join(str(error).split())[:200]}"
    if fault:
        msg = (
            f"{where} is not as skybench writes it: {fault}. Open the version by "
            "skybench.open, which reads no catalog, or ask for another copy of the store."
        )
        raise IntegrityError(msg)


def _faults(catalog: Any) -> Iterator[str]:
    sources = catalog.get("sources") if isinstance(catalog, dict) else None
    if not isinstance(sources, dict) or not catalog.keys() <= _TOP:
        yield f"it must have the keys {', '.join(sorted(_TOP))} and no others"
        return
    if _has_template({key: value for key, value in catalog.items() if key != "sources"}):
        yield "its header has a template"
    for name, source in sources.items():
        if fault := _fault_of_source(name, source):
            yield f"entry {str(name)[:80]!a} {fault}"


def _fault_of_source(name: Any, source: Any) -> str | None:
    if not isinstance(name, str) or not _NAME.fullmatch(name):
        return "has no name of a version"
    if not isinstance(source, dict) or source.keys() != _SOURCE:
        return f"must have the keys {', '.join(sorted(_SOURCE))} and no others"
    if source["driver"] not in ([DRIVER], [DRIVER, FALLBACK_DRIVER]):
        return f"has the driver {str(source['driver'])[:80]!a}"
    arguments = source["args"]
    if not isinstance(arguments, dict) or not {"urlpath"} <= arguments.keys() <= _ARGUMENTS:
        return f"must have the arguments {', '.join(sorted(_ARGUMENTS))}"
    if not _URL.fullmatch(str(arguments["urlpath"])):
        return f"leads to {str(arguments['urlpath'])[:80]!a}, not to a version beside the catalog"
    if not _NAME.fullmatch(str(arguments.get("split", "all"))):
        return "has no name of a split"
    return "has a template in its metadata" if _has_template(source["metadata"]) else None


def _has_template(value: Any) -> bool:
    """Tell whether Intake would find a template, but for the one that writes a brace."""
    if isinstance(value, str):
        return _TEMPLATE_START.search(value.replace(_LITERAL_BRACE, "")) is not None
    if isinstance(value, dict):
        return any(_has_template(part) for pair in value.items() for part in pair)
    return isinstance(value, list) and any(map(_has_template, value))
