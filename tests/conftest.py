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
    """Release what the demonstration does, with the floors as the only baselines."""
    from skybench.demo import VERSION
    from skybench.release.release import BuildOptions, TrainingOptions, release

    release(
        VERSION,
        store=store,
        samples=DEMO_SAMPLES,
        building=BuildOptions(progress=False),
        training=TrainingOptions(protocols=()),
    )
