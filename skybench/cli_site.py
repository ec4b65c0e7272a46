"""The command that makes pages about a store."""

from pathlib import Path
from typing import Annotated

import typer

from skybench.cli_datasets import StoreOption


def register(app: typer.Typer) -> None:
    """Add this command to the command line."""
    app.command()(site)


def site(
    store: StoreOption = None,
    out: Annotated[
        Path | None,
        typer.Option(
            "--out", help="The site's folder. Default: site, in a local store.", metavar="FOLDER"
        ),
    ] = None,
    store_url: Annotated[
        str | None,
        typer.Option(help="Where browsers find the store, if not beside the site.", metavar="URL"),
    ] = None,
) -> None:
    """Write a static site: datasets, leaderboards, models and where they break.

    Example: skybench site --store ./demo-store
    Example: skybench site --store s3://bucket/store --out public --store-url https://example.org/store
    """
    from skybench.site.build import make_site

    print(make_site(store, out, store_url=store_url, say=print) / "index.html")
