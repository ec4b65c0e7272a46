"""What several folders of tests share: small stores, an S3 server, and the table of faults."""

import logging
import os
import sys
import time
from collections import defaultdict
from contextlib import contextmanager
from itertools import count
from pathlib import Path

import pytest
from filelock import FileLock
from hypothesis import HealthCheck, Phase, is_hypothesis_test, seed, settings
from hypothesis.configuration import set_hypothesis_home_dir
from hypothesis.database import DirectoryBasedExampleDatabase, ReadOnlyDatabase
from hypothesis.internal.conjecture import providers
from hypothesis.internal.constants_ast import Constants

# Read when gcsfs is first imported, by whichever test: it would ask a real server about buckets.
os.environ["GCSFS_EXPERIMENTAL_ZB_HNS_SUPPORT"] = "false"

DEMO_SAMPLES = 60

FAULT = "fault"
"""The property of a test's report that carries a row of the table of faults."""

STORED = DirectoryBasedExampleDatabase(Path(__file__).parent / "data" / "examples")
"""Examples that failed in `make soak`: every run tries them first, and only a soak adds to them."""

SOAK_EXAMPLES = 10
"""How many times the examples of `make test` a round of `make soak` tries."""

# derandomize=True and --hypothesis-seed would both leave the stored examples out.
settings.register_profile("test", database=ReadOnlyDatabase(STORED))
# Reuse would delete the stored examples that pass again.
settings.register_profile("soak", database=STORED, phases=set(Phase) - {Phase.reuse})

# Hypothesis also tries constants of the modules that are loaded, so that the examples would depend
# on which tests ran before in the same process.
providers._get_local_constants = Constants
set_hypothesis_home_dir(Path(__file__).parent.parent / ".pytest_cache" / "hypothesis")


@pytest.fixture(scope="session")
def homes(tmp_path_factory):
    """Paths of data folders for tests, one after another."""
    folder = tmp_path_factory.mktemp("homes")
    return (folder / str(number) for number in count())


@pytest.fixture(scope="session", autouse=True)
def memory_of_the_session(homes):
    """A data folder for what tests share, which is made before the first has its own."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("XDG_DATA_HOME", str(next(homes)))
        yield


@pytest.fixture(autouse=True)
def own_memory(homes, monkeypatch):
    """A data folder of the test's own, so that stores of other tests are not remembered."""
    monkeypatch.setenv("XDG_DATA_HOME", str(next(homes)))


def pytest_addoption(parser):
    parser.addoption("--soak", type=int, metavar="SEED", help="more examples, drawn with this seed")


def pytest_configure(config):
    settings.load_profile("test" if config.getoption("soak") is None else "soak")


def pytest_collection_modifyitems(config, items):
    """Leave nothing to chance or the clock in property tests, whatever settings they have."""
    soak = config.getoption("soak")
    for test in {item.function for item in items if is_hypothesis_test(getattr(item, "obj", None))}:
        # Where hypothesis' own plugin of pytest finds and changes them, too.
        own = test._hypothesis_internal_use_settings
        seed(soak or 0)(test)
        test._hypothesis_internal_use_settings = settings(
            own,
            database=settings.default.database,
            deadline=None,
            max_examples=own.max_examples * (1 if soak is None else SOAK_EXAMPLES),
            suppress_health_check={*own.suppress_health_check, HealthCheck.too_slow},
        )


@pytest.fixture
def compat():
    """Return a function from the name of an environment that `make compat` makes to its folder."""

    def folder_of(name: str) -> Path:
        folder = Path(__file__).parent.parent / ".compat" / name
        if os.environ.get("SKYBENCH_OFFLINE"):
            pytest.skip(f"$SKYBENCH_OFFLINE is set, and {name} needs a download")
        if not (folder / ".installed").exists():
            said = f"{folder} is not there; make it with 'make compat', or set SKYBENCH_OFFLINE=1"
            pytest.fail(said)
        return folder

    return folder_of


@pytest.fixture(scope="session")
def once(tmp_path_factory):
    """Return a function that makes a folder by `make(folder)`, once a session, and returns it.

    It does so for whichever of pytest-xdist's processes asks first.
    """
    shared = tmp_path_factory.getbasetemp()
    if "PYTEST_XDIST_WORKER" in os.environ:
        shared = shared.parent

    def made(name: str, make) -> Path:
        finished = shared / f"{name}.finished"
        with FileLock(shared / f"{name}.lock"):
            if not finished.exists():
                make(shared / name)
                finished.touch()
        return shared / name

    return made


@pytest.fixture(scope="session")
def demo_store(once) -> Path:
    """Return a store like that of `make demo`, but smaller; tests only read it."""
    return once("demo-store", make_demo_store)


def make_demo_store(store: Path) -> None:
    """Release objects and sky, with the floors as the only baselines."""
    from skybench.release.release import TrainingOptions, release

    floors = TrainingOptions(protocols=())
    release("0.0", store=store, datasets=("objects", "sky"), samples=DEMO_SAMPLES, training=floors)


@pytest.fixture(scope="session")
def recorded_checkout(tmp_path_factory):
    """Return the source checkout that records tiny 0.3, and the store in which it was released."""
    from skybench.generators.recipe_file import load_recipe
    from skybench.registry.reference import Version
    from skybench.registry.storage.store import Store
    from skybench.release.publishing.recording import record_release
    from skybench.release.release import BuildOptions, TrainingOptions, release

    store, root = Store(tmp_path_factory.mktemp("original")), tmp_path_factory.mktemp("checkout")
    tiny = load_recipe(Path(__file__).parent / "data" / "tiny.yaml")
    options = {"building": BuildOptions(progress=False), "training": TrainingOptions(protocols=())}
    release("0.3", store=store, datasets=[tiny], **options)
    for folder in ("registry/releases", "catalogs"):
        (root / folder).mkdir(parents=True)
    record_release(Version(0, 3), "tiny", store, root)
    return root, store


@pytest.fixture
def tiny_is_recorded(recorded_checkout, monkeypatch):
    """Make skybench record tiny 0.3 alone, with no mirror; return the folder of the records."""
    from skybench.catalogs import default
    from skybench.registry.versions import recorded_manifests

    releases = recorded_checkout[0] / "registry" / "releases"
    monkeypatch.setattr(recorded_manifests, "_releases", lambda: releases.iterdir())
    catalog = (recorded_checkout[0] / "catalogs" / default.PACKAGED).read_text()
    monkeypatch.setattr(default, "packaged_text", lambda: catalog)
    # Else Intake looks for conda by way of distutils, which warns that it is deprecated.
    monkeypatch.setenv("VIRTUAL_ENV", sys.prefix)
    for name in ("SKYBENCH_MIRRORS", "SKYBENCH_BUILD", "SKYBENCH_PUBLIC_KEY"):
        monkeypatch.delenv(name, raising=False)
    return releases / "0.3"


@pytest.fixture(scope="session")
def s3_server():
    """An S3 server in this process; the environment points every client to it."""
    from moto.server import ThreadedMotoServer

    from skybench.registry.storage.store import Store

    logging.getLogger("werkzeug").setLevel(logging.ERROR)
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("AWS_ENDPOINT_URL", f"http://{host}:{port}")
        patch.setenv("AWS_ACCESS_KEY_ID", "tests")
        patch.setenv("AWS_SECRET_ACCESS_KEY", "tests")
        patch.setenv("AWS_DEFAULT_REGION", "us-east-1")
        Store("s3://skybench-tests").fs.mkdir("skybench-tests")
        yield
    server.stop()


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


class FaultRow:
    """What came of a fault that was tried many times; a test adds each outcome to it.

    Attributes
    ----------
    tried : int
    failed : int
        How often that was not survived; `problems` has sentences about it.
    lost : int
        Versions that were published and are not whole, or values that were wrong unseen.
    """

    def __init__(self):
        self.tried = self.failed = self.lost = 0
        self.problems = []

    def add(self, problem="", *, lost=0, times=1):
        """Add an outcome: a sentence that says what went wrong, empty where nothing did."""
        self.tried += times
        self.lost += lost
        if problem:
            self.failed += times
            self.problems.append(problem)


@pytest.fixture
def fault(record_property):
    """Return a context manager that makes a row of the table of faults, and fails with it."""
    begin = time.perf_counter()

    @contextmanager
    def made(name):
        row = FaultRow()
        try:
            yield row
        except BaseException as error:
            row.add(repr(error))
            raise
        finally:
            survived, seconds = row.tried - row.failed, time.perf_counter() - begin
            record_property(FAULT, [name, row.tried, survived, row.lost, seconds])
        assert not row.problems, "\n".join(row.problems[:10])
        assert row.lost == 0
        assert row.tried > 0

    return made


def pytest_terminal_summary(terminalreporter):
    """Print the table of faults; rows of one name, from several tests, are added up."""
    rows = defaultdict(lambda: [0, 0, 0, 0.0])
    for reports in terminalreporter.stats.values():
        for report in reports:
            # The properties of a test are in all its reports; each has one at its end.
            if getattr(report, "when", "") == "teardown":
                for key, value in report.user_properties:
                    if key == FAULT:
                        name, *figures = value
                        rows[name] = [a + b for a, b in zip(rows[name], figures, strict=True)]
    if not rows:
        return
    total = [sum(column) for column in zip(*rows.values(), strict=True)]
    width = max(map(len, rows))
    terminalreporter.section("faults")
    line = f"{{:{width}}}  {{:>6}}  {{:>8}}  {{:>4}}  {{:>7}}".format
    terminalreporter.line(line("fault", "tried", "survived", "lost", "seconds"))
    for name, (tried, survived, lost, seconds) in [*sorted(rows.items()), ("in all", total)]:
        terminalreporter.line(line(name, tried, survived, lost, f"{seconds:.1f}"))
