"""Commands that make datasets, get them and look at them."""

import json
import math
from pathlib import Path
from typing import Annotated

import typer

from skybench import completion
from skybench.errors import ParameterError

StoreOption = Annotated[
    str | None, typer.Option("--store", help="Store: a folder or any fsspec URL.", metavar="URL")
]
Reference = Annotated[
    str,
    typer.Argument(
        help="Dataset, such as sky, sky@1 or sky@1.0.",
        metavar="DATASET",
        autocompletion=completion.versions,
    ),
]
RecipeArgument = Annotated[
    str,
    typer.Argument(
        help="A packaged recipe's name, or a YAML file.",
        metavar="RECIPE",
        autocompletion=completion.recipes,
    ),
]
SetOption = Annotated[
    list[str] | None,
    typer.Option(
        "--set",
        help="Change the recipe, such as noise.scale=0; repeat for several. Values are YAML, "
        "paths as skybench recipe show prints them.",
        metavar="PATH=VALUE",
    ),
]
PublicKeyOption = Annotated[
    list[Path] | None,
    typer.Option(
        "--public-key",
        help="Ask for a signature by this key (PEM); repeat for several. "
        "Default: $SKYBENCH_PUBLIC_KEY.",
        metavar="FILE",
    ),
]
Workers = Annotated[
    int | None, typer.Option("--workers", help="Processes on this machine.", metavar="N")
]
Scheduler = Annotated[
    str | None,
    typer.Option("--scheduler", help="A running dask scheduler.", metavar="tcp://HOST:PORT"),
]

SHORT_HASH = len("sha256:") + 12
"""A content hash as store names carry it; `skybench info` shows the whole."""


def register(app: typer.Typer) -> None:
    """Add these commands to the command line."""
    app.command("list")(list_datasets)
    for command in (generate, build, diff, gallery, get):
        app.command()(command)


def list_datasets(
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON for programs.")] = False,
    store: StoreOption = None,
) -> None:
    """List the versions in a store, those that skybench records, and the packaged recipes.

    Example: skybench list --store ./demo-store
    """
    if as_json:
        from skybench.registry.listing import list_datasets as table_of_datasets

        table = table_of_datasets(store)
        print(json.dumps(json.loads(table.to_json(orient="records")), indent=2))
        return

    from rich.console import Console
    from rich.table import Table

    from skybench.generators.generate import empty
    from skybench.generators.recipe_file import load_recipe, packaged_recipes, packaged_rungs
    from skybench.registry.storage.store import Store
    from skybench.registry.versions.index import read_index
    from skybench.registry.versions.recorded_manifests import recorded_references

    place = Store(store)
    released = Table(
        "dataset", "version", "published", "content hash", title=f"Versions in {place}"
    )
    for entry in read_index(place):
        released.add_row(
            entry.dataset,
            entry.version if entry.yanked is None else f"{entry.version} (withdrawn)",
            entry.time,
            entry.content[:SHORT_HASH],
        )
    recipes = Table(
        "recipe", "samples", "shape", "task", "title", title="Packaged recipes", box=None
    )
    ladders: dict[str, str] = {}
    for name in packaged_recipes():
        r = load_recipe(name)
        shapes = [data.shape[1:] for data in empty(r).data_vars.values()]
        shape = " x ".join(map(str, max(shapes, key=math.prod)))
        recipes.add_row(name, f"{r.samples:,}", shape, r.task, r.title)
        if rungs := packaged_rungs(name):
            ladders[name] = ", ".join(rung.partition("/")[2] for rung in rungs)
    console = Console()
    console.print(
        released if released.row_count else f"No versions in {place} yet.", soft_wrap=True
    )
    console.print(f"Recorded by skybench: {', '.join(recorded_references())}\n", soft_wrap=True)
    console.print(recipes)
    console.print("\nRungs, easier or harder variations, to be named like sky/hard:")
    for name, names in ladders.items():
        console.print(f"  {name}: {names}", soft_wrap=True, highlight=False)


def generate(
    recipe: RecipeArgument,
    start: Annotated[int, typer.Option(help="First row.")] = 0,
    stop: Annotated[int, typer.Option(help="Row after the last.")] = 100,
    out: Annotated[
        Path | None,
        typer.Option("--out", help="Write .npz, .zarr or another data format.", metavar="FILE"),
    ] = None,
    change: SetOption = None,
) -> None:
    """Generate some rows in memory; print them, or write a file.

    The end of its name says the format; skybench export lists them. Labels in it are codes.

    Example: skybench generate sky --stop 500 --out sky.npz
    Example: skybench generate sky --set noise.scale=0 --out clean.zarr
    """
    from skybench.generators.changes import parse_changes
    from skybench.generators.generate import generate as generate_rows

    changes = parse_changes(change or ())
    if out is None:
        print(generate_rows(recipe, start, stop, changes=changes))
        return

    from skybench.registry.exports.export import data_format_of, write_dataset

    form = data_format_of(out)
    ds = generate_rows(recipe, start, stop, changes=changes, decode=False)
    write_dataset(ds, out, form)
    print(f"{out}: {ds.sizes['sample']:,} samples of {ds.attrs['recipe']}")


def build(
    recipe: RecipeArgument,
    out: Annotated[str, typer.Argument(help="The Zarr store to make.", metavar="URL")],
    samples: Annotated[int | None, typer.Option(help="Instead of the recipe's number.")] = None,
    change: SetOption = None,
    workers: Workers = None,
    scheduler: Scheduler = None,
) -> None:
    """Build a dataset into a Zarr store and print its content hash; resumes after a kill.

    Example: skybench build sky sky.zarr --workers 2
    """
    from skybench.generators.changes import parse_changes
    from skybench.generators.recipe_file import load_recipe
    from skybench.release.building.build import build as build_dataset

    made = build_dataset(
        load_recipe(recipe, changes=parse_changes(change or ())),
        out,
        samples=samples,
        workers=workers,
        scheduler=scheduler,
    )
    if made.rendered_samples:
        print(f"{made.url}: {made.rendered_samples:,} samples made in {made.seconds:.1f} s")
    else:
        print(f"{made.url} is complete already; nothing to do")
    print(made.content.root)


def diff(
    old: Annotated[str, typer.Argument(help="A version, such as sky@1.0.", metavar="OLD")],
    new: Annotated[str, typer.Argument(help="Another one, such as sky@2.0.", metavar="NEW")],
    store: StoreOption = None,
) -> None:
    """Say what differs between two versions; exit code 1 if anything does.

    Example: skybench diff sky@1.0 sky@2.0
    """
    from skybench.registry.proof.comparison import difference

    lines = difference(old, new, store=store)
    print("\n".join(lines) or f"{old} and {new} have the same content")
    if lines:
        raise typer.Exit(1)


def gallery(
    dataset: Annotated[
        str | None, typer.Argument(help="DATASET[@VERSION], or a recipe with --recipe.")
    ] = None,
    out: Annotated[Path, typer.Argument(help="The PNG to write.")] = Path("gallery.png"),
    objects: Annotated[
        bool, typer.Option("--objects", help="Draw every object that skybench knows, once.")
    ] = False,
    split: Annotated[str | None, typer.Option(help="Only this split.")] = None,
    count: Annotated[int, typer.Option(help="How many images.")] = 24,
    recipe: Annotated[
        bool, typer.Option("--recipe", help="DATASET is a recipe: draw it without a store.")
    ] = False,
    change: SetOption = None,
    store: StoreOption = None,
) -> None:
    """Draw a labelled contact sheet with an asinh stretch.

    Example: skybench gallery sky@0 sky.png --split test
    Every object on one page: skybench gallery --objects objects.png
    """
    if objects:
        from skybench.object_gallery import save_object_gallery

        # Without a dataset the first argument is the file.
        print(save_object_gallery(dataset or out))
        return
    if dataset is None:
        msg = "which dataset? For example: skybench gallery sky --recipe sky.png"
        raise typer.BadParameter(msg)

    if not recipe and Path(dataset).suffix in {".yaml", ".yml"}:
        msg = f"{dataset} is a recipe, not a dataset of a store; add --recipe to draw it"
        raise ParameterError(msg)
    if change and not recipe:
        msg = f"--set changes a recipe, and {dataset} is a dataset of a store; add --recipe"
        raise ParameterError(msg)

    from skybench.gallery import save_gallery

    if recipe:
        from skybench.generators.changes import parse_changes
        from skybench.generators.generate import generate as generate_rows
        from skybench.generators.recipe_file import load_recipe

        chosen = load_recipe(dataset, changes=parse_changes(change or ()))
        ds = generate_rows(chosen, min(4 * count, chosen.samples))
    else:
        from skybench.registry.open import open as open_dataset

        ds = open_dataset(dataset, split=split, store=store)
    print(save_gallery(ds, out, count=count))


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
    build: Annotated[
        bool, typer.Option(help="Whether to build a recorded version that no mirror has.")
    ] = True,
    workers: Annotated[int, typer.Option(help="Files fetched at once.")] = 8,
) -> None:
    """Put a version into a store, proven: from a mirror, else built from its recipe. Resumes.

    Example: skybench get sky@0.4
    Example: skybench get sky@1 --from https://example.org/skybench
    """
    from skybench.release.fetch import get as fetch

    print(
        fetch(
            dataset,
            source=source or None,
            store=store,
            public_key=public_key,
            build="missing" if build else "never",
            workers=workers,
        )
    )
