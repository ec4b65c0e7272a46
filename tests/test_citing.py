"""What is said of the project to archives, journals and who cites it agrees with the package."""

import json
import re
import tomllib
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).parent.parent
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
CITATION = yaml.safe_load((ROOT / "CITATION.cff").read_text(encoding="utf-8"))
ZENODO = json.loads((ROOT / ".zenodo.json").read_text(encoding="utf-8"))
PAPER = (ROOT / "paper" / "paper.md").read_text(encoding="utf-8")
FRONT = yaml.safe_load(PAPER.split("---\n")[1])


def test_the_citation_names_this_version():
    assert CITATION["version"] == PROJECT["version"]
    assert CITATION["license"] == PROJECT["license"]
    assert CITATION["cff-version"] == "1.2.0"
    assert {"message", "title", "authors"} <= set(CITATION)


def test_the_archive_is_told_the_same():
    assert ZENODO["version"] == PROJECT["version"]
    assert ZENODO["license"] == PROJECT["license"]
    assert ZENODO["description"] == PROJECT["description"]
    assert ZENODO["title"] == CITATION["title"]
    assert ZENODO["keywords"] == CITATION["keywords"]
    assert ZENODO["keywords"] == [k for k in PROJECT["keywords"] if k not in ("zarr", "intake")]


def test_authors_are_the_same_everywhere():
    names = [one["name"] for one in PROJECT["authors"]]
    for other in (CITATION["authors"], ZENODO["creators"], FRONT["authors"]):
        assert [one["name"] for one in other] == names


def test_the_paper_has_its_title_and_its_parts():
    assert FRONT["title"] == CITATION["title"]
    parts = re.findall(r"^# (.*)$", PAPER, re.MULTILINE)
    assert {"Summary", "Statement of need", "Comparison", "References"} <= set(parts)


def test_the_paper_cites_what_it_lists_and_lists_what_it_cites():
    listed = re.findall(r"^@\w+\{(\w+),", (ROOT / "paper" / "paper.bib").read_text(), re.MULTILINE)
    assert sorted(listed) == sorted(set(re.findall(r"@(\w+)", PAPER)))


@pytest.mark.parametrize("figure", re.findall(r"\]\(([^)]+\.png)\)", PAPER))
def test_the_figures_of_the_paper_are_there(figure):
    assert (ROOT / "paper" / figure).is_file()
    assert re.search(r"\\autoref\{fig:\w+\}", PAPER)
