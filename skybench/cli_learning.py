"""Commands that train networks and use them."""

import shlex
import sys
from pathlib import Path
from typing import Annotated

import typer

from skybench.cli_datasets import StoreOption
from skybench.errors import ParameterError

ModelArgument = Annotated[
    Path, typer.Argument(help="Weights of a classifier, a .safetensors file.", metavar="MODEL")
]
StretchOption = Annotated[
    str, typer.Option(help="Whose stretch images are seen in: own, or that of the model.")
]


def register(app: typer.Typer) -> None:
    """Add these commands to the command line."""
    for command in (train, catalogue, features):
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
