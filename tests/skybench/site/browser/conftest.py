"""A small store with its site, served on loopback, and pages in Debian's Chromium."""

import importlib
import shutil
import threading
from pathlib import Path

import pytest

from skybench.release.release import BuildOptions, TrainingOptions, release
from skybench.site.build import make_site
from skybench.site.serve import file_server

SAMPLES = 48
BROWSERS = ("chromium", "chromium-browser", "google-chrome")


@pytest.fixture(scope="session")
def store(tmp_path_factory):
    """A store of small versions, one of them with its floors."""
    place = tmp_path_factory.mktemp("served") / "store"
    small = {"samples": SAMPLES, "building": BuildOptions(progress=False, workers=1)}
    floors = TrainingOptions(protocols=())
    release("0.1", store=place, datasets=["objects"], training=floors, **small)
    release("0.1", store=place, datasets=["grz", "lightcurves"], baselines=False, **small)
    return place


@pytest.fixture(scope="session")
def served(store):
    """The address of the site in the store, which is served with it."""
    make_site(store)
    with file_server(store) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}/site/"
        server.shutdown()


def sync_api():
    """Return what drives browsers, of an extra that `make test` does without."""
    return importlib.import_module("playwright.sync_api")


@pytest.fixture
def expect():
    """Playwright's assertions, which wait until they hold."""
    return sync_api().expect


@pytest.fixture(scope="session")
def chromium():
    """The browser of this machine."""
    found = next(filter(None, map(shutil.which, BROWSERS)), None)
    if found is None:
        pytest.exit("no Chromium is installed here: apt-get install chromium", returncode=1)
    with sync_api().sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=found)
        yield browser
        browser.close()


@pytest.fixture
def open_page(chromium):
    """Return a function that opens an address; what pages complain about fails the test."""
    contexts, said = [], []

    def opened(address, **options):
        context = chromium.new_context(**{"viewport": {"width": 1280, "height": 800}} | options)
        contexts.append(context)
        page = context.new_page()
        page.set_default_timeout(15000)
        page.on("console", lambda m: m.type in ("error", "warning") and said.append(m.text))
        page.on("pageerror", lambda error: said.append(str(error)))
        page.on("response", lambda r: r.status >= 400 and said.append(f"{r.status} {r.url}"))
        page.on("request", lambda r: is_foreign(r, address) and said.append(f"calls {r.url}"))
        page.goto(address)
        return page

    yield opened
    for context in contexts:
        context.close()
    assert said == []


def is_foreign(request, address):
    """Tell whether a request goes to another host than a page's own."""
    own = "/".join(address.split("/")[:3])
    return not request.url.startswith((own, "data:", "blob:"))


@pytest.fixture
def keep_picture(request):
    """Return a function that keeps a screenshot of a page, to be looked at."""
    folder = Path(request.config.cache.mkdir("site-pictures"))
    return lambda page, name: page.screenshot(path=folder / f"{name}.png")
