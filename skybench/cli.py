"""The command line: `skybench --help`."""

import io
import os
import sys
import warnings
from typing import Annotated, Any

import typer
from typer.core import TyperGroup

from skybench import (
    cli_benchmarks,
    cli_datasets,
    cli_interchange,
    cli_learning,
    cli_proof,
    cli_recipes,
    cli_site,
    cli_survey,
)
from skybench.errors import SkybenchError


class _Commands(TyperGroup):
    """The commands; stopped by Ctrl-C they say how to go on, with the shell's exit code for it."""

    def invoke(self, ctx: Any) -> Any:
        try:
            return super().invoke(ctx)
        except KeyboardInterrupt:
            print("\ninterrupted; to go on, run the same command again", file=sys.stderr)
            raise typer.Exit(130) from None


app = typer.Typer(
    name="skybench",
    cls=_Commands,
    context_settings={"help_option_names": ["--help", "-h"]},
    help="Simulated astronomy datasets, released as versioned, hash-identified benchmarks.",
    epilog="Stores: --store URL, else $SKYBENCH_STORE, else your data folder.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode="rich",
)


def _print_version(asked: bool) -> None:
    if asked:
        from skybench.release.building.generator_identity import generator_identity

        made_by = generator_identity()
        print(f"skybench {made_by['skybench']}, {made_by['generator']}")
        raise typer.Exit


@app.callback()
def _options(
    version: Annotated[
        bool,
        typer.Option(
            "--version",
            callback=_print_version,
            is_eager=True,
            help="Print the versions of skybench and its generators.",
        ),
    ] = False,
) -> None:
    pass


cli_datasets.register(app)
cli_recipes.register(app)
cli_interchange.register(app)
cli_proof.register(app)
cli_benchmarks.register(app)
cli_learning.register(app)
cli_survey.register(app)
cli_site.register(app)


def main() -> None:
    """Run the command line; a user's mistake is one line on standard error and exit code 2.

    A reader of the output that stops early, such as head, ends it quietly; where the output cannot
    be written, as on a full disk, that is one line and exit code 1.
    """
    shown = warnings.showwarning
    warnings.showwarning = _tell
    try:
        _run()
    except SkybenchError as error:
        print(f"error: {error}", file=sys.stderr)
        sys.exit(2)
    except BrokenPipeError:
        _drop_output()
    except SystemExit as ended:
        # So typer and rich end where they meet a closed pipe, with exit code 1.
        if not isinstance(ended.__context__, BrokenPipeError):
            raise
        _drop_output()
    except OSError as error:
        _drop_output()
        where = error.filename or "the output"
        print(f"error: {where}: {error.strerror or error}", file=sys.stderr)
        sys.exit(1)
    finally:
        warnings.showwarning = shown


def _drop_output() -> None:
    """Let what is still to be written go nowhere: Python would complain again at its exit."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _tell(message: Warning | str, *_: object, **__: object) -> None:
    """Show a warning as a sentence: where in the code it was raised helps no user of a command."""
    print(f"warning: {message}", file=sys.stderr)


def _run() -> None:
    if sys.stdout is None:  # closed, by >&-
        sys.stdout = open(os.devnull, "w")  # noqa: SIM115, as long as the process
    if isinstance(sys.stdout, io.TextIOWrapper):
        # Terminals and files that are not of UTF-8 show what they can.
        sys.stdout.reconfigure(errors="backslashreplace")
    try:
        app()
    finally:
        sys.stdout.flush()
