"""The first Dataset of a process: what a user waits for, with the imports and after them."""

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


def _printed(*arguments):
    """Return the number that a process of its own prints last."""
    done = subprocess.run(
        [sys.executable, *arguments],
        stdout=subprocess.PIPE,
        text=True,
        check=True,
        env=_environment()[0],
    )
    return json.loads(done.stdout.splitlines()[-1])


def seconds_to_open(how, root):
    """Open in a process of its own."""
    return _printed(__file__, how, root)


def seconds_of_process(code):
    """Return the processor's seconds of a process that does no more, from its very start."""
    return _printed("-c", f"{code}\nimport time; print(time.process_time())")


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


_IMPORTS = "import xarray, zarr"


def _whole(code):
    """Measure whole processes: ours, one that opens with xarray, one that only imports."""

    def prepare(items):
        store, _ = released(items)
        (path,) = Path(store.url).glob("sky/0.1/*.zarr")
        places = {"store": store.url, "catalog": os.path.join(store.url, "catalog.yaml")}

        def timed(code):
            return lambda: Timed(1, seconds_of_process(code))

        return Work(
            ours=timed(code.format(**places)),
            peer=timed(f"import xarray; xarray.open_zarr({str(path)!r}, chunks={{}})"),
            floor=timed(_IMPORTS),
        )

    return prepare


_SETTINGS_OF_WHOLE = {
    "peer": "xarray.open_zarr, whole and unchecked, imports counted",
    "floor_limit": 1.3,
    "items": 3000,
    "tiny": 60,
    "milliseconds": True,
    "note": """Milliseconds of the processor of whole new processes; the floor is one that imports
    xarray and zarr. Not met. xarray itself loads dask.array, with scipy.sparse and scipy.fft, for
    the first variable that holds an array: 1.55 times; xarray.open_zarr takes 1.6, and pydantic,
    which checks index and manifest, 0.1 more. Tried: dask without scipy, 0.2 less, but then the
    whole process lacks its sparse arrays; no garbage collection during imports, 0.2 less, which is
    not a library's to decide. Not built, since coordinates in memory load dask all the same: arrays
    that become dask's when they are touched (xarray.open_zarr with chunks=None takes 1.2).""",
}

whole = row("the first open in a process, imports counted", **_SETTINGS_OF_WHOLE)(
    _whole("import skybench; skybench.open('sky@0.1', store={store!r})")
)

whole_intake = row(
    "the first to_dask in a process, by Intake, imports counted", **_SETTINGS_OF_WHOLE
)(_whole("import intake; intake.open_catalog({catalog!r}).sky_v0.to_dask()"))


if __name__ == "__main__":
    print(json.dumps(open_here(sys.argv[1], sys.argv[2])))
