"""What proof costs: verification against reading, opening, checked reading, rendering again."""

import tempfile
from functools import cache
from pathlib import Path

from harness import Work, row


@cache
def released(samples):
    """Return a store with sky 0.1; its folder lasts as long as the process."""
    from skybench.generators.recipe_file import load_recipe
    from skybench.registry.storage.store import Store
    from skybench.release.release import BuildOptions, TrainingOptions, release

    folder = tempfile.TemporaryDirectory()
    release(
        "0.1",
        store=folder.name,
        datasets=[load_recipe("sky")],
        samples=samples,
        building=BuildOptions(progress=False),
        training=TrainingOptions(protocols=()),
    )
    return Store(folder.name), folder


def zarr_path(store):
    (path,) = Path(store.root).glob("sky/0.1/*.zarr")
    return str(path)


@row(
    "verify --full of sky 64x64, every file and row, all cores",
    peer="zarr and dask, decode alone",
    needed=0.6,
    items=3000,
    tiny=60,
    clock="wall",
    note="""Each file is read once: its SHA-256, then its chunks, decoded without zarr's event loop,
    then the SHA-256 of each row. Files are shared among as many threads as there are cores, but
    rows of few bytes are hashed under the interpreter's lock: on a quiet machine of two cores 1.3
    are busy with 64x64 images and their 29 small variables.""",
)
def verified(items):
    from dask.base import compute

    from skybench.registry.arrays.zarr_format import open_raw
    from skybench.registry.verify import verify

    store, _ = released(items)

    def ours():
        assert verify("sky@0.1", store=store, full=True).ok
        return items

    def peer():
        arrays = [variable.data for variable in open_raw(zarr_path(store)).variables.values()]
        compute(*arrays, scheduler="threads")
        return items

    return Work(ours=ours, peer=peer)


@row(
    'sky 64x64 images read with verify="full", all cores',
    peer="the same, not verified",
    items=3000,
    tiny=60,
    clock="wall",
)
def read(items):
    from skybench.registry.open import open as open_version

    store, _ = released(items)

    def reading(verify):
        def read_all():
            open_version("sky@0.1", store=store, verify=verify).image.mean().compute()
            return items

        return read_all

    return Work(ours=reading("full"), peer=reading("off"))


@row(
    "a version opened, manifest and all files checked, in opens a second",
    peer="",
    floor_limit=4,
    items=1,
    clock="wall",
    note="The floor is xarray.open_zarr with consolidated metadata. The aim is 150 ms.",
)
def opened(items):
    import xarray as xr

    from skybench.registry.open import open as open_version

    store, _ = released(3000 if items == 1 else 60)

    def ours():
        for _ in range(items):
            open_version("sky@0.1", store=store)
        return items

    def floor():
        for _ in range(items):
            xr.open_zarr(zarr_path(store), chunks={}, consolidated=True)
        return items

    return Work(ours=ours, floor=floor)


@row(
    "sky 64x64 reproduced from a manifest, without data, one worker",
    peer="",
    floor_limit=1.3,
    items=2000,
    tiny=60,
    note="The floor is the rendering of the same samples.",
)
def reproduced(items):
    from skybench.generators.generate import generate_as_stored
    from skybench.generators.recipe_file import load_recipe
    from skybench.release.reproduce import reproduce

    store, _ = released(items)
    recipe = load_recipe("sky").model_copy(update={"samples": items})

    def ours():
        assert reproduce("sky@0.1", store=store, workers=1, progress=False).ok
        return items

    def floor():
        generate_as_stored(recipe)
        return items

    return Work(ours=ours, floor=floor)
