"""Slow, cut and busy links: files come whole, other mirrors are asked, and errors say why."""

import time
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import aiohttp
import pytest

import skybench
from skybench.errors import NotFoundError, SkybenchError, StoreError
from skybench.registry.storage import link, web_server
from skybench.registry.storage.link import SlowServerError
from skybench.registry.storage.store import Store
from skybench.registry.versions.index import read_index, read_manifest, resolve
from skybench.release import fetch
from skybench.release import mirror as mirrors
from skybench.release.repair import repair

REFERENCE = "photometry@0.1"
IMAGE = "image/c/0/0/0"


@pytest.fixture(autouse=True)
def quick(monkeypatch):
    monkeypatch.setattr(mirrors, "_FIRST_WAIT", 0.001)
    monkeypatch.setattr(link, "WINDOW", 1.0)
    monkeypatch.delenv(fetch.MIRRORS, raising=False)


@pytest.fixture
def store(tmp_path):
    return Store(tmp_path / "store")


def get(source, store):
    return skybench.get(REFERENCE, source=source, store=store, progress=False)


class Link:
    """Answers requests for the image's content in its own way, `times` times.

    Attributes
    ----------
    asked : list of str
        The Range of each request, empty where the whole was asked for.
    sent : int
        Bytes of content in all answers.
    """

    def __init__(self, way, times=10**6, name=IMAGE):
        self.way, self.left, self.name = way, times, name
        self.asked, self.sent = [], 0

    def __call__(self, handler, whole):
        if handler.command != "GET" or not handler.path.partition("?")[0].endswith(self.name):
            return False
        self.asked.append(handler.headers.get("Range", ""))
        if self.left <= 0:
            return False
        self.left -= 1
        self.way(self, handler, whole)
        return True

    def send(self, handler, status, body, *, length=None, **headers):
        """Send an answer, and end the connection where it is shorter than it says."""
        handler.send_response(status)
        handler.send_header("Content-Length", str(len(body) if length is None else length))
        for name, value in headers.items():
            handler.send_header(name.replace("_", "-"), value)
        handler.end_headers()
        handler.wfile.write(body)
        if length is not None:
            # What comes in the same moment as the end of the connection, aiohttp throws away.
            handler.wfile.flush()
            time.sleep(0.1)
            handler.close_connection = True
        self.sent += len(body)


def start_of(handler):
    return int(handler.headers.get("Range", "bytes=0-").removeprefix("bytes=").rstrip("-"))


def cut(link, handler, whole, *, after=30_000):
    """Send a part of what is asked for and hang up, as a link that breaks."""
    start = start_of(handler)
    body = whole[start:]
    said = {"Content_Range": f"bytes {start}-{len(whole) - 1}/{len(whole)}"} if start else {}
    link.send(handler, 206 if start else 200, body[:after], length=len(body), ETag='"1"', **said)


def whole_again(link, handler, whole):
    """Cut the first time, then take no notice of Range."""
    link.send(handler, 200, whole[:4000] if len(link.asked) == 1 else whole, length=len(whole))


def other_state(link, handler, whole):
    """Cut another state of the file, then send the rest of the right one as if it were the same."""
    if len(link.asked) == 1:
        return link.send(handler, 200, b"x" * 4000, length=len(whole), ETag='"old"')
    start = start_of(handler)
    said = {"Content_Range": f"bytes {start}-{len(whole) - 1}/{len(whole)}"} if start else {}
    return link.send(handler, 206 if start else 200, whole[start:], ETag='"new"', **said)


def only_if_same(link, handler, whole):
    """The same, but by the rules: the whole where If-Range names another state."""
    if len(link.asked) == 1:
        return link.send(handler, 200, b"x" * 4000, length=len(whole), ETag='"old"')
    assert handler.headers["If-Range"] == '"old"'
    return link.send(handler, 200, whole, ETag='"new"')


def lies_about_parts(link, handler, whole):
    """Say that other bytes follow than were asked for, which they do."""
    if len(link.asked) == 1:
        return cut(link, handler, whole)
    if start_of(handler):
        said = {"Content_Range": f"bytes 0-{len(whole) - 1}/{len(whole)}"}
        return link.send(handler, 206, whole, ETag='"1"', **said)
    return link.send(handler, 200, whole, ETag='"1"')


def busy(link, handler, whole):
    """Ask to come back in a second, in one of the two forms."""
    asked = "1" if len(link.asked) % 2 else format_datetime(_now() + timedelta(seconds=1), True)
    link.send(handler, 503 if len(link.asked) % 2 else 429, b"", Retry_After=asked)


def _now():
    return datetime.now(UTC)


WAYS = {
    "cut every 30 kB": (cut, 10**6),
    "no Range after a cut": (whole_again, 2),
    "another state after a cut": (other_state, 10**6),
    "another state by the rules": (only_if_same, 2),
    "lies in Content-Range": (lies_about_parts, 10**6),
    "busy with Retry-After": (busy, 2),
}


@pytest.mark.parametrize("kind", WAYS)
def test_a_file_comes_whole_over_a_bad_link(kind, site, store, fault):
    site.answer = Link(*WAYS[kind])
    with fault("slow or cut links") as row:
        get(site.url, store)
        report = skybench.verify(REFERENCE, store=store, full=True)
        row.add("" if report.ok else str(report), lost=not report.ok)
    assert len(site.answer.asked) > 1


def image_bytes(site):
    path = next(site.folder.glob(f"photometry/0.1/*.zarr/{IMAGE}"))
    return path.stat().st_size


def test_every_byte_comes_once_however_often_the_link_is_cut(site, store):
    site.answer = Link(cut)
    get(site.url, store)
    size = image_bytes(site)
    assert len(site.answer.asked) > mirrors._ATTEMPTS
    assert site.answer.sent < 2 * size
    starts = [int(asked.strip("bytes=-") or 0) for asked in site.answer.asked]
    assert starts == sorted(starts)


def test_a_file_may_take_longer_than_the_clients_own_limit(serve, released, store, monkeypatch):
    monkeypatch.setattr(aiohttp.client, "DEFAULT_TIMEOUT", aiohttp.ClientTimeout(total=0.3))

    def slowly(link, handler, whole):
        handler.send_response(200)
        handler.send_header("Content-Length", str(len(whole)))
        handler.end_headers()
        for place in range(0, len(whole), -(-len(whole) // 8)):
            handler.wfile.write(whole[place : place + -(-len(whole) // 8)])
            time.sleep(0.1)

    site = serve(released)
    site.answer = Link(slowly)
    # Another query is another session of the client, with the limits of now.
    assert get(f"{site.url}?limits=now", store).is_new
    assert len(site.answer.asked) == 1


def dribble(link, handler, whole):
    """Send a byte now and then, for ever as far as anybody would wait."""
    start = start_of(handler)
    handler.send_response(206 if start else 200)
    handler.send_header("Content-Length", str(len(whole) - start))
    handler.send_header("Content-Range", f"bytes {start}-{len(whole) - 1}/{len(whole)}")
    handler.end_headers()
    until = time.monotonic() + 20
    while start < len(whole) and time.monotonic() < until:
        handler.wfile.write(whole[start : start + 1])
        time.sleep(0.05)
        start += 1


@pytest.mark.parametrize("name", [IMAGE, "index.jsonl"])
def test_a_dribbling_mirror_is_left_with_the_reason(name, site, store):
    site.answer = Link(dribble, name=name)
    began = time.monotonic()
    says = rf"cannot read {site.url}/.*{name}: the server sends \d+ bytes a second, less than 1,000"
    with pytest.raises(StoreError, match=says):
        get(site.url, store)
    assert time.monotonic() - began < 15
    assert read_index(store) == ()


def test_another_mirror_goes_on_where_a_slow_one_was_left(site, serve, released, store, fault):
    other = serve(released)
    site.answer, other.answer = Link(dribble), Link(cut, times=0)
    with fault("slow or cut links") as row:
        fetched = get([site.url, other.url], store)
        row.add("" if fetched.mirror == other.url else str(fetched))
    (asked,) = other.answer.asked
    assert int(asked.removeprefix("bytes=").rstrip("-")) > 5
    assert skybench.verify(REFERENCE, store=store, full=True).ok


def test_the_floor_of_speed_is_the_users(site, store, monkeypatch):
    monkeypatch.setattr(link, "WINDOW", 0.2)
    monkeypatch.setenv(link.LEAST_SPEED, "5")
    site.answer = Link(dribble, name="index.jsonl")
    begun = iter(Store(site.url).stream("index.jsonl"))
    text = b"".join(next(begun) for _ in range(16))
    assert (site.folder / "index.jsonl").read_bytes().startswith(text)
    monkeypatch.setenv(link.LEAST_SPEED, "fast")
    with pytest.raises(SkybenchError, match="must be a number of bytes a second"):
        get(site.url, store)


def test_the_next_call_goes_on_within_a_file(site, store, monkeypatch):
    monkeypatch.setattr(mirrors, "_ATTEMPTS", 1)
    site.answer = Link(cut, times=1)
    with pytest.raises(StoreError, match=f"{IMAGE}"):
        get(site.url, store)
    fetched = get(site.url, store)
    assert site.answer.asked == ["", "bytes=30000-"]
    assert (fetched.files, fetched.bytes) == (1, image_bytes(site) - 30_000)
    assert skybench.verify(REFERENCE, store=store, full=True).ok
    assert store.names(".work") == ("catalog.lock", "index.lock", "photometry-0.1.lock")


@pytest.mark.parametrize("kind", WAYS)
def test_progress_is_what_is_here(kind, site, store):
    mirror = Store(site.url)
    entry = resolve(REFERENCE, mirror)
    files = {f"x/{s.key}": s for s in read_manifest(mirror, entry).objects if IMAGE in s.key}
    site.answer, steps = Link(*WAYS[kind]), []
    mirrors.fetch_files(files, entry, mirror, store, workers=1, advance=steps.append)
    assert sum(steps) == image_bytes(site)
    assert list(store.sizes("x")) == [key.removeprefix("x/") for key in files]


def test_repair_leaves_nothing_of_a_file_that_it_could_not_fetch(site, store, monkeypatch):
    get(site.url, store)
    monkeypatch.setattr(mirrors, "_ATTEMPTS", 1)
    image = next(key for key in store.sizes("photometry/0.1") if key.endswith(IMAGE))
    store.write(f"photometry/0.1/{image}", b"damaged")
    site.answer = Link(cut)
    assert repair(REFERENCE, store=store, mirror=site.url).ok
    assert not [key for key in store.sizes("photometry") if key.endswith(".tmp")]


def test_a_server_that_asks_for_an_hour_is_left_at_once(site, store):
    def later(link, handler, whole):
        link.send(handler, 503, b"", Retry_After="3600")

    site.answer = Link(later, name="index.jsonl")
    with pytest.raises(SlowServerError, match=r"answers 503 .*\(Retry-After: 3600\); try"):
        Store(site.url).read_text("index.jsonl")
    assert len(site.answer.asked) == 1


def test_waiting_as_asked_holds_for_every_request(site):
    """Also for the sizes that `open` asks for, 16 at once, which is what servers complain of."""
    sent = []

    def once(handler, whole):
        if handler.command == "HEAD" and not sent:
            sent.append(time.monotonic())
            handler.send_response(429)
            handler.send_header("Retry-After", "1")
            handler.send_header("Content-Length", "0")
            handler.end_headers()
            return True
        return False

    site.answer = once
    assert skybench.open(REFERENCE, store=site.url).sizes["sample"] == 64
    assert time.monotonic() - sent[0] > 1


def silence(link, handler, whole):
    time.sleep(3)


@pytest.mark.parametrize(
    ("way", "says"),
    [
        (silence, "no answer within|nothing came|Timeout on reading data"),
        (lambda link, handler, whole: link.send(handler, 403, b""), "403 Forbidden; give the cred"),
        (lambda link, handler, whole: link.send(handler, 500, b""), "500 .*; try again later"),
    ],
)
def test_errors_name_server_status_and_fix(way, says, site, monkeypatch):
    monkeypatch.setattr(web_server, "_CONNECT_SECONDS", 0.5)
    site.answer = Link(way, name="index.jsonl")
    with pytest.raises(StoreError, match=rf"cannot read {site.url}/index\.jsonl: .*({says})"):
        Store(site.url).read_text("index.jsonl")


def test_an_object_of_s3_is_read_from_any_byte_on(s3_released, s3):
    store = Store(s3)
    store.write("file", b"0123456789")
    begun = store.stream("file", 4)
    assert (begun.start, b"".join(begun)) == (4, b"456789")
    tag = begun.tag
    store.write("file", b"abcdefghij")
    again = store.stream("file", 4, tag)
    assert (again.start, b"".join(again)) == (0, b"abcdefghij")
    with pytest.raises(NotFoundError, match="none is not there"):
        store.stream("none")
