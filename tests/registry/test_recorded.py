"""Versions that come with the package: found by reference, without a store."""

import pytest

from skybench.errors import NotFoundError
from skybench.registry.recorded import recorded_manifest, recorded_references, recorded_scores


def test_every_recorded_version_is_found_by_its_reference():
    references = recorded_references()
    assert {"objects@0.1", "sky@0.1"} <= set(references)
    for reference in references:
        manifest = recorded_manifest(reference)
        assert manifest.reference == reference
        assert recorded_manifest(f"{reference}#{manifest.content.root}") == manifest
        assert {record.content for record in recorded_scores(reference)} == {manifest.content.root}


def test_an_alias_is_the_newest():
    newest = [r for r in recorded_references() if r.startswith("sky@")][-1]
    assert recorded_manifest("sky").reference == newest


@pytest.mark.parametrize(
    ("reference", "message"),
    [
        ("skyy", "skyy is not among the versions that skybench records: .*sky@0.1"),
        ("sky@7", "sky@7 is not among"),
        (f"sky@0.1#sha256:{'0' * 64}", "sky@0.1 is recorded with content"),
    ],
)
def test_what_is_not_recorded_is_refused_with_what_is(reference, message):
    with pytest.raises(NotFoundError, match=message):
        recorded_manifest(reference)
