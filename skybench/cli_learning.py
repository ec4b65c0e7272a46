"""Commands that learn from data."""

from pathlib import Path
from typing import Annotated, Any

import typer

from skybench.cli_survey import numbers_of


def register(app: typer.Typer) -> None:
    """Add these commands to the command line."""
    app.command(no_args_is_help=True)(realism)


def realism(
    real: Annotated[
        str,
        typer.Argument(
            help="Real cutouts: folder or file (FITS, NPY, NPZ, .zarr), or a version.",
            metavar="REAL",
        ),
    ],
    fake: Annotated[
        str, typer.Argument(help="Simulated ones, likewise, or a recipe.", metavar="FAKE")
    ],
    out: Annotated[
        Path | None,
        typer.Option("--out", help="Write the certificate, for --realism.", metavar="JSON"),
    ] = None,
    page: Annotated[
        Path | None,
        typer.Option("--report", help="Write a page of what gives fakes away.", metavar="HTML"),
    ] = None,
    network: Annotated[
        str, typer.Option(help="The judge of pixels; 'none' leaves the trees alone.")
    ] = "obiwan",
    epochs: Annotated[int, typer.Option(help="Of each of its trainings.")] = 30,
    weights: Annotated[
        bool, typer.Option("--weights", help="It sees inverse variances, too.")
    ] = False,
    fwhm: Annotated[
        float | None,
        typer.Option(help="Of the fakes' PSF in pixels. Default: by the sharpest of them."),
    ] = None,
    images: Annotated[str, typer.Option(help="Pattern of the files that are read.")] = "*",
    bands: Annotated[str | None, typer.Option(help="Names of the planes: g,r,z.")] = None,
    reference: Annotated[str | None, typer.Option(help="Band of the statistics of form.")] = None,
    gain: Annotated[str | None, typer.Option(help="Electrons a count, or one each.")] = None,
    tile: Annotated[int | None, typer.Option(help="Cut frames into squares of it.")] = None,
    crop: Annotated[int | None, typer.Option(help="Keep the middle square of cutouts.")] = None,
    binning: Annotated[int, typer.Option(help="Sum squares of so many pixels first.")] = 1,
    seed: Annotated[int, typer.Option(help="Of folds, weights and recipes.")] = 0,
) -> None:
    """Say whether simulated cutouts are told from real ones, how surely, and by what.

    Example: skybench realism cutouts mine.yaml --crop 48 --report page.html --out realism.json
    """
    from skybench.survey.realism import realism as found_by

    given: dict[str, Any] = {
        "reference": reference,
        "gain": numbers_of("gain", gain),
        "tile": tile,
        "crop": crop,
        "bands": bands.split(",") if bands is not None else None,
    }
    said = {name: value for name, value in given.items() if value is not None}
    found = found_by(
        real,
        fake,
        network=None if network == "none" else network,
        psf_fwhm=fwhm,
        use_weights=weights,
        epochs=epochs,
        seed=seed,
        report=lambda line: print(line, flush=True),
        pattern=images,
        binning=binning,
        **said,
    )
    print(found.summary())
    if out is not None:
        out.write_text(found.to_json(), encoding="utf-8")
        print(f"{out} is the certificate; skybench release --realism shows it in the card")
    if page is not None:
        from skybench import realism_page

        realism_page.write(found, page)
        print(f"{page} shows what gives fakes away")
