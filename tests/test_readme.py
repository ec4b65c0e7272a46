"""Every code block of the README runs, in order, against a small store.

``python`` blocks share one namespace; with ``>>>`` their output is compared. ``console`` and
``bash`` blocks run in a shell. A comment on the line above a block says otherwise:

    <!-- runs in: make -->          a dry run: each command is checked, none has an effect
    <!-- saved as: my-sky.yaml -->  the block is that file, for the blocks after it

``text`` blocks are output to look at. A block of any other kind fails.
"""

import doctest
import os
import re
import shlex
import shutil
import subprocess
import sys
import tomllib
from dataclasses import dataclass
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
README = ROOT / "README.md"
FENCE = re.compile(
    r"^(?:<!-- (?P<marker>.*?) -->\n)?```(?P<kind>.*?)\n(?P<text>.*?)^```$",
    re.MULTILINE | re.DOTALL,
)
SHELL = {"bash", "console"}
WITHOUT_EFFECT = {"cd", "source", "."}


@dataclass(frozen=True)
class Block:
    kind: str
    text: str
    line: int
    marker: str = ""

    @property
    def where(self):
        return f"{README.name}:{self.line}"

    @property
    def commands(self):
        """The commands of a shell block; a console block has output beside them."""
        joined = self.text.replace("\\\n", " ")
        lines = [line.strip() for line in joined.splitlines()]
        if self.kind == "console":
            lines = [line.removeprefix("$ ") for line in lines if line.startswith("$ ")]
        return [line for line in lines if line and not line.startswith("#")]


def blocks_of(text):
    return [
        Block(
            kind=found["kind"].strip(),
            text=found["text"],
            line=text.count("\n", 0, found.start("kind")) + 1,
            marker=found["marker"] or "",
        )
        for found in FENCE.finditer(text)
    ]


class Reader:
    """Someone who does all that a README says, in one folder."""

    def __init__(self, folder, environment):
        self.folder = folder
        self.environment = environment
        self.namespace = {"__name__": "__main__"}

    def follow(self, block):
        purpose, _, value = block.marker.partition(": ")
        if purpose == "saved as":
            (self.folder / value).write_text(block.text)
        elif purpose == "runs in" and value == "make" and block.kind in SHELL:
            assert block.commands, f"{block.where} has no command"
            for command in block.commands:
                self.dry_run(command, block)
        elif block.marker:
            pytest.fail(f"{block.where} has an unknown marker: {block.marker}")
        elif block.kind in SHELL:
            self.run(block)
        elif block.kind == "python":
            self.execute(block)
        elif block.kind != "text":
            pytest.fail(f"{block.where} is a {block.kind or 'nameless'} block, which nothing runs")

    def execute(self, block):
        if ">>>" not in block.text:
            padded = "\n" * block.line + block.text
            exec(compile(padded, README.name, "exec"), self.namespace)
            return
        example = doctest.DocTestParser().get_doctest(
            block.text, self.namespace, README.name, README.name, block.line
        )
        output = []
        runner = doctest.DocTestRunner(
            optionflags=doctest.ELLIPSIS | doctest.NORMALIZE_WHITESPACE, verbose=False
        )
        failed = runner.run(example, out=output.append, clear_globs=False).failed
        self.namespace.update(example.globs)
        assert not failed, "".join(output)

    def run(self, block):
        assert block.commands, f"{block.where} has no command"
        done = subprocess.run(
            ["bash", "-euo", "pipefail", "-c", "\n".join(block.commands)],
            cwd=self.folder,
            env=self.environment,
            capture_output=True,
            text=True,
        )
        assert done.returncode == 0, f"{block.where}\n{done.stdout}{done.stderr}"

    def dry_run(self, command, block):
        words = shlex.split(command, comments=True)
        if words[0] == "make":
            done = subprocess.run(
                ["make", "--dry-run", *words[1:]],
                cwd=ROOT,
                env={k: v for k, v in self.environment.items() if not k.startswith("MAKE")},
                capture_output=True,
                text=True,
            )
            assert done.returncode == 0, f"{block.where} {command}: {done.stderr}"
        elif words[0] == "pip":
            extras = re.findall(r"[\w-]+", "".join(re.findall(r"\[(.*?)\]", command)))
            known = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
            assert set(extras) <= set(known["optional-dependencies"]), f"{block.where} {command}"
        elif words[0] == "conda":
            assert (ROOT / words[-1]).is_file(), f"{block.where} {command}"
        else:
            known = words[:2] == ["git", "clone"] or words[0] in WITHOUT_EFFECT
            assert known, f"{block.where} {command}: nothing checks this command"


@pytest.fixture
def reader(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("VIRTUAL_ENV", sys.prefix)
    monkeypatch.setenv("PATH", f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}")
    monkeypatch.setenv("SKYBENCH_STORE", str(tmp_path / "demo-store"))
    return Reader(tmp_path, dict(os.environ))


def test_every_block_of_the_readme_runs(reader, demo_store):
    (reader.folder / ".venv").symlink_to(sys.prefix)
    shutil.copytree(demo_store, reader.folder / "demo-store")
    blocks = blocks_of(README.read_text())
    assert len(blocks) == README.read_text().count("\n```") / 2
    for block in blocks:
        reader.follow(block)


def test_the_readme_first_shows_the_two_commands():
    first = blocks_of(README.read_text())[0]
    assert [command.split("#")[0].strip() for command in first.commands] == [
        "make demo",
        "make test",
    ]


def follow(reader, text):
    for block in blocks_of(text):
        reader.follow(block)


def test_blocks_share_names_and_files_in_order(reader):
    follow(
        reader,
        "```python\nx = 3\nprint(x)\n```\nThen:\n"
        "```bash\n# a comment\necho $((1 + \\\n 1)) > y\n```\n"
        "```python\n>>> from pathlib import Path\n>>> x + int(Path('y').read_text())\n5\n```\n"
        "```python\nassert Path('y').exists()\n```\n",
    )


def test_saved_blocks_are_files_for_later_ones(reader):
    follow(
        reader,
        "<!-- saved as: a.yaml -->\n```yaml\nname: sky\n```\n"
        "```console\n$ grep sky a.yaml\nname: sky\n```\n",
    )


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("```python\n1 / 0\n```\n", "division by zero"),
        ("```python\n>>> 1 + 1\n3\n```\n", "Expected:"),
        ("```console\n$ test -e absent\n```\n", "README.md:1"),
        ("```console\nno prompt\n```\n", "has no command"),
        ("```rust\nmain\n```\n", "README.md:1 is a rust block"),
        ("```\nplain\n```\n", "nameless block"),
        ("<!-- skip -->\n```python\nx\n```\n", "unknown marker: skip"),
        ("<!-- runs in: make -->\n```bash\nmake absent\n```\n", "No rule to make target"),
        ("<!-- runs in: make -->\n```bash\npip install '.[abc]'\n```\n", "abc"),
        ("<!-- runs in: make -->\n```bash\nrm -r x\n```\n", "nothing checks this command"),
        ("<!-- runs in: make -->\n```python\nx\n```\n", "unknown marker"),
    ],
)
def test_a_block_that_does_not_work_fails_with_its_place(reader, text, message):
    with pytest.raises((AssertionError, ArithmeticError, pytest.fail.Exception), match=message):
        follow(reader, text)


def test_commands_of_make_are_checked_without_effect(reader):
    follow(
        reader,
        "<!-- runs in: make -->\n```bash\ngit clone https://x/skybench\ncd skybench\n"
        "make demo  # three minutes\nmake release VERSION=0.1\npip install '.[baselines,dev]'\n"
        "conda env create --file environment.yml\n```\n",
    )
    assert list(reader.folder.iterdir()) == []
