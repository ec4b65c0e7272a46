"""``intake.cat.skybench``: the packaged catalog and the default store's."""

import importlib
import sys
from pathlib import Path

import intake
import pytest

import skybench.catalogs
from skybench.catalogs import default
from skybench.catalogs.catalog_text import CatalogEntry, catalog_text
from skybench.errors import IntegrityError, NotFoundError
from skybench.registry.scoring.records import records_from_text
from skybench.registry.storage.store import CATALOG, Store
from skybench.registry.versions.manifest import Manifest

RELEASES = Path(__file__).parents[2] / "registry" / "releases"


@pytest.fixture(autouse=True)
def activated_environment(monkeypatch):
    """Else Intake looks for conda by way of distutils, which warns that it is deprecated."""
    monkeypatch.setenv("VIRTUAL_ENV", sys.prefix)


@pytest.fixture
def default_store(tmp_path, monkeypatch):
    monkeypatch.setenv("SKYBENCH_STORE", str(tmp_path / "store"))
    return Store()


def test_the_default_stores_catalog_is_found_by_intake(released, monkeypatch):
    monkeypatch.setenv("SKYBENCH_STORE", str(released.store))
    assert intake.cat.skybench.sky_v0.metadata["version"] == "0.10"
    assert intake.cat.skybench.sky_v0_train.to_dask().sizes["sample"] == 17


def test_a_change_of_the_default_store_is_seen(released, default_store, monkeypatch):
    default_store.write(CATALOG, catalog_text([]))
    assert "sky_v0_9" not in intake.cat.skybench
    monkeypatch.setenv("SKYBENCH_STORE", str(released.store))
    assert "sky_v0_9" in intake.cat.skybench


def test_without_a_store_intake_works_and_nothing_is_made(default_store):
    importlib.reload(skybench.catalogs)
    assert "skybench" in list(intake.cat)
    assert intake.cat.skybench.name == "skybench"
    assert not Path(default_store.url).exists()


def test_packaged_versions_are_described_and_open_once_they_are_in_the_store(
    released, default_store, monkeypatch
):
    monkeypatch.setattr(default, "packaged_text", lambda: catalog_text(released.entries))
    catalog = intake.cat.skybench
    assert catalog.sky_v0.metadata["hash"].startswith("sha256:")
    with pytest.raises(NotFoundError, match=r"sky@0\.10"):
        catalog.sky_v0.to_dask()
    released.store.fs.cp(f"{released.store}/", f"{default_store}/", recursive=True)
    default_store.remove(CATALOG)
    assert intake.cat.skybench.sky_v0_test.to_dask().sizes["sample"] == 16


def test_a_catalog_cannot_run_commands(default_store, tmp_path):
    source = {"driver": "skybench.catalogs.SkySource", "args": {"urlpath": "x"}}
    source["metadata"] = {"title": "{{ shell('touch " + str(tmp_path / "ran") + "') }}"}
    default_store.write(CATALOG, str({"sources": {"sky_v0": source}}))
    with pytest.raises(IntegrityError, match="entry 'sky_v0' must have the keys"):
        _ = intake.cat.skybench.sky_v0
    assert not (tmp_path / "ran").exists()


def test_a_damaged_catalog_is_an_error_not_an_empty_catalog(default_store):
    default_store.write(CATALOG, "sources: [")
    with pytest.raises(Exception, match="expected the node content"):
        list(intake.cat.skybench)


def recorded_release(path):
    """Return the catalog entry of a release that is recorded in the repository."""
    manifest = Manifest.from_text(path.read_text(), str(path))
    beside = path.with_name(path.name.replace(".manifest.", ".baselines."))
    records = records_from_text(beside.read_text(), str(beside))
    return CatalogEntry(manifest=manifest, scores={r.name: r.score for r in records})


def test_the_packaged_catalog_is_that_of_the_recorded_releases():
    recorded = [recorded_release(path) for path in RELEASES.glob("*/*.manifest.json")]
    assert default.packaged_text() == catalog_text(recorded)


def test_a_wrong_name_is_refused_with_the_right_ones():
    with pytest.raises(AttributeError, match="'SkySouce'; it has SkySource, catalog"):
        _ = skybench.catalogs.SkySouce
    assert {"SkySource", "catalog"} <= set(dir(skybench.catalogs))
