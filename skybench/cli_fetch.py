"""The command that gets released versions from mirrors."""

from typing import Annotated

import typer

from skybench.cli_datasets import PublicKeyOption, Reference, StoreOption


def register(app: typer.Typer) -> None:
    """Add this command to the command line."""
    app.command()(get)


def get(
    dataset: Reference,
    source: Annotated[
        list[str] | None,
        typer.Option(
            "--from",
            help="Mirror: a store at any fsspec URL; repeat for several. "
            "Default: $SKYBENCH_MIRRORS.",
            metavar="URL",
        ),
    ] = None,
    public_key: PublicKeyOption = None,
    store: StoreOption = None,
    workers: Annotated[int, typer.Option(help="Files fetched at once.")] = 8,
) -> None:
    """Get a version from a mirror, prove it, and put it into a store. Resumes.

    Example: skybench get sky@1 --from https://example.org/skybench
    """
    from skybench.release.fetch import get as fetch

    print(
        fetch(
            dataset,
            source=source or None,
            store=store,
            public_key=public_key,
            workers=workers,
        )
    )
