"""How stores and their files are named: URLs, the default, keys that stay inside."""

import pickle
import sys
import zipfile
from pathlib import Path

import fsspec
import pytest

from skybench.errors import MissingDependencyError, StoreError
from skybench.registry.storage.place import Place
from skybench.registry.storage.store import Store


@pytest.fixture(params=["local", "memory"])
def store(request, tmp_path):
    return Store(tmp_path if request.param == "local" else f"memory://{tmp_path.name}")


@pytest.mark.parametrize("key", ["../escape", "/etc/passwd", "a/../../b", "a\\b", "a\0b"])
def test_keys_cannot_leave_the_store(store, key):
    with pytest.raises(StoreError, match="not a path inside a store"):
        store.write(key, "x")
    with pytest.raises(StoreError, match="not a path inside a store"):
        store.read_bytes(key)


def test_a_store_is_a_value(store):
    again = pickle.loads(pickle.dumps(store))
    assert again == store == Store(store) == Store(store.url)
    assert hash(again) == hash(store)
    assert eval(repr(store)) == store
    assert str(store) == store.url


def test_default_store_is_the_environment_then_the_platform(monkeypatch, tmp_path):
    monkeypatch.setenv("SKYBENCH_STORE", str(tmp_path))
    assert Store().url == str(tmp_path)
    monkeypatch.delenv("SKYBENCH_STORE")
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "data"))
    assert Path(Store().url).name == "skybench"


def test_making_a_store_touches_nothing(tmp_path):
    Store(tmp_path / "store")
    assert list(tmp_path.iterdir()) == []


def test_file_urls_and_paths_are_the_same_store(tmp_path):
    assert Store(f"file://{tmp_path}") == Store(tmp_path) == Store(f"{tmp_path}/")
    assert Store(tmp_path).local_path("sky/1.0") == tmp_path / "sky" / "1.0"
    assert Store(tmp_path).url_of("sky/1.0") == str(tmp_path / "sky/1.0")


def test_remote_urls_keep_their_protocol():
    assert Store("memory://bucket/dir").url_of("sky/1.0").startswith("memory://")
    with pytest.raises(StoreError, match="not a folder on this machine"):
        Store("memory://bucket").local_path("sky")


def test_an_unknown_protocol_is_refused():
    with pytest.raises(StoreError, match="Protocol not known: foo"):
        Store("foo://bucket")


@pytest.mark.parametrize(
    ("url", "fix"),
    [
        ("s3://bucket", r"Try pip install 'skybench\[remote\]'\."),
        ("az://bucket", r"Try pip install adlfs\."),
        ("ftp+x://host", r"needs a package: install it\.$"),
    ],
)
def test_a_missing_package_is_named(monkeypatch, url, fix):
    def not_installed(url):
        msg = "install it"
        raise ImportError(msg)

    monkeypatch.setattr(fsspec.core, "url_to_fs", not_installed)
    with pytest.raises(MissingDependencyError, match=fix):
        Store(url)


def test_the_package_of_web_servers_is_named(monkeypatch):
    monkeypatch.setitem(sys.modules, "skybench.registry.storage.web_server", None)
    with pytest.raises(MissingDependencyError, match=r"Try pip install 'skybench\[remote\]'\."):
        Store("https://example.org/store")


@pytest.mark.parametrize("protocol", ["ftp", "ftps"])
def test_ftp_is_refused_before_anybody_is_asked(protocol):
    with pytest.raises(StoreError, match=r"is on FTP.* use an https:// URL"):
        Store(f"{protocol}://127.0.0.1:1/x")


def test_a_server_that_does_not_answer_is_no_missing_file():
    with pytest.raises(StoreError, match="no server answers there; check the URL"):
        Store("http://127.0.0.1:9/x").exists("index.jsonl")


def test_a_url_with_a_slash_too_few_is_no_folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(StoreError, match=r"'s3:/bucket/dir' is not a URL; did you mean 's3://b"):
        Store("s3:/bucket/dir")
    assert Store("file:/store").url == Store("/store").url
    assert Store("a:b/store").is_local


def test_a_place_says_what_it_is(tmp_path):
    assert repr(Place(tmp_path)) == f"Place('{tmp_path}')"
    assert Place(tmp_path) == Store(tmp_path)
    assert Place(Store(tmp_path)).path("sky//1.0/") == str(tmp_path / "sky" / "1.0")


@pytest.mark.parametrize(
    "url",
    [
        "simplecache::https://example.org/store",
        "simplecache://example.org/store",
        "zip://{}/store.zip",
        "zip://::{}/store.zip",
        "tar://{}/store.tar",
        "libarchive://{}/store.7z",
        "dir://{}",
        "reference://{}/store.json",
    ],
)
def test_archives_and_chained_file_systems_are_refused_with_the_fix(url, tmp_path):
    zipfile.ZipFile(tmp_path / "store.zip", "w").close()
    with pytest.raises(StoreError, match=r"unpack an archive and open the folder.*skybench get"):
        Place(url.format(tmp_path))


@pytest.mark.parametrize("error", [TypeError, OSError, AttributeError])
def test_what_a_client_raises_of_a_url_is_an_error_of_ours(monkeypatch, error):
    def refused(url):
        msg = "gist_id is missing."
        raise error(msg)

    monkeypatch.setattr(fsspec.core, "url_to_fs", refused)
    with pytest.raises(StoreError, match=r"'gist://x' cannot be used: gist_id is missing\. Use a "):
        Place("gist://x")


def test_a_file_in_place_of_the_folder_is_named(tmp_path):
    archive = tmp_path / "store.zip"
    zipfile.ZipFile(archive, "w").close()
    with pytest.raises(StoreError, match=rf"{archive}/index\.jsonl: .*if it is an archive, unpack"):
        Store(archive).read_text("index.jsonl")
