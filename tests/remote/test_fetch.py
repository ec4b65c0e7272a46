"""Getting versions from mirrors: proven, resumed, retried, refused."""

import os
import re
import signal
import subprocess
import sys
import time
import warnings

import pytest
from typer.testing import CliRunner

import skybench
from skybench.cli import app
from skybench.errors import (
    IntegrityError,
    NotFoundError,
    ParameterError,
    StoreError,
    VersionConflictError,
    YankedVersionWarning,
)
from skybench.registry.storage.store import Store
from skybench.registry.versions.index import append, read_index
from skybench.registry.versions.manifest import digest_of
from skybench.release import fetch
from skybench.release import mirror as mirrors
from skybench.release.withdraw import withdraw

REFERENCE = "photometry@0.1"
IMAGE = "image/c/0/0/0"


@pytest.fixture(autouse=True)
def no_waiting(monkeypatch):
    monkeypatch.setattr(mirrors, "_FIRST_WAIT", 0.001)
    monkeypatch.delenv(fetch.MIRRORS, raising=False)


@pytest.fixture
def store(tmp_path):
    return Store(tmp_path / "store")


def get(source, store, reference=REFERENCE):
    return skybench.get(reference, source=source, store=store, progress=False)


def published_files(store):
    return {key: size for key, size in store.sizes("photometry").items() if "croissant" not in key}


@pytest.fixture(params=["file", "http", "s3"])
def mirror(request, released):
    """The URL of the release on a mirror of each kind."""
    if request.param == "file":
        return str(released)
    if request.param == "http":
        return request.getfixturevalue("site").url
    return request.getfixturevalue("s3_released")


def test_what_arrives_is_the_mirrors_version(mirror, store):
    fetched = get(mirror, store)
    assert fetched.is_new
    assert fetched.mirror == mirror
    (entry,), (theirs,) = read_index(store), read_index(Store(mirror))
    assert (entry.manifest, entry.content) == (theirs.manifest, theirs.content)
    assert fetched.content_hash == entry.content
    assert skybench.verify(REFERENCE, store=store, full=True).ok
    assert store.names(".work") == ("catalog.lock", "index.lock", "photometry-0.1.lock")


def test_the_copy_has_every_file_of_the_release(released, store):
    get(str(released), store)
    assert store.sizes("photometry") == Store(released).sizes("photometry")
    assert store.read_text("catalog.yaml") == Store(released).read_text("catalog.yaml")
    card = "photometry/0.1/card.md"
    assert store.read_text(card) == Store(released).read_text(card)


def test_litter_of_a_mirror_does_not_come_along(own_site, store, released):
    left = (".DS_Store", "._zarr.json", "Thumbs.db")
    folders = [own_site.folder, *(p for p in own_site.folder.rglob("*") if p.is_dir())]
    for folder in folders:
        for name in left:
            (folder / name).write_bytes(b"x")
    get(str(own_site.folder), store)
    assert store.sizes("photometry") == Store(released).sizes("photometry")


def test_litter_in_a_begun_get_is_no_hindrance(site, store):
    store.write(".work/photometry-0.1.get/.DS_Store", b"x")
    store.write(".work/photometry-0.1.get/data.zarr/image/.DS_Store", b"x")
    store.write("photometry/0.1/.DS_Store", b"x")
    assert get(site.url, store).is_new
    assert skybench.verify(REFERENCE, store=store, full=True).ok


def test_a_mirror_in_an_archive_is_refused_with_the_fix(store, tmp_path):
    with pytest.raises(StoreError, match="unpack an archive and open the folder"):
        get(f"zip://{tmp_path}/mirror.zip", store)


def test_a_store_on_s3_is_filled_from_a_mirror(site, s3):
    get(site.url, s3)
    assert skybench.verify(REFERENCE, store=s3, full=True).ok


def test_an_alias_is_the_mirrors_newest_and_a_pin_is_kept(released, store):
    content = read_index(Store(released))[0].content
    assert get(str(released), store, "photometry@0").reference == REFERENCE
    assert not get(str(released), store, f"{REFERENCE}#{content}").is_new
    with pytest.raises(IntegrityError, match="not the content that was pinned"):
        get(str(released), Store(f"{store}-b"), f"{REFERENCE}#sha256:{'0' * 64}")


def test_getting_again_asks_nobody(site, store):
    get(site.url, store)
    site.requests.clear()
    again = get(site.url, store)
    assert not again.is_new
    assert "in the store already" in str(again)
    assert not site.requests


def test_another_build_under_the_same_number_is_refused(released, make_release, tmp_path):
    other = make_release(tmp_path / "other", seed=5)
    before = other.sizes("")
    with pytest.raises(VersionConflictError, match="one of them is another build"):
        get(str(released), other, "photometry@0")
    assert other.sizes("") == before


def test_nothing_is_downloaded_silently(store):
    with pytest.raises(NotFoundError, match=r"name one with --from URL or \$SKYBENCH_MIRRORS"):
        get(None, store)
    with pytest.raises(NotFoundError, match=r"skybench release 0\.9 sky' makes a version"):
        get(None, store, "sky@0.9")


def test_mirrors_of_the_environment_are_tried_in_turn(site, store, tmp_path, monkeypatch):
    monkeypatch.setenv(fetch.MIRRORS, f"{tmp_path / 'empty'} {site.url}")
    assert get(None, store).mirror == site.url


def test_where_no_mirror_has_it_a_build_is_offered(released, site, store):
    with pytest.raises(
        NotFoundError, match=r"photometry 0\.9 is not in .*skybench release 0\.9 photo"
    ):
        get([str(released), site.url], store, "photometry@0.9")
    assert read_index(store) == ()


def test_a_withdrawn_version_arrives_withdrawn(own_site, store):
    withdraw(REFERENCE, "flux was low", store=str(own_site.folder))
    with pytest.raises(NotFoundError):
        get(own_site.url, store, "photometry@0")
    with pytest.warns(YankedVersionWarning, match="flux was low"):
        get(own_site.url, store)
    assert read_index(store)[0].yanked == "flux was low"


def test_workers_are_counted_from_one(store):
    with pytest.raises(ParameterError, match="workers must be at least 1"):
        skybench.get(REFERENCE, source="x", store=store, workers=0)


class Disturbance:
    """Changes the answers to the first requests for a file's content."""

    def __init__(self, times, change, name=IMAGE):
        self.left, self.change, self.name = times, change, name

    def __call__(self, handler, status, body):
        if handler.command == "GET" and handler.path.endswith(self.name) and self.left:
            self.left -= 1
            return self.change(status, body)
        return status, body


def flipped(status, body):
    damaged = bytearray(body)
    damaged[len(body) // 2] ^= 1
    return status, bytes(damaged)


FAULTS = {
    "flipped bit": flipped,
    "cut off": lambda status, body: (status, body[:-7]),
    "too long": lambda status, body: (status, body + b"more"),
    "error 503": lambda status, body: (503, b"later"),
}


@pytest.mark.parametrize("kind", FAULTS)
def test_a_fault_in_transit_is_refused_and_fetched_again(kind, site, store, fault):
    site.disturb = Disturbance(2, FAULTS[kind])
    with fault("wrong answers of a mirror") as row:
        get(site.url, store)
        report = skybench.verify(REFERENCE, store=store, full=True)
        row.add("" if report.ok else str(report), lost=not report.ok)
    assert site.disturb.left == 0


@pytest.mark.parametrize(
    ("kind", "says"),
    [
        ("flipped bit", "is not the file that was published: expected sha256"),
        ("cut off", r"ends after \d+ of \d+ bytes"),
        ("too long", "is larger than the .* bytes published"),
    ],
)
def test_a_mirror_that_lies_for_ever_is_refused(kind, says, site, store):
    site.disturb = Disturbance(10**6, FAULTS[kind])
    with pytest.raises(IntegrityError, match=says):
        get(site.url, store)
    assert site.requests["GET", _path_of_image(site)] == 5
    assert read_index(store) == ()
    assert not store.exists("photometry/0.1")
    assert not [key for key in store.sizes("") if IMAGE in key]


def _path_of_image(site):
    return next(path for _, path in site.requests if path.endswith(IMAGE))


def test_another_mirror_completes_what_one_could_not(site, released, store):
    site.disturb = Disturbance(10**6, FAULTS["error 503"])
    fetched = get([site.url, str(released)], store)
    assert fetched.mirror == str(released)
    assert fetched.files < len(list(released.rglob("photometry/0.1/**/*")))


def test_a_file_that_the_mirror_lost_is_asked_for_once(own_site, store):
    next(own_site.folder.glob(f"photometry/0.1/*.zarr/{IMAGE}")).unlink()
    with pytest.raises(NotFoundError, match=f"{IMAGE} is not there"):
        get(own_site.url, store)


def forge(site, change):
    """Publish a changed manifest on a mirror, with an index that fits it."""
    mirror = Store(site.folder)
    text = change(mirror.read_text("photometry/0.1/manifest.json"))
    content = read_index(mirror)[0].content
    mirror.write("photometry/0.1/manifest.json", text)
    mirror.remove("index.jsonl")
    append(mirror, dataset="photometry", version="0.1", manifest=digest_of(text), content=content)


def with_image_size(text, size):
    before = rf'({IMAGE}",\s+"sha256": "[^"]+",\s+"size": )\d+'
    text, count = re.subn(before, rf"\g<1>{size}", text)
    assert count == 1
    return text


def test_a_manifest_whose_files_hold_other_rows_is_refused(own_site, store):
    """The files fit the manifest, but the rows are not those of its content hash."""
    chunk = next(own_site.folder.glob("photometry/0.1/*.zarr/flux/c/0/0"))
    other = next(own_site.folder.glob("photometry/0.1/*.zarr/half_light_radius/c/0/0"))

    def swap(text):
        old = Store(own_site.folder)
        key = f"photometry/0.1/{chunk.relative_to(own_site.folder / 'photometry/0.1')}"
        before, size = fetch.file_digest(old, key), chunk.stat().st_size
        chunk.write_bytes(other.read_bytes())
        after = fetch.file_digest(old, key)
        entry = f'"sha256": "{before}",\n   "size": {size}'
        assert entry in text
        return text.replace(entry, f'"sha256": "{after}",\n   "size": {chunk.stat().st_size}')

    forge(own_site, swap)
    with pytest.raises(IntegrityError, match="flux"):
        get(own_site.url, store)
    assert read_index(store) == ()
    assert not store.exists("photometry/0.1")


def test_a_manifest_that_lies_about_sizes_is_refused(own_site, store):
    forge(own_site, lambda text: with_image_size(text, 2047))
    with pytest.raises(IntegrityError, match="is larger than the 2047 bytes published"):
        get(own_site.url, store)
    assert not store.exists("photometry/0.1")


def test_what_cannot_fit_on_the_disk_is_not_begun(own_site, store):
    forge(own_site, lambda text: with_image_size(text, 10**18))
    with pytest.raises(StoreError, match=r"GB free and .* GB are to come"):
        get(own_site.url, store)
    assert not own_site.requests["GET", _path_or_none(own_site)]


def _path_or_none(site):
    return next((path for _, path in site.requests if path.endswith(IMAGE)), "")


def test_a_killed_get_keeps_what_it_finished(site, store, tmp_path):
    """Killed with -9 while a file is half sent: finished files stay, the half one goes."""
    blocked = tmp_path / "blocked"

    def hang(handler, status, body):
        if handler.command == "GET" and handler.path.endswith(IMAGE):
            handler.send_response(200)
            handler.send_header("Content-Length", str(len(body)))
            handler.end_headers()
            handler.wfile.write(body[: len(body) // 2])
            handler.wfile.flush()
            blocked.touch()
            time.sleep(60)
        return status, body

    site.disturb = hang
    code = "import sys, skybench; skybench.get(sys.argv[1], source=sys.argv[2], store=sys.argv[3])"
    process = subprocess.Popen(
        [sys.executable, "-c", code, REFERENCE, site.url, store.url],
        stderr=subprocess.DEVNULL,
    )
    total = len(published_objects(site))
    _wait_for(lambda: blocked.exists() and _finished(store) >= total - 1)
    os.kill(process.pid, signal.SIGKILL)
    process.wait()
    assert read_index(store) == ()
    assert not store.exists("photometry/0.1")
    site.disturb = None
    site.requests.clear()
    fetched = get(site.url, store)
    assert fetched.files == 1
    asked = [path for method, path in site.requests if method == "GET" and ".zarr/" in path]
    assert [path.endswith(IMAGE) for path in asked] == [True]
    assert skybench.verify(REFERENCE, store=store, full=True).ok
    print(f"killed get: {total - 1} of {total} files kept, 1 fetched again")


def published_objects(site):
    from skybench.registry.versions.index import read_manifest, resolve

    mirror = Store(site.folder)
    return read_manifest(mirror, resolve(REFERENCE, mirror)).objects


def _finished(store):
    names = store.sizes(".work/photometry-0.1.get")
    return sum(not name.endswith((".tmp", "identity.json")) for name in names)


def _wait_for(condition):
    until = time.monotonic() + 30
    while not condition():
        assert time.monotonic() < until
        time.sleep(0.02)


def test_a_kept_file_that_was_damaged_is_fetched_again(site, store):
    site.disturb = Disturbance(10**6, FAULTS["error 503"])
    with pytest.raises(StoreError):
        get(site.url, store)
    kept = next(
        key for key in store.sizes(".work/photometry-0.1.get") if key.endswith("flux/c/0/0")
    )
    key = f".work/photometry-0.1.get/{kept}"
    store.write(key, flipped(0, store.read_bytes(key))[1])
    site.disturb = None
    get(site.url, store)
    assert skybench.verify(REFERENCE, store=store, full=True).ok


def test_publishing_is_taken_up_after_a_crash(released, store, monkeypatch):
    """All files are there and the index has no line yet: the mirror is asked for none again."""

    def crash(*args, **options):
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr("skybench.release.publishing.publish.append", crash)
        with pytest.raises(KeyboardInterrupt):
            get(str(released), store)
    assert read_index(store) == ()
    assert get(str(released), store).files == 0
    assert skybench.verify(REFERENCE, store=store, full=True).ok


def test_one_get_at_a_time(released, store):
    with store.lock("photometry-0.1"), pytest.raises(StoreError, match="another process holds"):
        get(str(released), store)


def test_no_warning_about_unclosed_connections(site, store):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        get(site.url, store)


def test_the_command(site, store):
    done = CliRunner().invoke(app, ["get", REFERENCE, "--from", site.url, "--store", store.url])
    assert done.exit_code == 0
    assert f"{REFERENCE} is from {site.url}" in done.stdout
    assert "proven" in done.stdout
