"""The text of the catalog: its entries and words, never a template; a stranger's is checked."""

from dataclasses import replace
from pathlib import Path

import intake
import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st
from jinja2 import Environment

from skybench.catalogs.catalog_text import CatalogEntry, catalog_text, check_catalog, literal
from skybench.catalogs.default import default_catalog, packaged_text
from skybench.errors import IntegrityError, ParameterError

SPLITS = ("train", "validation", "test")


def entry_of(released, **changes):
    return CatalogEntry(manifest=released.entries[0].manifest.model_copy(update=changes))


def sources(*entries):
    return yaml.safe_load(catalog_text(entries))["sources"]


def test_every_version_has_entries_and_the_newest_of_a_major_has_its_alias(released):
    versions = ["0.9", "0.10", "1.0"]
    found = sources(*(entry_of(released, version=version) for version in versions))
    keys = ["sky_v0", "sky_v0_9", "sky_v0_10", "sky_v1", "sky_v1_0"]
    assert set(found) == {*keys, *(f"{key}_{split}" for key in keys for split in SPLITS)}
    assert found["sky_v0"]["metadata"]["version"] == "0.10"
    assert found["sky_v0"] == found["sky_v0_10"]
    assert found["sky_v1_test"] == found["sky_v1_0_test"]


def test_the_text_does_not_depend_on_the_order_of_entries(released):
    assert catalog_text(released.entries) == catalog_text(released.entries[::-1])


def test_the_text_is_plain_yaml_in_format_1_with_paths_beside_it(released):
    text = catalog_text(released.entries)
    assert "&id" not in text
    assert str(released.store) not in text
    assert yaml.safe_load(text)["metadata"] == {"version": 1}
    for source in yaml.safe_load(text)["sources"].values():
        assert source["args"]["urlpath"].startswith("{{ CATALOG_DIR }}/")


def test_only_entries_of_whole_versions_name_the_plain_driver_and_no_argument_it_lacks(released):
    for name, source in sources(*released.entries).items():
        split = name.rpartition("_")[2]
        if split in SPLITS:
            assert source["driver"] == ["skybench.catalogs.SkySource"]
            assert source["args"]["split"] == split
        else:
            assert source["driver"] == ["skybench.catalogs.SkySource", "zarr"]
            assert set(source["args"]) == {"urlpath"}


def test_metadata_identify_the_version_and_its_split(released):
    manifest = released.entries[0].manifest
    found = sources(released.entries[0])
    metadata = found["sky_v0_9"]["metadata"]
    assert metadata["hash"] == manifest.content.root
    assert metadata["licence"] == "CC-BY-4.0"
    assert metadata["samples"] == manifest.samples
    assert metadata["baseline_scores"] == {"majority": 0.5, "resnet50": 0.9371}
    of_test = found["sky_v0_9_test"]["metadata"]
    assert of_test["samples"] == manifest.splits["test"]
    assert of_test["split_hashes"]["test"] == manifest.content.splits["test"].root


def test_a_version_given_twice_is_refused(released):
    with pytest.raises(ParameterError, match=r"sky_v0_9 is there twice; the second is sky@0\.9"):
        catalog_text([released.entries[0], released.entries[0]])


def test_no_versions_give_an_empty_catalog():
    assert yaml.safe_load(catalog_text([]))["sources"] == {}


@given(st.text(alphabet="{}%# \n'\"\\ašx-", max_size=30))
def test_a_template_renders_to_the_text_that_was_written(text):
    text = text.rstrip("\n")
    assert Environment(autoescape=False).from_string(literal(text)).render() == text


def test_nested_values_are_written_literally_and_others_kept():
    assert literal({"a": ["{{ x }}", 1], "b": None, "c": "{e-}"}) == {
        "a": ["{% raw %}{{% endraw %}{ x }}", 1],
        "b": None,
        "c": "{e-}",
    }


def test_a_withdrawn_version_keeps_its_name_and_gives_up_its_alias(released):
    newest = max(released.entries, key=lambda entry: entry.version)
    entries = [replace(e, yanked="too faint") if e is newest else e for e in released.entries]
    found = sources(*entries)
    exact = f"sky_v{newest.manifest.version.replace('.', '_')}"
    assert found[exact]["metadata"]["yanked"] == "too faint"
    alias = found.get(f"sky_v{newest.version.major}")
    assert alias is None or alias["metadata"]["version"] != newest.manifest.version
    assert "yanked" not in str([found[key] for key in found if not key.startswith(exact)])


TEXT = (Path(__file__).parents[1] / "data" / "format-1" / "catalog.yaml").read_text()


def changed(change):
    catalog = yaml.safe_load(TEXT)
    change(catalog, catalog["sources"]["tiny_v1"])
    return yaml.safe_dump(catalog)


def test_what_skybench_writes_passes():
    check_catalog(TEXT, "catalog.yaml")
    check_catalog(packaged_text(), "catalog.yaml")


HOSTILE = {
    "driver of strangers": lambda c, s: s.update(driver="evil.module.Source"),
    "driver in front": lambda c, s: s.update(driver=["evil.Source", *s["driver"]]),
    "plugins": lambda c, s: c.update(plugins={"source": [{"dir": "/tmp/evil"}]}),
    "parameters": lambda c, s: s.update(parameters={"x": {"default": "{{ shell(id) }}"}}),
    "shell": lambda c, s: s["args"].update(urlpath="{{ shell('id') }}"),
    "way out": lambda c, s: s["args"].update(urlpath="{{ CATALOG_DIR }}/../a/b"),
    "elsewhere": lambda c, s: s["args"].update(urlpath="s3://bucket/x/y.zarr"),
    "more arguments": lambda c, s: s["args"].update(storage_options={"key": "x"}),
    "split": lambda c, s: s["args"].update(split="{{ env(HOME) }}"),
    "template in metadata": lambda c, s: s["metadata"].update(citation="{{ env('HOME') }}"),
    "template in a key": lambda c, s: s["metadata"].update({"{% x %}": 1}),
    "name": lambda c, s: c["sources"].update({"../x": s}),
    "list": lambda c, s: c.update(sources=[]),
    "text as an entry": lambda c, s: c["sources"].update(tiny_v1="x"),
}


@pytest.mark.parametrize("name", HOSTILE)
def test_what_intake_would_run_is_refused(name):
    with pytest.raises(IntegrityError, match=r"catalog\.yaml is not as skybench writes it"):
        check_catalog(changed(HOSTILE[name]), "catalog.yaml")


@pytest.mark.parametrize("text", ["", "[", "a: !!python/name:os.system", "a: &a [*a]", "\x00"])
def test_what_is_no_catalog_is_refused(text):
    with pytest.raises(IntegrityError, match="not as skybench writes it"):
        check_catalog(text, "catalog.yaml")


def test_the_default_catalog_is_read_first(tmp_path, monkeypatch):
    monkeypatch.setenv("SKYBENCH_STORE", str(tmp_path))
    monkeypatch.setattr(intake, "open_catalog", lambda *_, **__: pytest.fail("opened"))
    (tmp_path / "catalog.yaml").write_text(changed(HOSTILE["driver of strangers"]))
    with pytest.raises(IntegrityError, match=r"has the driver 'evil\.module\.Source'"):
        default_catalog()
