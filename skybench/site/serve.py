"""A web server for one folder on this machine, to look at a site before it is put elsewhere.

Unlike Python's own `http.server` it answers requests for ranges, by which a store is read in part.
"""

import re
from functools import partial
from http import HTTPStatus
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from os import PathLike
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from skybench.errors import NotFoundError, StoreError

HOST = "127.0.0.1"

_RANGE = re.compile(r"bytes=(\d*)-(\d*)")
_TYPES = {
    ".css": "text/css; charset=utf-8",
    ".html": "text/html; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".json": "application/json",
    ".md": "text/markdown; charset=utf-8",
    ".png": "image/png",
    ".svg": "image/svg+xml",
    ".yaml": "application/yaml",
}
"""Of files by how their names end; all others are bytes, whatever this machine knows of them."""


def serve(folder: str | PathLike[str], port: int = 8000) -> None:
    """Serve a folder at ``http://127.0.0.1:PORT/`` until it is interrupted.

    Parameters
    ----------
    folder : path
        Of a site, or of the store that the site is in. No file outside it is served.
    port : int
        0 takes a free one.

    Raises
    ------
    NotFoundError
        There is no such folder.
    StoreError
        The port is taken.
    """
    with file_server(folder, port) as server:
        try:
            server.serve_forever()
        except KeyboardInterrupt:
            return


def file_server(folder: str | PathLike[str], port: int = 0) -> ThreadingHTTPServer:
    """Return the server that `serve` runs; its ``server_port`` is the port. Raises as that does."""
    root = Path(folder).resolve()
    if not root.is_dir():
        msg = f"{folder} is no folder, so there is nothing to serve; name that of a site or a store"
        raise NotFoundError(msg)
    try:
        return _Server((HOST, port), partial(FileHandler, directory=str(root)))
    except OSError as error:
        msg = f"cannot serve at {HOST}:{port}: {error.strerror}; choose another with --port"
        raise StoreError(msg) from error


class _Server(ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Say nothing: a browser that scrolls on leaves what it asked for."""


class FileHandler(SimpleHTTPRequestHandler):
    """Files below a folder, whole or in part; folders are shown by their ``index.html``."""

    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True

    def do_GET(self) -> None:
        """Send a file, or the range of it that is asked for."""
        self._answer(with_body=True)

    def do_HEAD(self) -> None:
        """Send what a file's answer begins with."""
        self._answer(with_body=False)

    def log_message(self, *args: Any) -> None:
        """Say nothing."""

    def _answer(self, *, with_body: bool) -> None:
        path = self._path()
        if path is None:
            self.send_error(HTTPStatus.NOT_FOUND)
        elif path.is_dir():
            # Two slashes at the beginning would lead to another host.
            self._redirect(f"/{urlsplit(self.path).path.strip('/')}/")
        else:
            self._send(path, with_body)

    def _path(self) -> Path | None:
        """Return the file that is asked for, or the folder without its slash; None of others."""
        if "%00" in self.path:
            return None
        asked = Path(self.translate_path(self.path))
        has_slash = urlsplit(self.path).path.endswith("/")
        path = (asked / "index.html" if has_slash else asked).resolve()
        inside = path.is_relative_to(self.directory)  # links may lead out
        return path if inside and path.exists() and not (has_slash and path.is_dir()) else None

    def _redirect(self, to: str) -> None:
        self.send_response(HTTPStatus.MOVED_PERMANENTLY)
        self.send_header("Location", to)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def _send(self, path: Path, with_body: bool) -> None:
        size = path.stat().st_size
        part = _part(self.headers.get("Range", ""), size)
        if part is not None and not part:
            self._refuse(size)
            return
        self.send_response(HTTPStatus.OK if part is None else HTTPStatus.PARTIAL_CONTENT)
        self.send_header("Content-Type", _TYPES.get(path.suffix, "application/octet-stream"))
        self.send_header("Content-Length", str(size if part is None else len(part)))
        self.send_header("Accept-Ranges", "bytes")
        self.send_header("Cache-Control", "no-cache")
        if part is not None:
            self.send_header("Content-Range", f"bytes {part.start}-{part.stop - 1}/{size}")
        self.end_headers()
        if with_body:
            self._copy(path, range(size) if part is None else part)

    def _refuse(self, size: int) -> None:
        self.send_response(HTTPStatus.REQUESTED_RANGE_NOT_SATISFIABLE)
        self.send_header("Content-Range", f"bytes */{size}")
        self.send_header("Content-Length", "0")
        self.end_headers()

    def _copy(self, path: Path, part: range) -> None:
        with path.open("rb") as file:
            file.seek(part.start)
            self.wfile.write(file.read(len(part)))


def _part(asked: str, size: int) -> range | None:
    """Return the bytes that a Range header asks for, empty if there are none.

    None where all are to be sent: without a header, or with one of several ranges or another unit.
    """
    match = _RANGE.fullmatch(asked)
    if match is None or match[0] == "bytes=-":
        return None
    first, last = match.groups()
    if not first:
        return range(max(0, size - int(last)), size)
    stop = min(size, int(last) + 1) if last else size
    if last and int(last) < int(first):
        return None  # is no range at all
    return range(int(first), stop)
