"""The promises of docs/trust.md, each attacked by name.

A test here is one attack that was seen to succeed once, told as whoever attacks would do it and
asserted as a user would meet it. The details of each promise are tested beside the code that
keeps it.
"""

import threading
import time
import traceback
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

import skybench
from skybench.errors import StoreError
from skybench.registry.storage import link
from skybench.registry.storage.store import Store


@contextmanager
def web_server_that(answers):
    """Give the address of a server on loopback whose every answer is `answers(handler)`."""
    members = {"do_GET": answers, "do_HEAD": answers, "log_message": lambda *_: None}
    handler = type("Handler", (BaseHTTPRequestHandler,), members)
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
    yield f"127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()


def test_a_mirror_of_a_few_bytes_a_second_does_not_hold_get(tmp_path, monkeypatch):
    """Each byte comes within the limit for a read, so only the speed tells."""
    monkeypatch.setattr(link, "WINDOW", 0.5)

    def dribble(handler):
        handler.send_response(200)
        handler.send_header("Content-Length", "10000")
        handler.end_headers()
        for _ in range(50):
            handler.wfile.write(b"{")
            time.sleep(0.1)

    with (
        web_server_that(dribble) as address,
        pytest.raises(StoreError, match="bytes a second, les"),
    ):
        skybench.get("sky@0.2", source=f"http://{address}", store=tmp_path, progress=False)
    assert not (tmp_path / "sky").exists()


def test_credentials_in_a_url_are_shown_nowhere(tmp_path):
    """Neither by a place, nor by an error, nor by those of the client in its traceback."""

    def refuse(handler):
        handler.send_response(403)
        handler.end_headers()

    with web_server_that(refuse) as address:
        for url in (f"http://me:s3cr3t@{address}/x", f"http://{address}/x?se=1&sig=s3cr3t"):
            assert repr(Store(url)) == f"Store('http://{address}/x')"
            with pytest.raises(
                StoreError, match=f"http://{address}/x/index.jsonl: .*403"
            ) as raised:
                skybench.get("sky@0.2", source=url, store=tmp_path, progress=False)
            assert "s3cr3t" not in "".join(traceback.format_exception(raised.value))
    with pytest.raises(StoreError, match="signed for one file") as raised:
        Store("https://bucket.s3.amazonaws.com/x?X-Amz-Credential=me&X-Amz-Signature=s3cr3t")
    assert "s3cr3t" not in repr(raised.value)
