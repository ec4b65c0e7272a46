"""Citations: identity in them, and nothing in a title that TeX or YAML would run."""

import re
from pathlib import Path

import pytest
import yaml

from skybench.errors import ParameterError
from skybench.registry.describing.citation import cite
from skybench.registry.recorded import recorded_manifest


@pytest.fixture(scope="module")
def manifest():
    return recorded_manifest("sky@0.1")


def fields(entry):
    assert entry.count("{") - entry.count(r"\{") == entry.count("}") - entry.count(r"\}")
    return dict(re.findall(r"^  (\w+) *= \{(.*)\},$", entry, re.MULTILINE))


def test_bibtex_names_version_hash_and_licence(manifest):
    entry = cite(manifest)
    assert entry.startswith("@misc{skybench_sky_0_1,\n")
    found = fields(entry)
    assert found["author"] == "{The skybench developers}"
    assert found["year"] == "2026"
    assert found["version"] == "0.1"
    assert manifest.content.root in found["note"]
    assert rf"sky@0.1\#manifest:{manifest.digest}" in found["note"]
    assert "pixels and coordinates, not scores, licence or citation" in found["note"]
    assert "CC-BY-4.0" in found["note"]


def test_what_tex_would_run_is_escaped(manifest):
    hostile = r"100% of $x_1$ & {a} \input{/etc/passwd} #1 ~^ }, note = {"
    changed = manifest.model_copy(update={"title": hostile, "citation": "no year at all"})
    found = fields(cite(changed))
    assert set(found) == {"author", "title", "year", "version", "note"}
    for raw in (r"\input", "100% ", "$x_1$", " & ", " #1"):
        assert raw not in found["title"]
    assert r"100\% of \$x\_1\$ \& \{a\} \textbackslash{}input\{/etc/passwd\} \#1" in found["title"]
    assert found["author"] == "{The authors of skybench sky 0.1}"
    assert found["year"] == manifest.created[:4]


def test_lines_stay_lines(manifest):
    changed = manifest.model_copy(update={"title": "two\nlines"})
    assert "two lines" in fields(cite(changed))["title"]


def test_authors_and_year_come_from_the_citation(manifest):
    changed = manifest.model_copy(update={"citation": "Ångström & Co. (1999), A title."})
    assert fields(cite(changed))["author"] == r"{Ångström \& Co.}"
    assert fields(cite(changed))["year"] == "1999"
    assert yaml.safe_load(cite(changed, "cff"))["authors"] == [{"name": "Ångström & Co."}]


# The required keys of https://github.com/citation-file-format/citation-file-format, 1.2.0.
REQUIRED = {"authors", "cff-version", "message", "title"}


def test_cff_has_what_its_schema_requires(manifest):
    values = yaml.safe_load(cite(manifest, "cff"))
    assert set(values) >= REQUIRED
    assert values["cff-version"] == "1.2.0"
    assert values["type"] == "dataset"
    assert values["version"] == "0.1"
    assert re.fullmatch(r"\d{4}-\d\d-\d\d", values["date-released"])
    assert values["license"] == "CC-BY-4.0"
    whole, content = values["identifiers"]
    assert whole["value"] == f"sky@0.1#manifest:{manifest.digest}"
    assert content["value"] == manifest.content.root
    assert "not scores, licence or citation" in content["description"]
    assert set(whole) == set(content) == {"type", "value", "description"}


@pytest.mark.parametrize("title", ["a: b # c", "!!python/object:os.system", "*alias", "- x\ny: 1"])
def test_no_title_leaves_its_place_in_cff(manifest, title):
    values = yaml.safe_load(cite(manifest.model_copy(update={"title": title}), "cff"))
    assert values["title"] == f"{' '.join(title.split())} (skybench sky 0.1)"


def test_terms_that_are_no_spdx_identifier_are_left_out_of_cff(manifest):
    changed = manifest.model_copy(update={"licence": "ask me"})
    assert "license" not in yaml.safe_load(cite(changed, "cff"))
    assert "Licence ask me." in cite(changed)


def test_another_format_names_those_there_are(manifest):
    with pytest.raises(ParameterError, match="bibtex"):
        cite(manifest, "bibtx")


def test_the_repository_itself_is_cited_in_the_same_format(manifest):
    own = yaml.safe_load((Path(__file__).parents[3] / "CITATION.cff").read_text())
    assert own["cff-version"] == yaml.safe_load(cite(manifest, "cff"))["cff-version"]
