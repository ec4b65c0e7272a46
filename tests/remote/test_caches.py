"""The cache settings that docs/hosting.md names, and those that it warns of."""

import re
from pathlib import Path

import pytest
import xarray as xr

import skybench
from skybench.errors import StoreError
from skybench.registry.storage.store import Store
from skybench.registry.versions.index import read_manifest, resolve

PAGE = Path(__file__).parents[2] / "docs" / "hosting.md"
REFERENCE = "photometry@0.1"


def cached_open():
    """Return the function that the page shows."""
    (code,) = re.findall(r"```python\n(import fsspec.*?)```", PAGE.read_text(), re.DOTALL)
    names = {}
    exec(code.split("\n\nds =")[0], names)
    return names["cached_zarr"]


def zarr_url(store):
    place = Store(store)
    entry = resolve(REFERENCE, place)
    return place.url_of(f"{entry.key}/{read_manifest(place, entry).zarr}")


def test_the_cache_that_the_page_names_gives_the_same_data(remote, released, tmp_path):
    plain = xr.open_zarr(zarr_url(str(released)), consolidated=True).compute()
    for _ in range(2):
        ds = cached_open()(zarr_url(remote), tmp_path / "cache")
        xr.testing.assert_identical(ds.compute(), plain)
    assert len(list((tmp_path / "cache").iterdir())) > 10


def test_the_second_reading_fetches_no_chunk(site, tmp_path):
    url = zarr_url(site.url)
    cached_open()(url, tmp_path / "cache").compute()
    site.requests.clear()
    cached_open()(url, tmp_path / "cache").compute()
    assert not [path for method, path in site.requests if method == "GET" and "/c/" in path]


@pytest.mark.parametrize("cache", ["simplecache", "filecache", "blockcache"])
def test_a_chained_url_is_refused_at_once(cache, site):
    with pytest.raises(
        StoreError, match="chains file systems, which skybench does not read through"
    ):
        skybench.open(REFERENCE, store=f"{cache}::{site.url}")
