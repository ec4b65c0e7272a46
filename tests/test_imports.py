"""Importing skybench is quick and loads none of the heavy libraries."""

import json
import subprocess
import sys
from time import perf_counter

import pytest

HEAVY = {"dask.distributed", "distributed", "lightning", "matplotlib", "pytorch_lightning", "torch"}
SECONDS = 0.5


def modules_after(statement):
    code = f"import json, sys\n{statement}\nprint(json.dumps(sorted(sys.modules)))"
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=60
    )
    return set(json.loads(done.stdout))


def seconds_to_run(statement):
    start = perf_counter()
    subprocess.run([sys.executable, "-c", statement], check=True, timeout=60)
    return perf_counter() - start


def test_import_takes_under_half_a_second():
    best = min(seconds_to_run("import skybench") for _ in range(5))
    assert best < SECONDS


@pytest.mark.parametrize(
    "statement",
    ["import skybench", "import skybench.catalogs", "from skybench.catalogs import SkySource"],
)
def test_no_heavy_library_is_loaded(statement):
    assert not modules_after(statement) & HEAVY


def test_skybench_alone_loads_no_array_library():
    assert not modules_after("import skybench") & {"dask", "numpy", "pandas", "scipy", "xarray"}


def test_the_commands_are_known_without_arrays_or_what_prints_tables():
    assert not modules_after("import skybench.cli") & {
        "numpy",
        "pydantic",
        "rich",
        "xarray",
        "yaml",
    }


def test_catalogs_alone_does_not_load_intake():
    assert "intake" not in modules_after("import skybench.catalogs")


BESIDE = "import dask.array, xarray, zarr"
"""What opening stands on, whose imports are their own."""

NOT_FOR_READING = {
    *("astropy", "distributed", "jinja2", "model_signing", "pyarrow.parquet", "rich", "scipy"),
    *("typer", "yaml"),
}

FOR_READING = {"codes", "plain_text", "recipe_text", "suggestion"} | {
    "native",  # rows are hashed by a kernel
    "native.compiling",
    "native.library",
}
"""The modules of the generators that a reader needs."""


@pytest.mark.parametrize(
    ("before", "opens"),
    [
        (BESIDE, "import skybench; skybench.open('sky@0.0', store={store!r})"),
        (BESIDE, "import skybench; skybench.open('sky@0.0', store={store!r}, split='test')"),
        (
            f"{BESIDE}; import intake; intake.open_catalog({{catalog!r}}).sky_v0.describe()",
            "import intake; intake.open_catalog({catalog!r}).sky_v0.to_dask()",
        ),
    ],
    ids=["open", "split", "Intake"],
)
def test_opening_loads_no_generator_and_nothing_heavy_of_its_own(demo_store, before, opens):
    places = {"store": str(demo_store), "catalog": str(demo_store / "catalog.yaml")}
    opened = modules_after(opens.format(**places))
    own = opened - modules_after(before.format(**places))
    assert not {*own, *(name.partition(".")[0] for name in own)} & NOT_FOR_READING
    inside = "skybench.generators."
    generators = {name.removeprefix(inside) for name in opened if name.startswith(inside)}
    assert generators == FOR_READING


def test_networks_are_listed_without_torch_or_arrays():
    listing = "from skybench.learning.networks.table import NETWORKS; list(NETWORKS)"
    assert not modules_after(listing) & {"numpy", "torch", "torchvision"}


def test_floors_are_fitted_without_torch():
    fit = """
import numpy as np
from skybench.learning.floors import FLOORS
from skybench.learning.labelled import Labelled

split = np.repeat(np.arange(3, dtype=np.int8), 4)
labels = np.arange(12, dtype=np.int8) % 2
truth = {"classification": labels, "multilabel": np.eye(2, dtype=np.int8)[labels]}
truth["regression"] = truth["multilabel"] * 3.0
truth["segmentation"] = np.ones((12, 4, 4), np.int8)
truth["deblending"] = np.ones((12, 1, 4, 4), np.float32)
for task, floors in FLOORS.items():
    for floor in floors.values():
        floor(Labelled(np.ones((12, 4, 4), np.int32), truth[task], split, 2, task))
"""
    assert not modules_after(fit) & {"torch", "torchvision", "lightning"}
