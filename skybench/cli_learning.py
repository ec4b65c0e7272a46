"""Commands that train networks and use them."""

from pathlib import Path
from typing import Annotated

import typer

from skybench.cli_datasets import StoreOption


def register(app: typer.Typer) -> None:
    """Add these commands to the command line."""
    app.command(no_args_is_help=True)(catalogue)
    app.command(no_args_is_help=True)(features)


ModelArgument = Annotated[
    Path, typer.Argument(help="Weights of a classifier, a .safetensors file.", metavar="MODEL")
]
StretchOption = Annotated[
    str, typer.Option(help="Whose stretch images are seen in: own, or that of the model.")
]


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
    stretch: StretchOption = Seen.OWN,
    adapt: Annotated[
        Adapting, typer.Option(help="none, or adabn: statistics of the samples to label.")
    ] = Adapting.NONE,
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
