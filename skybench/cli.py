"""The command line: `skybench --help`."""

import os
import sys
from typing import NoReturn

import click
import typer

from skybench import cli_benchmarks, cli_datasets
from skybench.errors import SkybenchError

USER_ERROR = 2

app = typer.Typer(
    name="skybench",
    help="Simulated astronomy datasets, released as versioned, hash-identified benchmarks.",
    epilog="Stores: --store URL, else $SKYBENCH_STORE, else your data folder.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode="rich",
)
cli_datasets.register(app)
cli_benchmarks.register(app)


def main() -> NoReturn:
    """Run the command line; a user's mistake is one line on standard error and exit code 2."""
    try:
        status = app(standalone_mode=False)
        sys.stdout.flush()
    except click.exceptions.Abort:
        _leave("stopped", 130)
    except click.ClickException as error:
        error.show()
        sys.exit(USER_ERROR)
    except SkybenchError as error:
        _leave(f"error: {error}", USER_ERROR)
    except KeyboardInterrupt:
        _leave("stopped; the same command goes on where it was", 130)
    except BrokenPipeError:
        # The reader, such as head, has seen enough; Python would complain again at exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(0)
    sys.exit(status if isinstance(status, int) else 0)


def _leave(message: str, status: int) -> NoReturn:
    print(message, file=sys.stderr)
    sys.exit(status)
