"""A web site on loopback that serves bytes: with or without ranges, validators and packing, broken off where asked."""

import gc
import gzip
import re
import threading
import warnings
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import urlsplit

OLD = "Mon, 01 Jan 2024 00:00:00 GMT"


@dataclass
class File:
    """What lies at one path."""

    body: bytes
    headers: dict[str, str] = field(default_factory=dict)
    kind: str = "video/mp4"
    status: int = 200
    takes_range: bool = True
    heeds_if_range: bool = True
    block: int = 1
    """Ranges begin at a multiple of so many bytes."""
    packed: bool = False
    """Gzip whatever is asked for."""
    ends_after: int | None = None
    """Bytes of a body after which the connection is closed."""


class Served:
    """The site; `files` may be changed between two requests."""

    def __init__(self) -> None:
        self.files: dict[str, File] = {}
        self.asked: list[tuple[str, str | None, str | None, int]] = []
        """(path, Range, If-Range, bytes sent of the body) of each request."""
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), type("Handler", (_Handler,), {"site": self}))
        self._server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self._server.server_port}"
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
        self._thread.start()

    def close(self) -> None:
        """Stop; yt-dlp leaves the sockets of broken answers to the garbage collector."""
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", ResourceWarning)
            gc.collect()


class _Handler(BaseHTTPRequestHandler):
    site: Served

    def log_message(self, format: str, *words: object) -> None:
        pass

    def do_GET(self) -> None:
        path = urlsplit(self.path).path
        file = self.site.files.get(path, File(b"no", status=404, kind="text/plain"))
        asked, condition = self.headers.get("Range"), self.headers.get("If-Range")
        body = gzip.compress(file.body) if file.packed else file.body
        status, headers = file.status, {"Content-Type": file.kind, **file.headers}
        if file.packed:
            headers["Content-Encoding"] = "gzip"
        if (match := self._range(file, asked, condition)) is not None and status == 200:
            first, last = int(match[1]) // file.block * file.block, int(match[2] or len(body) - 1)
            if first >= len(body):
                status, body = 416, b""
            else:
                headers["Content-Range"] = f"bytes {first}-{last}/{len(body)}"
                status, body = 206, body[first : last + 1]
        sent = body if file.ends_after is None else body[: file.ends_after]
        self.site.asked.append((path, asked, condition, len(sent)))
        self.send_response(status)
        for name, value in {"Content-Length": str(len(body)), **headers}.items():
            self.send_header(name, value)
        self.end_headers()
        if self.command == "GET":
            self.wfile.write(sent)
        self.close_connection = True

    do_HEAD = do_GET

    def _range(self, file: File, asked: str | None, condition: str | None) -> re.Match[str] | None:
        if not file.takes_range or not asked:
            return None
        stands = condition in (None, file.headers.get("ETag"), file.headers.get("Last-Modified"))
        return re.fullmatch(r"bytes=(\d+)-(\d*)", asked) if stands or not file.heeds_if_range else None
