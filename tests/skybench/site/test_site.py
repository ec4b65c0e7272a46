"""The site of a store says what the store says, whole, without a server, and calls nobody."""

import json
import re
import shutil
import threading
import urllib.request
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urlsplit

import numpy as np
import pytest

import skybench as sb
from skybench.errors import ParameterError, StoreError
from skybench.generators.recipe_file import load_recipe
from skybench.registry.audit import audit
from skybench.registry.describing.citation import cite, pinned_reference
from skybench.registry.evaluate import stored_evaluation
from skybench.registry.leaderboard import leaderboard, standing
from skybench.registry.recorded import recorded_scores
from skybench.registry.storage.store import Store
from skybench.registry.versions.index import read_manifest, resolve
from skybench.release.release import BuildOptions, release
from skybench.release.withdraw import withdraw
from skybench.site import build, explorer
from skybench.site import serve as serving
from skybench.site.build import make_site
from skybench.site.opening import openings
from skybench.site.pages import Model, model_page
from skybench.site.places import links_from
from skybench.site.version import read_versions

DATA = Path(__file__).parents[2] / "data"
HOSTILE = '<img src=x onerror="alert(1)"> & Sons'


class Page(HTMLParser):
    """The text of a page, the addresses it loads and those it leads to."""

    def __init__(self, path):
        super().__init__()
        self.loads, self.leads, self.tags, words = [], [], [], []
        self.handle_data = words.append
        self.feed(path.read_text(encoding="utf-8"))
        self.text = " ".join(" ".join(words).split())

    def handle_starttag(self, tag, attrs):
        attrs = dict(attrs)
        self.tags.append((tag, attrs))
        if "src" in attrs:
            self.loads.append(attrs["src"])
        if "href" in attrs:
            (self.loads if tag == "link" else self.leads).append(attrs["href"])


@pytest.fixture(scope="module")
def store(tmp_path_factory):
    """An old recorded version, with a submission of somebody who tries what names can do."""
    place = shutil.copytree(DATA / "format-1", tmp_path_factory.mktemp("site") / "store")
    test = sb.open("tiny@1.0", split="test", store=str(place))
    guesses = {"sample_id": test.sample_id.values, "label": ["star"] * test.sizes["sample"]}
    import pandas as pd

    sb.evaluate(
        "tiny@1.0",
        pd.DataFrame(guesses),
        name="All+stars",
        store=str(place),
        submit=True,
        about={"authors": [HOSTILE], "code": "https://example.org/?a=1&b=2", "parameters": 1234},
    )
    return place


@pytest.fixture(scope="module")
def site(store):
    """Its site, beside it."""
    return make_site(store)


def pages_of(site):
    """Return the pages, but for that of the explorer, which is there where it was built."""
    found = (path.relative_to(site).as_posix() for path in site.rglob("*.html"))
    return sorted(name for name in found if not name.startswith("explorer/"))


def test_each_version_and_each_model_has_a_page(site):
    assert pages_of(site) == [
        "datasets/tiny-1.0.html",
        "index.html",
        "leaderboards/tiny-1.0.html",
        "models/tiny-1.0-All+stars.html",
        "models/tiny-1.0-logistic-regression.html",
        "models/tiny-1.0-majority-class.html",
    ]


def test_no_page_loads_from_elsewhere_and_every_link_leads_to_a_file(site):
    for name in pages_of(site):
        page = Page(site / name)
        assert page.loads
        for address in (*page.loads, *page.leads):
            parts = urlsplit(address)
            if parts.scheme:
                assert parts.scheme == "https"
                assert address not in page.loads
            elif parts.path:
                target = (site / name).parent / unquote(parts.path)
                assert target.resolve().is_file(), (name, address)


def test_a_dataset_page_says_what_identifies_the_version(site, store):
    place = Store(store)
    manifest = read_manifest(place, resolve("tiny@1.0", place))
    page = Page(site / "datasets" / "tiny-1.0.html")
    assert manifest.title in page.text
    assert "{{ no template }}" in page.text
    assert manifest.content.root in page.text
    assert pinned_reference(manifest) in page.text
    assert " ".join(cite(manifest).split()) in page.text
    for split in manifest.content.splits.values():
        assert split.root in page.text
    copied = [attrs["data-copy"] for _, attrs in page.tags if "data-copy" in attrs]
    assert pinned_reference(manifest) in copied


def test_a_dataset_page_describes_each_parameter_and_shows_samples_of_each_class(site, store):
    page = Page(site / "datasets" / "tiny-1.0.html")
    assert "half-light radius" in page.text
    charts = {attrs["aria-label"] for tag, attrs in page.tags if tag == "svg" and "role" in attrs}
    assert {"distribution of flux", "distribution of half_light_radius"} <= charts
    assert "distribution of sky_level" not in charts
    assert "sky_level sample electron mean sky in a pixel 100" in page.text
    shown = [attrs["alt"] for tag, attrs in page.tags if tag == "img"]
    labels = sb.samples(sb.open("tiny@1", store=str(store))).label
    assert {word.split()[-1] for word in shown} == {"star", "galaxy"}
    for word in shown:
        _, number, label = word.split()
        assert labels[int(number)] == label


def test_a_leaderboard_is_that_of_skybench(site, store):
    ranking = leaderboard("tiny@1.0", store=str(store))
    page = Page(site / "leaderboards" / "tiny-1.0.html")
    rows = [attrs["data-name"] for tag, attrs in page.tags if tag == "tr" and attrs]
    assert rows == ranking["name"].tolist()
    for score in ranking["accuracy"]:
        assert f"{score:.2%}" in page.text
    assert "1,234" in page.text
    assert ranking.attrs["caveat"] in page.text


def test_paired_differences_are_those_of_evaluate(site, store):
    text = (site / "leaderboards" / "tiny-1.0.html").read_text(encoding="utf-8")
    known = json.loads(re.search(r'id="differences">(.*?)</script>', text, re.DOTALL)[1])
    names = leaderboard("tiny@1.0", store=str(store))["name"]
    assert known.keys() == set(names)
    record = next(r for r in standing("tiny@1", store=str(store)).records if r.name == "All+stars")
    file = store / "tiny" / "1.0" / record.predictions.key
    for one in sb.evaluate("tiny@1.0", file, store=str(store)).comparisons:
        if one.name != "All+stars":
            value, words, beyond = known["All+stars"][one.name]
            assert value == one.difference.value
            assert str(one).startswith(words)
            assert beyond == one.beyond_chance


def test_words_of_strangers_are_text(site):
    for name in pages_of(site):
        for tag, attrs in Page(site / name).tags:
            assert not any(key.startswith("on") for key in attrs)
            assert tag != "img" or attrs["src"] != "x"
    page = Page(site / "models" / "tiny-1.0-All+stars.html")
    assert HOSTILE in page.text
    assert "https://example.org/?a=1&b=2" in page.leads


def test_a_model_page_says_where_it_breaks(site):
    page = Page(site / "models" / "tiny-1.0-All+stars.html")
    assert "of galaxies are taken for stars" in page.text or "Nothing stands out" in page.text
    assert {"Confusions", "Against every coordinate"} <= {
        attrs.get("alt") for tag, attrs in page.tags if tag == "img"
    }
    assert re.search(r"points \(.*\) (above|below) logistic-regression", page.text)


def test_the_first_page_is_small(site):
    page = Page(site / "index.html")
    loaded = {site / address for address in page.loads}
    assert sum(path.stat().st_size for path in (site / "index.html", *loaded)) < 60_000
    assert "best model" in page.text.lower()


def test_a_site_in_a_store_is_no_fault_of_it(site, store):
    assert audit(str(store)).problems == ()
    assert sb.verify("tiny@1.0", store=str(store)).ok


def test_code_to_open_it_runs_as_it_stands(store, skybench, tmp_path, monkeypatch):
    place = Store(store)
    manifest = read_manifest(place, resolve("tiny@1.0", place))
    ways = {way.title: way for way in openings(manifest, "image", str(store))}
    found = {}
    for title in ("xarray", "Intake", "torch", "pandas and astropy", "Zarr"):
        exec(ways[title].code, names := {})
        found[title] = names
    train = sb.open("tiny@1.0", split="train", store=str(store))
    np.testing.assert_array_equal(found["xarray"]["first"], train.image.values)
    assert found["Intake"]["ds"].sizes["sample"] == train.sizes["sample"]
    assert found["torch"]["inputs"].shape[1:] == (1, 12, 12)
    assert len(found["pandas and astropy"]["frame"]) == len(found["pandas and astropy"]["table"])
    assert found["Zarr"]["first"].shape == (60, 12, 12)
    monkeypatch.setenv("SKYBENCH_STORE", str(tmp_path / "own"))
    monkeypatch.chdir(tmp_path)
    for line in ways["Command line"].code.splitlines():
        code, _, said = skybench(*line.partition("  #")[0].split()[1:])
        assert code == 0, said
    assert (tmp_path / "tiny-parquet").is_dir()


@pytest.fixture(scope="module")
def plain(tmp_path_factory):
    """A store with a version that has no scores, and an older one that was withdrawn."""
    place = tmp_path_factory.mktemp("plain") / "store"
    recipe = load_recipe(DATA / "tiny.yaml")
    for seed, version in enumerate(("0.1", "0.2")):
        named = recipe.model_copy(update={"title": f"{version} {HOSTILE}", "seed": seed})
        release(
            version,
            store=place,
            datasets=[named],
            baselines=False,
            building=BuildOptions(progress=False),
            record=False,
        )
    withdraw("tiny@0.2", "seed used twice", store=place)
    return place


def test_versions_without_scores_and_withdrawn_ones_have_pages(plain, skybench, tmp_path):
    site = tmp_path / "site"
    code, said, _ = skybench("site", "--store", plain, "--out", site)
    assert code == 0
    told = [line for line in said.splitlines() if "explorer" not in line]
    assert told == ["tiny@0.2: 0 models", "tiny@0.1: 0 models", str(site / "index.html")]
    home = Page(site / "index.html")
    assert f"0.1 {HOSTILE}" in home.text
    assert "Other versions 0.2 (withdrawn)" in home.text
    board = Page(site / "leaderboards" / "tiny-0.2.html").text
    assert "No scores are kept with this version." in board
    assert "Withdrawn. seed used twice" in board
    page = Page(site / "datasets" / "tiny-0.1.html")
    assert "Withdrawn" not in page.text
    manifest = next(link for link in page.leads if link.endswith("manifest.json"))
    assert (site / "datasets" / manifest).resolve().parent == plain / "tiny" / "0.1"


def test_a_new_site_takes_the_place_of_the_old_one_when_whole(plain, tmp_path, monkeypatch):
    site = make_site(plain, tmp_path / "site")
    (site / "docs").mkdir()
    (site / "docs" / "index.html").write_text("docs")
    before = sorted(path.relative_to(site) for path in site.rglob("*"))

    def broken(*_):
        raise StoreError("the disk is full")

    with monkeypatch.context() as patch:
        patch.setattr(build, "home_page", broken)
        with pytest.raises(StoreError, match="the disk is full"):
            make_site(plain, site)
    assert sorted(path.relative_to(site) for path in site.rglob("*")) == before
    assert [path.name for path in tmp_path.iterdir()] == ["site"]
    make_site(plain, site)
    assert (site / "docs" / "index.html").read_text() == "docs"
    assert "docs/index.html" in Page(site / "index.html").leads
    assert [path.name for path in tmp_path.iterdir()] == ["site"]


def test_pages_lead_to_the_explorer_where_it_is_built(plain, tmp_path, monkeypatch):
    (tmp_path / "source").mkdir()
    (tmp_path / "source" / "explorer.css").touch()
    monkeypatch.setattr(explorer, "_SOURCE", tmp_path / "source")
    said = []
    site = make_site(plain, tmp_path / "site", say=said.append)
    assert "the explorer's JavaScript is not built yet" in said[0]
    assert not (site / "explorer").exists()
    assert "explorer" not in (site / "index.html").read_text(encoding="utf-8")
    (tmp_path / "source" / "explorer.js").touch()
    make_site(plain, tmp_path / "site")
    assert (site / "explorer" / "datasets.json").exists()
    assert "explorer/index.html" in Page(site / "index.html").leads
    leads = Page(site / "datasets" / "tiny-0.1.html").leads
    assert "../explorer/index.html?dataset=tiny%400.1" in leads


def test_nothing_but_a_site_is_replaced(plain, tmp_path):
    (tmp_path / "thesis").mkdir()
    (tmp_path / "thesis" / "index.html").write_text("mine")
    with pytest.raises(ParameterError, match=r"thesis is there and is no site of skybench; name"):
        make_site(plain, tmp_path / "thesis")
    assert (tmp_path / "thesis" / "index.html").read_text() == "mine"


def test_serving_a_site_in_its_store_serves_what_the_explorer_reads(plain, skybench, monkeypatch):
    answers = {}

    def visited(folder, port):
        with serving.file_server(folder) as server:
            threading.Thread(target=server.serve_forever, daemon=True).start()
            for key in ("site/", "tiny/0.1/manifest.json"):
                url = f"http://{serving.HOST}:{server.server_port}/{key}"
                answers[key] = urllib.request.urlopen(url).read().decode()
            server.shutdown()

    monkeypatch.setattr(serving, "serve", visited)
    code, said, _ = skybench("site", "--store", plain, "--serve", "--port", 8123)
    assert code == 0
    assert said.splitlines()[-1] == "http://127.0.0.1:8123/site/ until Ctrl-C"
    assert "tiny" in answers["site/"]
    assert '"dataset": "tiny"' in answers["tiny/0.1/manifest.json"]


def test_an_empty_store_has_a_first_page(tmp_path):
    site = make_site(tmp_path / "none", tmp_path / "site")
    assert "Nothing is released in this store." in Page(site / "index.html").text


def test_a_model_page_leads_to_its_errors_in_the_explorer(store):
    (version,) = read_versions(Store(store))
    links = links_from("models/x.html", "../", has_docs=False, has_explorer=True)
    (ranked,) = (one for one in version.standing.ranked if one.record.name == "All+stars")
    found = stored_evaluation(ranked, version.standing, version.truth, Store(store))
    text = model_page(links, version, Model(ranked=ranked, evaluation=found))
    view = "dataset=tiny%401.0&amp;model=All%2Bstars&amp;colour=model.outcome"
    assert f'href="../explorer/index.html?{view}"' in text


def test_a_trained_model_has_its_learning_curves(store):
    (version,) = read_versions(Store(store))
    trained = next(r for r in recorded_scores("objects@0.4") if r.name == "resnet50")
    links = links_from("models/x.html", "../", has_docs=False, has_explorer=False)
    ranked = version.standing.ranked[0]
    text = model_page(links, version, Model(ranked=type(ranked)(record=trained, evidence="stated")))
    for what in ("losses of seed 0 by epoch", "validation accuracy of seed 0 by epoch"):
        (chart,) = re.findall(rf'aria-label="{what}">(.*?)</svg>', text, re.DOTALL)
        lines = re.findall(r'points="([^"]+)"', chart)
        assert {len(line.split()) for line in lines} == {len(trained.scores[0].curve)}
    assert "nothing can be said of single samples" in text
