"""Commands that prove versions: by their hashes, by rendering again, by the chain of the index."""

from pathlib import Path
from typing import Annotated

import typer

from skybench.cli_datasets import PublicKeyOption, Reference, StoreOption, Workers
from skybench.errors import ParameterError


def register(app: typer.Typer) -> None:
    """Add these commands to the command line."""
    for command in (verify, reproduce, audit, witness, forget):
        app.command()(command)


def verify(
    dataset: Annotated[
        str,
        typer.Argument(help="Dataset, such as sky@1.0, or an exported file.", metavar="DATASET"),
    ],
    full: Annotated[bool, typer.Option("--full", help="Read and hash every byte.")] = False,
    repair: Annotated[
        bool, typer.Option("--repair", help="Fetch or rebuild what is damaged.")
    ] = False,
    mirror: Annotated[
        str | None,
        typer.Option("--mirror", help="With --repair: a store to fetch from.", metavar="URL"),
    ] = None,
    workers: Annotated[
        int | None, typer.Option("--workers", help="With --repair: how many work.", metavar="N")
    ] = None,
    public_key: PublicKeyOption = None,
    store: StoreOption = None,
) -> None:
    """Prove that a version in a store is the one that was published; exit code 1 if not.

    Or that a file holds what was exported, in a lossless format, into it.

    Example: skybench verify sky@0 --full
    Example: skybench verify sky-0.3-test.fits
    What is damaged is mended: skybench verify sky@1.0 --repair --mirror https://example.org/store
    """
    if mirror is not None and not repair:
        msg = f"--mirror {mirror} is where --repair fetches from; give both"
        raise ParameterError(msg)
    if repair:
        from skybench.release.repair import repair as repair_version

        repaired = repair_version(dataset, store=store, mirror=mirror, workers=workers)
        _finish(repaired, repaired.ok)
        return

    from skybench.registry.exports.verify import verify as verify_named

    report = verify_named(dataset, store=store, full=full, public_key=public_key)
    _finish(report, report.ok)


def reproduce(
    dataset: Reference,
    samples: Annotated[
        str | None, typer.Option("--samples", help="Only these rows.", metavar="17,99")
    ] = None,
    workers: Workers = None,
    store: StoreOption = None,
) -> None:
    """Render a version again and compare the hashes; needs no data; exit code 1 if any differs.

    Example: skybench reproduce sky@1.0 --samples 17,99
    """
    from skybench.release.reproduce import reproduce as reproduce_version

    report = reproduce_version(dataset, samples=rows_of(samples), store=store, workers=workers)
    _finish(report, report.ok)


def audit(
    public_key: PublicKeyOption = None,
    since: Annotated[
        str | None,
        typer.Option(
            "--since",
            help="Ask that the index extends this: a line of skybench witness, a file of them, "
            "or a digest; say what came since.",
            metavar="HEAD",
        ),
    ] = None,
    store: StoreOption = None,
) -> None:
    """Walk index, manifests, lists of files and recorded copies; exit code 1 at a break.

    Example: skybench audit --store s3://bucket/store
    Example: skybench audit --since heads.jsonl --store https://example.org/skybench
    """
    from skybench.registry.audit import audit as audit_store

    report = audit_store(store, public_key=public_key, since=since)
    _finish(report, report.ok)


def witness(
    to: Annotated[
        Path | None,
        typer.Option("--to", help="Add the line to this file. Default: print it.", metavar="FILE"),
    ] = None,
    store: StoreOption = None,
) -> None:
    """Write down what a store's index is now, in one line: keep it where the store cannot reach.

    Example: skybench witness --to heads.jsonl --store https://example.org/skybench
    Later: skybench audit --since heads.jsonl --store https://example.org/skybench
    """
    from skybench.registry.versions.witness import witness as witness_index

    line = witness_index(store, to=to)
    print(line if to is None else f"{to}: {line}")


def forget(
    store: Annotated[str, typer.Argument(help="Store: a folder or any fsspec URL.", metavar="URL")],
) -> None:
    """Forget how a store's index was last seen, and believe the next one, as at first use.

    Example: skybench forget https://example.org/skybench
    """
    from skybench.registry.versions.seen_index import forget as forget_index

    print(f"forgotten: {forget_index(store)}")


def _finish(report: object, ok: bool) -> None:
    print(report)
    if not ok:
        raise typer.Exit(1)


def rows_of(text: str | None) -> list[int] | None:
    """Return the rows that --samples lists, like 17,99 or 0:500; None without any."""
    if text is None:
        return None
    rows: list[int] = []
    for part in text.split(","):
        first, colon, stop = (word.strip() for word in part.partition(":"))
        numbers = [first, stop] if colon else [first]
        if not all(word.isascii() and word.isdecimal() and len(word) < 10 for word in numbers):
            msg = f"--samples lists rows like 17,99 or 0:500, got {text!r}"
            raise ParameterError(msg)
        rows += range(int(first), int(stop)) if colon else [int(first)]
    return rows
