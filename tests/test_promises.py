"""The promises of docs/trust.md, each attacked by name.

A test here is one attack that was seen to succeed once, told as whoever attacks would do it and
asserted as a user would meet it. The details of each promise are tested beside the code that
keeps it.
"""

import json
import os
import re
import shutil
import threading
import time
import traceback
from contextlib import contextmanager
from functools import partial
from http.server import BaseHTTPRequestHandler, SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread

import intake
import numpy as np
import pandas as pd
import pytest

import skybench
from skybench.errors import IntegrityError, OlderIndexWarning, StoreError
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
from skybench.registry.versions.index import append, read_index
from skybench.registry.versions.manifest import canonical_text, digest_of
from skybench.release.publishing.catalog import refresh_catalog
from skybench.release.release import BuildOptions, release
from skybench.release.repair import repair
from skybench.release.reproduce import reproduce

BANDS = "grz"
"""A recipe whose images have a pixel scale, a zero point and a reference band."""

SAMPLES = 24


@pytest.fixture(scope="module")
def mirror(tmp_path_factory):
    """A store with a small version, whose owner is the attacker."""
    folder = tmp_path_factory.mktemp("mirror")
    release("0.1", store=folder, datasets=BANDS, samples=SAMPLES, baselines=False)
    return folder


def copy_of(mirror, tmp_path):
    return shutil.copytree(mirror, tmp_path / "mirror")


def manifest_in(store):
    return json.loads((store / BANDS / "0.1" / "manifest.json").read_text(encoding="utf-8"))


def put(store, manifest):
    """Replace the manifest, and its digest in the index: the chain then holds again."""
    file, index = store / BANDS / "0.1" / "manifest.json", store / "index.jsonl"
    before, text = digest_of(file.read_bytes()), canonical_text(manifest)
    file.write_text(text, encoding="utf-8")
    index.write_text(index.read_text().replace(before, digest_of(text)))


def put_in_zarr(store, manifest, name, value):
    """Rewrite an attribute of the Zarr store, and its digest in the manifest."""
    key = f"{manifest['zarr']}/zarr.json"
    file = store / BANDS / "0.1" / key
    metadata = json.loads(file.read_text(encoding="utf-8"))
    metadata["attributes"][name] = value
    file.write_text(json.dumps(metadata), encoding="utf-8")
    (listed,) = (stored for stored in manifest["objects"] if stored["key"] == key)
    listed |= {"size": file.stat().st_size, "sha256": digest_of(file.read_bytes())}


def assert_refused(pin, store, tmp_path, says):
    for use in (
        lambda: skybench.open(pin, store=str(store)),
        lambda: skybench.verify(pin, store=str(store)).raise_if_damaged(),
        lambda: skybench.get(pin, source=str(store), store=str(tmp_path / "own"), build="never"),
    ):
        with pytest.raises((IntegrityError, skybench.errors.NotFoundError), match=says):
            use()
    assert re.search(says, str(audit(str(store))))


@pytest.mark.parametrize(
    ("name", "value"),
    [("zeropoint", 25.0), ("pixel_scale_arcsec", 0.5), ("reference_band", "g")],
)
@pytest.mark.parametrize("where", ["recipe", "attributes", "everywhere"])
def test_a_content_pin_refuses_another_zero_point_scale_or_band(
    mirror, tmp_path, name, value, where
):
    store = copy_of(mirror, tmp_path)
    manifest = manifest_in(store)
    pin = f"{BANDS}@0.1#{manifest['content']['root']}"
    assert skybench.open(pin, store=str(store)).attrs[name] != value
    if where in ("recipe", "everywhere"):
        manifest["recipe"]["image"][name] = value
    if where in ("attributes", "everywhere"):
        manifest["content"]["attributes"][name] = value
    if where == "everywhere":
        put_in_zarr(store, manifest, name, value)
    put(store, manifest)
    assert_refused(pin, store, tmp_path, "its recipe under image has|root of its content does not")


def test_a_content_pin_of_an_old_hash_refuses_another_recipe_than_is_recorded(
    mirror, tmp_path, monkeypatch
):
    store, clone = copy_of(mirror, tmp_path), tmp_path / "clone"
    recipe = load_recipe(BANDS).model_copy(update={"samples": SAMPLES})
    content = hash_dataset(generate_as_stored(recipe), "skyhash-1").model_dump(mode="json")
    del content["attributes"]
    manifest = manifest_in(store) | {"content": content, "format": "skybench-manifest-1"}
    records = clone / "releases" / "0.1"
    records.mkdir(parents=True)
    (records / f"{BANDS}.manifest.json").write_text(canonical_text(manifest), encoding="utf-8")
    (records / f"{BANDS}.baselines.json").write_text(canonical_text([]), encoding="utf-8")
    monkeypatch.setattr(recorded_manifests, "files", lambda _: clone)
    old = tmp_path / "old"
    release("0.1", store=old, datasets=BANDS, samples=SAMPLES, baselines=False)
    pin, published = f"{BANDS}@0.1#{content['root']}", manifest_in(old)
    assert skybench.verify(pin, store=str(old), full=True).ok
    image = manifest["recipe"]["image"] | {"zeropoint": 25.0}
    for key, value in (("recipe", manifest["recipe"] | {"image": image}), ("task", "regression")):
        put(old, manifest_in(old) | {key: value})
        assert_refused(pin, old, tmp_path, f"another {key} than the copy that skybench records")
        put(old, published)


@contextmanager
def web_server_that(answers):
    """Give the address of a server on loopback whose every answer is `answers(handler)`."""
    members = {"do_GET": answers, "do_HEAD": answers, "log_message": lambda *_: None}
    handler = type("Handler", (BaseHTTPRequestHandler,), members)
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
    yield f"127.0.0.1:{server.server_port}"


PUBLISHED = Path(__file__).parent / "data" / "format-1"
"""A store with tiny 1.0, as it was written once and for ever."""


class Quiet(SimpleHTTPRequestHandler):
    def log_message(self, *args):
        pass


@pytest.fixture
def site(tmp_path):
    """A copy of the published store, and the URL under which it is served."""
    folder = shutil.copytree(PUBLISHED, tmp_path / "site")
    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(Quiet, directory=folder))
    Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
    yield folder, f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()


def test_a_mirror_of_a_few_bytes_a_second_does_not_hold_get(tmp_path, monkeypatch):
    """Each byte comes within the limit for a read, so only the speed tells."""
    monkeypatch.setattr(link, "WINDOW", 0.5)

    def dribble(handler):
        handler.send_response(200)
        handler.send_header("Content-Length", "10000")
        handler.end_headers()
        for _ in range(50):
            handler.wfile.write(b"{")
            time.sleep(0.1)

    with (
        web_server_that(dribble) as address,
        pytest.raises(StoreError, match="bytes a second, les"),
    ):
        skybench.get("sky@0.2", source=f"http://{address}", store=tmp_path, progress=False)
    assert not (tmp_path / "sky").exists()


def test_credentials_in_a_url_are_shown_nowhere(tmp_path):
    """Neither by a place, nor by an error, nor by those of the client in its traceback."""

    def refuse(handler):
        handler.send_response(403)
        handler.end_headers()

    with web_server_that(refuse) as address:
        for url in (f"http://me:s3cr3t@{address}/x", f"http://{address}/x?se=1&sig=s3cr3t"):
            assert repr(Store(url)) == f"Store('http://{address}/x')"
            with pytest.raises(
                StoreError, match=f"http://{address}/x/index.jsonl: .*403"
            ) as raised:
                skybench.get("sky@0.2", source=url, store=tmp_path, progress=False)
            assert "s3cr3t" not in "".join(traceback.format_exception(raised.value))
    with pytest.raises(StoreError, match="signed for one file") as raised:
        Store("https://bucket.s3.amazonaws.com/x?X-Amz-Credential=me&X-Amz-Signature=s3cr3t")
    assert "s3cr3t" not in repr(raised.value)


QUIET = {"building": BuildOptions(progress=False, workers=1), "baselines": False}


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
    recipe = load_recipe("objects")
    drawn = skybench.generate(recipe.model_copy(update={"samples": 100})).sel(
        sample=public["sample_id"].values
    )
    assert (drawn.image.values != public.image.values).any(axis=(1, 2)).all()
    unseal("objects@1.0", seal, store=store)
    assert reproduce("objects@1.0", store=store, workers=1, progress=False).ok


RELEASE = Path(__file__).parent / "data" / "format-1"


def republished(store, change):
    """Change a manifest, and list it and the files of its Zarr store as if they were published."""
    place = store.local_path("tiny/1.0/manifest.json")
    manifest = json.loads(place.read_text())
    change(manifest)
    for stored in manifest["objects"]:
        key = f"tiny/1.0/{stored['key']}"
        stored["size"], stored["sha256"] = store.size(key), file_digest(store, key)
    text = json.dumps(manifest)
    place.write_text(text)
    store.local_path("index.jsonl").unlink()
    content, what = manifest["content"]["root"], {"dataset": "tiny", "version": "1.0"}
    append(store, **what, manifest=digest_of(text), content=content)
    return f"tiny@1.0#{content}"


@pytest.mark.parametrize(
    ("array", "attributes"),
    [("image", {"scale_factor": -12.0}), ("image", {"add_offset": 104}), ("", {"zeropoint": 1.0})],
)
def test_a_content_pin_refuses_attributes_by_which_others_decode_other_values(
    tmp_path, array, attributes
):
    """Plain xarray read 96 for -8, and `get`, `verify --full` and `audit` all said yes."""
    store = Store(shutil.copytree(RELEASE, tmp_path / "store"))
    (zarr,) = store.local_path("tiny/1.0").glob("*.zarr")
    root = json.loads((zarr / "zarr.json").read_text())
    arrays = root["consolidated_metadata"]["metadata"]
    (arrays[array] if array else root)["attributes"].update(attributes)
    (zarr / "zarr.json").write_text(json.dumps(root))
    if array:
        (zarr / array / "zarr.json").write_text(json.dumps(arrays[array]))
    pinned = republished(store, lambda manifest: None)
    with pytest.raises(IntegrityError, match="|".join(attributes)):
        skybench.open(pinned, store=store, build="never")
    with pytest.raises(IntegrityError, match="|".join(attributes)):
        intake.open_catalog(store.url_of("catalog.yaml")).tiny_v1.to_dask()
    assert not skybench.verify(pinned, store=store, full=True).ok
    with pytest.raises(IntegrityError, match="|".join(attributes)):
        skybench.get(pinned, source=store.url, store=tmp_path / "mine", progress=False)


def test_a_content_pin_refuses_other_units_in_manifest_and_data(tmp_path):
    store = Store(shutil.copytree(RELEASE, tmp_path / "store"))
    (zarr,) = store.local_path("tiny/1.0").glob("*.zarr")
    for path in (zarr / "zarr.json", zarr / "flux" / "zarr.json"):
        path.write_text(path.read_text().replace('"electron"', '"nanomaggy"'))

    def change(manifest):
        for variable in manifest["content"]["variables"].values():
            if variable["header"]["units"] == "electron":
                variable["header"]["units"] = "nanomaggy"

    pinned = republished(store, change)
    for use in (skybench.open, skybench.verify):
        with pytest.raises(IntegrityError, match="the root of flux does not"):
            use(pinned, store=store)


@pytest.mark.parametrize("full", [False, True])
def test_a_file_that_was_not_published_is_found_among_the_data(tmp_path, full):
    store = Store(shutil.copytree(RELEASE, tmp_path / "store"))
    (zarr,) = store.local_path("tiny/1.0").glob("*.zarr")
    (zarr / "better_flux").mkdir()
    shutil.copy(zarr / "flux" / "zarr.json", zarr / "better_flux" / "zarr.json")
    (problem,) = skybench.verify("tiny@1.0", store=store, full=full).problems
    assert "better_flux/zarr.json of tiny 1.0 was not published" in problem
    assert any("better_flux/zarr.json" in said for said in audit(store).problems)


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
    manifest = json.loads(store.read_text("tiny/1.0/manifest.json"))
    manifest["citation"] = "Mallory (2026), stolen."
    store.write("tiny/1.0/manifest.json", text := canonical_text(manifest))
    with_index_that_fits(store, text)
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


def rewrite_history(folder):
    """Change the licence in the manifest, and the index so that it fits."""
    manifest, index = folder / "tiny/1.0/manifest.json", folder / "index.jsonl"
    line = json.loads(index.read_text())
    manifest.write_text(manifest.read_text().replace("CC-BY-4.0", "CC0-1.0"))
    line["manifest"] = digest_of(manifest.read_bytes())
    index.write_text(json.dumps(line, sort_keys=True, separators=(",", ":")) + "\n")


def publish_next(folder, version):
    """Add a line to the index that publishes the data of tiny 1.0 as another version."""
    source, target = folder / "tiny/1.0", folder / "tiny" / version
    shutil.copytree(source, target)
    text = (target / "manifest.json").read_text().replace("tiny-1.0", f"tiny-{version}")
    (target / "manifest.json").write_text(
        text.replace('"version": "1.0"', f'"version": "{version}"')
    )
    for path in target.glob("tiny-1.0*"):
        path.rename(path.with_name(path.name.replace("1.0", version, 1)))
    index = folder / "index.jsonl"
    before = index.read_text()
    line = json.loads(before.splitlines()[-1]) | {
        "version": version,
        "manifest": digest_of((target / "manifest.json").read_bytes()),
        "previous": digest_of(before.splitlines()[-1]),
    }
    index.write_text(before + json.dumps(line, sort_keys=True, separators=(",", ":")) + "\n")


@pytest.mark.parametrize("seen_by", ["open", "get"])
def test_history_that_is_written_again_is_seen_by_who_was_there_before(site, tmp_path, seen_by):
    folder, url = site
    if seen_by == "open":
        skybench.open("tiny@1.0", store=url)
    else:
        skybench.get("tiny@1.0", source=url, store=tmp_path / "first", progress=False)
    rewrite_history(folder)
    with pytest.raises(IntegrityError, match=r"not the index that was seen .* from line 1 on"):
        skybench.open("tiny@1.0", store=url)
    with pytest.raises(IntegrityError, match=f"skybench forget {url}"):
        skybench.get("tiny@1.0", source=url, store=tmp_path / "second", progress=False)


def test_an_alias_never_goes_back_without_a_word(site, tmp_path):
    folder, url = site
    older = (folder / "index.jsonl").read_text()
    publish_next(folder, "1.1")
    assert skybench.open("tiny@1", store=url).attrs["version"] == "1.1"
    (folder / "index.jsonl").write_text(older)
    with pytest.warns(OlderIndexWarning, match=r"tiny@1 is 1\.0 .* was 1\.1 before"):
        assert skybench.open("tiny@1", store=url).attrs["version"] == "1.0"
    with pytest.raises(IntegrityError, match=r"was 1\.1 before.*Name tiny@1\.0"):
        skybench.get("tiny@1", source=url, store=tmp_path / "mine", progress=False)
    with pytest.warns(OlderIndexWarning, match="a copy that lags, or it was set back"):
        skybench.get("tiny@1.0", source=url, store=tmp_path / "mine", progress=False)


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


BOARD = "objects@0.0"


@pytest.fixture
def board(demo_store, tmp_path):
    """A store with a submission to objects 0.0, which says star of everything."""
    shutil.copytree(demo_store, tmp_path / "store")
    store = Store(tmp_path / "store")
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
    assert set(table.name) == {"logistic-regression", "majority-class", "mine"}
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
