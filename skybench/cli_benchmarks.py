"""Commands that release versions, score models and compare them."""

import json
import sys
from pathlib import Path
from typing import Annotated

import typer

from skybench.cli_datasets import Reference, Scheduler, StoreOption, Workers
from skybench.errors import ParameterError, StoreError

SignOption = Annotated[
    Path | None,
    typer.Option(
        "--sign",
        help="Sign manifest and index with this private key (PEM, elliptic curve).",
        metavar="KEY",
    ),
]

JudgedArgument = Annotated[
    str,
    typer.Argument(
        help="A version such as sky@1, a .zarr store, a recipe or its rung such as sky/hard.",
        metavar="DATASET",
    ),
]
PredictionsArgument = Annotated[
    Path,
    typer.Argument(help="CSV, TSV, Parquet or FITS, a row a test sample; .npz or .zarr for maps."),
]


def register(app: typer.Typer) -> None:
    """Add these commands to the command line."""
    for command in (
        release,
        networks,
        yank,
        evaluate,
        score,
        unseal,
        diagnose,
        examine,
        leaderboard,
        demo,
    ):
        app.command()(command)


def release(
    version: Annotated[str, typer.Argument(help="MAJOR.MINOR, such as 0.3.")],
    datasets: Annotated[
        list[str] | None, typer.Argument(help="Recipes; all packaged ones if absent.")
    ] = None,
    store: StoreOption = None,
    workers: Workers = None,
    scheduler: Scheduler = None,
    samples: Annotated[int | None, typer.Option(help="Instead of the recipes' numbers.")] = None,
    network: Annotated[
        list[str] | None,
        typer.Option(help="Network to train; repeat for several. Default: resnet50."),
    ] = None,
    protocol: Annotated[
        list[str] | None, typer.Option(help="Training protocol; repeat for several.")
    ] = None,
    seeds: Annotated[int | None, typer.Option(help="Training runs of each protocol.")] = None,
    epochs: Annotated[int | None, typer.Option(help="Epochs of each run.")] = None,
    baselines: Annotated[
        bool,
        typer.Option(
            "--baselines/--no-baselines",
            help="Whether to train any; a version without has no scores, and is not recorded.",
        ),
    ] = True,
    record: Annotated[
        bool | None,
        typer.Option(
            "--record/--no-record",
            help="Write the identities into the source checkout, for committing. "
            "Default: where skybench runs from one.",
        ),
    ] = None,
    sign: SignOption = None,
    sealed: Annotated[
        Path | None,
        typer.Option(
            "--sealed",
            help="Withhold the truth of the test split: FILE is its seal, made if absent. "
            "Keep it secret, and keep it: who has it scores.",
            metavar="FILE",
        ),
    ] = None,
    contact: Annotated[
        str | None, typer.Option(help="With --sealed: whom predictions are sent to; published.")
    ] = None,
    realism: Annotated[
        Path | None,
        typer.Option(help="Certificate of skybench realism, for the card.", metavar="JSON"),
    ] = None,
) -> None:
    """Release a version: build, hash, train baselines, publish. Resumes; never overwrites.

    Example: skybench release 0.4 sky --store s3://bucket/store --workers 8
    Your own recipe, without training: skybench release 0.1 mine.yaml --no-baselines
    Its truth withheld: skybench release 1.0 mine.yaml --no-baselines --sealed mine.seal
    """
    from skybench.learning.networks.table import DEFAULT_NETWORKS
    from skybench.release.release import BuildOptions, TrainingOptions
    from skybench.release.release import release as release_datasets

    release_datasets(
        version,
        store=store,
        datasets=datasets or None,
        samples=samples,
        building=BuildOptions(workers=workers, scheduler=scheduler),
        training=TrainingOptions(
            networks=network or DEFAULT_NETWORKS, protocols=protocol, seeds=seeds, epochs=epochs
        )
        if baselines or network or protocol or seeds or epochs
        else None,
        baselines=baselines,
        record=baselines and _runs_from_checkout() if record is None else record,
        sign=sign,
        sealed=sealed,
        contact=contact,
        realism=realism,
        say=print,
    )


def _runs_from_checkout() -> bool:
    from skybench.release.publishing.recording import source_checkout

    try:
        source_checkout()
    except StoreError:
        return False
    return True


def networks() -> None:
    """List the networks that can be trained: what they take, their size, their paper.

    Example: skybench networks
    """
    from rich.console import Console
    from rich.table import Table

    from skybench.learning.networks.table import NETWORKS

    table = Table(box=None, header_style="bold")
    for heading in ("name", "title", "takes", "smallest", "answers", "parameters", "reference"):
        table.add_column(heading, justify="right" if heading == "parameters" else "left")
    for network in NETWORKS.values():
        table.add_row(
            network.name,
            network.title,
            ", ".join(network.takes),
            str(network.smallest),
            ", ".join(network.answers),
            f"{network.usual_parameters():,}",
            network.reference,
        )
    Console(width=None if sys.stdout.isatty() else 200).print(table)
    print("timm:NAME names a network of timm (pip install 'skybench[networks]')")


def yank(
    version: Annotated[str, typer.Argument(help="Exact, such as sky@1.1.", metavar="VERSION")],
    reason: Annotated[str, typer.Option(help="Shown to those who open it all the same.")],
    store: StoreOption = None,
    sign: SignOption = None,
) -> None:
    """Withdraw a version from aliases. It stays, its number is never used again.

    Example: skybench yank sky@1.1 --reason "flux of spirals was 2 % low"
    """
    from skybench.release.withdraw import withdraw

    line = withdraw(version, reason, store=store, sign=sign)
    print(f"{line.dataset} {line.version} is withdrawn: {line.reason}")


def evaluate(
    dataset: JudgedArgument,
    predictions: PredictionsArgument,
    name: Annotated[str, typer.Option(help="Name of the model.")] = "submission",
    split: Annotated[str, typer.Option(help="The split or named set to score.")] = "test",
    submit: Annotated[bool, typer.Option("--submit", help="Keep the score in the store.")] = False,
    code: Annotated[str | None, typer.Option(help="Web address of the code.")] = None,
    paper: Annotated[str | None, typer.Option(help="Web address of the paper.")] = None,
    author: Annotated[list[str] | None, typer.Option(help="Repeat for several.")] = None,
    parameters: Annotated[int | None, typer.Option(help="How many were fitted.")] = None,
    training_data: Annotated[
        str | None, typer.Option(help="What it was trained on beyond the training split.")
    ] = None,
    pretraining: Annotated[str | None, typer.Option(help="Whose weights it began with.")] = None,
    store: StoreOption = None,
) -> None:
    """Score predictions on the test split and compare them with a version's stored baselines.

    Example: skybench evaluate sky@0 predictions.csv --name MyNet --submit
    --code https://example.org/mynet --author "A. Name" --pretraining ImageNet-1k
    Example: skybench evaluate sky/hard predictions.csv
    Example: skybench evaluate sky@1 predictions.csv --split hp
    """
    from skybench.registry.evaluate import evaluate as evaluate_predictions

    said = {
        "code": code,
        "paper": paper,
        "authors": author,
        "parameters": parameters,
        "training_data": training_data,
        "pretraining": pretraining,
    }
    about = {key: value for key, value in said.items() if value is not None}
    print(
        evaluate_predictions(
            dataset, predictions, name=name, split=split, store=store, submit=submit, about=about
        )
    )


def score(
    dataset: Reference,
    predictions: PredictionsArgument,
    seal: Annotated[
        Path, typer.Option("--seal", help="What skybench release --sealed made.", metavar="FILE")
    ],
    name: Annotated[str, typer.Option(help="Name of the model.")] = "submission",
    submit: Annotated[bool, typer.Option("--submit", help="Keep the score in the store.")] = False,
    store: StoreOption = None,
) -> None:
    """Score predictions for a sealed test split, as the holder of its seal.

    Example: skybench score sky@1.0 predictions.csv --seal sky.seal --name MyNet --submit
    """
    from skybench.registry.evaluate import evaluate as evaluate_predictions

    print(
        evaluate_predictions(dataset, predictions, name=name, store=store, submit=submit, seal=seal)
    )


def unseal(
    dataset: Reference,
    seal: Annotated[Path, typer.Argument(help="Its seal.", metavar="FILE")],
    store: StoreOption = None,
) -> None:
    """Publish the seal of a version in a store, for good: from then on anyone can score.

    Example: skybench unseal sky@1.0 sky.seal
    """
    from skybench.registry.seals import unseal as unseal_version

    opened = unseal_version(dataset, seal, store=store)
    print(
        f"{opened.reference} is open: skybench evaluate scores, and "
        f"'skybench reproduce {opened.reference}' proves its test split"
    )


def diagnose(
    dataset: JudgedArgument,
    predictions: PredictionsArgument,
    out: Annotated[Path, typer.Option("--out", help="The folder to make.", metavar="FOLDER")],
    name: Annotated[str, typer.Option(help="Name of the model.")] = "submission",
    rung: Annotated[
        list[str] | None,
        typer.Option(
            help="What it answers on another rung of the recipe; repeat for several.",
            metavar="RUNG=FILE",
        ),
    ] = None,
    store: StoreOption = None,
) -> None:
    """Say where a model is wrong and what that depends on, and write a page with figures.

    Example: skybench diagnose sky@0 predictions.parquet --out report --rung hard=hard.parquet
    """
    from skybench.diagnosis.diagnose import diagnose as diagnose_predictions

    rungs = dict(_rung_and_file(given) for given in rung or ())
    print(diagnose_predictions(dataset, predictions, out=out, name=name, store=store, rungs=rungs))


def examine(dataset: JudgedArgument, store: StoreOption = None) -> None:
    """Say what a benchmark gives away: twins, order, balance, easy ways out, what nobody sees.

    Ends with 1 where something that is asked is not met.

    Example: skybench examine objects@0
    """
    from skybench.learning.examination import examine as examine_dataset

    findings = examine_dataset(dataset, store=store)
    print(*findings, sep="\n")
    if any(finding.passed is False for finding in findings):
        raise typer.Exit(1)


def _rung_and_file(given: str) -> tuple[str, Path]:
    rung, equals, file = given.partition("=")
    if not (rung and equals and file):
        msg = f"--rung is a rung and a file, such as hard=hard.parquet, got {given!r}"
        raise ParameterError(msg)
    return rung, Path(file)


def leaderboard(
    dataset: Reference,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON for programs.")] = False,
    store: StoreOption = None,
) -> None:
    """Rank the stored scores of a version.

    Example: skybench leaderboard sky@0
    """
    from skybench.registry.leaderboard import leaderboard as rank

    table = rank(dataset, store=store)
    if as_json:
        rows = json.loads(table.to_json(orient="records"))
        about = table.attrs["about"]
        print(json.dumps([row | {"about": about.get(row["name"], {})} for row in rows], indent=2))
        for note in table.attrs["notes"]:
            print(note, file=sys.stderr)
    else:
        from rich.console import Console

        from skybench.leaderboard_table import leaderboard_table

        Console().print(leaderboard_table(table))


def demo(store: StoreOption = "./demo-store") -> None:
    """Build recorded versions, train a small network on them, and show where it breaks.

    Example: skybench demo --store ./demo-store
    """
    from skybench.demo import run_demo

    run_demo(store or "./demo-store")
