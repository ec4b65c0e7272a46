"""The explorer shows what the store holds, to the last pixel."""

import json
import re
import shutil
import threading
from contextlib import ExitStack
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import skybench
from skybench.site.serve import FileHandler, file_server

pytestmark = pytest.mark.browser

DRAWN = "[role=gridcell][aria-busy=false]"


@pytest.fixture
def explore(served, open_page, expect):
    """Return a function that opens a view, and waits for its first picture and its plot."""

    def opened(view, **options):
        page = open_page(f"{served}explorer/index.html#{view}", **options)
        page.wait_for_selector(DRAWN)
        expect(page.locator("#scatter")).to_have_attribute("aria-label", re.compile("samples"))
        return page

    return opened


@pytest.fixture
def released(store):
    """Return a function that opens a version of the store in Python."""
    return lambda name: skybench.open(f"{name}@0.1", store=store, build="never")


def said_sum(page):
    """Return the sum of pixels that the open panel states."""
    page.wait_for_selector("#panel[data-sample]:not([data-sample=''])")
    return float(re.search(r"sum (\S+),", page.locator("[data-part=sum]").inner_text())[1])


def wait_for_count(page, count):
    """Wait until so many samples match."""
    page.get_by_text(f"{count} of 48 samples", exact=True).wait_for()


def grey(page, selector):
    """Return the red channel of a canvas, row 0 at the top."""
    values = page.eval_on_selector(
        selector,
        """canvas => [canvas.width, ...canvas.getContext("2d")
            .getImageData(0, 0, canvas.width, canvas.height).data.filter((_, k) => k % 4 == 0)]""",
    )
    return np.array(values[1:]).reshape(-1, values[0])


@pytest.mark.parametrize("what", ["objects image", "grz image", "grz ivar"])
def test_a_sample_has_its_sum_of_pixels(explore, released, what):
    name, variable = what.split()
    ds = released(name)
    for row in (0, 17, len(ds.sample) - 1):
        page = explore(f"dataset={name}@0.1&variable={variable}&sample={row}")
        expected = float(ds[variable].isel(sample=row).sum(dtype=np.float64))
        assert said_sum(page) == pytest.approx(expected, rel=1e-8)


def test_a_linear_picture_has_the_pixels_in_their_places(explore, released):
    page = explore("dataset=objects@0.1&stretch=linear&sample=5")
    said_sum(page)
    pixels = released("objects").image.isel(sample=5).to_numpy().astype(float)
    expected = (pixels - pixels.min()) / np.ptp(pixels) * 255
    assert np.abs(grey(page, "#panel canvas") - expected[::-1]).max() <= 0.5


def test_one_band_is_that_band(explore, released):
    page = explore("dataset=grz@0.1&stretch=linear&band=2&sample=3")
    said_sum(page)
    pixels = released("grz").image.isel(sample=3, band=2).to_numpy().astype(float)
    expected = (pixels - pixels.min()) / np.ptp(pixels) * 255
    assert np.abs(grey(page, "#panel canvas") - expected[::-1]).max() <= 0.5
    assert page.locator("#band option").all_inner_texts() == ["all, in colour", "g", "r", "z"]


def test_stretches_and_bands_change_the_pictures(explore):
    page = explore("dataset=grz@0.1")
    before = grey(page, f"{DRAWN} canvas")
    page.select_option("#stretch", "log")
    page.wait_for_selector(DRAWN)
    logarithmic = grey(page, f"{DRAWN} canvas")
    page.select_option("#band", "0")
    page.wait_for_selector(DRAWN)
    assert (before != logarithmic).any()
    assert (grey(page, f"{DRAWN} canvas") != logarithmic).any()


def test_filters_by_words_and_numbers_match_those_in_python(explore, released):
    ds = released("objects")
    table = skybench.samples(ds)
    page = explore("dataset=objects@0.1")
    wait_for_count(page, 48)
    page.get_by_role("checkbox", name=re.compile("^star")).check()
    stars = int((table.label == "star").sum())
    wait_for_count(page, stars)
    page.select_option("#add", "psf_fwhm")
    middle = round(float(table.psf_fwhm.median()), 3)
    page.get_by_label("psf_fwhm, from").fill(str(middle))
    page.keyboard.press("Tab")
    wanted = table[(table.label == "star") & (table.psf_fwhm >= middle)]
    wait_for_count(page, len(wanted))
    shown = page.locator("[role=gridcell]:not([hidden])").all_inner_texts()
    assert shown == [f"{row} star" for row in wanted.index]
    page.get_by_role("button", name="show all samples").click()
    wait_for_count(page, 48)


def test_a_source_stands_for_its_sample_as_in_python(explore, store, released):
    ids = released("objects").sample_id
    test = ids[(released("objects").split == "test").values]
    guesses = pd.DataFrame({"sample_id": test, "label": "star"})
    flux = skybench.evaluate("objects@0.1", guesses, store=store).coordinates.flux
    edge = round(float(flux.median()))
    page = explore(f"dataset=objects@0.1&where.split=test&where.flux={edge}..")
    wait_for_count(page, (flux >= edge).sum())


def test_a_view_is_in_the_address(explore, released, open_page, expect):
    page = explore("dataset=objects@0.1")
    page.select_option("#size", "144")
    page.select_option("#colour", "label")
    page.get_by_role("checkbox", name=re.compile("^test")).check()
    expect(page).to_have_url(re.compile("where.split=test"))
    again = open_page(page.url)
    again.wait_for_selector(DRAWN)
    wait_for_count(again, int((released("objects").split == "test").sum()))
    assert again.locator("#size").input_value() == "144"
    assert again.get_by_role("checkbox", name=re.compile("^test")).is_checked()
    again.wait_for_selector("#legend li")
    page.select_option("#dataset", "grz@0.1")
    page.get_by_role("link", name="about grz@0.1").wait_for()
    page.go_back()
    page.get_by_role("link", name="about objects@0.1").wait_for()
    expect(page).to_have_url(re.compile("where.split=test"))
    page.go_back()
    expect(page).not_to_have_url(re.compile("where.split"))
    wait_for_count(page, 48)


def test_pages_lead_to_a_dataset_by_its_name(served, open_page):
    page = open_page(f"{served}explorer/index.html?dataset=grz@0.1")
    page.wait_for_selector(DRAWN)
    assert page.locator("#dataset").input_value() == "grz@0.1"


def test_a_model_colours_filters_and_is_quoted(explore, store, released):
    page = explore("dataset=objects@0.1&model=histogram&colour=model.outcome")
    ds = released("objects")
    tests = int((ds.split == "test").sum())
    legend = page.locator("#legend li").all_inner_texts()
    right, wrong = (
        sum(int(text.split()[-1]) for text in legend if text.strip().startswith(word))
        for word in ("right", "wrong")
    )
    assert right + wrong == tests
    board = skybench.leaderboard("objects@0.1", store=store).set_index("name")
    assert right / tests == pytest.approx(board.accuracy["histogram"])
    page.select_option("#add", "model.outcome")
    page.get_by_role("checkbox", name=re.compile("^wrong")).check()
    wait_for_count(page, wrong)
    page.locator(DRAWN).first.click()
    said_sum(page)
    assert re.match(
        r"histogram: answer \w+, .*outcome wrong", page.locator("[data-part=answer]").inner_text()
    )


def test_a_point_of_the_plot_opens_its_sample(explore):
    page = explore("dataset=objects@0.1&x=psf_fwhm&y=psf_beta")
    box = page.locator("#scatter").bounding_box()
    for x in range(70, int(box["width"]), 12):
        page.mouse.click(box["x"] + x, box["y"] + box["height"] / 2)
        if page.locator("#panel").is_visible():
            break
    said_sum(page)
    sample = page.locator("#panel").get_attribute("data-sample")
    assert f"sample={sample}" in page.url


def test_the_code_of_a_sample_makes_it_again(explore, store):
    page = explore("dataset=objects@0.1&sample=11")
    said_sum(page)
    code = page.locator("[data-part=code]").inner_text()
    assert 'skybench.generate("objects", 11, 12)' in code
    address = re.search(r'store="(http[^"]*)"', code)[1]
    names = {}
    exec(code.replace(address, str(store)), names)
    assert names["published"].sample_id.values.tolist() == [11]
    assert address.startswith("http://127.0.0.1:")


def test_all_parameters_of_a_sample_are_told(explore, released):
    page = explore("dataset=objects@0.1&sample=7")
    said_sum(page)
    told = page.locator("#panel tbody th").all_inner_texts()
    one = released("objects").isel(sample=7).load()
    known = {
        name
        for name, value in one.coords.items()
        if value.dtype.kind in "US" or not np.isnan(value.astype(float)).all()
    }
    assert set(told) == known - {"sample", "class", "source"}
    row = page.locator("#panel tbody tr", has_text="psf_fwhm").inner_text()
    assert f"{float(one.psf_fwhm):.3g}"[:3] in row
    assert "pixel" in row
    assert "full width at half maximum" in row


def test_the_keyboard_goes_everywhere(explore, expect):
    page = explore("dataset=objects@0.1")
    page.locator("[role=gridcell][tabindex='0']").focus()
    columns = int(page.locator("[role=grid]").get_attribute("aria-colcount"))
    for key in ("ArrowRight", "ArrowDown", "ArrowLeft"):
        page.keyboard.press(key)
    assert page.evaluate("document.activeElement.dataset.place") == str(columns)
    page.keyboard.press("End")
    assert page.evaluate("document.activeElement.dataset.place") == "47"
    page.keyboard.press("Enter")
    said_sum(page)
    assert page.locator("#panel").get_attribute("data-sample") == "47"
    page.get_by_role("button", name="sample before").press("Enter")
    page.wait_for_selector("#panel[data-sample='46']")
    page.keyboard.press("Escape")
    page.wait_for_selector("#panel", state="hidden")
    expect(page.locator("[data-place='46']")).to_be_focused()


def test_what_is_no_image_is_drawn_or_said(explore):
    page = explore("dataset=lightcurves@0.1&sample=2")
    said_sum(page)
    assert grey(page, "#panel canvas").max() > 200
    page.keyboard.press("Escape")
    assert page.locator("#scatter").is_visible()


def test_little_is_read_for_the_first_pictures(served, open_page, store):
    page = open_page(f"{served}explorer/index.html?dataset=objects@0.1")
    page.wait_for_selector(DRAWN)
    read = page.evaluate(
        "performance.getEntriesByType('resource').map(e => [e.name, e.transferSize, e.responseEnd])"
    )
    drawn = [entry for entry in read if "/image/" in entry[0]]
    assert 1 <= len(drawn) <= 4
    before = [entry for entry in read if entry[2] <= max(e[2] for e in drawn)]
    assert len(before) <= 20
    assert sum(size for _, size, _ in before) < 1_000_000


def test_damage_is_said_and_not_drawn(explore, store, served, open_page):
    (chunk,) = store.glob("objects/0.1/*.zarr/image/c/0/0/0")
    whole = chunk.read_bytes()
    damaged = bytearray(whole)
    damaged[100] ^= 1
    chunk.write_bytes(damaged)
    try:
        page = open_page(f"{served}explorer/index.html?dataset=objects@0.1")
        page.get_by_text("differs from its checksum").wait_for()
        assert page.locator(DRAWN).count() == 0
    finally:
        chunk.write_bytes(whole)


@pytest.fixture
def serve_by(store):
    """Return a function that serves the store by a handler of requests, and gives the address."""
    with ExitStack() as servers:

        def served_by(handler):
            made = partial(handler, directory=str(store))
            server = servers.enter_context(ThreadingHTTPServer(("127.0.0.1", 0), made))
            threading.Thread(target=server.serve_forever, daemon=True).start()
            servers.callback(server.shutdown)
            return f"http://127.0.0.1:{server.server_port}/"

        yield served_by


class WithoutRanges(SimpleHTTPRequestHandler):
    """Python's own server."""

    def log_message(self, *args):
        pass


class ForOtherHosts(FileHandler):
    """A static host that lets the pages of others read it, and knows no OPTIONS."""

    def end_headers(self):
        self.send_header("Access-Control-Allow-Origin", "*")
        super().end_headers()


@pytest.mark.usefixtures("served")
def test_a_server_without_ranges_will_do(serve_by, open_page, released):
    page = open_page(f"{serve_by(WithoutRanges)}site/explorer/index.html#dataset=grz@0.1&sample=9")
    assert said_sum(page) == int(released("grz").image.isel(sample=9).sum())


@pytest.mark.usefixtures("served")
def test_the_store_may_be_on_another_host(store, serve_by, tmp_path, chromium, released):
    other = serve_by(ForOtherHosts)
    site = Path(shutil.copytree(store / "site", tmp_path / "site"))
    said = json.loads((site / "explorer" / "datasets.json").read_text()) | {"store": other}
    (site / "explorer" / "datasets.json").write_text(json.dumps(said))
    with file_server(site) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        page = chromium.new_page()
        own = f"http://127.0.0.1:{server.server_port}/explorer/index.html"
        page.goto(f"{own}#dataset=grz@0.1&sample=9")
        assert said_sum(page) == int(released("grz").image.isel(sample=9).sum())
        page.close()
        server.shutdown()
