"""What several folders of tests share."""

import os
from pathlib import Path

import pytest
from filelock import FileLock
from hypothesis import settings

DEMO_SAMPLES = 60

# A build server must give one commit one answer; at a desk, hypothesis keeps searching.
settings.register_profile("ci", derandomize=True)
if "CI" in os.environ:
    settings.load_profile("ci")


@pytest.fixture(scope="session")
def demo_store(tmp_path_factory) -> Path:
    """Return a store like that of `make demo`, but smaller; tests only read it.

    It is made once a session, whichever of pytest-xdist's processes asks first.
    """
    shared = tmp_path_factory.getbasetemp()
    if "PYTEST_XDIST_WORKER" in os.environ:
        shared = shared.parent
    store, finished = shared / "demo-store", shared / "demo-store.finished"
    with FileLock(shared / "demo-store.lock"):
        if not finished.exists():
            make_demo_store(store)
            finished.touch()
    return store


def make_demo_store(store: Path) -> None:
    """Run the demonstration, with the floors as the only baselines."""
    from skybench.demo import run_demo
    from skybench.release.release import TrainingOptions

    run_demo(store, samples=DEMO_SAMPLES, training=TrainingOptions(protocols=()))


@pytest.fixture(scope="session")
def write_keys(tmp_path_factory):
    """Return a function that writes a key pair as PEM files and returns the two paths."""

    from cryptography.hazmat.primitives import serialization
    from cryptography.hazmat.primitives.asymmetric import ec

    def write(name, private=None, password=None):
        private = private or ec.generate_private_key(ec.SECP256R1())
        locked = password and serialization.BestAvailableEncryption(password.encode())
        folder = tmp_path_factory.mktemp("keys")
        files = folder / f"{name}.pem", folder / f"{name}.pub"
        pem, spki = serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
        pkcs8 = serialization.PrivateFormat.PKCS8
        files[0].write_bytes(
            private.private_bytes(pem, pkcs8, locked or serialization.NoEncryption())
        )
        files[1].write_bytes(private.public_key().public_bytes(pem, spki))
        return files

    return write


@pytest.fixture(scope="session")
def key_pair(write_keys):
    """A private key and its public key."""
    return write_keys("ours")


@pytest.fixture(scope="session")
def other_pair(write_keys):
    """A second pair."""
    return write_keys("other")
