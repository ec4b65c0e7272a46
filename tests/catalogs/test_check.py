"""A stranger's catalog: Intake would import what it names, so that is read first."""

from pathlib import Path

import intake
import pytest
import yaml

from skybench.catalogs.check import check_catalog
from skybench.catalogs.default import default_catalog, packaged_text
from skybench.errors import IntegrityError

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
