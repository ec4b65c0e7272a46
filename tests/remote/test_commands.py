"""Every command that takes a store, on a local disk, behind a web server and on S3."""

import json
import os
import re
import subprocess
import sys
import warnings
from pathlib import Path

import intake
import pandas as pd
import pytest
import yaml

import skybench
from skybench import cli
from skybench.errors import YankedVersionWarning
from skybench.generators.generate import generate_as_stored
from skybench.generators.recipe_file import load_recipe
from skybench.registry.hashing.content_hash import hash_dataset
from skybench.registry.storage.store import Store
from skybench.registry.versions.index import read_manifest, resolve

REFERENCE = "photometry@0.1"
TINY = Path(__file__).parents[1] / "data" / "tiny.yaml"
PLACES = ("local", "http", "s3")


@pytest.fixture(scope="module", autouse=True)
def wide_terminal():
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("COLUMNS", "300")
        yield


@pytest.fixture
def run(monkeypatch, capsys):
    """Return a function that runs a command and gives its exit code, output and errors."""

    def run(*arguments):
        capsys.readouterr()
        monkeypatch.setattr(sys, "argv", ["skybench", *map(str, arguments)])
        with warnings.catch_warnings():
            warnings.simplefilter("always", YankedVersionWarning)
            with pytest.raises(SystemExit) as stop:
                cli.main()
        said = capsys.readouterr()
        return stop.value.code or 0, said.out, said.err

    return run


@pytest.fixture(scope="module")
def s3_copy(released, s3_server):
    """The URL of a store on S3 with the files of the local release."""
    url = "s3://skybench-tests/commands"
    skybench.get(REFERENCE, source=str(released), store=url, progress=False)
    return url


@pytest.fixture
def url_of(request, released):
    """Return a function that gives the URL of the same release in a place of each kind."""

    def url_of(place):
        if place == "http":
            return request.getfixturevalue("site").url
        return str(released) if place == "local" else request.getfixturevalue("s3_copy")

    return url_of


@pytest.fixture(scope="session")
def predictions(released, tmp_path_factory):
    """A table of the true values, with a little of the flux missing."""
    store = Store(released)
    targets = read_manifest(store, resolve(REFERENCE, store)).targets
    ds = skybench.open(REFERENCE, split="test", store=store)
    table = pd.DataFrame({name: ds[name].values.reshape(-1) for name in targets})
    table["flux"] *= 0.97
    path = tmp_path_factory.mktemp("predictions") / "mine.csv"
    table.assign(sample_id=ds.sample_id.values).to_csv(path, index=False)
    return path


READING = {
    "list": (["list"], "photometry"),
    "info": (["info", REFERENCE], "flux, half_light_radius, axis_ratio"),
    "verify": (["verify", "photometry"], "sampled rows"),
    "verify --full": (["verify", REFERENCE, "--full"], "every byte and row"),
    "verify --repair": (["verify", REFERENCE, "--repair"], "is as published"),
    "audit": (["audit"], "index, manifests, files and recorded copies agree"),
    "reproduce": (["reproduce", REFERENCE, "--samples", "5,40"], "is reproduced"),
    "diff": (["diff", REFERENCE, "photometry@0"], "have the same content"),
    "cite": (["cite", REFERENCE], "@misc{skybench_photometry_0_1"),
    "cite as CFF": (["cite", "photometry@0", "--format", "cff"], "cff-version"),
    "export croissant": (["export", "croissant", REFERENCE], '"@context"'),
    "leaderboard": (["leaderboard", REFERENCE], "ridge-regression"),
    "leaderboard --json": (["leaderboard", REFERENCE, "--json"], '"rank": 1'),
    "evaluate": (["evaluate", REFERENCE, "PREDICTIONS", "--name", "Mine"], "above training-mean"),
    "gallery": (["gallery", REFERENCE, "OUT.png", "--count", "4", "--split", "test"], ".png"),
    "get": (["get", REFERENCE, "--from", "STORE", "--store", "OUT"], "fetched and proven"),
}


def without_what_may_differ(said, store, folder):
    """Strip the place, times, and the layout that the length of its name gives to a table.

    A copy keeps its files but has a line of its own in the index, with its own time.
    """
    said = said.replace(store, "STORE").replace(str(folder), "FOLDER")
    said = re.sub(r"\d{4}-\d\d-\d\d(T[\d:]+Z)?", "DATE", said)
    said = re.sub(r"[\d.,]+ (s|samples/s)\b", "TIME", said)
    return re.sub(r"[\s━─┏┓┗┛]+", " ", said)


@pytest.fixture(scope="module")
def said_locally():
    """What each command has said of the local store, and the files that it wrote."""
    return {}


@pytest.mark.parametrize("place", PLACES)
@pytest.mark.parametrize("name", READING)
def test_a_command_says_the_same_of_every_store(
    name, place, run, url_of, predictions, said_locally, tmp_path
):
    arguments, expected = READING[name]
    store = url_of(place)
    stands_for = {"PREDICTIONS": predictions, "STORE": store}
    arguments = [
        tmp_path / part if part.startswith("OUT") else stands_for.get(part, part)
        for part in arguments
    ]
    if "--store" not in arguments:
        arguments += ["--store", store]
    code, out, err = run(*arguments)
    assert (code, "Traceback" in err, "error:" in err) == (0, False, False), err
    assert expected in out
    pictures = [path.read_bytes() for path in tmp_path.glob("OUT.png")]
    said = without_what_may_differ(out, store, tmp_path), pictures
    assert said == said_locally.setdefault(name, said)


@pytest.mark.parametrize("place", PLACES)
def test_intake_opens_it(place, url_of):
    catalog = intake.open_catalog(f"{url_of(place)}/catalog.yaml")
    assert catalog.photometry_v0_test.to_dask().sizes["sample"] == 12


@pytest.mark.parametrize("place", PLACES)
@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["info", "photometry@0.9"], "photometry 0.9 is not in the registry at STORE; it has 0.1"),
        (["verify", "sky"], "no dataset 'sky' in the registry at STORE; it has photometry"),
        (["diff", REFERENCE, "photometry@0.2"], "photometry 0.2 is not in the registry at STORE"),
    ],
)
def test_what_is_not_there_is_said_in_one_line(arguments, says, place, run, url_of):
    store = url_of(place)
    code, out, err = run(*arguments, "--store", store)
    assert (code, out) == (2, "")
    assert err.startswith(f"error: {says.replace('STORE', store)}")
    assert err.count("\n") == 1


@pytest.mark.parametrize(
    "arguments",
    [
        ["yank", REFERENCE, "--reason", "x"],
        ["release", "0.2", TINY, "--no-record"],
        ["evaluate", REFERENCE, "PREDICTIONS", "--name", "Mine", "--submit"],
        ["get", "tiny@1", "--from", TINY.parent / "format-1"],
    ],
    ids=lambda arguments: arguments[0],
)
def test_nothing_is_written_to_a_web_server(arguments, run, site, predictions):
    arguments = [predictions if part == "PREDICTIONS" else part for part in arguments]
    code, _, err = run(*arguments, "--store", site.url)
    assert code == 2
    assert "web servers are only read" in err.splitlines()[-1]
    assert {method for method, _ in site.requests} <= {"GET", "HEAD"}


def test_a_damaged_web_server_is_reported_and_left_alone(run, own_site, released):
    chunk = next(own_site.folder.glob("photometry/0.1/*.zarr/image/c/0/0/0"))
    chunk.write_bytes(chunk.read_bytes()[:-1])
    code, out, _ = run("verify", REFERENCE, "--store", own_site.url)
    assert (code, "image/c/0/0/0" in out) == (1, True)
    mend = ["verify", REFERENCE, "--repair", "--mirror", released, "--store", own_site.url]
    code, _, err = run(*mend)
    assert code == 2
    assert "web servers are only read" in err.splitlines()[-1]


@pytest.fixture(params=["local", "s3"])
def own(request, tmp_path):
    """The URL of an empty store that can be written."""
    return str(tmp_path / "own") if request.param == "local" else request.getfixturevalue("s3")


@pytest.mark.parametrize("mirror", PLACES)
def test_a_damaged_store_is_mended_from_any_mirror(mirror, own, run, url_of):
    assert run("get", REFERENCE, "--from", url_of(mirror), "--store", own)[0] == 0
    store = Store(own)
    (chunk,) = (key for key in store.sizes("photometry") if key.endswith("image/c/0/0/0"))
    content = bytearray(store.read_bytes(f"photometry/{chunk}"))
    content[len(content) // 2] ^= 1
    store.write(f"photometry/{chunk}", bytes(content))

    code, out, _ = run("verify", REFERENCE, "--full", "--store", own)
    assert code == 1
    assert chunk.split(".zarr/")[1] in out
    mend = ["verify", REFERENCE, "--repair", "--mirror", url_of(mirror), "--store", own]
    assert run(*mend)[0] == 0
    assert run("verify", REFERENCE, "--full", "--store", own)[0] == 0


@pytest.fixture
def floors_only(monkeypatch):
    """Leave out the networks, which need minutes."""
    monkeypatch.setattr("skybench.learning.protocols.PROTOCOLS", {})


@pytest.mark.usefixtures("floors_only")
def test_the_life_of_a_store(own, run, tmp_path):
    """Release, submit, release again, compare, get, withdraw: all of it by commands."""

    def ok(*arguments):
        code, out, err = run(*arguments, "--store", own)
        assert code == 0, err
        return out

    recipe = tmp_path / "tiny.yaml"
    recipe.write_text(TINY.read_text())
    release = ["release", "0.1", recipe, "--no-record", "--workers", "1"]
    assert ok(*release).count("tiny 0.1 is published") == 1
    assert "already published with this content" in ok(*release)

    ds = skybench.open("tiny@0.1", split="test", store=own)
    table = tmp_path / "mine.csv"
    columns = {"sample_id": ds.sample_id.values, "label": ["star"] * ds.sizes["sample"]}
    pd.DataFrame(columns).to_csv(table, index=False)
    ok("evaluate", "tiny@0.1", table, "--name", "all-stars", "--submit")
    assert "all-stars" in {row["name"] for row in json.loads(ok("leaderboard", "tiny", "--json"))}

    changed = yaml.safe_load(recipe.read_text()) | {"seed": 2}
    recipe.write_text(yaml.safe_dump(changed, sort_keys=False))
    code, _, err = run(*release, "--store", own)
    assert code == 2
    assert "A published version is never replaced" in err
    release[1] = "0.2"
    assert "tiny 0.2 is published" in ok(*release)
    code, out, _ = run("diff", "tiny@0.1", "tiny@0.2", "--store", own)
    assert code == 1
    assert "image of " in out

    ok("yank", "tiny@0.2", "--reason", "the seed was wrong")
    assert "0.2 (withdrawn)" in ok("list")
    assert "the seed was wrong" in ok("info", "tiny@0.1")
    code, _, err = run("get", "tiny@0.2", "--from", own, "--store", tmp_path / "copy")
    assert code == 0, err
    assert re.search("^warning: .*the seed was wrong", err, re.MULTILINE)
    assert "2 versions (1 withdrawn)" in ok("audit")
    assert "tiny@0.1 is as published" in ok("verify", "tiny", "--full")


def test_a_dataset_is_built_at_any_url(own, run):
    code, out, err = run("build", TINY, f"{own}/tiny.zarr", "--workers", "1")
    assert code == 0, err
    assert out.splitlines()[-1] == hash_dataset(generate_as_stored(load_recipe(TINY))).root


@pytest.mark.parametrize("place", ["http", "s3"])
def test_a_process_of_its_own_needs_only_the_environment(place, url_of):
    """The store by ``$SKYBENCH_STORE``; for S3 the keys and the server by ``$AWS_…``."""
    done = subprocess.run(
        [sys.executable, "-m", "skybench", "verify", REFERENCE, "--full"],
        env=os.environ | {"SKYBENCH_STORE": url_of(place)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert "every byte and row of 36 files" in done.stdout
