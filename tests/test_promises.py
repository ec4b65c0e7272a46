"""The promises of docs/trust.md, each attacked by name.

A test here is one attack that was seen to succeed once, told as whoever attacks would do it and
asserted as a user would meet it. The details of each promise are tested beside the code that
keeps it.
"""

import json
import shutil
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread

import pytest

import skybench
from skybench.errors import IntegrityError, OlderIndexWarning
from skybench.registry.versions.manifest import digest_of

PUBLISHED = Path(__file__).parent / "data" / "format-1"
"""A store with tiny 1.0, as it was written once and for ever."""


class Quiet(SimpleHTTPRequestHandler):
    def log_message(self, *args):
        pass


@pytest.fixture
def site(tmp_path):
    """A copy of the published store, and the URL under which it is served."""
    folder = shutil.copytree(PUBLISHED, tmp_path / "site")
    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(Quiet, directory=folder))
    Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
    yield folder, f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()


def rewrite_history(folder):
    """Change the licence in the manifest, and the index so that it fits."""
    manifest, index = folder / "tiny/1.0/manifest.json", folder / "index.jsonl"
    line = json.loads(index.read_text())
    manifest.write_text(manifest.read_text().replace("CC-BY-4.0", "CC0-1.0"))
    line["manifest"] = digest_of(manifest.read_bytes())
    index.write_text(json.dumps(line, sort_keys=True, separators=(",", ":")) + "\n")


def publish_next(folder, version):
    """Add a line to the index that publishes the data of tiny 1.0 as another version."""
    source, target = folder / "tiny/1.0", folder / "tiny" / version
    shutil.copytree(source, target)
    text = (target / "manifest.json").read_text().replace("tiny-1.0", f"tiny-{version}")
    (target / "manifest.json").write_text(
        text.replace('"version": "1.0"', f'"version": "{version}"')
    )
    for path in target.glob("tiny-1.0*"):
        path.rename(path.with_name(path.name.replace("1.0", version, 1)))
    index = folder / "index.jsonl"
    before = index.read_text()
    line = json.loads(before.splitlines()[-1]) | {
        "version": version,
        "manifest": digest_of((target / "manifest.json").read_bytes()),
        "previous": digest_of(before.splitlines()[-1]),
    }
    index.write_text(before + json.dumps(line, sort_keys=True, separators=(",", ":")) + "\n")


@pytest.mark.parametrize("seen_by", ["open", "get"])
def test_history_that_is_written_again_is_seen_by_who_was_there_before(site, tmp_path, seen_by):
    folder, url = site
    if seen_by == "open":
        skybench.open("tiny@1.0", store=url)
    else:
        skybench.get("tiny@1.0", source=url, store=tmp_path / "first", progress=False)
    rewrite_history(folder)
    with pytest.raises(IntegrityError, match=r"not the index that was seen .* from line 1 on"):
        skybench.open("tiny@1.0", store=url)
    with pytest.raises(IntegrityError, match=f"skybench forget {url}"):
        skybench.get("tiny@1.0", source=url, store=tmp_path / "second", progress=False)


def test_an_alias_never_goes_back_without_a_word(site, tmp_path):
    folder, url = site
    older = (folder / "index.jsonl").read_text()
    publish_next(folder, "1.1")
    assert skybench.open("tiny@1", store=url).attrs["version"] == "1.1"
    (folder / "index.jsonl").write_text(older)
    with pytest.warns(OlderIndexWarning, match=r"tiny@1 is 1\.0 .* was 1\.1 before"):
        assert skybench.open("tiny@1", store=url).attrs["version"] == "1.0"
    with pytest.raises(IntegrityError, match=r"was 1\.1 before.*Name tiny@1\.0"):
        skybench.get("tiny@1", source=url, store=tmp_path / "mine", progress=False)
    with pytest.warns(OlderIndexWarning, match="a copy that lags, or it was set back"):
        skybench.get("tiny@1.0", source=url, store=tmp_path / "mine", progress=False)
