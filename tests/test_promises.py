"""The promises of docs/trust.md, each attacked by name.

A test here is one attack that was seen to succeed once, told as whoever attacks would do it and
asserted as a user would meet it. The details of each promise are tested beside the code that
keeps it.
"""

import json
import os
import re
import shutil
import time
import traceback
from contextlib import contextmanager, suppress
from functools import partial
from http.server import BaseHTTPRequestHandler, SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread

import intake
import numpy as np
import pandas as pd
import pytest

import skybench
from skybench.errors import IntegrityError, NotFoundError, OlderIndexWarning, StoreError
from skybench.generators.generate import generate_as_stored
from skybench.generators.recipe_file import load_recipe
from skybench.registry.audit import audit
from skybench.registry.hashing.content_hash import hash_dataset
from skybench.registry.proof.file_check import file_digest
from skybench.registry.reference import CONTENT_PIN_HOLDS
from skybench.registry.seals import read_seal, unseal
from skybench.registry.storage import link
from skybench.registry.storage.store import INDEX, Store
from skybench.registry.versions import recorded_manifests
from skybench.registry.versions.index import read_index
from skybench.registry.versions.manifest import canonical_text, digest_of
from skybench.release.publishing.catalog import refresh_catalog
from skybench.release.release import BuildOptions, release
from skybench.release.repair import repair
from skybench.release.reproduce import reproduce

QUIET = {"building": BuildOptions(progress=False, workers=1), "baselines": False}


@pytest.fixture
def store(tmp_path):
    """A published version, ``tiny@1.0``, in a store that an attacker can write."""
    published = Path(__file__).parent / "data" / "format-1"
    copy = Store(shutil.copytree(published, tmp_path / "store"))
    refresh_catalog(copy)
    return copy


@pytest.fixture(scope="module")
def released_grz(tmp_path_factory):
    """A version whose images have a pixel scale, a zero point and a reference band."""
    folder = tmp_path_factory.mktemp("grz")
    release("0.1", store=folder, datasets="grz", samples=24, **QUIET)
    return folder


@pytest.fixture
def grz(released_grz, tmp_path):
    return Store(shutil.copytree(released_grz, tmp_path / "grz"))


def manifest_of(store, folder):
    return json.loads(store.read_text(f"{folder}/manifest.json"))


def rewrite(store, folder, change=lambda manifest: None):
    """Change a manifest, and list it and the files as they are now: index and chain then hold."""
    before, manifest = store.read_text(f"{folder}/manifest.json"), manifest_of(store, folder)
    change(manifest)
    for listed in manifest["objects"]:
        key = f"{folder}/{listed['key']}"
        listed |= {"size": store.size(key), "sha256": file_digest(store, key)}
    after = canonical_text(manifest)
    store.write(f"{folder}/manifest.json", after)
    store.write(INDEX, store.read_text(INDEX).replace(digest_of(before), digest_of(after)))


def rewrite_zarr(store, folder, array, attributes):
    """Change attributes of an array, or of the whole, wherever Zarr keeps them."""
    (zarr,) = store.local_path(folder).glob("*.zarr")
    root = json.loads((zarr / "zarr.json").read_text())
    arrays = root["consolidated_metadata"]["metadata"]
    (arrays[array] if array else root)["attributes"].update(attributes)
    (zarr / "zarr.json").write_text(json.dumps(root))
    if array:
        (zarr / array / "zarr.json").write_text(json.dumps(arrays[array]))


def assert_refused(pin, store, tmp_path, says):
    """Assert that no way to a version takes it, and that `audit` says why."""
    for use in (
        lambda: skybench.open(pin, store=store),
        lambda: skybench.verify(pin, store=store, full=True).raise_if_damaged(),
        lambda: skybench.get(pin, source=store.url, store=tmp_path / "mine", build="never"),
    ):
        with pytest.raises((IntegrityError, NotFoundError), match=says):
            use()
    assert re.search(says, str(audit(store)))


# A pin pins the version


@pytest.mark.parametrize(
    ("name", "value"),
    [("zeropoint", 25.0), ("pixel_scale_arcsec", 0.5), ("reference_band", "g")],
)
@pytest.mark.parametrize("where", ["recipe", "attributes", "everywhere"])
def test_a_content_pin_refuses_another_zero_point_scale_or_band(grz, tmp_path, name, value, where):
    pin = f"grz@0.1#{read_index(grz)[0].content}"
    assert skybench.open(pin, store=grz).attrs[name] != value

    def change(manifest):
        if where in ("recipe", "everywhere"):
            manifest["recipe"]["image"][name] = value
        if where in ("attributes", "everywhere"):
            manifest["content"]["attributes"][name] = value

    if where == "everywhere":
        rewrite_zarr(grz, "grz/0.1", "", {name: value})
    rewrite(grz, "grz/0.1", change)
    assert_refused(pin, grz, tmp_path, "its recipe under image has|root of its content does not")


def test_a_content_pin_of_an_old_hash_refuses_another_recipe_than_is_recorded(
    grz, tmp_path, monkeypatch
):
    recipe = load_recipe("grz").model_copy(update={"samples": 24})
    content = hash_dataset(generate_as_stored(recipe), "skyhash-1").model_dump(mode="json")
    del content["attributes"]
    old = manifest_of(grz, "grz/0.1") | {"content": content, "format": "skybench-manifest-1"}
    records = tmp_path / "clone" / "releases" / "0.1"
    records.mkdir(parents=True)
    (records / "grz.manifest.json").write_text(canonical_text(old), encoding="utf-8")
    (records / "grz.baselines.json").write_text(canonical_text([]), encoding="utf-8")
    monkeypatch.setattr(recorded_manifests, "files", lambda _: tmp_path / "clone")
    release("0.1", store=tmp_path / "old", datasets="grz", samples=24, **QUIET)
    store, pin = Store(tmp_path / "old"), f"grz@0.1#{content['root']}"
    assert skybench.verify(pin, store=store, full=True).ok
    for change in (
        lambda manifest: manifest["recipe"]["image"].update(zeropoint=25.0),
        lambda manifest: manifest.update(task="regression"),
    ):
        published = store.read_text("grz/0.1/manifest.json"), store.read_text(INDEX)
        rewrite(store, "grz/0.1", change)
        assert_refused(pin, store, tmp_path, "another (recipe|task) than the copy that skybench")
        for key, text in zip(("grz/0.1/manifest.json", INDEX), published, strict=True):
            store.write(key, text)


@pytest.mark.parametrize(
    ("array", "attributes"),
    [("image", {"scale_factor": -12.0}), ("image", {"add_offset": 104}), ("", {"zeropoint": 1.0})],
)
def test_a_content_pin_refuses_attributes_by_which_others_decode_other_values(
    store, tmp_path, array, attributes
):
    """Plain xarray read 96 for -8, and `get`, `verify --full` and `audit` all said yes."""
    pin = f"tiny@1.0#{read_index(store)[0].content}"
    rewrite_zarr(store, "tiny/1.0", array, attributes)
    rewrite(store, "tiny/1.0")
    for use in (
        lambda: skybench.open(pin, store=store),
        lambda: skybench.verify(pin, store=store, full=True).raise_if_damaged(),
        lambda: skybench.get(pin, source=store.url, store=tmp_path / "mine", progress=False),
    ):
        with pytest.raises(IntegrityError, match="|".join(attributes)):
            use()


def test_a_content_pin_refuses_other_units_in_manifest_and_data(store, tmp_path):
    pin = f"tiny@1.0#{read_index(store)[0].content}"
    rewrite_zarr(store, "tiny/1.0", "flux", {"units": "nanomaggy"})

    def change(manifest):
        manifest["content"]["variables"]["flux"]["header"]["units"] = "nanomaggy"

    rewrite(store, "tiny/1.0", change)
    assert_refused(pin, store, tmp_path, "the root of flux does not follow")


def with_rewritten_manifest(store):
    """Give the floor a score of 0.99, and the version another licence, citation and seed."""
    floor = "tiny/1.0/baselines/majority-class.json"
    record = json.loads(store.read_text(floor))
    record |= {"score": 0.99, "accuracy": 0.99, "interval": {"low": 0.98, "high": 1.0}}
    store.write(floor, canonical_text(record))

    def change(manifest):
        manifest |= {"licence": "proprietary", "citation": "Mallory (2026), stolen."}
        manifest["recipe"]["seed"] += 1

    rewrite(store, "tiny/1.0", change)


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


def test_a_content_pin_says_that_it_holds_no_scores_licence_or_citation(store):
    pinned = f"tiny@1.0#{read_index(store)[0].content}"
    rewrite(store, "tiny/1.0", lambda manifest: manifest.update(citation="Mallory, stolen."))
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


# The one-liner proves what it labels; tests/catalogs/test_tampering.py has nineteen kinds


@pytest.mark.parametrize("attributes", [{"scale_factor": -12.0}, {"units": "nanomaggy"}])
def test_the_one_liner_refuses_an_image_that_says_something_else(store, attributes):
    rewrite_zarr(store, "tiny/1.0", "image", attributes)
    with pytest.raises(IntegrityError, match=r"tiny 1\.0"):
        intake.open_catalog(store.url_of("catalog.yaml")).tiny_v1.to_dask()


def test_a_catalog_refuses_a_manifest_rewritten_with_its_index(store):
    catalog = intake.open_catalog(store.url_of("catalog.yaml"))
    with_rewritten_manifest(store)
    with pytest.raises(IntegrityError, match="not the manifest that was pinned"):
        catalog.tiny_v1.to_dask()


@pytest.mark.parametrize("full", [False, True])
def test_a_file_that_was_not_published_is_found_among_the_data(store, full):
    (zarr,) = store.local_path("tiny/1.0").glob("*.zarr")
    (zarr / "better_flux").mkdir()
    shutil.copy(zarr / "flux" / "zarr.json", zarr / "better_flux" / "zarr.json")
    (problem,) = skybench.verify("tiny@1.0", store=store, full=full).problems
    assert "better_flux/zarr.json of tiny 1.0 was not published" in problem
    assert any("better_flux/zarr.json" in said for said in audit(store).problems)


# Published means on the disk


def test_what_get_returned_from_is_on_the_disk(demo_store, tmp_path, monkeypatch):
    """Pull the plug as `get` returns: of what was not flushed, only the names are left."""
    flushed, fsync = set(), os.fsync

    def flush(descriptor):
        fsync(descriptor)
        flushed.add(os.fstat(descriptor).st_ino)

    monkeypatch.setattr(os, "fsync", flush)
    store = tmp_path / "store"
    skybench.get("sky@0.0", source=str(demo_store), store=store, progress=False)
    after = shutil.copytree(store, tmp_path / "after")
    for path in (store / "sky").rglob("*"):
        if path.stat().st_ino not in flushed:
            assert path.is_file(), f"the names in {path} are lost"
            (after / path.relative_to(store)).write_bytes(b"")
    assert skybench.verify("sky@0.0", store=after, full=True).ok


# The leaderboard is evidence

BOARD = "objects@0.0"


@pytest.fixture
def board(demo_store, tmp_path):
    """A store with a submission to objects 0.0, which says star of everything."""
    store = Store(shutil.copytree(demo_store, tmp_path / "store"))
    ids = skybench.open(BOARD, split="test", store=store).sample_id.values
    answer = pd.DataFrame({"sample_id": ids, "label": "star"})
    skybench.evaluate(BOARD, answer, name="mine", store=store, submit=True)
    assert audit(store).ok
    return store


def test_a_record_that_nobody_submitted_is_not_ranked(board):
    """It was rank 1 with 500 % once, and audit was clean."""
    folder = board.local_path("objects/0.0")
    record = json.loads((folder / "baselines" / "logistic-regression.json").read_text())
    forged = record | {"name": "forged", "kind": "baseline", "metric": "r2", "score": 5.0}
    forged |= {"interval": {"low": 5.0, "high": 5.0}}
    (folder / "submissions" / "forged.json").write_text(canonical_text(forged))
    table = skybench.leaderboard(BOARD, store=board)
    assert set(table.name) == {"histogram", "logistic-regression", "majority-class", "mine"}
    assert set(table.evidence) == {"recomputed"}
    (note,) = table.attrs["notes"]
    assert "forged.json is named by no line of submissions/log.jsonl" in note
    assert any("forged.json" in problem for problem in audit(board).problems)


def test_a_submission_cannot_be_deleted_unseen(board):
    for path in board.local_path("objects/0.0/submissions").glob("mine-*"):
        path.unlink()
    table = skybench.leaderboard(BOARD, store=board)
    assert "mine" not in set(table.name)
    (note,) = table.attrs["notes"]
    assert "submissions/mine-" in note
    assert "is not there" in note
    assert any("submissions/mine-" in problem for problem in audit(board).problems)


def test_a_label_of_a_sealed_test_split_cannot_be_derived_from_what_is_public(tmp_path):
    """The recipe and its seed are public, and once gave the label of every test sample."""
    store, seal = tmp_path / "store", tmp_path / "objects.seal"
    release("1.0", store=store, datasets="objects", samples=100, sealed=seal, **QUIET)
    public = skybench.open("objects@1.0", split="test", store=store)
    assert set(public["label"].values) == {""}
    assert np.isnan(public["flux"].values).all()
    secret = read_seal(seal).seed
    texts = [path.read_bytes() for path in store.rglob("*") if path.is_file()]
    assert not any(secret.encode() in t or bytes.fromhex(secret) in t for t in texts)
    recipe = load_recipe("objects").model_copy(update={"samples": 100})
    drawn = skybench.generate(recipe).sel(sample=public["sample_id"].values)
    assert (drawn.image.values != public.image.values).any(axis=(1, 2)).all()
    unseal("objects@1.0", seal, store=store)
    assert reproduce("objects@1.0", store=store, workers=1, progress=False).ok


# Links are slow, and URLs hold secrets


@contextmanager
def served_by(handler):
    """Give the address of a server on loopback, which `handler` answers for."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
    try:
        yield f"127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()


def answering(answer):
    """Return a handler whose every answer is `answer(handler)`."""
    members = {"do_GET": answer, "do_HEAD": answer, "log_message": lambda *_: None}
    return type("Handler", (BaseHTTPRequestHandler,), members)


def test_a_mirror_of_a_few_bytes_a_second_does_not_hold_get(tmp_path, monkeypatch):
    """Each byte comes within the limit for a read, so only the speed tells."""
    monkeypatch.setattr(link, "WINDOW", 0.5)

    def dribble(handler):
        handler.send_response(200)
        handler.send_header("Content-Length", "10000")
        handler.end_headers()
        with suppress(OSError):  # the reader gave up
            for _ in range(50):
                handler.wfile.write(b"{")
                time.sleep(0.1)

    with (
        served_by(answering(dribble)) as address,
        pytest.raises(StoreError, match="bytes a second, les"),
    ):
        skybench.get("sky@0.3", source=f"http://{address}", store=tmp_path, progress=False)
    assert not (tmp_path / "sky").exists()


def test_credentials_in_a_url_are_shown_nowhere(tmp_path):
    """Neither by a place, nor by an error, nor by those of the client in its traceback."""

    def refuse(handler):
        handler.send_response(403)
        handler.end_headers()

    with served_by(answering(refuse)) as address:
        says = f"http://{address}/x/index.jsonl: .*403"
        for url in (f"http://me:s3cr3t@{address}/x", f"http://{address}/x?se=1&sig=s3cr3t"):
            assert repr(Store(url)) == f"Store('http://{address}/x')"
            with pytest.raises(StoreError, match=says) as raised:
                skybench.get("sky@0.3", source=url, store=tmp_path, progress=False)
            assert "s3cr3t" not in "".join(traceback.format_exception(raised.value))
    with pytest.raises(StoreError, match="signed for one file") as raised:
        Store("https://bucket.s3.amazonaws.com/x?X-Amz-Credential=me&X-Amz-Signature=s3cr3t")
    assert "s3cr3t" not in repr(raised.value)


# What was seen is remembered


class Site(SimpleHTTPRequestHandler):
    def log_message(self, *args):
        pass


@pytest.fixture
def url(store):
    """The URL under which the attacker serves the store."""
    with served_by(partial(Site, directory=store.root)) as address:
        yield f"http://{address}"


def publish_next(store, version):
    """Add a line to the index that publishes the data of tiny 1.0 as another version."""
    folder = store.local_path("tiny")
    target = Path(shutil.copytree(folder / "1.0", folder / version))
    text = (target / "manifest.json").read_text().replace("tiny-1.0", f"tiny-{version}")
    text = text.replace('"version": "1.0"', f'"version": "{version}"')
    (target / "manifest.json").write_text(text)
    for path in target.glob("tiny-1.0*"):
        path.rename(path.with_name(path.name.replace("1.0", version, 1)))
    before = store.read_text(INDEX)
    last = before.splitlines()[-1]
    new = {"version": version, "manifest": digest_of(text), "previous": digest_of(last)}
    line = json.dumps(json.loads(last) | new, sort_keys=True, separators=(",", ":"))
    store.write(INDEX, f"{before}{line}\n")


@pytest.mark.parametrize("seen_by", ["open", "get"])
def test_history_that_is_written_again_is_seen_by_who_was_there_before(
    store, url, tmp_path, seen_by
):
    if seen_by == "open":
        skybench.open("tiny@1.0", store=url)
    else:
        skybench.get("tiny@1.0", source=url, store=tmp_path / "first", progress=False)
    rewrite(store, "tiny/1.0", lambda manifest: manifest.update(licence="CC0-1.0"))
    with pytest.raises(IntegrityError, match=r"not the index that was seen .* from line 1 on"):
        skybench.open("tiny@1.0", store=url)
    with pytest.raises(IntegrityError, match=f"skybench forget {url}"):
        skybench.get("tiny@1.0", source=url, store=tmp_path / "second", progress=False)


def test_an_alias_never_goes_back_without_a_word(store, url, tmp_path):
    older = store.read_text(INDEX)
    publish_next(store, "1.1")
    assert skybench.open("tiny@1", store=url).attrs["version"] == "1.1"
    store.write(INDEX, older)
    with pytest.warns(OlderIndexWarning, match=r"tiny@1 is 1\.0 .* was 1\.1 before"):
        assert skybench.open("tiny@1", store=url).attrs["version"] == "1.0"
    with pytest.raises(IntegrityError, match=r"was 1\.1 before.*Name tiny@1\.0"):
        skybench.get("tiny@1", source=url, store=tmp_path / "mine", progress=False)
    with pytest.warns(OlderIndexWarning, match="a copy that lags, or it was set back"):
        skybench.get("tiny@1.0", source=url, store=tmp_path / "mine", progress=False)
