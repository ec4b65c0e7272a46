"""A small store with two versions of ``sky`` and one of ``objects``, made without the release."""

from types import SimpleNamespace

import numpy as np
import pytest
import xarray as xr

from skybench.catalogs.catalog_text import CatalogEntry, catalog_text
from skybench.registry.arrays.zarr_format import Layout, chunk_keys, create, write_rows
from skybench.registry.hashing.content_hash import hash_dataset
from skybench.registry.proof.file_check import file_digest
from skybench.registry.storage.store import CATALOG, MANIFEST, Store, version_key, zarr_name
from skybench.registry.versions.index import append
from skybench.registry.versions.manifest import Manifest, StoredObject, digest_of

SAMPLES = 50
CHUNK_ROWS = 8
SPLITS = "train validation test"
CITATION = "title = {{Skybench: 100 % {# simulated #}}}, {% broken"
SCORES = {"majority": 0.5, "resnet50": 0.9371}


def flags(names):
    return {
        "flag_values": np.arange(len(names.split()), dtype=np.int8),
        "flag_meanings": names,
    }


def small_dataset(seed):
    random = np.random.default_rng(seed)
    image = random.integers(-50, 1000, (SAMPLES, 6, 4), dtype=np.int32)
    split = random.permutation(np.arange(SAMPLES, dtype=np.int8) % 3)
    label = random.integers(0, 2, SAMPLES, dtype=np.int8)
    flux = random.random((SAMPLES, 3), dtype=np.float32)
    flux[::2, 1:] = np.nan
    return xr.Dataset(
        {"image": (("sample", "y", "x"), image, {"units": "electron"})},
        {
            "sample_id": ("sample", np.arange(SAMPLES)),
            "split": ("sample", split, flags(SPLITS)),
            "label": ("sample", label, flags("star spiral")),
            "flux": (("sample", "source"), flux, {"units": "electron"}),
        },
    )


def put_version(store, dataset, version, seed):
    """Write one version as a release would, and return its manifest."""
    ds = small_dataset(seed)
    content = hash_dataset(ds)
    name = zarr_name(dataset, version, content.root)
    url = store.url_of(f"{version_key(dataset, version)}/{name}")
    layout = Layout(chunk_rows=CHUNK_ROWS, shard_rows=16)
    create(url, ds.isel(sample=slice(0)), SAMPLES, layout)
    columns = {str(k): v.to_numpy() for k, v in ds.variables.items() if "sample" in v.dims}
    write_rows(url, 0, columns, layout)
    folder = version_key(dataset, version)
    sizes = store.sizes(folder)
    manifest = Manifest(
        dataset=dataset,
        version=version,
        title=f"{dataset}: a test",
        description="Made for tests.",
        created="2026-11-20T16:00:00Z",
        recipe={"name": dataset, "seed": seed},
        generator={"skybench": "0.1.0"},
        content=content,
        samples=SAMPLES,
        splits={name: part.samples for name, part in content.splits.items()},
        task="classification",
        classes=("star", "spiral"),
        ranges={},
        licence="CC-BY-4.0",
        citation=CITATION,
        zarr=name,
        sample_digests=f"{name.removesuffix('.zarr')}.samples",
        chunk_count=len(chunk_keys(url)),
        objects=tuple(
            StoredObject(key=key, size=size, sha256=file_digest(store, f"{folder}/{key}"))
            for key, size in sizes.items()
        ),
    )
    text = manifest.to_text()
    store.write(f"{version_key(dataset, version)}/{MANIFEST}", text)
    append(
        store,
        dataset=dataset,
        version=version,
        manifest=digest_of(text),
        content=content.root,
    )
    return manifest


@pytest.fixture(scope="session")
def released(tmp_path_factory):
    """The store, and its catalog entries; tests read them only."""
    store = Store(tmp_path_factory.mktemp("a store"))
    versions = [("sky", "0.9"), ("sky", "0.10"), ("objects", "0.1")]
    entries = [
        CatalogEntry(manifest=put_version(store, *version, seed), scores=SCORES)
        for seed, version in enumerate(versions)
    ]
    store.write(CATALOG, catalog_text(entries))
    return SimpleNamespace(store=store, entries=entries, catalog=store.url_of(CATALOG))
