"""Proof over the network: verify, audit, checked reading, reproduction and repair."""

import shutil

import numpy as np
import pytest

from skybench.errors import IntegrityError
from skybench.registry.audit import audit
from skybench.registry.open import open
from skybench.registry.storage.store import Store
from skybench.registry.verify import verify
from skybench.registry.versions.index import read_index
from skybench.release.repair import repair
from skybench.release.reproduce import reproduce


def test_a_version_on_a_server_is_proven(remote, released):
    assert verify("photometry@0", store=remote).ok
    assert verify("photometry@0", store=remote, full=True).ok
    assert audit(remote).problems == ()
    assert reproduce("photometry@0", [5], store=remote, progress=False).ok
    here, there = (
        open("photometry@0", store=place, verify="full").load() for place in (released, remote)
    )
    assert here.drop_attrs().identical(there.drop_attrs())


def test_what_a_web_server_damages_is_found_when_it_is_read(own_site):
    (chunk,) = own_site.folder.glob("photometry/0.1/*.zarr/image/c/0/0/0*")
    content = bytearray(chunk.read_bytes() if chunk.is_file() else b"")
    content[len(content) // 2] ^= 1
    chunk.write_bytes(content)
    ds = open("photometry@0", store=own_site.url, verify="full")
    assert np.isfinite(ds.psf_fwhm).all()
    with pytest.raises(IntegrityError, match=r"image rows 0 to .* of photometry 0\.1"):
        ds.image.load()


def test_a_damaged_copy_is_mended_from_a_web_server(site, released, tmp_path):
    shutil.copytree(released, tmp_path / "copy")
    store = Store(tmp_path / "copy")
    entry = read_index(store)[0]
    record = next(k for k in store.sizes(entry.key) if k.startswith("baselines/"))
    store.write(f"{entry.key}/{record}", b"{}")
    done = repair("photometry@0", store=store, mirror=site.url, progress=False)
    assert done.ok
    assert done.fetched == (record,)
