"""What the pages say of commands, files and numbers is so."""

import re
from pathlib import Path

import pytest
import typer.main
import yaml

from skybench.cli import app
from skybench.generators.recipe_file import parse_recipe
from skybench.learning.floors import FLOORS
from skybench.learning.networks.table import NETWORKS
from skybench.learning.protocol_file import read_protocol
from skybench.learning.protocols import PROTOCOLS

ROOT = Path(__file__).parent.parent
PAGES = [
    ROOT / "README.md",
    ROOT / "CONTRIBUTING.md",
    ROOT / "SECURITY.md",
    ROOT / "generators" / "DESIGN.md",
    *sorted(ROOT.glob("docs/**/*.md")),
]


def text_of(page):
    return page.read_text(encoding="utf-8")


def commands(group):
    """Return the options of each command, by what one types for it."""
    found = {}
    for name, command in group.commands.items():
        if hasattr(command, "commands"):
            found |= {f"{name} {inner}": o for inner, o in commands(command).items()}
        else:
            found[name] = {o for p in command.params for o in (*p.opts, *p.secondary_opts)}
    return found


COMMANDS = commands(typer.main.get_command(app))


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_links_lead_to_files_and_headings(page):
    for target in re.findall(r"\]\(([^)\s]+)\)", text_of(page)):
        path, _, heading = target.partition("#")
        if "://" in target:
            continue
        file = page.parent / path if path else page
        assert file.exists(), target
        headings = re.findall(r"^#+ (.*)$", text_of(file), re.MULTILINE) if heading else []
        anchors = {re.sub(r"[^\w -]", "", h.lower()).replace(" ", "-") for h in headings}
        assert not heading or heading in anchors, target


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_commands_and_their_options_are_there(page):
    for used in re.findall(r"(?:^|[`$] ?)skybench ([a-z][^`\n#|>]*)", text_of(page), re.MULTILINE):
        words = used.split()
        name = next((n for n in (" ".join(words[:2]), words[0]) if n in COMMANDS), None)
        assert name or words[0] in {n.split()[0] for n in COMMANDS}, used
        for option in (word.split("=")[0] for word in words if word.startswith("--")):
            assert option in COMMANDS.get(name, ()) or option == "--help", used


def test_every_command_is_in_a_page():
    pages = " ".join(" ".join(map(text_of, PAGES)).split())
    assert [name for name in COMMANDS if f"skybench {name}" not in pages] == []


def test_the_design_names_files_that_are_there():
    named = re.findall(r"`([\w/]+\.(?:py|c|h))`", text_of(ROOT / "generators" / "DESIGN.md"))
    folders = [ROOT / f"generators{inside}" for inside in ("", "/sky", "/native")] + [ROOT]
    assert len(named) > 10
    assert [n for n in named if not any((folder / n).is_file() for folder in folders)] == []


def test_the_diffs_of_the_guide_are_in_the_tree():
    blocks = re.findall(r"^```diff\n(.*?)^```$", text_of(ROOT / "CONTRIBUTING.md"), re.M | re.S)
    assert len(blocks) == 6
    for part in "".join(blocks).split("+++ ")[1:]:
        file, *lines = part.splitlines()
        there = text_of(ROOT / file).splitlines()
        assert [line for line in lines if line != "+" and line.removeprefix("+") not in there] == []


def test_the_files_of_the_guide_are_in_the_tree():
    guide = text_of(ROOT / "CONTRIBUTING.md")
    named = re.findall(r"`((?:generators|learning|registry|tests)/[\w/.]+)`", guide)
    real = [name for name in named if not re.search("NAME|FAMILY", name)]
    assert len(real) > 8
    assert [name for name in real if not (ROOT / name).exists()] == []


def test_whole_recipes_in_the_pages_are_valid():
    blocks = re.findall(r"^```yaml\n(.*?)^```$", text_of(ROOT / "docs" / "recipes.md"), re.M | re.S)
    whole = [block for block in blocks if "name" in yaml.safe_load(block)]
    assert [parse_recipe(block, "docs/recipes.md").name for block in whole] == [
        "mine",
        "deep",
        "mixture",
    ]


def test_the_protocols_are_those_of_the_code():
    page = text_of(ROOT / "docs" / "scoring.md")
    for protocol in PROTOCOLS.values():
        row = re.search(rf"^\| `{protocol.name}` \|(.*)\| (\d+) \|$", page, re.MULTILINE)
        assert int(row[2]) == protocol.seeds_needed
        told = {float(number) for number in re.findall(r"\d[\d.e-]*", row[1])}
        assert told == {
            float(number)
            for number in (
                protocol.batch_size,
                protocol.learning_rate,
                protocol.weight_decay,
                protocol.epochs,
                protocol.momentum,
            )
            if number
        }
    assert all(f"| {task}" in page or f", {task} |" in page for task in FLOORS)


def test_the_networks_are_those_of_the_code():
    page = text_of(ROOT / "docs" / "scoring.md")
    for n in NETWORKS.values():
        numbers = f"{', '.join(n.takes)} | {n.usual_parameters():,}"
        assert f"\n| `{n.name}` | {numbers} | {n.title}, {n.reference} |\n" in page


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_the_tests_that_a_page_names_are_there(page):
    """A promise is held by the test that stands beside it."""
    for file, name in re.findall(r"`(tests/[\w/]+\.py)(?:::(\w+))?`", text_of(page)):
        source = (ROOT / file).read_text(encoding="utf-8")
        assert re.search(rf"^(?:def|class) {name}\b", source, re.MULTILINE) or not name, name


def test_whole_protocols_in_the_pages_are_valid(tmp_path):
    page = text_of(ROOT / "docs" / "training.md")
    blocks = re.findall(r"^```yaml\n(.*?)^```$", page, re.M | re.S)
    for number, block in enumerate(blocks):
        path = tmp_path / f"protocol{number}.yaml"
        path.write_text(block, encoding="utf-8")
        assert read_protocol(path).name == path.stem
    assert len(blocks) == 3
