"""The first Dataset of a process: what a user waits for after the imports."""

import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from functools import cache
from pathlib import Path

from bench_proof import released

from harness import Timed, Work, row


def open_here(how, root):
    """Open sky 0.1 and return the processor's seconds, libraries imported and skybench not."""
    import dask.array  # noqa: F401
    import intake
    import xarray as xr
    import zarr  # noqa: F401
    from pydantic import BaseModel  # noqa: F401

    catalog = os.path.join(root, "catalog.yaml")
    (path,) = Path(root).glob("sky/0.1/*.zarr")
    begin = time.process_time()
    if how == "xarray":
        ds = xr.open_zarr(path, chunks={}, consolidated=True)
    elif how == "Intake":
        ds = intake.open_catalog(catalog).sky_v0.to_dask()
    elif how == "Intake, test":
        ds = intake.open_catalog(catalog).sky_v0_test.to_dask()
    else:
        import skybench

        verify, _, split = how.partition(", ")
        ds = skybench.open("sky@0.1", store=root, verify=verify, split=split or None)
    seconds = time.process_time() - begin
    assert ds.image.chunks
    return seconds


@cache
def _environment():
    """Compiled modules are kept, as they are for users, even if this process keeps none."""
    kept = dict(os.environ)
    if kept.pop("PYTHONDONTWRITEBYTECODE", None):
        folder = tempfile.TemporaryDirectory()
        kept["PYTHONPYCACHEPREFIX"] = folder.name
        return kept, folder
    return kept, None


def seconds_to_open(how, root):
    """Open in a process of its own."""
    done = subprocess.run(
        [sys.executable, __file__, how, root],
        stdout=subprocess.PIPE,
        text=True,
        check=True,
        env=_environment()[0],
    )
    return json.loads(done.stdout.splitlines()[-1])


def _first(how):
    def prepare(items):
        store, _ = released(items)
        taken = []

        def ours():
            taken.append(seconds_to_open(how, store.url))
            return Timed(1, taken[-1])

        def peer():
            return Timed(1, seconds_to_open("xarray", store.url))

        return Work(ours=ours, peer=peer, error=lambda: statistics.median(taken))

    return prepare


_SETTINGS = {
    "peer": "xarray.open_zarr, whole and unchecked",
    "limit": 0.15,
    "items": 3000,
    "tiny": 60,
    "milliseconds": True,
    "note": """Milliseconds of the processor in a new process that has imported xarray, dask, zarr,
    pydantic and Intake; the import of skybench's own modules counts. The error is seconds: the aim
    is 150 ms.""",
}

first_checked = row("the first open of a process", **_SETTINGS)(_first("fast"))

first_split = row('the first open of a process, split="test"', **_SETTINGS)(_first("fast, test"))

first_full = row('the first open of a process, split="test", verify="full"', **_SETTINGS)(
    _first("full, test")
)

first_intake = row("the first to_dask of a process, by Intake, whole", **_SETTINGS)(
    _first("Intake")
)

first_intake_split = row("the first to_dask of a process, by Intake, split test", **_SETTINGS)(
    _first("Intake, test")
)


if __name__ == "__main__":
    print(json.dumps(open_here(sys.argv[1], sys.argv[2])))
