"""Tampering, seen through the advertised one-liner and `skybench.open`: refused, never read."""

import json
import shutil
from pathlib import Path

import intake
import numpy as np
import pytest
import zarr

from skybench.errors import IntegrityError
from skybench.registry.open import open as open_version
from skybench.registry.proof.file_check import file_digest
from skybench.registry.storage.store import INDEX, MANIFEST, Store
from skybench.registry.verify import verify
from skybench.registry.versions.index import append, read_index
from skybench.registry.versions.manifest import digest_of

RELEASE = Path(__file__).parent.parent / "data" / "format-1"
FOLDER = "tiny/1.0"


class Attacked:
    """A copy of a released store, in the hands of someone who wants other values read from it."""

    def __init__(self, folder: Path) -> None:
        shutil.copytree(RELEASE, folder)
        self.folder, self.store = folder, Store(folder)
        self.content = read_index(self.store)[0].content
        (self.zarr,) = folder.glob(f"{FOLDER}/*.zarr")

    def describe(self, name, change):
        """Change the metadata of an array, or of the dataset as "", wherever they stand."""
        root = json.loads((self.zarr / "zarr.json").read_text())
        own = self.zarr / name / "zarr.json"
        change(root if not name else root["consolidated_metadata"]["metadata"][name])
        if name:
            own.write_text(json.dumps(root["consolidated_metadata"]["metadata"][name]))
        (self.zarr / "zarr.json").write_text(json.dumps(root))

    def forge(self, change=lambda manifest: None):
        """Rewrite manifest and index so that they list the files as they are, under one content."""
        place = self.folder / FOLDER / MANIFEST
        manifest = json.loads(place.read_text())
        change(manifest)
        lists = {o["key"] for o in manifest["objects"]}
        sizes = self.store.sizes(FOLDER)
        kept = [k for k in sizes if k in lists or k.startswith(self.zarr.name)]
        manifest["objects"] = [
            {"key": k, "size": sizes[k], "sha256": file_digest(self.store, f"{FOLDER}/{k}")}
            for k in kept
        ]
        chunks = [k for k in kept if k.startswith(self.zarr.name) and not k.endswith("zarr.json")]
        manifest["chunk_count"] = len(chunks)
        text = json.dumps(manifest)
        place.write_text(text)
        (self.folder / INDEX).unlink()
        named = {"dataset": "tiny", "version": "1.0"}
        append(self.store, **named, manifest=digest_of(text), content=self.content)

    def uses(self, level):
        """Return the two ways in, each of which opens the version and reads all of it."""
        catalog = intake.open_catalog(str(self.folder / "catalog.yaml"))
        pinned = f"tiny@1.0#{self.content}"
        return [
            lambda: catalog.tiny_v1(verify=level).to_dask(),
            lambda: open_version(pinned, store=self.store, verify=level, build="never"),
        ]


@pytest.fixture
def attacked(tmp_path):
    return Attacked(tmp_path / "store")


def updates(name, **values):
    return lambda attacked: attacked.describe(name, lambda array: array.update(values))


def attribute(name, **values):
    def change(attacked):
        attacked.describe(name, lambda array: array["attributes"].update(values))

    return change


def swapped(attacked):
    first, second = (attacked.zarr / name / "c" / "0" / "0" for name in ("source_x", "source_y"))
    data = first.read_bytes()
    first.write_bytes(second.read_bytes())
    second.write_bytes(data)


def recoded(attacked):
    """Write the pixels again, by another codec."""
    values = zarr.open_group(attacked.zarr, mode="r")["image"][:]
    own = json.loads((attacked.zarr / "image" / "zarr.json").read_text())
    own["codecs"] = [{"name": "bytes", "configuration": {"endian": "little"}}]
    own["chunk_grid"]["configuration"]["chunk_shape"] = list(values.shape)
    attacked.describe("image", lambda array: array.update(own))
    (attacked.zarr / "image" / "c" / "0" / "0" / "0").write_bytes(values.tobytes())


def big_endian(attacked):
    def change(array):
        inside = array["codecs"][0]["configuration"]["codecs"]
        inside[0]["configuration"]["endian"] = "big"

    attacked.describe("image", change)


def chunk_deleted(attacked):
    """Every pixel reads as 7."""
    attacked.describe("image", lambda array: array.update(fill_value=7))
    (attacked.zarr / "image" / "c" / "0" / "0" / "0").unlink()


def extra_array(attacked):
    shutil.copytree(attacked.zarr / "flux", attacked.zarr / "better_flux")


def extra_metadata(attacked):
    """An array without chunks, which only readers of plain Zarr see."""
    (attacked.zarr / "better_flux").mkdir()
    shutil.copy(attacked.zarr / "flux" / "zarr.json", attacked.zarr / "better_flux")


TAMPERED = {
    "rows removed": updates("image", shape=[50, 12, 12]),
    "another dtype": updates("image", data_type="uint32", fill_value=2**32 - 1),
    "another byte order": big_endian,
    "axes swapped": updates("image", dimension_names=["sample", "x", "y"]),
    "another unit": attribute("flux", units="nanomaggy"),
    "meanings permuted": attribute("label", flag_meanings="galaxy star"),
    "codes permuted": attribute("label", flag_values=[1, 0]),
    "missing chunks that read as 7": chunk_deleted,
    "another codec": recoded,
    "an extra array": extra_array,
    "metadata of an extra array": extra_metadata,
    "values scaled": attribute("image", scale_factor=-12.0),
    "values shifted": attribute("image", add_offset=100),
    "values missing": attribute("image", _FillValue=-8),
    "another zero point": attribute("", zeropoint=22.5),
    "another pixel scale": attribute("", pixel_scale_arcsec=0.05),
    "another seed": attribute("", seed=2),
    "another licence": attribute("", license="CC0-1.0"),
    "an attribute of the dataset that is none": attribute("", exposure=90.0),
}


@pytest.mark.parametrize("forged", [False, True], ids=["files", "files, manifest and index"])
@pytest.mark.parametrize("name", TAMPERED)
def test_metadata_other_than_the_published_are_refused_at_open(attacked, name, forged):
    TAMPERED[name](attacked)
    if forged:
        attacked.forge()
    for use in attacked.uses("fast"):
        with pytest.raises(IntegrityError):
            use()
    assert not verify("tiny@1.0", store=attacked.store).ok
    assert not verify("tiny@1.0", store=attacked.store, full=True).ok


@pytest.mark.parametrize("level", ["fast", "full"])
def test_a_manifest_whose_headers_were_changed_with_the_metadata_is_refused(attacked, level):
    def change(manifest):
        manifest["content"]["variables"]["flux"]["header"]["units"] = "nanomaggy"

    TAMPERED["another unit"](attacked)
    attacked.forge(change)
    for use in attacked.uses(level):
        with pytest.raises(IntegrityError, match="the root of flux does not"):
            use()
    with pytest.raises(IntegrityError, match="the root of flux does not"):
        verify("tiny@1.0", store=attacked.store)


def test_a_manifest_whose_blocks_were_changed_with_the_pixels_is_refused(attacked):
    """Each block that is read has the digest that the manifest tells, but not the one pinned."""

    def change(manifest):
        ones = {name: manifest["content"]["variables"][name] for name in ("source_x", "source_y")}
        blocks = [one["blocks"] for one in ones.values()]
        ones["source_x"]["blocks"], ones["source_y"]["blocks"] = blocks[::-1]

    swapped(attacked)
    attacked.forge(change)
    for use in attacked.uses("fast"):
        with pytest.raises(IntegrityError, match="the root of source_x"):
            use()


def test_what_is_forged_without_tampering_opens(attacked):
    """Else the tests above would refuse for another reason."""
    attacked.forge()
    for level in ("fast", "full"):
        for use in attacked.uses(level):
            assert use().compute().sizes["sample"] == 60
    assert verify("tiny@1.0", store=attacked.store, full=True).ok


@pytest.mark.parametrize("forged", [False, True], ids=["files", "files, manifest and index"])
def test_swapped_chunks_are_refused_by_whoever_reads_in_full(attacked, forged):
    swapped(attacked)
    if forged:
        attacked.forge()
    for use in attacked.uses("full"):
        with pytest.raises(IntegrityError, match=r"source_[xy]|size"):
            use().compute()
    problems = " ".join(verify("tiny@1.0", store=attacked.store, full=True).problems)
    assert "source_x rows 0 to 59 of tiny 1.0 do not match the recorded hash" in problems
    assert "source_y rows 0 to 59 of tiny 1.0 do not match the recorded hash" in problems


def test_an_array_that_describes_itself_otherwise_is_found_by_verify(attacked):
    """xarray reads the consolidated metadata, and would open it; other readers take the array's."""
    own = attacked.zarr / "image" / "zarr.json"
    values = json.loads(own.read_text())
    values["attributes"]["scale_factor"] = -12.0
    own.write_text(json.dumps(values))
    attacked.forge()
    assert np.isfinite(attacked.uses("fast")[0]().image).all()
    for full in (False, True):
        (problem,) = verify("tiny@1.0", store=attacked.store, full=full).problems
        assert problem.startswith("array image of tiny 1.0 is described otherwise in image/zarr")
