"""Versions that come with the package: found by reference, without a store."""

import pytest

from skybench.errors import NotFoundError
from skybench.registry.recorded import recorded_manifest, recorded_references, recorded_scores
from skybench.registry.versions.recorded_manifests import cited_hash


def test_every_recorded_version_is_found_by_its_reference():
    references = recorded_references()
    assert {"objects@0.1", "sky@0.1"} <= set(references)
    for reference in references:
        manifest = recorded_manifest(reference)
        assert manifest.reference == reference
        assert recorded_manifest(f"{reference}#{manifest.content.root}") == manifest
        assert recorded_manifest(f"{reference}#manifest:{manifest.digest}") == manifest
        assert {record.content for record in recorded_scores(reference)} == {manifest.content.root}


def test_an_alias_is_the_newest():
    newest = [r for r in recorded_references() if r.startswith("sky@")][-1]
    assert recorded_manifest("sky").reference == newest


@pytest.mark.parametrize(
    ("reference", "message"),
    [
        ("skyy", "skyy is not among the versions that skybench records: .*sky@0.1"),
        ("sky@7", "sky@7 is not among"),
        (f"sky@0.1#sha256:{'0' * 64}", "as sky@0.1 is not the content that was"),
        (f"sky@0.1#manifest:sha256:{'0' * 64}", "as sky@0.1 is not the manifest that was pinned"),
    ],
)
def test_what_is_not_recorded_is_refused_with_what_is(reference, message):
    with pytest.raises(NotFoundError, match=message):
        recorded_manifest(reference)


def built_here(recorded, **changes):
    """Return the manifest of a copy that was built here: other chunks, and no weights."""
    files = [stored for stored in recorded.objects if not stored.key.endswith(".safetensors")]
    zeros = "sha256:" + "0" * 64
    chunks = [f.model_copy(update={"sha256": zeros}) if "/c/" in f.key else f for f in files]
    own = {"generator": {"skybench": "9"}, "objects": tuple(chunks), "chunk_count": 1}
    return recorded.model_copy(update=own | changes)


def test_a_copy_that_was_built_here_is_cited_by_the_recorded_manifest():
    recorded = recorded_manifest("sky@0.2")
    assert cited_hash(recorded) == recorded.digest
    assert built_here(recorded).digest != recorded.digest
    assert cited_hash(built_here(recorded)) == recorded.digest


@pytest.mark.parametrize(
    "changes",
    [
        {"licence": "proprietary"},
        {"citation": "Mallory (2026), stolen."},
        {"recipe": {"name": "sky", "seed": 1}},
        {"created": "2026-11-20T16:00:00Z"},
        {"ranges": {}},
    ],
    ids=str,
)
def test_a_copy_that_says_anything_else_is_cited_by_its_own_manifest(changes):
    changed = built_here(recorded_manifest("sky@0.2"), **changes)
    assert cited_hash(changed) == changed.digest


def test_a_copy_with_other_or_fewer_scores_is_cited_by_its_own_manifest():
    recorded = recorded_manifest("sky@0.2")
    copy = built_here(recorded)
    (floor,) = [f for f in copy.objects if f.key == "baselines/majority-class.json"]
    others = tuple(f for f in copy.objects if f != floor)
    forged = floor.model_copy(update={"sha256": "sha256:" + "0" * 64})
    added = floor.model_copy(update={"key": "baselines/mine.json"})
    for objects in (others, (*others, forged), (*others, floor, added)):
        changed = copy.model_copy(update={"objects": objects})
        assert cited_hash(changed) == changed.digest
