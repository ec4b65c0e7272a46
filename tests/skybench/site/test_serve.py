import http.client
import os
import threading

import pytest

from skybench.errors import NotFoundError, StoreError
from skybench.site.serve import file_server

CONTENT = bytes(range(100))


@pytest.fixture
def folder(tmp_path):
    site = tmp_path / "served"
    (site / "inner").mkdir(parents=True)
    (site / "inner" / "index.html").write_text("<h1>hello</h1>")
    (site / "chunk").write_bytes(CONTENT)
    (site / "code.js").write_text("1")
    (site / "empty").touch()
    (tmp_path / "secret").write_text("mine")
    return site


@pytest.fixture
def ask(folder):
    """Return a function that sends a request and gives the answer and its body."""
    server = file_server(folder)
    threading.Thread(target=server.serve_forever, daemon=True).start()

    def send(path, method="GET", **headers):
        connection = http.client.HTTPConnection("127.0.0.1", server.server_port, timeout=10)
        connection.putrequest(method, path, skip_accept_encoding=True)
        for name, value in headers.items():
            connection.putheader(name, value)
        connection.endheaders()
        answer = connection.getresponse()
        body = answer.read()
        connection.close()
        return answer, body

    yield send
    server.shutdown()
    server.server_close()


def test_whole_files_come_with_their_size_and_type(ask):
    answer, body = ask("/chunk")
    assert (answer.status, body) == (200, CONTENT)
    assert answer.headers["Content-Length"] == "100"
    assert answer.headers["Accept-Ranges"] == "bytes"
    assert answer.headers["Content-Type"] == "application/octet-stream"
    assert ask("/code.js")[0].headers["Content-Type"] == "text/javascript; charset=utf-8"


@pytest.mark.parametrize(
    ("asked", "first", "stop"),
    [
        ("bytes=0-0", 0, 1),
        ("bytes=10-19", 10, 20),
        ("bytes=90-", 90, 100),
        ("bytes=90-1000", 90, 100),
        ("bytes=-20", 80, 100),
        ("bytes=-1000", 0, 100),
    ],
)
def test_ranges(ask, asked, first, stop):
    answer, body = ask("/chunk", Range=asked)
    assert answer.status == 206
    assert body == CONTENT[first:stop]
    assert answer.headers["Content-Range"] == f"bytes {first}-{stop - 1}/100"


@pytest.mark.parametrize("asked", ["bytes=100-", "bytes=100-200", "bytes=-0"])
def test_a_range_beyond_the_file_is_refused_with_its_size(ask, asked):
    answer, body = ask("/chunk", Range=asked)
    assert (answer.status, body) == (416, b"")
    assert answer.headers["Content-Range"] == "bytes */100"


def test_an_empty_file_has_no_range(ask):
    assert ask("/empty", Range="bytes=0-")[0].status == 416
    assert ask("/empty")[1] == b""


@pytest.mark.parametrize("asked", ["bytes=1-2,4-5", "lines=1-2", "bytes=", "bytes=-", "bytes=5-4"])
def test_what_is_not_one_range_is_answered_by_the_whole_file(ask, asked):
    answer, body = ask("/chunk", Range=asked)
    assert (answer.status, body) == (200, CONTENT)


def test_head_has_the_headers_alone(ask):
    answer, body = ask("/chunk", "HEAD")
    assert (answer.status, answer.headers["Content-Length"], body) == (200, "100", b"")
    answer, body = ask("/chunk", "HEAD", Range="bytes=0-9")
    assert (answer.status, answer.headers["Content-Length"], body) == (206, "10", b"")


def test_a_folder_is_its_first_page_and_is_not_listed(ask):
    assert ask("/inner/")[1] == b"<h1>hello</h1>"
    answer, _ = ask("/inner?dataset=a")
    assert (answer.status, answer.headers["Location"]) == (301, "/inner/")
    assert ask("//inner")[0].headers["Location"] != "//inner/"
    assert ask("/")[0].status == 404
    assert ask("/chunk/")[0].status == 404


@pytest.mark.parametrize(
    "path", ["/../secret", "/%2e%2e/secret", "/inner/../../secret", "//secret", "/..%2fsecret"]
)
def test_nothing_outside_the_folder_is_served(ask, path):
    assert ask(path)[0].status == 404


def test_nor_by_a_link_that_leads_out(ask, folder):
    os.symlink(folder.parent / "secret", folder / "link")
    os.symlink(folder / "chunk", folder / "inner" / "again")
    assert ask("/link")[0].status == 404
    assert ask("/inner/again")[1] == CONTENT


def test_a_name_with_a_null_byte_is_not_there(ask):
    assert ask("/chunk%00")[0].status == 404


def test_a_missing_folder_and_a_taken_port_are_said(tmp_path, folder):
    with pytest.raises(NotFoundError, match="is no folder, so there is nothing to serve"):
        file_server(tmp_path / "absent")
    taken = pytest.raises(StoreError, match="choose another with --port")
    with file_server(folder) as server, taken:
        file_server(folder, server.server_port)
