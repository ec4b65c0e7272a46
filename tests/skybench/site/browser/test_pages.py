"""Every page of a site loads, leads somewhere, can be read by all, and fits a telephone."""

from pathlib import Path
from urllib.parse import urldefrag

import pytest

from skybench.site import explorer

pytestmark = pytest.mark.browser

AXE = Path(explorer.__file__).parent / "explorer" / "node_modules" / "axe-core" / "axe.min.js"
SERIOUS = ("serious", "critical")
VIEW = "explorer/index.html#dataset=objects@0.1&model=histogram&colour=model.outcome"
PAGES = ("index.html", "datasets/objects-0.1.html", VIEW)


def links(page):
    """Return where a page leads on its own site, without what comes after a #."""
    targets = page.eval_on_selector_all("a[href]", "links => links.map(link => link.href)")
    return {urldefrag(target)[0] for target in targets if target.startswith("http")}


@pytest.fixture
def crawled(served, open_page):
    """All pages of the site, by their addresses, with what each leads to."""
    page = open_page(f"{served}index.html")
    found, waiting = {}, [f"{served}index.html"]
    while waiting:
        address = waiting.pop()
        if address in found or not address.split("?")[0].endswith((".html", "/")):
            continue
        assert page.goto(address).ok, address
        page.wait_for_load_state("networkidle")
        found[address] = links(page)
        waiting += [one for one in found[address] if one.startswith(served)]
    return found


def test_no_page_complains_and_no_link_is_broken(crawled, served, open_page):
    assert f"{served}explorer/index.html" in crawled
    page = open_page(f"{served}index.html")
    own = {link for targets in crawled.values() for link in targets if link.startswith(served[:22])}
    missing = [link for link in own - crawled.keys() if not page.request.head(link).ok]
    assert missing == []


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("path", PAGES)
def test_pages_can_be_read_by_all(served, open_page, keep_picture, scheme, path):
    page = open_page(served + path, color_scheme=scheme)
    page.wait_for_load_state("networkidle")
    keep_picture(page, f"{path.split('.')[0].replace('/', '-')}-{scheme}")
    check_by_axe(page)


def test_an_open_sample_can_be_read_by_all(served, open_page, keep_picture):
    page = open_page(f"{served}{VIEW}&sample=5")
    page.wait_for_selector("#panel[data-sample='5']")
    keep_picture(page, "sample")
    check_by_axe(page)


def check_by_axe(page):
    page.evaluate(AXE.read_text(encoding="utf-8"))
    found = page.evaluate("axe.run()")
    assert found["passes"]
    told = [
        f"{one['id']}: {one['help']}: {[node['html'][:200] for node in one['nodes'][:3]]}"
        for one in found["violations"]
        if one["impact"] in SERIOUS
    ]
    assert told == []


@pytest.mark.parametrize("path", PAGES)
def test_pages_fit_a_telephone(served, open_page, keep_picture, path):
    page = open_page(served + path, viewport={"width": 360, "height": 740})
    page.wait_for_load_state("networkidle")
    keep_picture(page, f"{path.split('.')[0].replace('/', '-')}-360")
    assert page.evaluate("document.documentElement.scrollWidth") <= 360


def test_the_first_page_is_light(served, open_page):
    page = open_page(f"{served}index.html")
    page.wait_for_load_state("networkidle")
    sizes = page.evaluate(
        """["resource", "navigation"].flatMap(kind => performance.getEntriesByType(kind))
            .map(entry => entry.transferSize)"""
    )
    assert 0 < sum(sizes) < 300_000
