"""How stores and their files are named: URLs, the default, keys that stay inside."""

import pickle
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
        ("https://example.org/store", r"Try pip install 'skybench\[remote\]'\."),
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


def test_chained_file_systems_are_refused():
    with pytest.raises(StoreError, match=r"chains file systems.*skybench get"):
        Place("simplecache::https://example.org/store")
