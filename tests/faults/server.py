"""A web site on loopback whose addresses misbehave as their names say; the good ones beside them answer."""

import gc
import struct
import threading
import warnings
import zlib
from collections import Counter
from collections.abc import Callable
from functools import cache
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import unquote, urlsplit

PAGE = b"<!doctype html><html><body>not a video at all</body></html>"


# A box that readers skip: it makes the file larger than the pieces in which a download is written.
_FREE_BOX = struct.pack(">I4s", 300_000, b"free") + bytes(299_992)


@cache
def _bomb() -> bytes:
    """A page of 100 MB, packed."""
    packer = zlib.compressobj(wbits=zlib.MAX_WBITS | 16)
    megabyte = bytes(1_000_000)
    return b"".join((packer.compress(PAGE), *(packer.compress(megabyte) for _ in range(100)), packer.flush()))


class FaultServer:
    """Answers by the first word of an address's name; open it on 127.0.0.1, 127.0.0.2, ... for several hosts.

    `good-1.mp4` is `video` with a box behind it; `404-1.mp4` (any status) is refused with that status; the rest are
    the methods below.
    """

    def __init__(self, video: bytes, *, host: str = "127.0.0.1", retry_after: str = "1") -> None:
        self.video, self.cut, self.retry_after = video + _FREE_BOX, video[: len(video) // 2], retry_after
        self.asked: list[str] = []
        """Paths, in the order in which they were asked for."""
        self.ranges: list[str | None] = []
        self.logins: list[tuple[str, str | None, str | None]] = []
        """(path, Authorization, Cookie), in the order in which they were asked for."""
        self.referers: list[str | None] = []
        self.stopped = threading.Event()
        self.server = ThreadingHTTPServer((host, 0), type("Handler", (_Handler,), {"site": self}))
        self.server.daemon_threads = True
        self.url = f"http://{host}:{self.server.server_port}"
        self._thread = threading.Thread(target=self.server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
        self._thread.start()

    def count(self, name: str) -> int:
        """Return how often an address was asked for."""
        return Counter(self.asked)[f"/{name}"]

    def close(self) -> None:
        """Stop, and let go of those who wait."""
        self.stopped.set()
        self.server.shutdown()
        self.server.server_close()
        self._thread.join()
        # yt-dlp leaves the sockets of broken answers to the garbage collector; it must not come upon them in the test
        # after this one, where warnings are errors.
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", ResourceWarning)
            gc.collect()


class _Handler(BaseHTTPRequestHandler):
    site: FaultServer

    def log_message(self, format: str, *words: object) -> None:
        pass

    def do_GET(self) -> None:
        self.site.asked.append(self.path)
        self.site.ranges.append(self.headers.get("Range"))
        self.site.referers.append(self.headers.get("Referer"))
        self.site.logins.append((self.path, self.headers.get("Authorization"), self.headers.get("Cookie")))
        # As a proxy it is asked for whole addresses.
        kind = urlsplit(self.path).path.strip("/").partition(".")[0].partition("-")[0]
        try:
            if kind.isdigit():
                self._say(int(kind), b"no")
            else:
                answers: dict[str, Callable[[], None]] = {
                    "429after": self._later, "flaky": self._flaky, "stall": self._stall, "drop": self._drop,
                    "lie": self._lie, "html": lambda: self._say(200, PAGE, kind="video/mp4"),
                    "page": lambda: self._say(200, PAGE, kind="text/html"), "loop": self._loop,
                    "header": self._header, "lines": self._lines, "endless": self._endless,
                    "trickle": self._trickle,
                    "goto": self._goto, "gotoendless": self._goto_endless, "book": self._book, "bomb": self._bomb,
                    "playlist": self._playlist, "locked": self._locked, "full": self._full, "embeds": self._embeds,
                    "wall": self._wall, "broken": self._broken, "two": self._two,
                }  # fmt: skip
                answers.get(kind, self._good)()
        except (BrokenPipeError, ConnectionResetError):
            self.close_connection = True

    def do_HEAD(self) -> None:
        self.do_GET()

    def _say(self, status: int, body: bytes, *, kind: str = "text/plain", **headers: str) -> None:
        self.send_response(status)
        self.send_header("ETag", '"one"')
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        for name, value in headers.items():
            self.send_header(name.replace("_", "-"), value)
        self.end_headers()
        if self.command == "GET":
            self.wfile.write(body)

    def _good(self) -> None:
        asked = (self.headers.get("Range") or "").removeprefix("bytes=").rstrip("-")
        if asked.isdigit():
            whole = f"bytes {asked}-{len(self.site.video) - 1}/{len(self.site.video)}"
            self._say(206, self.site.video[int(asked) :], kind="video/mp4", Content_Range=whole)
        else:
            self._say(200, self.site.video, kind="video/mp4")

    def _later(self) -> None:
        self._say(429, b"later", Retry_After=self.site.retry_after)

    def _flaky(self) -> None:
        """500 once, then the video."""
        if self.site.asked.count(self.path) == 1:
            self._say(500, b"no")
        else:
            self._good()

    def _announce(self, length: int) -> None:
        self.send_response(200)
        self.send_header("ETag", '"one"')
        self.send_header("Content-Type", "video/mp4")
        self.send_header("Content-Length", str(length))
        self.end_headers()

    def _stall(self) -> None:
        """Half of it, then silence."""
        self._announce(len(self.site.video))
        self.wfile.write(self.site.video[: len(self.site.video) // 2])
        self.wfile.flush()
        self.site.stopped.wait(30)
        self.close_connection = True

    def _drop(self) -> None:
        """Half of it, then the connection is gone; the second download takes up where the first ended."""
        if self.headers.get("Range"):
            self._good()
            return
        self._announce(len(self.site.video))
        self.wfile.write(self.site.video[: len(self.site.video) // 2])
        self.close_connection = True

    def _lie(self) -> None:
        """Half of what was announced, each time."""
        self._announce(len(self.site.video))
        self.wfile.write(self.site.video[: len(self.site.video) // 2])
        self.close_connection = True

    def _loop(self) -> None:
        self._say(302, b"", Location=f"{self.path.partition('?')[0]}?{len(self.site.asked)}")

    def _header(self) -> None:
        """One header line of 10 GB, as long as anyone reads it."""
        self.wfile.write(b"HTTP/1.1 200 OK\r\nX-Long: ")
        for _ in range(10 * 1024):
            self.wfile.write(b"a" * 1024 * 1024)

    def _lines(self) -> None:
        """Header lines without end."""
        self.wfile.write(b"HTTP/1.1 200 OK\r\n")
        for number in range(1_000_000):
            self.wfile.write(f"X-{number}: {'a' * 1000}\r\n".encode())

    def _endless(self) -> None:
        """A body without a length that does not end."""
        self.send_response(200)
        self.send_header("Content-Type", "video/mp4")
        self.end_headers()
        while not self.site.stopped.is_set():
            self.wfile.write(self.site.video)

    def _trickle(self) -> None:
        """A body that comes byte by byte."""
        self._announce(len(self.site.video))
        for byte in self.site.video:
            if self.site.stopped.wait(0.05):
                break
            self.wfile.write(bytes([byte]))
        self.close_connection = True

    def _wall(self) -> None:
        """Cloudflare's page."""
        self._say(403, b"<title>Attention Required! | Cloudflare</title>", kind="text/html", cf_mitigated="challenge")

    def _broken(self) -> None:
        """The first half, as if it were all: its index of frames lay in the other."""
        self._say(200, self.site.cut, kind="video/mp4")

    def _goto(self) -> None:
        """Somewhere else: the address behind the question mark."""
        self._say(302, b"", Location=unquote(self.path.partition("?")[2]))

    def _goto_endless(self) -> None:
        """The same, with a body that does not end."""
        self.send_response(302)
        self.send_header("Location", unquote(self.path.partition("?")[2]))
        self.end_headers()
        while not self.site.stopped.is_set():
            self.wfile.write(PAGE * 1000)

    def _book(self) -> None:
        """A page that does not end."""
        self.send_response(200)
        self.send_header("Content-Type", "text/html")
        self.end_headers()
        self.wfile.write(PAGE)
        while not self.site.stopped.is_set():
            self.wfile.write(b"<p>" + b"word " * 200_000)

    def _bomb(self) -> None:
        """A page of 100 MB, packed into 100 kB."""
        self._say(200, _bomb(), kind="text/html", Content_Encoding="gzip")

    def _playlist(self) -> None:
        """An HLS playlist of one segment: the address behind the question mark."""
        lines = ("#EXTM3U", "#EXT-X-TARGETDURATION:9", "#EXTINF:9,", unquote(self.path.partition("?")[2]))
        self._say(200, "\n".join((*lines, "#EXT-X-ENDLIST\n")).encode(), kind="application/vnd.apple.mpegurl")

    def _locked(self) -> None:
        """A playlist of a segment that yt-dlp leaves to ffmpeg."""
        lines = ("#EXTM3U", "#EXT-X-TARGETDURATION:9", '#EXT-X-KEY:METHOD=SAMPLE-AES,URI="key"', "#EXTINF:9,", "a.ts")
        self._say(200, "\n".join((*lines, "#EXT-X-ENDLIST\n")).encode(), kind="application/vnd.apple.mpegurl")

    def _full(self) -> None:
        """An answer whose words are those of a full disk."""
        self.send_response(500, "No space left on device")
        self.end_headers()

    def _embeds(self) -> None:
        """A page whose player shows the address behind the question mark."""
        video = unquote(self.path.partition("?")[2])
        self._say(200, f"<html><title>a</title><video src='{video}'></video></html>".encode(), kind="text/html")

    def _two(self) -> None:
        page = b"<html><title>two</title><video src='/good-a.mp4'></video><video src='/good-b.mp4'></video></html>"
        self._say(200, page, kind="text/html")
