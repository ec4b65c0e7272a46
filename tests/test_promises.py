"""The promises of docs/trust.md, each attacked by name.

A test here is one attack that was seen to succeed once, told as whoever attacks would do it and
asserted as a user would meet it. The details of each promise are tested beside the code that
keeps it.
"""

import json
import shutil
from pathlib import Path

import intake
import pytest

import skybench
from skybench.errors import IntegrityError
from skybench.registry.audit import audit
from skybench.registry.reference import CONTENT_PIN_HOLDS
from skybench.registry.storage.store import INDEX, Store
from skybench.registry.versions.index import append, read_index
from skybench.registry.versions.manifest import canonical_text, digest_of
from skybench.release.publishing.catalog import refresh_catalog
from skybench.release.repair import repair

PUBLISHED = Path(__file__).parent / "data" / "format-1"


@pytest.fixture
def store(tmp_path):
    """A published version, ``tiny@1.0``, in a store that an attacker can write."""
    shutil.copytree(PUBLISHED, tmp_path / "store")
    copy = Store(tmp_path / "store")
    refresh_catalog(copy)
    return copy


def with_rewritten_manifest(store):
    """Give the floor a score of 0.99, and the version another licence, citation and seed."""
    record = json.loads(store.read_text("tiny/1.0/baselines/majority-class.json"))
    record |= {"score": 0.99, "accuracy": 0.99, "interval": {"low": 0.98, "high": 1.0}}
    store.write("tiny/1.0/baselines/majority-class.json", forged := canonical_text(record))
    manifest = json.loads(store.read_text("tiny/1.0/manifest.json"))
    manifest |= {"licence": "proprietary", "citation": "Mallory (2026), stolen."}
    manifest["recipe"]["seed"] += 1
    for file in manifest["objects"]:
        if file["key"].endswith("majority-class.json"):
            file |= {"size": len(forged), "sha256": digest_of(forged)}
    store.write("tiny/1.0/manifest.json", text := canonical_text(manifest))
    with_index_that_fits(store, text)
    return store


def with_index_that_fits(store, manifest):
    """Write the index again as if this manifest had been the published one."""
    (entry,) = read_index(store)
    store.remove(INDEX)
    names = {"dataset": entry.dataset, "version": entry.version, "content": entry.content}
    append(store, manifest=digest_of(manifest), **names)


@pytest.mark.parametrize("call", ["open", "get", "verify", "evaluate", "export", "leaderboard"])
def test_a_manifest_pin_refuses_a_manifest_rewritten_with_its_index(store, call, tmp_path):
    pinned = f"tiny@1.0#manifest:{read_index(store)[0].manifest}"
    calls = {
        "open": lambda: skybench.open(pinned, store=store, verify="full"),
        "get": lambda: skybench.get(pinned, store=store),
        "verify": lambda: skybench.verify(pinned, store=store, full=True),
        "evaluate": lambda: skybench.evaluate(pinned, [0] * 18, store=store),
        "export": lambda: skybench.export("npz", pinned, store=store, out=tmp_path / "tiny.npz"),
        "leaderboard": lambda: skybench.leaderboard(pinned, store=store),
    }
    with_rewritten_manifest(store)
    with pytest.raises(IntegrityError, match="not the manifest that was pinned: expected sha256:"):
        calls[call]()


def test_a_manifest_pin_refuses_a_mirror_whose_manifest_was_rewritten(store, tmp_path):
    pinned = f"tiny@1.0#manifest:{read_index(store)[0].manifest}"
    with_rewritten_manifest(store)
    with pytest.raises(IntegrityError, match="not the manifest that was pinned"):
        skybench.get(pinned, source=store.url, store=tmp_path / "mine", progress=False)
    assert read_index(Store(tmp_path / "mine")) == ()


def test_a_catalog_refuses_a_manifest_rewritten_with_its_index(store):
    catalog = intake.open_catalog(store.url_of("catalog.yaml"))
    with_rewritten_manifest(store)
    with pytest.raises(IntegrityError, match="not the manifest that was pinned"):
        catalog.tiny_v1.to_dask()


def test_a_content_pin_says_that_it_holds_no_scores_licence_or_citation(store):
    pinned = f"tiny@1.0#{read_index(store)[0].content}"
    with_rewritten_manifest(store)
    report = skybench.verify(pinned, store=store, full=True)
    assert report.ok  # the content is the pinned one
    assert CONTENT_PIN_HOLDS in str(report)
    assert CONTENT_PIN_HOLDS in str(skybench.get(pinned, store=store))
    assert "not scores, licence or citation" in skybench.open.__doc__.replace("\n        ", " ")


def test_a_card_that_was_changed_is_found_and_made_again(store, tmp_path):
    skybench.get("tiny@1.0", source=store.url, store=tmp_path / "mine", progress=False)
    mine, card = Store(tmp_path / "mine"), "tiny/1.0/card.md"
    mine.write(card, mine.read_text(card).replace("CC-BY-4.0", "proprietary"))
    assert "card.md of tiny 1.0 does not match the index" in str(audit(mine))
    assert not skybench.verify("tiny@1.0", store=mine).ok
    assert repair("tiny@1.0", store=mine, progress=False).ok
    assert "proprietary" not in mine.read_text(card)
    assert audit(mine).ok
