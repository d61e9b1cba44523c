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
"""Most of a page, a manifest or a key, unpacked; the video itself is read piece by piece, up to max_bytes."""

_PIECE_BYTES = 1024 * 1024
_WINDOWS = {"gzip": (zlib.MAX_WBITS | 16,), "deflate": (-zlib.MAX_WBITS, zlib.MAX_WBITS)}


class Barred(TransportError):  # type: ignore[misc]
    """Something that is not asked for, or does not end."""


class Rules:
    """What holds for every request of a session."""

    def __init__(self, *, allow_private: bool, barred: list[tuple[State, str]]) -> None:
        self._allow_private, self._barred = allow_private, barred

    def check(self, url: str) -> None:
        """Raise Barred for an address that is not asked for."""
        refused = None if url.startswith("data:") else refusal(url, allow_private=self._allow_private)
        if refused is not None:
            self.bar(*refused)

    def bar(self, state: State, reason: str) -> NoReturn:
        """Raise Barred and note it: yt-dlp may go on without, or keep only the words."""
        self._barred.append((state, reason))
        raise Barred(reason)

    def too_much(self) -> NoReturn:
        """Raise Barred for a page that does not end."""
        self.bar(State.TOO_LARGE, f"more than {PAGE_BYTES} bytes of a page came before any video")

    def bounded(self, response: Any) -> Any:
        """Return a response whose `read()` without a size does not go on for ever."""
        piece_of = response.read

        def read(amount: int | None = None) -> bytes:
            return self.whole(piece_of) if amount is None else bytes(piece_of(amount))

        response.read = read
        return response

    def whole(self, piece_of: Callable[[int], bytes]) -> bytes:
        """Return a whole page, read in pieces."""
        page = bytearray()
        while piece := piece_of(_PIECE_BYTES):
            page += piece
            if len(page) > PAGE_BYTES:
                self.too_much()
        return bytes(page)

    def unpacked(self, page: bytes, encoding: str) -> bytes:
        """Return a page unpacked; some hosts send deflate with zlib's head, some without."""
        *others, last = _WINDOWS[encoding]
        for window in others:
            with suppress(zlib.error):
                return self._unpacked(page, window)
        return self._unpacked(page, last)

    def _unpacked(self, page: bytes, window: int) -> bytes:
        unpacked = zlib.decompressobj(window).decompress(page, PAGE_BYTES + 1)
        if len(unpacked) > PAGE_BYTES:
            self.too_much()
        return unpacked


def _without_login(url: str) -> str:
    parts = urlsplit(url)
    return urlunsplit(parts._replace(netloc=parts.netloc.rpartition("@")[2]))


def _origin(url: str) -> tuple[str, str | None, int | None]:
    parts = urlsplit(url)
    return parts.scheme, parts.hostname, parts.port


class _Pages(_urllib.HTTPHandler):  # type: ignore[misc]
    def __init__(self, rules: Rules, **options: Any) -> None:
        super().__init__(**options)
        self._rules = rules

    def http_response(self, request: Any, response: Any) -> Any:
        """Unpack a page, but never beyond what a page may be."""
        encodings = [name.strip() for name in response.headers.get("Content-Encoding", "").split(",")]
        known = [name for name in reversed(encodings) if name in _WINDOWS]
        if not known or 300 <= response.status < 400:
            return response
        page = self._rules.whole(response.read)
        for encoding in known:
            page = self._rules.unpacked(page, encoding)
        unpacked = addinfourl(io.BytesIO(page), response.headers, response.url, response.status)
        unpacked.msg = response.msg  # type: ignore[attr-defined]
        return unpacked

    https_response = http_response


class _Redirects(_urllib.RedirectHandler):  # type: ignore[misc]
    def __init__(self, rules: Rules) -> None:
        self._rules = rules

    def redirect_request(self, request: Any, response: Any, code: int, message: str, headers: Any, url: str) -> Any:
        """Follow a redirect that may be followed, without the login for the host that sent it."""
        self._rules.check(url)
        # The library would read what lies behind the headers to its end.
        response.close()
        following = super().redirect_request(request, response, code, message, headers, url)
        # The proxy's own is added anew where the next request goes through it.
        following.remove_header("Proxy-authorization")
        if _origin(url) != _origin(request.full_url):
            following.remove_header("Authorization")
        return following


class GuardedRH(_urllib.UrllibRH):  # type: ignore[misc]
    """Asks by the rules of a session, which a class of its own for each session holds: see `handler`."""

    _SUPPORTED_URL_SCHEMES = ("http", "https", "data")
    RH_NAME = "urllib"
    rules: Rules

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


def handler(rules: Rules) -> type:
    """Return the handler of a session."""
    return type("GuardedRH", (GuardedRH,), {"rules": rules})
