"""What a Zarr store says of itself, against the manifest: attributes of the dataset."""

from pathlib import Path

import pytest

from skybench.registry.arrays.zarr_documents import document_text
from skybench.registry.arrays.zarr_metadata import ZarrMetadata, check_zarr
from skybench.registry.hashing.attributes import PROVENANCE
from skybench.registry.proof.metadata_check import attribute_problems, description_problems
from skybench.registry.storage.store import Store
from skybench.registry.versions.index import read_index, read_manifest

RELEASE = Store(Path(__file__).parents[2] / "data" / "format-1")


@pytest.fixture
def manifest():
    return read_manifest(RELEASE, read_index(RELEASE)[0])


@pytest.fixture
def metadata(manifest):
    return check_zarr(Store(RELEASE.url_of(f"{manifest.key}/{manifest.zarr}")))


def test_a_version_of_an_older_skybench_is_as_its_manifest_says(manifest, metadata):
    assert metadata.attributes["zeropoint"] == 25.0
    assert list(description_problems(manifest, metadata)) == []


@pytest.mark.parametrize(
    ("name", "value", "says"),
    [
        ("title", "Another", "attribute title of tiny 1.0 was changed: expected 'Stars"),
        ("noise_scale", 0.5, "was changed: expected 1.0, got 0.5"),
        ("noise_scale", 1, "was changed: expected 1.0, got 1"),
        ("exposure", 90, "attribute exposure of tiny 1.0 was not published"),
    ],
)
def test_attributes_are_those_of_manifest_and_hash(manifest, metadata, name, value, says):
    hashed = {k: v for k, v in metadata.attributes.items() if k not in PROVENANCE}
    content = manifest.content.model_copy(update={"attributes": hashed})
    newer = manifest.model_copy(update={"content": content})
    assert list(attribute_problems(newer, metadata.attributes)) == []
    (problem,) = attribute_problems(newer, metadata.attributes | {name: value})
    assert says in problem
    (problem,) = attribute_problems(
        newer, {k: v for k, v in metadata.attributes.items() if k != "noise_scale"}
    )
    assert "attribute noise_scale of tiny 1.0 is missing" in problem


def test_what_the_older_hash_does_not_cover_follows_from_the_recipe(manifest, metadata):
    (problem,) = attribute_problems(manifest, metadata.attributes | {"zeropoint": 1.0})
    assert "attribute zeropoint of tiny 1.0 was changed: expected 25.0, got 1.0" in problem
    (problem,) = attribute_problems(manifest, metadata.attributes | {"exposure": 90})
    assert "attribute exposure of tiny 1.0 was not published" in problem


@pytest.mark.parametrize(
    "change",
    [{"generator": {"generator": "skybench-generator-1"}}, {"recipe": {"family": "of_others"}}],
)
def test_a_recipe_that_is_not_known_here_leaves_its_attributes_unjudged(manifest, metadata, change):
    older = manifest.model_copy(update=change)
    assert list(attribute_problems(older, {"zeropoint": 1.0, "exposure": 90})) == []
    (problem,) = attribute_problems(older, {"license": "CC0-1.0", "zeropoint": 1.0})
    assert "attribute license" in problem


def test_another_document_is_told_by_the_digest_of_the_file(manifest, metadata):
    changed = metadata.document | {"attributes": metadata.document["attributes"] | {"zeropoint": 1}}
    other = ZarrMetadata(document=changed, text=document_text(changed))
    *_, problem = description_problems(manifest, other)
    assert "zarr.json of tiny 1.0 does not match the recorded hash" in problem
