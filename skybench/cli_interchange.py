"""Commands that say what a version is: to people, to papers and to other catalogs."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from typer.core import TyperCommand

from skybench.cli_datasets import SHORT_HASH, Reference, StoreOption
from skybench.cli_proof import rows_of

if TYPE_CHECKING:
    from rich.table import Table

    from skybench.registry.storage.store import Store
    from skybench.registry.versions.index_lines import IndexEntry
    from skybench.registry.versions.manifest import Manifest


def register(app: typer.Typer) -> None:
    """Add these commands to the command line."""
    for command in (info, cite):
        app.command()(command)
    app.command(cls=_ExportCommand, no_args_is_help=True)(export)


def info(dataset: Reference, store: StoreOption = None) -> None:
    """Show what a released version is: hash, splits, classes, ranges, licence, history.

    Works without a store for the versions that skybench records.

    Example: skybench info sky@0 --store ./demo-store
    """
    from rich.console import Console
    from rich.text import Text

    from skybench.registry.recorded import known_manifest
    from skybench.registry.storage.store import Store
    from skybench.registry.versions.index import find, read_index

    place = Store(store)
    manifest = known_manifest(dataset, place)
    published = [e for e in read_index(place) if e.dataset == manifest.dataset]
    entry = find(published, manifest.dataset, manifest.version)
    console = Console()
    # Hashes and addresses are for copying: a line is never folded.
    for name, value in _identity(manifest, entry, place).items():
        console.print(Text(f"{name:14}{value}"), soft_wrap=True)
    console.print(_ranges(manifest))
    if published:
        console.print(_history(published))


def _identity(manifest: "Manifest", entry: "IndexEntry | None", place: "Store") -> dict[str, str]:
    from skybench.generators.schema import SPLITS
    from skybench.registry.versions.recorded_manifests import cited_hash

    content = manifest.content
    names = sorted(content.splits, key=lambda name: (*SPLITS, name).index(name))
    sizes = {name: f"{name} {content.splits[name].samples:,}" for name in names}
    sets = [sizes.pop(name) for name in content.sets]
    made_by = manifest.generator
    rows = {
        "dataset": f"{manifest.dataset} {manifest.version}",
        "title": manifest.title,
        "content hash": manifest.content.root,
        "manifest": cited_hash(manifest),
        "published": entry.time if entry else "",
        "recorded": "" if entry else f"{manifest.created}, by skybench",
        "made by": f"skybench {made_by.get('skybench', 'unknown')}, "
        f"{made_by.get('generator', 'unknown generator')}",
        "samples": f"{manifest.samples:,} ({', '.join(sizes.values())})",
        "sets": ", ".join(sets),
        "task": manifest.task,
        "targets": ", ".join(manifest.targets),
        "classes": ", ".join(manifest.classes),
        "licence": manifest.licence,
        "citation": manifest.citation,
        "bytes": f"{sum(o.size for o in manifest.objects):,} in {len(manifest.objects)} files",
        "store": place.shown(entry.key) if entry else f"not in {place}",
        "withdrawn": (entry and entry.yanked) or "",
    }
    return {name: value for name, value in rows.items() if value}


def _ranges(manifest: "Manifest") -> "Table":
    from rich.table import Table
    from rich.text import Text

    table = Table("variable", "minimum", "maximum", "unit", title="Ranges", box=None)
    for name, limits in manifest.ranges.items():
        variable = manifest.content.variables.get(name)
        unit = (variable.header["units"] if variable else None) or ""
        table.add_row(name, f"{limits.minimum:g}", f"{limits.maximum:g}", Text(unit))
    return table


def _history(published: "list[IndexEntry]") -> "Table":
    from rich.table import Table
    from rich.text import Text

    table = Table("version", "published", "content hash", "withdrawn", title="History", box=None)
    for entry in published:
        table.add_row(
            entry.version, entry.time, entry.content[:SHORT_HASH], Text(entry.yanked or "")
        )
    return table


def cite(
    dataset: Reference,
    style: Annotated[str, typer.Option("--format", help="bibtex or cff.")] = "bibtex",
    store: StoreOption = None,
) -> None:
    """Print how to cite a version, with its number and the pin of its manifest.

    That pin holds all of it: skybench get sky@1.0#manifest:sha256:… A content pin, of the content
    hash alone, holds pixels and coordinates, but not scores, licence or citation.
    Works without a store for the versions that skybench records.

    Example: skybench cite sky@0.1 --format cff > CITATION.cff
    """
    from skybench.registry.describing.citation import cite as citation
    from skybench.registry.recorded import known_manifest

    print(citation(known_manifest(dataset, store), style), end="")


class _ExportCommand(TyperCommand):
    """Its help ends with the table of formats, which is read only when somebody asks."""

    def format_help(self, ctx: Any, formatter: Any) -> None:
        from skybench.registry.exports.export import FORMATS

        self.epilog = "\n\n".join(
            f"{form.name} ({form.kind}) keeps {form.keeps} It loses {form.loses}"
            for form in FORMATS.values()
        )
        super().format_help(ctx, formatter)


def export(
    form: Annotated[str, typer.Argument(help="One of those below.", metavar="FORMAT")],
    dataset: Reference,
    split: Annotated[str | None, typer.Option(help="Only this split of the data.")] = None,
    samples: Annotated[
        str | None,
        typer.Option(
            "--samples",
            help="Only these rows, counted within the split: 0:500 or 17,99,256.",
            metavar="ROWS",
        ),
    ] = None,
    out: Annotated[
        Path | None,
        typer.Option(
            "--out",
            help="Write it there: a new file, or a folder that is there. Default: data beside you, "
            "named like sky-0.1-test.npz; a description is printed.",
            metavar="PATH",
        ),
    ] = None,
    store: StoreOption = None,
) -> None:
    """Write the data of a version, or what it is, in a format of others. Nothing is overwritten.

    A description works without a store for the versions that skybench records. What was interrupted
    in the middle of many files goes on when it is called again.

    Example: skybench export croissant sky@0.1 --out croissant.json
    Example: skybench export npz sky@0.1 --split test
    Example: skybench export fits sky@0.1 --samples 0:500 --out pictures/
    """
    from skybench.registry.exports.export import describe, format_named
    from skybench.registry.exports.export import export as export_as
    from skybench.registry.exports.export_format import DescriptionFormat

    chosen, rows = format_named(form), rows_of(samples)
    if isinstance(chosen, DescriptionFormat) and out is None and split is None and rows is None:
        print(describe(chosen, dataset, store), end="")
        return
    print(export_as(form, dataset, split=split, samples=rows, out=out, store=store))
