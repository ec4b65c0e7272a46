"""fsspec's web client with manners: it waits as long as it is asked to, and keeps credentials.

User, password and query of a URL belong to the file system, not to the paths in it, so that they
are sent with every request and are in no name of a file. aiohttp's own limit, 300 s for a whole
answer, is replaced by limits for connecting and for each read: large files take what they take.

This module needs aiohttp, so it is imported where the first web server is named.
"""

import asyncio
import re
import weakref
from collections.abc import Awaitable, Callable, Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any
from urllib.parse import urlsplit, urlunsplit

import aiohttp
import yarl
from fsspec.asyn import sync
from fsspec.implementations.http import HTTPFileSystem
from multidict import CIMultiDict, CIMultiDictProxy

from skybench.errors import StoreError
from skybench.registry.storage import link
from skybench.registry.storage.link import Stream

LONGEST_WAIT = 60.0
"""Seconds that a server may ask to wait for; where it asks for more, its answer is an error."""

_CONNECT_SECONDS = 15.0
_ATTEMPTS = 5
_BUSY = frozenset({429, 503})
_PIECE_BYTES = 1 << 20

_OF_ONE_FILE = (
    {"x-amz-signature"},
    {"x-goog-signature"},
    {"awsaccesskeyid", "signature"},
    {"googleaccessid", "signature"},
)
"""Names in the query of a URL that is signed for one object, by how such URLs are signed."""

_Handler = Callable[[aiohttp.ClientRequest], Awaitable[aiohttp.ClientResponse]]


def web_server(url: str) -> "tuple[WebServer, str]":
    """Return the file system of a URL, and the URL without what gives access.

    Raises
    ------
    StoreError
        The URL is signed for one file, so the files below it could not be read.
    """
    parts = urlsplit(url)
    names = {pair.partition("=")[0].lower() for pair in parts.query.split("&")}
    if any(signed <= names for signed in _OF_ONE_FILE):
        msg = (
            f"{url} is signed for one file, and a store has many; use its s3:// or gs:// URL with "
            "credentials in the environment, a signed policy or cookie that covers the folder, or "
            "get the files first"
        )
        raise StoreError(msg)
    userinfo, _, host = parts.netloc.rpartition("@")
    root = urlunsplit((parts.scheme, host, parts.path.rstrip("/"), "", ""))
    return WebServer(userinfo=userinfo, query=parts.query), root


def seconds_to_wait(response: aiohttp.ClientResponse | aiohttp.ClientResponseError) -> float | None:
    """Return how long a busy server asks to wait, None where it is not busy or does not say."""
    headers: Mapping[str, str] = response.headers or {}
    asked = headers.get("Retry-After", "")
    if response.status not in _BUSY or not asked:
        return None
    if asked.isdecimal():
        return float(asked)
    try:
        now = parsedate_to_datetime(headers["Date"]) if "Date" in headers else datetime.now(UTC)
        return max(0.0, (parsedate_to_datetime(asked) - now).total_seconds())
    except (TypeError, ValueError):
        return None


class WebServer(HTTPFileSystem):  # type: ignore[misc]  # fsspec ships no types
    """Files of web servers.

    Parameters
    ----------
    userinfo, query : str
        As they stand in the URL: what is sent with every request, also for the files below it.
        Shared access signatures of Azure are such queries.
    **options
        As fsspec's.
    """

    def __init__(self, *, userinfo: str = "", query: str = "", **options: Any) -> None:
        super().__init__(**{"get_client": _client, **options})
        self._userinfo, self._query = userinfo, query

    def address(self, path: str) -> str:
        """Return the URL of a file with what gives access, as other libraries open it."""
        scheme, _, rest = path.partition("://")
        userinfo = f"{self._userinfo}@" if self._userinfo else ""
        query = f"?{self._query}" if self._query else ""
        return f"{scheme}://{userinfo}{rest}{query}"

    def encode_url(self, url: str) -> yarl.URL:
        """Return what is asked for."""
        return yarl.URL(self.address(str(yarl.URL(url, encoded=self.encoded))), encoded=True)

    async def set_session(self) -> aiohttp.ClientSession:
        """Return the session, to be closed with this; fsspec does so for its own loop alone."""
        begun = self._session is not None
        session: aiohttp.ClientSession = await super().set_session()
        if self.asynchronous and not begun:
            weakref.finalize(self, self.close_session, None, session)
        return session

    def for_zarr(self) -> "WebServer":
        """Return the same for Zarr, which awaits what it reads."""
        return WebServer(**{**self.storage_options, "asynchronous": True})

    def stream(self, path: str, start: int = 0, tag: str = "") -> Stream:
        """Read a file from a byte on, or the whole where the server has another state of it.

        Parameters
        ----------
        path : str
        start : int
        tag : str
            Of the state that the bytes before `start` are from; empty for any.
        """
        response, first = sync(self.loop, self._asked, path, start, tag)
        return Stream(
            start=first,
            tag=_tag(response),
            read=lambda: sync(self.loop, response.content.read, _PIECE_BYTES),
            close=lambda: self.loop.call_soon_threadsafe(response.close),
        )

    async def _asked(self, path: str, start: int, tag: str) -> tuple[aiohttp.ClientResponse, int]:
        response = await self._get(path, start, tag)
        if start and not _goes_on(response, start, tag):
            if response.status in (206, 416):
                response.close()
                response = await self._get(path, 0, "")
            start = 0
        try:
            self._raise_not_found_for_status(response, path)
        except BaseException:
            response.close()
            raise
        return response, start

    async def _get(self, path: str, start: int, tag: str) -> aiohttp.ClientResponse:
        session = await self.set_session()
        headers = {**self.kwargs.get("headers", {}), "Accept-Encoding": "identity"}
        if start:
            headers["Range"] = f"bytes={start}-"
            if tag:
                headers["If-Range"] = tag
        options = {**self.kwargs, "headers": headers, "timeout": _timeout()}
        return await session.get(self.encode_url(path), **options)

    def _raise_not_found_for_status(self, response: aiohttp.ClientResponse, url: str) -> None:
        """Do as fsspec, with the path as it is named here and without what was sent."""
        try:
            super()._raise_not_found_for_status(response, url)
        except aiohttp.ClientResponseError as error:
            nothing = CIMultiDictProxy[str](CIMultiDict())
            named, method = yarl.URL(url), error.request_info.method
            asked = aiohttp.RequestInfo(named, method, nothing, named)
            raise aiohttp.ClientResponseError(
                asked, (), status=error.status, message=error.message, headers=error.headers
            ) from None


async def _client(**options: Any) -> aiohttp.ClientSession:
    """Return a session without a limit for whole answers; fsspec's configuration may set others."""
    return aiohttp.ClientSession(**{"timeout": _timeout(), "middlewares": (_patiently,), **options})


def _timeout() -> aiohttp.ClientTimeout:
    return aiohttp.ClientTimeout(total=None, sock_connect=_CONNECT_SECONDS, sock_read=link.WINDOW)


async def _patiently(request: aiohttp.ClientRequest, send: _Handler) -> aiohttp.ClientResponse:
    """Ask again when a busy server says when."""
    for _ in range(_ATTEMPTS - 1):
        response = await _answered(request, send)
        seconds = seconds_to_wait(response)
        if seconds is None or seconds > LONGEST_WAIT:
            return response
        response.close()
        await asyncio.sleep(seconds)
    return await _answered(request, send)


async def _answered(request: aiohttp.ClientRequest, send: _Handler) -> aiohttp.ClientResponse:
    """Return an answer whose head came in time: byte by byte, each read of it would be in time."""
    connect, begin = _CONNECT_SECONDS, link.WINDOW
    try:
        async with asyncio.timeout(connect + begin):
            return await send(request)
    except TimeoutError:
        # aiohttp's own error names the URL with all that gives access.
        msg = f"no answer within {connect:g} s to connect and {begin:g} s to begin"
        raise TimeoutError(msg) from None


def _goes_on(response: aiohttp.ClientResponse, start: int, tag: str) -> bool:
    """Tell whether an answer is the rest of the state that was asked for, from `start` on."""
    found = re.match(r"bytes (\d+)-", response.headers.get("Content-Range", ""))
    begins = response.status == 206 and found is not None and int(found[1]) == start
    return begins and tag in ("", _tag(response))


def _tag(response: aiohttp.ClientResponse) -> str:
    """Return what ``If-Range`` takes: the ETag, or the date where that is weak or missing."""
    tag = response.headers.get("ETag", "")
    return tag if tag and not tag.startswith("W/") else response.headers.get("Last-Modified", "")
