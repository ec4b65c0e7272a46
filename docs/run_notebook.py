"""Run a notebook of docs/notebooks from top to bottom, with other values where they are given.

    python docs/run_notebook.py where_a_model_breaks --in diagnosis EPOCHS=30

``make diagnose`` runs this, and so do the tests.
"""

import argparse
import ast
from pathlib import Path
from typing import Any

import jupytext
import nbclient
import nbformat

NOTEBOOKS = Path(__file__).parent / "notebooks"
MOST_SECONDS = 600
"""For a cell: notebooks are short, so one that takes longer hangs."""

QUIET = {"extra_arguments": ["--log-level=ERROR"]}
"""Of the kernel, which else warns of its own socket on loopback."""


def run(name: str, folder: Path, **values: object) -> nbformat.NotebookNode:
    """Run a notebook in a folder and return it with what its cells gave.

    Parameters
    ----------
    name : str
        That of its file, without folder and ending.
    folder : Path
        Where it runs; what it writes stays there.
    **values
        Laid over those of its cell that is tagged ``parameters``.

    Raises
    ------
    ValueError
        A value has a name that the cell does not give.
    nbclient.exceptions.CellExecutionError
        A cell fails.
    """
    notebook = jupytext.read(NOTEBOOKS / f"{name}.md")
    if values:
        _lay_over(notebook, values)
    folder.mkdir(parents=True, exist_ok=True)
    return nbclient.execute(notebook, cwd=str(folder), timeout=MOST_SECONDS, **QUIET)


def _lay_over(notebook: nbformat.NotebookNode, values: dict[str, object]) -> None:
    """Put a cell with the values after the one that gives them."""
    tagged = [i for i, c in enumerate(notebook.cells) if "parameters" in c.metadata.get("tags", ())]
    given = {name for i in tagged for name in _assigned(notebook.cells[i].source)}
    if unknown := values.keys() - given:
        msg = f"no value {', '.join(sorted(unknown))} in the notebook; it has {sorted(given)}"
        raise ValueError(msg)
    lines = "\n".join(f"{name} = {value!r}" for name, value in values.items())
    notebook.cells.insert(tagged[-1] + 1, nbformat.v4.new_code_cell(lines))


def _assigned(source: str) -> set[str]:
    """Return the names that lines of Python give values to."""
    nodes = ast.walk(ast.parse(source))
    return {n.id for n in nodes if isinstance(n, ast.Name) and isinstance(n.ctx, ast.Store)}


def printed(notebook: nbformat.NotebookNode, stream: str = "stdout") -> str:
    """Return the text that a reader sees below the cells, of one stream; values are of stdout."""
    outputs = [output for cell in notebook.cells for output in cell.get("outputs", ())]
    return "\n".join(_text(output) for output in outputs if output.get("name", "stdout") == stream)


def _text(output: nbformat.NotebookNode) -> str:
    return output.text if "text" in output else output.data.get("text/plain", "")


def _value(argument: str) -> tuple[str, Any]:
    name, _, text = argument.partition("=")
    try:
        return name, ast.literal_eval(text)
    except (SyntaxError, ValueError):
        return name, text


def main() -> None:
    """Run the notebook that the command line names, and print what it prints."""
    parser = argparse.ArgumentParser(description="Run a notebook of docs/notebooks.")
    parser.add_argument("name")
    parser.add_argument("--in", dest="folder", type=Path, default=Path())
    parser.add_argument("values", nargs="*", type=_value, metavar="NAME=VALUE")
    given = parser.parse_args()
    print(printed(run(given.name, given.folder, **dict(given.values))))


if __name__ == "__main__":
    main()
