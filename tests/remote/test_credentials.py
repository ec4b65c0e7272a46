"""What gives access to a store is used, and shown nowhere."""

import base64
import traceback
import warnings
from urllib.parse import parse_qs, urlsplit

import pytest
import xarray as xr
from typer.testing import CliRunner

import skybench
from skybench.catalogs import SkySource
from skybench.catalogs.default import default_catalog
from skybench.cli import app
from skybench.errors import StoreError
from skybench.registry.audit import audit
from skybench.registry.storage.place import Place
from skybench.registry.storage.store import Store

REFERENCE = "photometry@0.1"
SECRET = "pa55-w0rd"
SAS = f"sv=2024-11-04&sp=rl&sig={SECRET}%2Bx%3D"


@pytest.fixture(params=["user", "query"])
def guarded(request, site):
    """The URL of the release on a server that asks who is there; nothing else opens it."""
    host = urlsplit(site.url).netloc
    site.answer = Guard(request.param)
    if request.param == "user":
        return f"http://reader:{SECRET}@{host}"
    return f"http://{host}/?{SAS}"


class Guard:
    """Refuses requests without the user, or without the query."""

    def __init__(self, kind):
        self.kind = kind

    def __call__(self, handler, whole):
        if self.is_known(handler):
            return False
        handler.send_response(403)
        handler.send_header("Content-Length", "0")
        handler.end_headers()
        return True

    def is_known(self, handler):
        if self.kind == "user":
            known = base64.b64encode(f"reader:{SECRET}".encode()).decode()
            return handler.headers.get("Authorization") == f"Basic {known}"
        return parse_qs(urlsplit(handler.path).query).get("sig") == [f"{SECRET}+x="]


def test_a_guarded_store_opens_and_nothing_shows_the_key(guarded, released, tmp_path):
    ds = skybench.open(REFERENCE, store=guarded, split="test")
    local = skybench.open(REFERENCE, store=str(released), split="test")
    xr.testing.assert_identical(ds, local)
    place = Store(guarded)
    fetched = skybench.get(REFERENCE, source=guarded, store=tmp_path, progress=False)
    copied = "".join(p.read_text("utf-8", "ignore") for p in tmp_path.rglob("*") if p.is_file())
    report = skybench.verify(REFERENCE, store=guarded, full=True)
    assert report.ok
    shown = (
        *(place, repr(place), repr(Place(guarded)), hash(place), place.shown("sky/1.0")),
        *(fetched, repr(fetched), report, repr(report), audit(place), repr(audit(place))),
        *(ds, ds.attrs, ds.encoding, [v.encoding for v in ds.variables.values()]),
        *(list(ds.image.__dask_graph__()), ds.image.data, copied),
    )
    for text in map(str, shown):
        assert SECRET not in text
        assert "reader" not in text or text is copied
    assert fetched.mirror == str(place) == str(Place(str(place)))


def test_keys_below_a_query_go_into_the_path(guarded):
    url = Store(guarded).url_of("a/b")
    assert urlsplit(url).path == "/a/b"
    assert Store(url).shown("") == f"{str(Store(guarded)).rstrip('/')}/a/b"
    assert SECRET in url


def test_intake_opens_a_guarded_default_store(guarded, monkeypatch):
    monkeypatch.setenv("SKYBENCH_STORE", guarded)
    catalog = default_catalog()
    assert catalog.photometry_v0_1_test.to_dask().image.to_numpy().any()
    assert SECRET not in catalog.photometry_v0_1_test.yaml() + str(catalog.photometry_v0_1_test)


def test_commands_do_not_print_it(guarded, tmp_path):
    commands = (
        ["list", "--store", guarded],
        ["info", REFERENCE, "--store", guarded],
        ["audit", "--store", guarded],
        ["get", REFERENCE, "--from", guarded, "--store", str(tmp_path)],
        ["get", "photometry@0.7", "--from", guarded, "--store", str(tmp_path)],
    )
    for command in commands:
        done = CliRunner().invoke(app, command)
        assert SECRET not in f"{done.output}{done.exception}"


def traced(call):
    """Return what a failing call prints in the end."""
    try:
        call()
    except Exception as error:
        return "".join(traceback.format_exception(error))
    raise AssertionError


@pytest.mark.parametrize("call", [skybench.open, skybench.verify, skybench.get])
def test_a_refusal_shows_no_key_in_its_traceback(call, site):
    """The keys are there, and are others than the server knows."""
    site.answer = Guard("user")
    host = urlsplit(site.url).netloc
    for url in (f"http://reader:other-w0rd@{host}", f"http://{host}/?sig=other-w0rd"):
        how = {"source": url} if call is skybench.get else {"store": url}
        said = traced(lambda call=call, how=how: call(REFERENCE, **how))
        assert "403" in said
        assert host in said
        assert "other-w0rd" not in said


def test_values_that_are_refused_later_show_no_key(guarded, site):
    """Zarr reads them itself, and raises what the client does."""
    ds = skybench.open(REFERENCE, store=guarded)
    site.answer.is_known = lambda handler: False
    said = traced(ds.image.to_numpy)
    assert "403" in said
    assert SECRET not in said


def test_no_server_at_a_url_with_a_key():
    said = traced(lambda: Store(f"http://reader:{SECRET}@127.0.0.1:1/?{SAS}").read_text("x"))
    assert "no server answers there" in said
    assert SECRET not in said


SIGNED_FOR_ONE = [
    f"https://bucket.s3.amazonaws.com/store?X-Amz-Credential=AK%2F1&X-Amz-Signature={SECRET}",
    f"https://bucket.s3.amazonaws.com/store?AWSAccessKeyId={SECRET}&Signature=b&Expires=1",
    f"https://storage.googleapis.com/b/store?X-Goog-Signature={SECRET}",
]


@pytest.mark.parametrize("url", SIGNED_FOR_ONE)
def test_a_url_that_is_signed_for_one_file_is_refused(url):
    with pytest.raises(StoreError, match=r"is signed for one file, and a store has many") as raised:
        Store(url)
    assert SECRET not in str(raised.value)


@pytest.mark.parametrize("protocol", ["s3", "gs"])
def test_keys_in_the_url_of_a_bucket_are_refused_with_the_place_for_them(protocol):
    said = traced(lambda: Store(f"{protocol}://AKIA:{SECRET}/+y@bucket/store"))
    assert "give them in the environment" in said
    assert SECRET not in said


def test_a_warning_shows_no_key(site, guarded):
    zarr = next(site.folder.glob("photometry/0.1/*.zarr")).name
    url = Store(guarded).url_of(f"photometry/0.1/{zarr}")
    with warnings.catch_warnings(record=True) as told:
        warnings.simplefilter("always")
        SkySource(url).to_dask()
    assert told
    assert not [str(w.message) for w in told if SECRET in str(w.message)]


def test_what_audit_finds_is_told_without_the_key(guarded, monkeypatch):
    monkeypatch.setattr("skybench.registry.audit.contradictions", lambda _: ["it is odd"])
    told = str(audit(guarded))
    assert "photometry/0.1/manifest.json contradicts itself: it is odd" in told
    assert SECRET not in told
