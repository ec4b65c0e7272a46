"""Real servers on loopback: a static web server and S3, and a small release to put on them."""

import shutil
import threading
from collections import Counter
from contextlib import ExitStack
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from skybench.generators.recipe_file import load_recipe
from skybench.registry.storage.store import Store
from skybench.release.release import BuildOptions, TrainingOptions, release

RECIPE = load_recipe("photometry").model_copy(update={"samples": 64})
QUICK = {
    "building": BuildOptions(progress=False, workers=1),
    "training": TrainingOptions(protocols=()),
}


class StaticHandler(SimpleHTTPRequestHandler):
    """Files with Range and HEAD and without listings; `disturb` changes answers."""

    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True

    def __init__(self, *args, site, **options):
        self.site = site
        super().__init__(*args, directory=str(site.folder), **options)

    def do_GET(self):
        self._answer(with_body=True)

    def do_HEAD(self):
        self._answer(with_body=False)

    def _answer(self, with_body):
        path = Path(self.translate_path(self.path))
        self.site.requests[self.command, self.path] += 1
        if not path.is_file():
            self.send_error(404)
            return
        whole = path.read_bytes()
        if self.site.answer is not None and self.site.answer(self, whole):
            return
        start, stop = self._range(len(whole))
        status, body = 200 if start is None else 206, whole[start:stop]
        if self.site.disturb is not None:
            status, body = self.site.disturb(self, status, body)
        self.send_response(status)
        self.send_header("Accept-Ranges", "bytes")
        self.send_header("Content-Length", str(len(body)))
        if start is not None:
            self.send_header("Content-Range", f"bytes {start}-{stop - 1}/{len(whole)}")
        self.end_headers()
        if with_body:
            self.wfile.write(body)

    def _range(self, size):
        wanted = self.headers.get("Range")
        if wanted is None:
            return None, None
        first, _, last = wanted.removeprefix("bytes=").partition("-")
        if not first:
            return max(0, size - int(last)), size
        return int(first), min(size, int(last) + 1 if last else size)

    def log_message(self, *args):
        pass


class QuietServer(ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, request, client_address):
        """Clients that leave early are part of the tests."""


class Site:
    """A folder served over HTTP; `disturb(handler, status, body)` may change an answer.

    `answer(handler, whole)` may answer itself, and says by True that it did.
    """

    def __init__(self, folder):
        self.folder = folder
        self.requests = Counter()
        self.disturb = self.answer = None
        self.server = QuietServer(("127.0.0.1", 0), partial(StaticHandler, site=self))
        self.url = f"http://127.0.0.1:{self.server.server_port}"
        threading.Thread(target=self.server.serve_forever, args=(0.02,), daemon=True).start()

    def close(self):
        self.server.shutdown()
        self.server.server_close()


@pytest.fixture(scope="session")
def make_release():
    """Return a function that releases photometry 0.1 into a store, with changes of the recipe."""

    def make(url, sign=None, **changes):
        release("0.1", store=url, datasets=[RECIPE.model_copy(update=changes)], sign=sign, **QUICK)
        return Store(url)

    return make


@pytest.fixture(scope="session")
def released(make_release, tmp_path_factory):
    """The folder of a store with photometry 0.1; read it, never write it."""
    folder = tmp_path_factory.mktemp("released")
    make_release(folder)
    return folder


@pytest.fixture
def serve():
    """Return a function that serves a folder over HTTP until the test ends."""
    with ExitStack() as sites:

        def start(folder):
            site = Site(folder)
            sites.callback(site.close)
            return site

        yield start


@pytest.fixture
def site(released, serve):
    """The release behind a web server."""
    return serve(released)


@pytest.fixture
def own_site(released, serve, tmp_path):
    """The same with files that a test may change."""
    return serve(shutil.copytree(released, tmp_path / "site"))


@pytest.fixture
def s3(s3_server, request):
    """The URL of an empty store on S3."""
    return f"s3://skybench-tests/{request.node.name.replace('[', '-').strip(']')}"


@pytest.fixture(scope="session")
def s3_released(make_release, s3_server):
    """The URL of a store on S3 with photometry 0.1; read it, never write it."""
    return make_release("s3://skybench-tests/released").url


@pytest.fixture(params=["http", "s3"])
def remote(request):
    """The URL of the release on a server of each kind; read it, never write it."""
    if request.param == "http":
        return request.getfixturevalue("site").url
    return request.getfixturevalue("s3_released")
