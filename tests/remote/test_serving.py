"""Released versions behind a web server and on S3: opened, verified, listed, damaged."""

import os

import fsspec
import intake
import pandas as pd
import pytest
import xarray as xr

import skybench
from skybench.errors import IntegrityError, NotFoundError, StoreError
from skybench.registry.storage.store import Store

REFERENCE = "photometry@0.1"


def test_a_served_version_opens_as_the_local_one(remote, released):
    local = skybench.open(REFERENCE, store=str(released), split="test")
    served = skybench.open(REFERENCE, store=remote, split="test")
    # That on S3 was released there, at another time, which its manifest says.
    own = {"manifest_hash": served.attrs["manifest_hash"]}
    xr.testing.assert_identical(served, local.assign_attrs(own))


def test_intake_opens_a_served_catalog(remote, released):
    local = skybench.open(REFERENCE, store=str(released), split="train")
    catalog = intake.open_catalog(f"{remote}/catalog.yaml")
    got = catalog.photometry_v0_1_train.to_dask()
    xr.testing.assert_equal(got.compute(), local.compute())
    assert got.attrs["content_hash"] == local.attrs["content_hash"]


def test_intake_takes_what_fsspec_is_configured_with(s3_released, monkeypatch):
    """Intake hands the options of the catalog's file system to its entries."""
    server = os.environ["AWS_ENDPOINT_URL"]
    monkeypatch.setitem(fsspec.config.conf, "s3", {"endpoint_url": server})
    catalog = intake.open_catalog(f"{s3_released}/catalog.yaml")
    assert catalog.photometry_v0_1_test.to_dask().sizes["sample"] == 12


@pytest.mark.parametrize("full", [False, True])
def test_a_served_version_verifies(remote, full):
    assert skybench.verify(REFERENCE, store=remote, full=full).ok


def test_the_leaderboard_of_a_served_version(remote, released):
    local = skybench.leaderboard(REFERENCE, store=str(released))
    served = skybench.leaderboard(REFERENCE, store=remote)
    assert len(served) > 0
    assert served.drop(columns="created").equals(local.drop(columns="created"))


def test_submissions_are_on_the_leaderboard_of_a_web_server(own_site):
    """It lists no folders: the log names them."""
    ids = skybench.open(REFERENCE, store=own_site.folder, split="test").sample_id.values
    targets = {"flux": 1e4, "half_light_radius": 3.0, "axis_ratio": 0.5}
    answer = pd.DataFrame({"sample_id": ids} | targets)
    skybench.evaluate(REFERENCE, answer, name="mine", store=own_site.folder, submit=True)
    table = skybench.leaderboard(REFERENCE, store=own_site.url).set_index("name")
    assert table.evidence["mine"] == "recomputed"


def test_a_version_that_is_not_served(remote):
    with pytest.raises(NotFoundError, match=r"photometry 0\.2 is not in the registry"):
        skybench.open("photometry@0.2", store=remote)


def data_file(site, pattern):
    return next(site.folder.glob(f"photometry/0.1/*.zarr/{pattern}"))


def test_a_missing_chunk_is_noticed_without_a_listing(own_site):
    data_file(own_site, "image/c/0/0/0").unlink()
    with pytest.raises(IntegrityError, match=r"image/c/0/0/0 of photometry 0\.1 is missing"):
        skybench.open(REFERENCE, store=own_site.url)
    catalog = intake.open_catalog(f"{own_site.url}/catalog.yaml")
    with pytest.raises(IntegrityError, match=r"image/c/0/0/0 of photometry 0.1 is missing"):
        catalog.photometry_v0_1.to_dask()


def test_a_flipped_bit_is_found_on_a_server(own_site):
    chunk = data_file(own_site, "image/c/0/0/0")
    damaged = bytearray(chunk.read_bytes())
    damaged[100] ^= 1
    chunk.write_bytes(damaged)
    report = skybench.verify(REFERENCE, store=own_site.url, full=True)
    assert any("image/c/0/0/0" in problem for problem in report.problems)


def test_opening_asks_for_no_listing(site):
    skybench.open(REFERENCE, store=site.url)
    assert not [path for _, path in site.requests if path.endswith("/")]


def test_a_web_server_cannot_be_listed_or_written(site):
    store = Store(site.url)
    with pytest.raises(StoreError, match="web servers list none"):
        store.names("photometry")
    with pytest.raises(StoreError, match="cannot write"):
        store.write("photometry/0.1/new", "x")


def test_a_server_that_is_down_is_named(own_site):
    own_site.disturb = lambda handler, status, body: (503, b"")
    with pytest.raises(StoreError, match=r"cannot read http://127.*503"):
        skybench.open(REFERENCE, store=own_site.url)
    own_site.close()
    with pytest.raises(StoreError, match="cannot read http://127"):
        skybench.open(REFERENCE, store=own_site.url)


def test_a_flipped_manifest_on_s3(s3_released, s3):
    store = Store(s3)
    store.fs.copy(f"{s3_released}/", f"{s3}/", recursive=True)
    text = store.read_text("photometry/0.1/manifest.json")
    store.write("photometry/0.1/manifest.json", text.replace('"samples": 64', '"samples": 65', 1))
    with pytest.raises(IntegrityError, match="is not the manifest that was published"):
        skybench.open(REFERENCE, store=s3)
