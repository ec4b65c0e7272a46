"""A small published version, made without the generators, for tests of reading."""

import shutil

import numpy as np
import pytest
import xarray as xr

from skybench.registry.arrays.zarr_format import Layout, chunk_keys, create, write_rows
from skybench.registry.hashing.content_hash import hash_dataset_and_samples
from skybench.registry.proof.file_check import file_digest
from skybench.registry.storage.store import MANIFEST, Store, version_key, zarr_name
from skybench.registry.versions import recorded_manifests
from skybench.registry.versions.index import append
from skybench.registry.versions.manifest import Manifest, StoredObject, digest_of

SAMPLES = 700
LAYOUT = Layout(chunk_rows=100, shard_rows=200)


def flags(*meanings, start=0):
    values = np.arange(start, start + len(meanings), dtype=np.int8)
    return {"flag_values": values, "flag_meanings": " ".join(meanings)}


def raw_dataset():
    """Rows of every split in every chunk, but for the second, which has no test row."""
    rng = np.random.default_rng(0)
    split = rng.integers(0, 3, SAMPLES).astype(np.int8)
    split[100:200] %= 2
    flux = rng.uniform(10, 1e4, (SAMPLES, 2)).astype(np.float32)
    flux[::3, 1] = np.nan
    kind = rng.integers(0, 2, (SAMPLES, 2)).astype(np.int8)
    kind[::3, 1] = -1
    return xr.Dataset(
        {
            "image": (
                ("sample", "y", "x"),
                rng.integers(-50, 5000, (SAMPLES, 6, 5), dtype=np.int32),
                {"units": "electron"},
            )
        },
        {
            "sample_id": ("sample", np.arange(SAMPLES)),
            "split": ("sample", split, flags("train", "validation", "test")),
            "label": ("sample", kind[:, 0], flags("star", "spiral")),
            "kind": (("sample", "source"), kind, flags("star", "spiral")),
            "flux": (("sample", "source"), flux, {"units": "electron"}),
            "class": ("class", np.array([0, 1], np.int8), flags("star", "spiral")),
        },
        {"recipe": "sky"},
    )


def write_version(store, ds, version, task="classification"):
    content, digests = hash_dataset_and_samples(ds)
    folder, zarr = version_key("sky", version), zarr_name("sky", version, content.root)
    url = store.url_of(f"{folder}/{zarr}")
    create(url, ds.isel(sample=slice(0)), ds.sizes["sample"], LAYOUT)
    columns = {str(n): v.values for n, v in ds.variables.items() if "sample" in v.dims}
    for start, stop in LAYOUT.groups(ds.sizes["sample"]):
        rows = {name: values[start:stop] for name, values in columns.items()}
        write_rows(url, start, rows, LAYOUT)
    samples = f"{zarr.removesuffix('.zarr')}.samples"
    store.write(f"{folder}/{samples}", digests.tobytes())
    objects = [
        StoredObject(key=key, size=size, sha256=file_digest(store, f"{folder}/{key}"))
        for key, size in store.sizes(folder).items()
    ]
    text = Manifest(
        dataset="sky",
        version=version,
        title="Sky scenes",
        description="Made for tests.",
        created="2026-11-20T16:00:00Z",
        recipe={"name": "sky", "samples": SAMPLES},
        generator={"skybench": "0.1.0"},
        content=content,
        samples=SAMPLES,
        splits={name: split.samples for name, split in content.splits.items()},
        task=task,
        classes=("star", "spiral"),
        ranges={},
        licence="CC-BY-4.0",
        citation="The skybench developers",
        zarr=zarr,
        sample_digests=samples,
        chunk_count=len(chunk_keys(url)),
        objects=tuple(objects),
    ).to_text()
    store.write(f"{folder}/{MANIFEST}", text)
    append(
        store,
        dataset="sky",
        version=version,
        manifest=digest_of(text),
        content=content.root,
    )


@pytest.fixture(scope="session")
def raw():
    """The dataset that the published store holds as sky 0.1 and 0.2."""
    return raw_dataset()


@pytest.fixture(scope="session")
def pristine(tmp_path_factory, raw):
    """The folder of a store with sky 0.1 and 0.2; read it, never write it."""
    folder = tmp_path_factory.mktemp("pristine")
    for version in ("0.1", "0.2"):
        write_version(Store(folder), raw, version)
    return folder


@pytest.fixture
def published(pristine, tmp_path):
    """A copy of the pristine store that a test may damage."""
    shutil.copytree(pristine, tmp_path / "store")
    return Store(tmp_path / "store")


@pytest.fixture
def release_of(tmp_path):
    """Return a function that publishes a dataset as a version of sky in a store of its own."""

    def publish(ds, version="0.1"):
        store = Store(tmp_path / "own")
        write_version(store, ds, version, ds.attrs.get("task", "classification"))
        return store

    return publish


@pytest.fixture
def no_recorded_versions(tmp_path, monkeypatch):
    """The versions of a test are none of those that skybench records."""
    (tmp_path / "package" / "releases").mkdir(parents=True)
    monkeypatch.setattr(recorded_manifests, "files", lambda _: tmp_path / "package")
