"""Commands that work on frames of real surveys."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from skybench.cli_datasets import Scheduler, StoreOption, Workers
from skybench.errors import ParameterError

if TYPE_CHECKING:
    import pandas as pd
    import xarray as xr

    from skybench.release.publishing.finished_dataset import DatasetDescription

VersionOption = Annotated[
    str | None, typer.Option(help="Publish it in the store as this.", metavar="MAJOR.MINOR")
]
OutOption = Annotated[
    Path | None,
    typer.Option("--out", help="Write it as .zarr, .h5 or another format.", metavar="FILE"),
]


def register(app: typer.Typer) -> None:
    """Add these commands to the command line."""
    app.command(no_args_is_help=True)(inject)
    app.command(no_args_is_help=True)(match)
    app.command(no_args_is_help=True)(real)


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
    version: VersionOption = None,
    out: OutOption = None,
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
    gallery: Annotated[
        Path | None,
        typer.Option(help="Write a page of real and injected sources.", metavar="PNG"),
    ] = None,
    completeness: Annotated[
        Path | None,
        typer.Option(help="Write what is found again, a row a source.", metavar="CSV"),
    ] = None,
    rounds: Annotated[int, typer.Option(help="Of injections for --completeness.")] = 10,
    workers: Workers = None,
    scheduler: Scheduler = None,
    store: StoreOption = None,
) -> None:
    """Put simulated sources into real frames, and write their cutouts as a dataset.

    Example: skybench inject frames.csv galaxies.csv --count 200 --out fakes.h5
    """
    from skybench.survey import run
    from skybench.survey.reading import frames_in

    if task is None and all(end is None for end in (version, out, gallery, completeness)):
        msg = (
            "say what becomes of it: --out FILE, --version to publish the cutouts, --gallery PNG, "
            "or --completeness CSV"
        )
        raise ParameterError(msg)
    options = run.InjectionOptions(
        catalogue=catalogue, count=count, seed=seed, side=side, separation=separation
    )
    jobs = run.jobs_of(frames_in(frames), options, parts or Path(f"{name}-parts"))
    if completeness is not None:
        _write_completeness(run.recovered_from(jobs, rounds), completeness)
        if all(end is None for end in (task, version, out, gallery)):
            return
    run.run(run.share_of(jobs, task), workers=workers, scheduler=scheduler)
    if task is not None:
        print(f"task {task} is done; without --task the same command joins the parts")
        return
    ds = run.gathered(jobs, name, licence)
    if gallery is not None:
        run.gallery_of(jobs, ds).save(gallery)
        print(f"{gallery}: rows R are of the frames, rows F were injected")
    if out is not None:
        _write(ds, out)
        print(f"{out}: {ds.sizes['sample']:,} cutouts of {len(jobs):,} frames")
    if version is not None:
        _publish(ds, run.description_of(ds, jobs), version, store)


def match(
    source: Annotated[
        Path,
        typer.Argument(
            help="Folder or file of cutouts (FITS, NPY, NPZ), or the CSV of frames of inject.",
            metavar="FOLDER",
        ),
    ],
    out: Annotated[
        Path, typer.Option("--out", help="The recipe; its population lies beside it.")
    ] = Path("matched.yaml"),
    report: Annotated[
        Path | None, typer.Option(help="Write a page of how well they agree.", metavar="HTML")
    ] = None,
    images: Annotated[
        str, typer.Option(help="Pattern of the files that are read, such as '*_r.fits'.")
    ] = "*",
    bands: Annotated[str | None, typer.Option(help="Names of the planes: g,r,z.")] = None,
    reference: Annotated[
        str | None, typer.Option(help="Band of detection. Default: r, else the middle one.")
    ] = None,
    zeropoint: Annotated[
        str | None, typer.Option(help="AB magnitude of one count, or one each: 22.5,22.5,22.5.")
    ] = None,
    gain: Annotated[str | None, typer.Option(help="Electrons a count, or one each.")] = None,
    scale: Annotated[float | None, typer.Option(help="Arcseconds a pixel.")] = None,
    fwhm: Annotated[
        float | None,
        typer.Option(help="Of the PSF in pixels, after binning. Default: by the sharpest sources."),
    ] = None,
    tile: Annotated[int | None, typer.Option(help="Cut frames into squares of it.")] = None,
    crop: Annotated[int | None, typer.Option(help="Keep the middle square of cutouts.")] = None,
    binning: Annotated[int, typer.Option(help="Sum squares of so many pixels first.")] = 1,
    threshold: Annotated[float, typer.Option(help="Of detection, in noise levels.")] = 1.5,
    rounds: Annotated[int, typer.Option(help="Of correction, at most.")] = 8,
    seed: Annotated[int, typer.Option(help="Of the recipe.")] = 0,
) -> None:
    """Write a recipe whose images are like those of a real sample, and say how well they agree.

    Example: skybench match cutouts --bands g,r,z --zeropoint 22.5 --gain 8000 --out mine.yaml
    """
    from skybench import match_page
    from skybench.survey.cutout_sample import read_sample
    from skybench.survey.match import match as matched

    given = {
        "reference": reference,
        "zeropoint": numbers_of("zeropoint", zeropoint),
        "gain": numbers_of("gain", gain),
        "pixel_scale_arcsec": scale,
        "tile": tile,
        "crop": crop,
    }
    said = {name: value for name, value in given.items() if value is not None}
    names = bands.split(",") if bands is not None else None
    sample = read_sample(source, pattern=images, bands=names, binning=binning, **said)
    found = matched(sample, out, psf_fwhm=fwhm, rounds=rounds, threshold=threshold, seed=seed)
    print("\n".join(match_page.sentences(found)))
    print(f"{out} is the recipe, made after {found.rounds} rounds of correction")
    if report is not None:
        match_page.write(found, report)
        print(f"{report} shows how well they agree")


def real(
    images: Annotated[
        Path,
        typer.Argument(help="Folder of JPEG, PNG, FITS, NPY or NPZ files.", metavar="FOLDER"),
    ],
    votes: Annotated[
        Path, typer.Option(help="CSV, Parquet, FITS or ECSV, a row an object.", metavar="TABLE")
    ],
    licence: Annotated[
        str | None,
        typer.Option(help="Of the images, such as CC-BY-4.0; must be said.", metavar="SPDX"),
    ] = None,
    mapping: Annotated[
        str | None,
        typer.Option(help="gz1, gz2_deepbench, gz_decals, or a YAML file.", metavar="NAME"),
    ] = None,
    cut: Annotated[
        list[str] | None,
        typer.Option("--class", help="Instead: 'spiral: p_cs >= 0.8', and more of them."),
    ] = None,
    labels: Annotated[str | None, typer.Option(help="Instead: the column of classes.")] = None,
    id: Annotated[str | None, typer.Option(help="Column with the names of the images.")] = None,
    where: Annotated[str | None, typer.Option(help="A cut for all, such as 'z < 0.1'.")] = None,
    group: Annotated[
        str | None, typer.Option(help="Column of what stays together in one split.")
    ] = None,
    keep: Annotated[
        str | None, typer.Option(help="Columns that become coordinates: z,mag_r.")
    ] = None,
    per_class: Annotated[int | None, typer.Option(help="Samples of each class.")] = None,
    splits: Annotated[
        str, typer.Option(help="Shares of train, validation and test.")
    ] = "0.6,0.2,0.2",
    seed: Annotated[int, typer.Option(help="Of choice and splits.")] = 0,
    crop: Annotated[int | None, typer.Option(help="Keep the middle square of it.")] = None,
    side: Annotated[int | None, typer.Option(help="Then resize it to so many pixels.")] = None,
    bands: Annotated[
        str | None, typer.Option(help="Names of the planes, or grey, or blue,green,red.")
    ] = None,
    units: Annotated[str | None, typer.Option(help="Of the pixels, but of pictures.")] = None,
    scale: Annotated[float | None, typer.Option(help="Arcseconds a pixel, as given.")] = None,
    citation: Annotated[str, typer.Option(help="How to cite the images.")] = "",
    name: Annotated[str, typer.Option(help="The dataset's name.")] = "real",
    version: VersionOption = None,
    out: OutOption = None,
    store: StoreOption = None,
) -> None:
    """Make a dataset of real images and votes; without --version and --out, say what it would have.

    Example: skybench real images --votes gz2.csv --mapping gz2_deepbench --licence CC-BY-4.0
    """
    from skybench.survey.real import RealOptions, real_sample

    options = RealOptions(
        licence=licence,
        mapping=mapping,
        classes=_cuts(cut),
        labels=labels,
        id=id,
        where=where,
        group=group,
        keep=keep.split(",") if keep else (),
        per_class=per_class,
        splits=numbers_of("splits", splits) or (),
        seed=seed,
        crop=crop,
        side=side,
        bands=bands.split(",") if bands else None,
        units=units,
        pixel_scale_arcsec=scale,
        name=name,
        citation=citation,
    )
    made = real_sample(images, votes, options)
    print("\n".join(made.sentences()))
    if out is not None:
        _write(made.dataset, out)
        print(f"{out} has them")
    if version is not None:
        _publish(made.dataset, made.description, version, store)


def _write(ds: "xr.Dataset", out: Path) -> None:
    from skybench.registry.exports.export import data_format_of, write_dataset

    write_dataset(ds, out, data_format_of(out))


def _publish(
    ds: "xr.Dataset", description: "DatasetDescription", version: str, store: str | None
) -> None:
    from skybench.release.publishing.finished_dataset import publish_dataset

    entry = publish_dataset(ds, description, version, store)
    print(f"{entry.dataset} {entry.version} is published with content {entry.content}")


def _cuts(texts: list[str] | None) -> dict[str, str] | None:
    """Return classes and their cuts from texts like ``spiral: p_cs >= 0.8``."""
    if not texts:
        return None
    pairs = [text.partition(":") for text in texts]
    if wrong := next((text for text, pair in zip(texts, pairs, strict=True) if not pair[1]), None):
        msg = f"a class is written 'spiral: p_cs >= 0.8', got {wrong!r}"
        raise ParameterError(msg)
    return {name.strip(): cut.strip() for name, _, cut in pairs}


def numbers_of(name: str, text: str | None) -> list[float] | None:
    """Return what an option says with commas between, None where it is left out."""
    try:
        return None if text is None else [float(word) for word in text.split(",")]
    except ValueError:
        msg = f"{name} must be a number, or numbers with commas between, got {text!r}"
        raise ParameterError(msg) from None


def _write_completeness(found: "pd.DataFrame", path: Path) -> None:
    """Write the table of sources and its figure, and print the fraction by magnitude."""
    from skybench.survey.completeness import completeness, plot_completeness

    found.to_csv(path, index=False)
    by = {key: completeness(found, by=key) for key in ("magnitude", "half_light_radius")}
    drawn = plot_completeness(by, path.with_suffix(".png"))
    columns = ["low", "high", "fraction", "fraction_low", "fraction_high", "flux_bias"]
    print(by["magnitude"][columns].round(3).to_string(index=False))
    print(f"{path}: {len(found):,} injected sources; {drawn} shows them")
