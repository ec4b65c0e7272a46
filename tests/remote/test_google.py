"""Stores on Google Cloud Storage, against an emulator on loopback.

The emulator knows no preconditions, so nothing is asked here of two publishers at once.
"""

import socket

import fsspec
import intake
import pytest
from gcp_storage_emulator.server import create_server

import skybench
from skybench.registry.audit import audit
from skybench.registry.storage.store import Store
from skybench.release.repair import repair
from skybench.release.withdraw import withdraw

REFERENCE = "photometry@0.1"
BUCKET = "skybench-tests"


@pytest.fixture(scope="module")
def google():
    """The URL of an empty bucket; the environment points every client to its server."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    server = create_server("127.0.0.1", port, in_memory=True, default_bucket=BUCKET)
    server.start()
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("STORAGE_EMULATOR_HOST", f"http://127.0.0.1:{port}")
        patch.setitem(fsspec.config.conf, "gs", {"token": "anon"})
        yield f"gs://{BUCKET}"
    server.stop()


def test_a_version_is_released_there_and_opened(google, make_release):
    url = make_release(f"{google}/released").url
    assert skybench.open(REFERENCE, store=url, verify="full").load().sizes["sample"] == 64
    catalog = intake.open_catalog(f"{url}/catalog.yaml")
    assert catalog.photometry_v0_1_test.to_dask().sizes["sample"] == 12
    assert audit(url).ok


def test_a_version_is_fetched_mended_and_withdrawn_there(google, released, tmp_path):
    url = f"{google}/fetched"
    skybench.get(REFERENCE, source=str(released), store=url, progress=False)
    skybench.get(REFERENCE, source=url, store=tmp_path, progress=False)
    assert skybench.verify(REFERENCE, store=tmp_path, full=True).ok

    store = Store(url)
    chunk = next(key for key in store.sizes("") if key.endswith("image/c/0/0/0"))
    store.write(chunk, store.read_bytes(chunk)[:-1] + b"x")
    assert not skybench.verify(REFERENCE, store=url, full=True).ok
    assert repair(REFERENCE, store=url, mirror=str(released), progress=False).ok
    withdraw(REFERENCE, "flux was low", store=url)
    assert "1 withdrawn" in str(audit(url))
    assert store.names(".work") == ()
