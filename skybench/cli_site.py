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
    serve: Annotated[
        bool, typer.Option("--serve", help="Then serve it on this machine, until Ctrl-C.")
    ] = False,
    port: Annotated[int, typer.Option(help="With --serve.", min=1, max=65535)] = 8000,
) -> None:
    """Write a static site: datasets, leaderboards, models and where they break, an explorer.

    Example: skybench site --store ./demo-store --serve
    Example: skybench site --store s3://bucket/store --out public
    --store-url https://example.org/store
    """
    from skybench.site.build import make_site

    folder = make_site(store, out, store_url=store_url, say=print)
    print(folder / "index.html")
    if serve:
        _serve(folder, store, port)


def _serve(folder: Path, store: str | None, port: int) -> None:
    """Serve the store that the site lies in, which its explorer reads, or else the site alone."""
    from skybench.registry.storage.store import Store
    from skybench.site.serve import HOST
    from skybench.site.serve import serve as serve_folder

    place, root = Store(store), folder.resolve()
    if place.is_local and root.is_relative_to(place.local_path("").resolve()):
        root = place.local_path("").resolve()
    way = folder.resolve().relative_to(root).as_posix()
    print(f"http://{HOST}:{port}/{'' if way == '.' else f'{way}/'} until Ctrl-C", flush=True)
    serve_folder(root, port)
