"""Commands that write recipes, check them and translate those of other tools."""

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from skybench.cli_datasets import RecipeArgument
from skybench.errors import ParameterError

if TYPE_CHECKING:
    from skybench.registry.translations.foreign import Translation

ConfigArgument = Annotated[Path, typer.Argument(help="Its YAML file.", metavar="CONFIG")]

recipe_app = typer.Typer(help="Begin, check, print and translate recipes.")

OutOption = Annotated[
    Path | None,
    typer.Option("--out", help="Write it there. Default: NAME.yaml beside you.", metavar="FILE"),
]


def register(app: typer.Typer) -> None:
    """Add these commands to the command line."""
    app.add_typer(recipe_app, name="recipe", no_args_is_help=True)
    app.command("instruments")(list_instruments)


def list_instruments() -> None:
    """Print the instruments that a recipe can name: bands, pixels, seeing, depth at 5 sigma.

    Example: skybench instruments
    """
    from skybench.generators.sky.instrument import instrument, instruments

    for name in instruments():
        seen = instrument(name)
        print(f"{name}: {seen.title}")
        print(f"  {seen.pixel_scale_arcsec:g} arcsec a pixel, aperture {seen.aperture_arcsec:g}")
        for band, own in seen.bands.items():
            print(f"  {band}: seeing {own.fwhm:.2f} arcsec, depth {seen.depth(band):.2f} mag")


@recipe_app.command("new")
def recipe_new(
    name: Annotated[str, typer.Argument(help="The dataset's name.", metavar="NAME")],
    family: Annotated[
        str, typer.Option(help="Form of the data: sky, geometric, light_curve, nbody, ….")
    ] = "sky",
    out: OutOption = None,
) -> None:
    """Write a recipe to begin with, every key with its meaning. Nothing is overwritten.

    Example: skybench recipe new mine --family geometric
    """
    from skybench.generators.starting_recipe import starting_recipe

    path = _write(starting_recipe(name, family), out or Path(f"{name}.yaml"))
    print(f"{path}: change it, then 'skybench recipe check {path}'")


@recipe_app.command("from-deepbench")
def recipe_from_deepbench(config: ConfigArgument, out: OutOption = None) -> None:
    """Translate a configuration of DeepBench, and say what became of each line.

    Example: skybench recipe from-deepbench config.yaml --out mine.yaml
    """
    from skybench.registry.translations.deepbench import from_deepbench

    _write_translation(from_deepbench(config), out)


@recipe_app.command("from-galsim")
def recipe_from_galsim(config: ConfigArgument, out: OutOption = None) -> None:
    """Translate a configuration of GalSim, and say what became of each line.

    Example: skybench recipe from-galsim demo1.yaml --out mine.yaml
    """
    from skybench.registry.translations.galsim import from_galsim

    _write_translation(from_galsim(config), out)


def _write_translation(made: "Translation", out: Path | None) -> None:
    path = _write(made.text(), out or Path(f"{made.recipe['name']}.yaml"))
    for line in (*made.notes, *made.report):
        print(line)
    print(f"{path}: check it, then 'skybench gallery {path} --recipe'")


def _write(text: str, path: Path) -> Path:
    from skybench.registry.storage.local_disk import reporting_unwritable, write_new

    with reporting_unwritable(path):
        try:
            write_new(path, lambda new: new.write_text(text, encoding="utf-8"))
        except FileExistsError:
            msg = f"{path} exists; choose another name by --out, or delete it first."
            raise ParameterError(msg) from None
    return path


@recipe_app.command("schema")
def recipe_schema() -> None:
    """Print the JSON Schema of recipes."""
    from skybench.generators.recipe_file import recipe_schema as schema_of_recipes

    print(json.dumps(schema_of_recipes(), indent=2))


@recipe_app.command("show")
def recipe_show(recipe: RecipeArgument) -> None:
    """Print a recipe, every default included.

    Example: skybench recipe show sky
    """
    import yaml

    from skybench.generators.recipe_file import load_recipe

    print(yaml.safe_dump(load_recipe(recipe).model_dump(mode="json"), sort_keys=False), end="")


@recipe_app.command("check")
def recipe_check(recipe: RecipeArgument) -> None:
    """Say whether a recipe is valid; each mistake has its place in the file.

    Example: skybench recipe check mine.yaml
    """
    from skybench.generators.generate import empty
    from skybench.generators.recipe_file import load_recipe

    checked = load_recipe(recipe)
    empty(checked)
    print(f"{recipe} is a valid recipe: {checked.samples:,} samples of {checked.name}")
