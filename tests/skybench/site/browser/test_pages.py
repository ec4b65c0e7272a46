"""Every page of a site loads, leads somewhere, can be read by all, and fits a telephone."""

from pathlib import Path
from urllib.parse import urldefrag

import pytest

from skybench.site import explorer

pytestmark = pytest.mark.browser

AXE = Path(explorer.__file__).parent / "explorer" / "node_modules" / "axe-core" / "axe.min.js"
SERIOUS = ("serious", "critical")
VIEW = "explorer/index.html#dataset=objects@0.1&model=histogram&colour=model.outcome"
BOARD = "leaderboards/objects-0.1.html"
PAGES = (
    "index.html",
    "datasets/objects-0.1.html",
    "datasets/lightcurves-0.1.html",
    BOARD,
    "models/objects-0.1-histogram.html",
    VIEW,
)


def named(path):
    """Return a name for the picture of a page."""
    return path.partition(".html")[0].replace("/", "-")


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
    keep_picture(page, f"{named(path)}-{scheme}")
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
    keep_picture(page, f"{named(path)}-360")
    assert page.evaluate("document.documentElement.scrollWidth") <= 360


def test_the_first_page_is_light(served, open_page):
    page = open_page(f"{served}index.html")
    page.wait_for_load_state("networkidle")
    sizes = page.evaluate(
        """["resource", "navigation"].flatMap(kind => performance.getEntriesByType(kind))
            .map(entry => entry.transferSize)"""
    )
    assert 0 < sum(sizes) < 300_000


def column(page, number):
    """Return the texts of a column of the leaderboard, from the top."""
    rows = page.locator("#board tbody tr:visible")
    return [row.locator("td, th").nth(number).inner_text() for row in rows.all()]


def test_a_leaderboard_sorts_by_mouse_and_by_keyboard(served, open_page):
    page = open_page(served + BOARD)
    names = column(page, 1)
    assert len(names) == 3
    page.get_by_role("button", name="Name").click()
    assert column(page, 1) == sorted(names)
    page.get_by_role("button", name="Name").press("Enter")
    assert column(page, 1) == sorted(names, reverse=True)
    score = page.get_by_role("columnheader", name="accuracy")
    score.get_by_role("button").press("Space")
    scores = [float(text.split("%")[0]) for text in column(page, 3)]
    assert scores == sorted(scores, reverse=True)
    assert score.get_attribute("aria-sort") == "descending"


def test_a_leaderboard_filters_and_compares(served, open_page):
    page = open_page(served + BOARD)
    page.get_by_label("Difference to").select_option("majority-class")
    assert any("points" in text or "%" in text for text in column(page, 6))
    page.get_by_label("Filter").fill("hist")
    assert column(page, 1) == ["histogram"]
    assert page.locator("#shown").inner_text() == "1 of 3"


@pytest.mark.parametrize("path", PAGES)
def test_what_theme_one_chooses_stays(served, open_page, path):
    page = open_page(served + path, color_scheme="light")
    paper = "getComputedStyle(document.documentElement).backgroundColor"
    light = page.evaluate(paper)
    page.get_by_role("button", name="Change between light and dark").click()
    assert page.evaluate(paper) != light
    page.reload()
    assert page.evaluate("document.documentElement.dataset.theme") == "dark"
