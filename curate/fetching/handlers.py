"""How yt-dlp asks: http and https alone, pages of a bounded size, no login for another host.

One handler, with Python's own library, for every installation alike: `requests` and curl, which yt-dlp would take where
they are installed, have redirects, unpacking and connections of their own.
"""

import io
import zlib
from collections.abc import Callable
from contextlib import suppress
from typing import Any, NoReturn
from urllib.parse import urlsplit, urlunsplit
from urllib.request import (
    DataHandler,
    HTTPCookieProcessor,
    HTTPDefaultErrorHandler,
    HTTPErrorProcessor,
    OpenerDirector,
    UnknownHandler,
)
from urllib.response import addinfourl

from yt_dlp.networking import _urllib
from yt_dlp.networking.exceptions import HTTPError, TransportError

from curate.fetching.addresses import refusal
from slateboard.records.source import State

PAGE_BYTES = 64 * 1024 * 1024
"""Largest page, manifest or key, decompressed; the video itself is read in chunks, up to max_bytes."""

_CHUNK_BYTES = 1024 * 1024
# zlib's window bits: 16 + 15 expects a gzip header; 15 zlib's; -15 none. RFC 9110 means zlib's format by "deflate", but
# some hosts send raw deflate, so that both are tried.
_WINDOWS = {"gzip": (zlib.MAX_WBITS | 16,), "deflate": (-zlib.MAX_WBITS, zlib.MAX_WBITS)}


class RequestBarred(TransportError):  # type: ignore[misc]
    """An address that may not be asked for, or a page without end."""


class RequestRules:
    """Checks of every request of a session: its address, and the size of its page."""

    def __init__(self, *, allow_private: bool, barred: list[tuple[State, str]]) -> None:
        self._allow_private, self._barred = allow_private, barred

    def check(self, url: str) -> None:
        """Raise RequestBarred for an address that may not be asked for."""
        refused = None if url.startswith("data:") else refusal(url, allow_private=self._allow_private)
        if refused is not None:
            self.bar(*refused)

    def bar(self, state: State, reason: str) -> NoReturn:
        """Raise RequestBarred and note it: yt-dlp may go on without, or keep only the message."""
        self._barred.append((state, reason))
        raise RequestBarred(reason)

    def too_much(self) -> NoReturn:
        """Raise RequestBarred for a page over PAGE_BYTES."""
        self.bar(State.TOO_LARGE, f"more than {PAGE_BYTES} bytes of a page came before any video")

    def bounded(self, response: Any) -> Any:
        """Return a response whose `read()` without a size stops at PAGE_BYTES."""
        read_chunk = response.read

        def read(amount: int | None = None) -> bytes:
            return self.read_page(read_chunk) if amount is None else bytes(read_chunk(amount))

        response.read = read
        return response

    def read_page(self, read_chunk: Callable[[int], bytes]) -> bytes:
        """Return a page, read in chunks."""
        page = bytearray()
        while chunk := read_chunk(_CHUNK_BYTES):
            page += chunk
            if len(page) > PAGE_BYTES:
                self.too_much()
        return bytes(page)

    def decompress(self, page: bytes, encoding: str) -> bytes:
        """Return a page decompressed, by the first window that fits."""
        *windows, last_window = _WINDOWS[encoding]
        for window in windows:
            with suppress(zlib.error):
                return self._decompress(page, window)
        return self._decompress(page, last_window)

    def _decompress(self, page: bytes, window: int) -> bytes:
        # One byte over the limit is enough to know: 64 KiB of gzip may hold 64 MiB of zeros.
        unpacked = zlib.decompressobj(window).decompress(page, PAGE_BYTES + 1)
        if len(unpacked) > PAGE_BYTES:
            self.too_much()
        return unpacked


def _without_login(url: str) -> str:
    address = urlsplit(url)
    return urlunsplit(address._replace(netloc=address.netloc.rpartition("@")[2]))


def _origin(url: str) -> tuple[str, str | None, int | None]:
    address = urlsplit(url)
    return address.scheme, address.hostname, address.port


class _Pages(_urllib.HTTPHandler):  # type: ignore[misc]
    def __init__(self, rules: RequestRules, **options: Any) -> None:
        super().__init__(**options)
        self._rules = rules

    def http_response(self, request: Any, response: Any) -> Any:
        """Decompress a page, up to PAGE_BYTES."""
        encodings = [name.strip() for name in response.headers.get("Content-Encoding", "").split(",")]
        packings = [name for name in reversed(encodings) if name in _WINDOWS]
        if not packings or 300 <= response.status < 400:
            return response
        page = self._rules.read_page(response.read)
        for encoding in packings:
            page = self._rules.decompress(page, encoding)
        unpacked = addinfourl(io.BytesIO(page), response.headers, response.url, response.status)
        unpacked.msg = response.msg  # type: ignore[attr-defined]
        return unpacked

    https_response = http_response


class _Redirects(_urllib.RedirectHandler):  # type: ignore[misc]
    def __init__(self, rules: RequestRules) -> None:
        self._rules = rules

    def redirect_request(self, request: Any, response: Any, code: int, message: str, headers: Any, url: str) -> Any:
        """Follow a redirect that may be followed, without the login for the host that sent it."""
        self._rules.check(url)
        # Closed first: the library would read the body of the redirect to its end, however long it is.
        response.close()
        following = super().redirect_request(request, response, code, message, headers, url)
        # The proxy's own is added anew where the next request goes through it.
        following.remove_header("Proxy-authorization")
        if _origin(url) != _origin(request.full_url):
            following.remove_header("Authorization")
        return following


class GuardedRH(_urllib.UrllibRH):  # type: ignore[misc]
    """Handler that checks each request; every session has a subclass with its rules: see `handler`."""

    _SUPPORTED_URL_SCHEMES = ("http", "https", "data")
    RH_NAME = "urllib"
    rules: RequestRules

    def _send(self, request: Any) -> Any:
        self.rules.check(request.url)
        if referer := request.headers.get("Referer"):
            request.headers["Referer"] = _without_login(referer)
        try:
            response = super()._send(request)
        except HTTPError as error:
            self.rules.bounded(error.response)
            raise
        return self.rules.bounded(response)

    def _prepare_headers(self, _: Any, headers: Any) -> None:
        headers.setdefault("Accept-Encoding", ", ".join(_WINDOWS))

    def _create_instance(self, proxies: Any, cookiejar: Any, legacy_ssl_support: Any = None) -> OpenerDirector:
        """As yt-dlp's own, without its handlers of ftp and of files."""
        context = self._make_sslcontext(legacy_ssl_support=legacy_ssl_support)
        opener = OpenerDirector()
        for handler in (
            _urllib.ProxyHandler(proxies),
            _Pages(self.rules, context=context, source_address=self.source_address),
            HTTPCookieProcessor(cookiejar),
            DataHandler(),
            UnknownHandler(),
            HTTPDefaultErrorHandler(),
            HTTPErrorProcessor(),
            _Redirects(self.rules),
        ):
            opener.add_handler(handler)
        opener.addheaders = []
        return opener


def handler(rules: RequestRules) -> type:
    """Return the handler class of a session; yt-dlp makes the instances itself."""
    return type("GuardedRH", (GuardedRH,), {"rules": rules})
