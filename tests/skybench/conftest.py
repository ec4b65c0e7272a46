"""What tests of the command line share."""

import sys

import pytest

from skybench import cli


@pytest.fixture
def skybench(monkeypatch, capsys):
    """Return a function that runs a command and gives its exit code, output and errors."""

    def run(*arguments, columns=200):
        monkeypatch.setattr(sys, "argv", ["skybench", *map(str, arguments)])
        monkeypatch.setenv("COLUMNS", str(columns))
        with pytest.raises(SystemExit) as stop:
            cli.main()
        captured = capsys.readouterr()
        return stop.value.code or 0, captured.out, captured.err

    return run
