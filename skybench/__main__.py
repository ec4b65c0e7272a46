"""`skybench` and `python -m skybench` are the command line."""

import sys


def main() -> None:
    """Run the command line; Ctrl-C ends it in a line and with exit code 130, loaded or not yet."""
    try:
        # Inside, since loading it takes a moment, too.
        from skybench.cli import main as run

        run()
    except KeyboardInterrupt:
        print("\ninterrupted", file=sys.stderr)
        sys.exit(130)


if __name__ == "__main__":
    main()
