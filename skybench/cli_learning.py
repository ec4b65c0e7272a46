"""Commands that learn from data."""

import shlex
import sys
from pathlib import Path
from typing import Annotated, Any

import typer

from skybench.cli_datasets import StoreOption
from skybench.cli_survey import numbers_of
from skybench.errors import ParameterError

ModelArgument = Annotated[
    Path, typer.Argument(help="Weights of a classifier, a .safetensors file.", metavar="MODEL")
]
StretchOption = Annotated[
    str, typer.Option(help="Whose stretch images are seen in: own, or that of the model.")
]


def register(app: typer.Typer) -> None:
    """Add these commands to the command line."""
    for command in (train, transfer, catalogue, features, realism):
        app.command(no_args_is_help=True)(command)


def train(
    dataset: Annotated[
        str,
        typer.Argument(
            help="A version such as sky@1, or the path or URL of a .zarr store.", metavar="DATASET"
        ),
    ],
    out: Annotated[
        Path, typer.Option("--out", help="The folder of record, weights, ….", metavar="FOLDER")
    ],
    network: Annotated[
        str | None, typer.Option(help="Network to train. Default: what the protocol says.")
    ] = None,
    protocol: Annotated[
        str, typer.Option(help="default, paper, or a YAML file.", metavar="FILE")
    ] = "default",
    seeds: Annotated[int | None, typer.Option(help="Training runs.")] = None,
    epochs: Annotated[int | None, typer.Option(help="Epochs of each run.")] = None,
    devices: Annotated[
        int, typer.Option(help="Processes that train together, one a GPU where there are GPUs.")
    ] = 1,
    logger: Annotated[
        list[str] | None,
        typer.Option(help="tensorboard, csv, wandb or mlflow; repeat for several."),
    ] = None,
    profile: Annotated[
        bool, typer.Option("--profile", help="Write a trace, and the ten dearest operations.")
    ] = False,
    report: Annotated[
        bool, typer.Option("--report", help="Write a page of where the network breaks.")
    ] = False,
    slurm: Annotated[
        Path | None,
        typer.Option(
            help="Train nothing: write the batch script that does, for SLURM.", metavar="FILE"
        ),
    ] = None,
    nodes: Annotated[int, typer.Option(help="With --slurm: machines.")] = 1,
    store: StoreOption = None,
) -> None:
    """Train a network on a dataset; run again, it goes on where it was stopped.

    Example: skybench train sky@1 --network lenet5 --out run --report
    With a protocol of your own: skybench train mine.zarr --protocol mine.yaml --out run
    """
    if slurm is not None:
        slurm.write_text(slurm_script(sys.argv[1:], nodes, devices), encoding="utf-8")
        print(f"{slurm} is written; submit it with: sbatch {slurm}")
        return
    if nodes != 1:
        msg = "--nodes goes with --slurm; with torchrun its own --nnodes counts"
        raise ParameterError(msg)
    from skybench.learning.execution import is_first_process
    from skybench.release.baselines.train import train as train_network

    first = is_first_process()
    done = train_network(
        dataset,
        out=out,
        network=network,
        protocol=protocol,
        seeds=seeds,
        epochs=epochs,
        store=store,
        devices=devices,
        loggers=logger or (),
        profile=profile,
        progress=sys.stderr.isatty(),
        report=print if first else None,
    )
    if not first:
        return
    print(done)
    if report:
        from skybench.diagnosis.diagnose import diagnose

        page = out / f"{done.record.name}-report"
        if not page.exists():
            name = done.record.name
            print(diagnose(dataset, done.predictions, out=page, name=name, store=store))


def transfer(
    source: Annotated[
        str,
        typer.Argument(
            help="A file of weights (.safetensors, .pth), or a dataset to learn from first.",
            metavar="SOURCE",
        ),
    ],
    target: Annotated[
        str, typer.Argument(help="A version, or the path or URL of a .zarr.", metavar="TARGET")
    ],
    out: Annotated[
        Path, typer.Option("--out", help="The folder of results and trainings.", metavar="FOLDER")
    ],
    network: Annotated[str, typer.Option(help="Network to train.")],
    but: Annotated[
        str, typer.Option(help="What does not move: head, or ends for first and last layer.")
    ] = "head",
    normalisation: Annotated[
        str | None,
        typer.Option(
            help="image, each by its own light; or one stretch, the target's or the source's. "
            "Default: image, unless weights are given that learned otherwise."
        ),
    ] = None,
    protocol: Annotated[
        str, typer.Option(help="default, paper, or a YAML file.", metavar="FILE")
    ] = "default",
    pretraining: Annotated[
        str, typer.Option(help="Protocol for a source that is a dataset.", metavar="FILE")
    ] = "default",
    iterations: Annotated[int, typer.Option(help="Batches of each training.")] = 300,
    labels: Annotated[
        list[int] | None,
        typer.Option(help="Size of the train split, once each; all of it is always there."),
    ] = None,
    rate: Annotated[
        list[float] | None, typer.Option(help="Learning rate to choose from, once each.")
    ] = None,
    seeds: Annotated[int, typer.Option(help="Trainings of each side.")] = 3,
    zero_shot: Annotated[
        bool, typer.Option("--zero-shot", help="Learn nothing from the target: tell its classes.")
    ] = False,
    mapping: Annotated[
        list[str] | None,
        typer.Option(
            "--map", help="With --zero-shot, once for each class.", metavar="SOURCE=TARGET"
        ),
    ] = None,
    report: Annotated[
        bool, typer.Option("--report", help="Write a page with both curves.")
    ] = False,
    store: StoreOption = None,
) -> None:
    """Measure what weights from one dataset are worth on another, beside a twin from scratch.

    Run again, it goes on where it was stopped.

    Example: skybench transfer morphology@1 real.zarr --network narrow_resnet --out trial
    Without learning: … --zero-shot --map spiral=spiral --map round=smooth --map cigar=smooth
    """
    common: dict[str, Any] = {
        "network": network,
        "out": out,
        "normalisation": normalisation,
        "pretraining": pretraining,
        "store": store,
    }
    if zero_shot:
        from skybench.learning.transfer.zero_shot import zero_shot as told_by

        told = told_by(source, target, mapping=_pairs(mapping), **common)
        out.mkdir(parents=True, exist_ok=True)
        (out / "zero-shot.json").write_text(told.to_json(), encoding="utf-8")
        print(told.summary())
        return
    if mapping:
        msg = "--map goes with --zero-shot: a trained network learns the target's own classes"
        raise ParameterError(msg)
    from skybench.learning.transfer.transfer import transfer as measured

    found = measured(
        source,
        target,
        but=but,  # type: ignore[arg-type]
        protocol=protocol,
        iterations=iterations,
        labels=labels,
        rates=rate,
        seeds=seeds,
        report=print,
        **common,
    )
    print(found.summary())
    if report:
        from skybench import transfer_page

        transfer_page.write(found, out / "index.html")
        print(out / "index.html")


def _pairs(mapping: list[str] | None) -> dict[str, str] | None:
    if mapping is None:
        return None
    for pair in mapping:
        if "=" not in pair:
            msg = f"--map is SOURCE=TARGET, such as spiral=spiral, got {pair!r}"
            raise ParameterError(msg)
    return dict(pair.split("=", 1) for pair in mapping)


_SLURM = """#!/bin/bash
#SBATCH --job-name=skybench-train
#SBATCH --nodes={nodes}
#SBATCH --ntasks-per-node=1
#SBATCH --gpus-per-node={devices}
#SBATCH --requeue
# Add what your cluster asks for, such as --account, --partition and --time. Submitted again, or
# requeued, the training goes on from its last checkpoint.
head=$(scontrol show hostnames "$SLURM_JOB_NODELIST" | head -n 1)
srun torchrun --nnodes={nodes} --nproc-per-node={devices} \\
  --rdzv-backend=c10d --rdzv-id="$SLURM_JOB_ID" --rdzv-endpoint="$head:29500" \\
  -m skybench {arguments}
"""


def slurm_script(arguments: list[str], nodes: int, devices: int) -> str:
    """Return the batch script that runs a command on each of several machines.

    Parameters
    ----------
    arguments : list of str
        Of the command line; ``--slurm`` and ``--nodes`` are left out.
    nodes, devices : int
        Machines, and processes on each.
    """
    kept, given = [], iter(arguments)
    for word in given:
        if word in ("--slurm", "--nodes"):
            next(given, None)
        elif not word.startswith(("--slurm=", "--nodes=")):
            kept.append(word)
    return _SLURM.format(nodes=nodes, devices=devices, arguments=shlex.join(kept))


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


def catalogue(
    model: ModelArgument,
    dataset: Annotated[
        str,
        typer.Argument(
            help="What to label: a version, a .zarr store, a recipe or its rung.",
            metavar="DATASET",
        ),
    ],
    out: Annotated[
        Path, typer.Option("--out", help=".parquet, .fits, .ecsv or .csv.", metavar="FILE")
    ],
    source: Annotated[
        str | None,
        typer.Option(
            help="What the model learnt; its validation split calibrates.", metavar="DATASET"
        ),
    ] = None,
    part: Annotated[
        str, typer.Option(help="The split or named set to label, or all.")
    ] = "unlabelled",
    column: Annotated[
        list[str] | None,
        typer.Option(help="A coordinate that the catalogue has too; repeat for several."),
    ] = None,
    stretch: StretchOption = "own",
    adapt: Annotated[
        str, typer.Option(help="none, or adabn: statistics of the samples to label.")
    ] = "none",
    rounds: Annotated[
        int, typer.Option(help="Of recursive training on the surest labels, at most.")
    ] = 0,
    cut: Annotated[float, typer.Option(help="Least probability of a label to learn from.")] = 0.95,
    where: Annotated[
        str | None,
        typer.Option(help="Cut of the source's samples, such as 'vote_fraction_spiral > 0.985'."),
    ] = None,
    protocol: Annotated[
        str, typer.Option(help="Of the rounds: default, paper or a YAML file.")
    ] = "default",
    work: Annotated[
        Path, typer.Option(help="Folder of the rounds, which resume there.", metavar="FOLDER")
    ] = Path("rounds"),
    store: StoreOption = None,
) -> None:
    """Label samples that nobody labelled, with probabilities that tell how often they are right.

    Example: skybench catalogue resnet18.safetensors sdss_des/des --source sdss_des
    --out des.parquet
    """
    from skybench.learning.catalogue.labelling import Recursive
    from skybench.learning.catalogue.labelling import catalogue as make_catalogue
    from skybench.learning.catalogue.recursion import Rules
    from skybench.learning.protocol_file import protocol_of

    recursion = None
    if rounds:
        recursion = Recursive(
            folder=work,
            rules=Rules(rounds=rounds, cut=cut),
            protocol=protocol_of(protocol),
            cut=where,
            report=print,
        )
    found = make_catalogue(
        model,
        dataset,
        part=part,
        source=source,
        columns=column or (),
        stretch=stretch,
        adapt=adapt,
        recursion=recursion,
        store=store,
    )
    found.catalogue.write(out)
    print(f"{found}\n{out}")


def features(
    model: ModelArgument,
    datasets: Annotated[
        list[str],
        typer.Argument(help="Versions, .zarr stores, recipes or rungs.", metavar="DATASET..."),
    ],
    out: Annotated[
        Path | None,
        typer.Option("--out", help="Draw the maps: .png, .pdf or .svg.", metavar="FILE"),
    ] = None,
    part: Annotated[str, typer.Option(help="The split or named set of each, or all.")] = "test",
    at_most: Annotated[int, typer.Option(help="Samples of each.")] = 1000,
    stretch: StretchOption = "own",
    store: StoreOption = None,
) -> None:
    """Map what a network makes of several surveys: PCA, t-SNE, and how apart they lie in numbers.

    Example: skybench features resnet18.safetensors sdss_des sdss_des/des --out map.png
    """
    from skybench.learning.catalogue.feature_map import features as map_features

    found = map_features(model, *datasets, part=part, at_most=at_most, stretch=stretch, store=store)
    print(found)
    if out is not None:
        print(found.draw(out))
