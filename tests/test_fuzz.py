"""Thousands of malformed files for the parsers: only errors of skybench come out."""

import csv
import io
import json
import os
from collections import Counter
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet
import pytest
import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from skybench.catalogs.catalog_text import check_catalog
from skybench.errors import SkybenchError
from skybench.generators.recipe_file import parse_recipe
from skybench.registry.arrays.zarr_metadata import check_zarr
from skybench.registry.hashing.content_hash import dataset_root
from skybench.registry.reference import DatasetReference
from skybench.registry.scoring.predictions import read_predictions
from skybench.registry.scoring.question import Question
from skybench.registry.scoring.records import Record
from skybench.registry.storage.store import Store
from skybench.registry.versions.index_lines import parse_lines
from skybench.registry.versions.manifest import Manifest

DATA = Path(__file__).parent / "data"
RELEASE = DATA / "format-1"
VERSION = RELEASE / "tiny" / "1.0"

fuzz = settings(max_examples=300, suppress_health_check=list(HealthCheck))
fuzz_more = settings(fuzz, max_examples=350)
"""For manifests and recipes: more than a thousand in all."""

MANIFESTS_AND_RECIPES = ("test_manifests", "test_recipes", "test_texts_of_yaml")
TRIED: Counter[str] = Counter()


@pytest.fixture(autouse=True)
def row_of_faults(request, fault):
    """Put the malformed files of a test into the table of faults."""
    TRIED.clear()
    yield
    is_named = request.node.name in MANIFESTS_AND_RECIPES
    if TRIED["files"]:
        with fault(f"malformed {'manifests and recipes' if is_named else 'other files'}") as row:
            row.add(times=TRIED["right"])
            if wrong := TRIED["files"] - TRIED["right"]:
                row.add("not an error of skybench that can be printed", times=wrong, lost=wrong)


SCALARS = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-2, 3),
    st.sampled_from([10**30, -(10**30), 2**63, 1e308, -0.0, 1e-320]),
    st.floats(allow_nan=True),
    st.sampled_from(
        ["", "../x", "/etc/passwd", "\x00", "\x1b[2J", "\ud800", "{{ x }}", "sha256:", "*", "NaN"]
    ),
    st.text(max_size=8),
)
VALUES = st.recursive(
    SCALARS,
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=4), inner, max_size=3)
    ),
    max_leaves=6,
)
STEPS = st.lists(st.integers(0, 40), min_size=1, max_size=7)
ACTIONS = st.sampled_from(["replace", "remove", "add"])


def damaged(values, steps, action, new):
    """Return a copy with one place in it changed; the steps say where, as far as they lead."""
    root = json.loads(json.dumps(values))
    here, parent, key = root, None, None
    for step in steps:
        keys = sorted(here) if isinstance(here, dict) else range(len(here))
        if not keys:
            break
        parent, key = here, keys[step % len(keys)]
        here = parent[key]
        if not isinstance(here, dict | list):
            break
    if parent is None:
        return new
    if action == "remove":
        del parent[key]
    elif action == "add" and isinstance(here, dict):
        here[str(new)[:8]] = new
    elif action == "add" and isinstance(here, list):
        here.append(new)
    else:
        parent[key] = new
    return root


def cut(data, where, length, inserted):
    start = where % (len(data) + 1)
    return data[:start] + inserted + data[start + length :]


def yaml_text(values):
    """JSON is YAML: fast to write, and with numbers that YAML has and JSON lacks."""
    return json.dumps(values).replace("NaN", ".nan").replace("Infinity", ".inf")


CUTS = (st.integers(0, 10**6), st.integers(0, 40))


def only_our_errors(parse, *arguments):
    """Run a parser; what it raises must be skybench's own and fit to be printed."""
    TRIED["files"] += 1
    said = ""
    try:
        parse(*arguments)
    except SkybenchError as error:
        said = str(error)
    assert said.replace("\n", "").isprintable()
    assert len(said) < 10_000
    TRIED["right"] += 1


MANIFEST = json.loads((VERSION / "manifest.json").read_text())
# Fewer files and variables: the same code in a fraction of the time.
MANIFEST["objects"] = MANIFEST["objects"][:3]
KEPT = ("image", "label", "split")
_CONTENT = MANIFEST["content"]
_CONTENT["variables"] = {k: _CONTENT["variables"][k] for k in KEPT}
_CONTENT["root"] = dataset_root({k: _CONTENT["variables"][k]["root"] for k in KEPT})
for _part in _CONTENT["splits"].values():
    _part["variables"] = {k: _part["variables"][k] for k in KEPT}
    _part["root"] = dataset_root(_part["variables"])
RECORD = json.loads((VERSION / "baselines" / "majority-class.json").read_text())
RECIPE = yaml.safe_load((DATA / "tiny.yaml").read_text())
CATALOG = yaml.safe_load((RELEASE / "catalog.yaml").read_text())
CATALOG["sources"] = {name: CATALOG["sources"][name] for name in ("tiny_v1", "tiny_v1_test")}
INDEX = (RELEASE / "index.jsonl").read_text()
ZARR = json.loads(next(VERSION.glob("*.zarr/zarr.json")).read_text())
ARRAYS = ZARR["consolidated_metadata"]["metadata"]
ZARR["consolidated_metadata"]["metadata"] = {k: ARRAYS[k] for k in KEPT}
ARRAYS["image"]["attributes"]["coordinates"] = "label split"
del ZARR["attributes"]["coordinates"]


def test_the_examples_are_valid_before_they_are_damaged(tmp_path):
    Manifest.from_text(json.dumps(MANIFEST), "m")
    Record.from_text(json.dumps(RECORD), "r")
    parse_recipe(yaml.safe_dump(RECIPE), "r")
    check_catalog(yaml_text(CATALOG), "c")
    assert len(parse_lines(INDEX, "i")) == 1
    (tmp_path / "zarr.json").write_text(json.dumps(ZARR))
    check_zarr(Store(tmp_path))


@fuzz_more
@given(STEPS, ACTIONS, VALUES)
def test_manifests(steps, action, new):
    text = json.dumps(damaged(MANIFEST, steps, action, new))
    only_our_errors(lambda: Manifest.from_text(text, "manifest.json").to_text().encode())


@fuzz
@given(STEPS, ACTIONS, VALUES)
def test_records(steps, action, new):
    text = json.dumps(damaged(RECORD, steps, action, new))
    only_our_errors(lambda: Record.from_text(text, "record.json").to_text().encode())


@fuzz
@given(STEPS, ACTIONS, VALUES)
def test_index_lines(steps, action, new):
    line = json.dumps(
        damaged(json.loads(INDEX), steps, action, new), separators=(",", ":"), sort_keys=True
    )
    only_our_errors(parse_lines, f"{line}\n", "index.jsonl")


@fuzz
@given(*CUTS, st.text(max_size=5))
def test_texts_of_json(where, length, inserted):
    for text in (INDEX, json.dumps(RECORD)):
        changed = cut(text, where, length, inserted)
        only_our_errors(parse_lines, changed, "index.jsonl")
        only_our_errors(Record.from_text, changed, "record.json")


@fuzz_more
@given(STEPS, ACTIONS, VALUES)
def test_recipes(steps, action, new):
    text = yaml_text(damaged(RECIPE, steps, action, new))
    only_our_errors(parse_recipe, text, "recipe.yaml")


@fuzz
@given(STEPS, ACTIONS, VALUES)
def test_catalogs(steps, action, new):
    only_our_errors(check_catalog, yaml_text(damaged(CATALOG, steps, action, new)), "catalog.yaml")


@fuzz_more
@given(*CUTS, st.text("&*!|>-[]{}:#'\"%@`\n\t a1.~<\x00\ud800", max_size=6))
def test_texts_of_yaml(where, length, inserted):
    text = cut((DATA / "tiny.yaml").read_text(), where, length, inserted)
    only_our_errors(parse_recipe, text, "recipe.yaml")


@pytest.fixture(scope="module")
def zarr_store(tmp_path_factory):
    return Store(tmp_path_factory.mktemp("fuzz"))


@fuzz
@given(steps=STEPS, action=ACTIONS, new=VALUES)
def test_metadata_of_zarr(zarr_store, steps, action, new):
    text = json.dumps(damaged(ZARR, steps, action, new))
    zarr_store.local_path("zarr.json").write_text(text)
    only_our_errors(check_zarr, zarr_store)


QUESTION = Question(task="classification", names=("star", "galaxy"), ids=np.arange(6))
MAPS = Question(task="segmentation", names=("background", "star"), ids=np.arange(3), shape=(4, 4))
TABLE = [["sample_id", "star", "galaxy"], *([str(n), "0.5", "0.5"] for n in range(6))]


@fuzz
@given(st.integers(0, 6), st.integers(0, 2), st.text(max_size=6) | SCALARS.map(str))
def test_cells_of_predictions(tmp_path_factory, row, column, cell):
    rows = [list(line) for line in TABLE]
    rows[row][column] = cell.encode("utf-8", "replace").decode()
    path = tmp_path_factory.getbasetemp() / f"fuzz-{os.getpid()}.csv"
    with path.open("w", newline="", encoding="utf-8") as file:
        csv.writer(file).writerows(rows)
    only_our_errors(read_predictions, path, QUESTION)


def binary(name):
    buffer = io.BytesIO()
    if name == "parquet":
        columns = {"sample_id": np.arange(6), "label": ["star", "galaxy"] * 3}
        table = pa.table(columns).replace_schema_metadata({b"skybench": b'{"content": "x"}'})
        pyarrow.parquet.write_table(table, buffer)
    else:
        np.savez_compressed(buffer, sample_id=np.arange(3), segmentation=np.zeros((3, 4, 4), "i1"))
    return buffer.getvalue()


FILES = {"parquet": (binary("parquet"), QUESTION), "npz": (binary("npz"), MAPS)}


@pytest.mark.parametrize("name", FILES)
@fuzz
@given(where=CUTS[0], length=CUTS[1], inserted=st.binary(max_size=4))
def test_bytes_of_predictions(name, where, length, inserted):
    data, question = FILES[name]
    only_our_errors(read_predictions, io.BytesIO(cut(data, where, length, inserted)), question)


def with_value(values, path, new):
    """Return a copy with another value at a place such as ``image.bands``."""
    root = here = json.loads(json.dumps(values))
    *steps, last = path.split(".")
    for step in steps:
        here = here[step]
    here[last] = new
    return root


def manifest_with(path, new):
    return lambda: Manifest.from_text(json.dumps(with_value(MANIFEST, path, new)), "manifest.json")


def recipe_with(path, new):
    return lambda: parse_recipe(yaml_text(with_value(RECIPE, path, new)), "recipe.yaml")


def catalog_with(path, new):
    return lambda: check_catalog(yaml_text(with_value(CATALOG, path, new)), "catalog.yaml")


def parquet_with(old, new):
    data = FILES["parquet"][0].replace(old, new)
    return lambda: read_predictions(io.BytesIO(data), QUESTION)


SPLIT = "sources.tiny_v1_test.args.split"

FOUND = {
    "dtype that is a mapping": manifest_with("content.variables.image.header.dtype", {}),
    "band that is a mapping": recipe_with("image.bands", [{}]),
    "split that is a mapping": catalog_with(SPLIT, {}),
    "split that is a number": catalog_with(SPLIT, 0.5),
    "key that clears the screen": recipe_with("\x1b[2J", 1),
    "source that clears the screen": recipe_with("sources.\x1b[2J", 1),
    "name of a mebibyte": lambda: DatasetReference.parse("\x1b" * 2**20),
    "Parquet of an unknown type": parquet_with(b"\x19\x1c", b"\x19\x0e"),
    "column of no text": parquet_with(b"label", b"\xffabel"),
    "class of no text": parquet_with(b"star", b"st\xffr"),
    "class that the dictionary lacks": parquet_with(b"L\x15\x04\x15\x00", b"L\x15\x00\x15\x00"),
}


@pytest.mark.parametrize("name", FOUND)
def test_what_coverage_guided_fuzzing_found(name):
    """Each was once no error of skybench, or one that a terminal obeyed or that filled it."""
    with pytest.raises(SkybenchError):
        FOUND[name]()
    only_our_errors(FOUND[name])
