"""Commands that work on frames of real surveys."""

from pathlib import Path
from typing import Annotated

import typer

from skybench.cli_datasets import Scheduler, StoreOption, Workers
from skybench.errors import ParameterError


def register(app: typer.Typer) -> None:
    """Add these commands to the command line."""
    app.command(no_args_is_help=True)(inject)


def inject(
    frames: Annotated[
        Path,
        typer.Argument(
            help="CSV, a row for each band of each frame: image, ivar, psf, zeropoint, gain, ….",
            metavar="FRAMES",
        ),
    ],
    catalogue: Annotated[
        str,
        typer.Argument(
            help="CSV, Parquet, FITS or ECSV of sources; or a recipe.", metavar="CATALOGUE"
        ),
    ],
    name: Annotated[str, typer.Option(help="The dataset's name.")] = "fakes",
    version: Annotated[
        str | None, typer.Option(help="Publish it in the store as this.", metavar="MAJOR.MINOR")
    ] = None,
    out: Annotated[
        Path | None,
        typer.Option("--out", help="Write it as .zarr, .h5 or another format.", metavar="FILE"),
    ] = None,
    count: Annotated[int | None, typer.Option(help="Sources a frame.")] = None,
    side: Annotated[int, typer.Option(help="Of a cutout, pixels.")] = 64,
    separation: Annotated[
        float | None, typer.Option(help="Pixels between two; half a cutout if left out.")
    ] = None,
    seed: Annotated[int, typer.Option(help="Of places, photon noise and splits.")] = 0,
    licence: Annotated[str, typer.Option(help="Of the frames.")] = "unknown",
    parts: Annotated[
        Path | None,
        typer.Option(
            help="Folder of a part for each frame. Default: NAME-parts.", metavar="FOLDER"
        ),
    ] = None,
    task: Annotated[
        str | None,
        typer.Option(help="Only this share of the frames, for job arrays.", metavar="I/N"),
    ] = None,
    workers: Workers = None,
    scheduler: Scheduler = None,
    store: StoreOption = None,
) -> None:
    """Put simulated sources into real frames, and write their cutouts as a dataset.

    Example: skybench inject frames.csv galaxies.csv --count 200 --out fakes.h5
    """
    from skybench.survey import run
    from skybench.survey.reading import frames_in

    if task is None and version is None and out is None:
        msg = "say what becomes of the cutouts: --out FILE, or --version to publish them"
        raise ParameterError(msg)
    options = run.InjectionOptions(
        catalogue=catalogue, count=count, seed=seed, side=side, separation=separation
    )
    jobs = run.jobs_of(frames_in(frames), options, parts or Path(f"{name}-parts"))
    run.run(run.share_of(jobs, task), workers=workers, scheduler=scheduler)
    if task is not None:
        print(f"task {task} is done; without --task the same command joins the parts")
        return
    ds = run.gathered(jobs, name, licence)
    if out is not None:
        from skybench.registry.exports.export import data_format_of, write_dataset

        write_dataset(ds, out, data_format_of(out))
        print(f"{out}: {ds.sizes['sample']:,} cutouts of {len(jobs):,} frames")
    if version is not None:
        from skybench.release.publishing.finished_dataset import publish_dataset

        entry = publish_dataset(ds, run.description_of(ds, jobs), version, store)
        print(f"{entry.dataset} {entry.version} is published with content {entry.content}")
