"""Serve the raw videos on this machine as a web site would, with three links that do not work.

python -m examples.demo.serve FOLDER PORT
"""

import re
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from functools import partial
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

from examples.demo.plan import CUT_SHORT
from examples.demo.render import VIDEOS

_ADDRESS = re.compile(rf"/{VIDEOS}/([a-z0-9-]+\.mp4)")
_ABOUT = "/watch/about.html"
_PAGE = b"""<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>About this channel</title></head>
<body><h1>About this channel</h1><p>There is no video on this page.</p></body></html>
"""


@contextmanager
def serve(folder: Path, port: int) -> Iterator[str]:
    """Serve folder/videos on 127.0.0.1 while the block runs; give the base URL. Port 0 takes a free one."""
    server = _Server(("127.0.0.1", port), partial(_Handler, folder / VIDEOS))
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


class _Server(ThreadingHTTPServer):
    """Does not wait for open connections, and is quiet when a client goes away."""

    daemon_threads = True

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Report all errors but a lost connection."""
        if not isinstance(sys.exception(), ConnectionError):
            super().handle_error(request, client_address)


class _Handler(BaseHTTPRequestHandler):
    """Answers GET and HEAD, whole files and ranges."""

    protocol_version = "HTTP/1.1"

    def __init__(self, videos: Path, *args: Any) -> None:
        self.videos = videos
        super().__init__(*args)

    def log_message(self, format: str, *args: object) -> None:
        """Stay quiet."""

    def do_HEAD(self) -> None:
        """Answer with the headers alone."""
        self._answer(with_body=False)

    def do_GET(self) -> None:
        """Answer with headers and bytes."""
        self._answer(with_body=True)

    def _answer(self, *, with_body: bool) -> None:
        path = self.path.partition("?")[0]
        match = _ADDRESS.fullmatch(path)
        file = self.videos / match[1] if match else None
        if path == _ABOUT:
            self._send(_PAGE, kind="text/html; charset=utf-8", with_body=with_body)
        elif file is not None and file.is_file():
            limit = file.stat().st_size // 2 if file.stem == CUT_SHORT else None
            self._send(file.read_bytes(), kind="video/mp4", with_body=with_body, limit=limit)
        else:
            self.send_error(HTTPStatus.NOT_FOUND, "This video was removed by the uploader.")

    def _send(self, content: bytes, *, kind: str, with_body: bool, limit: int | None = None) -> None:
        """Send what was asked for; no byte at or behind `limit` is sent, whatever the headers say."""
        span = _requested_range(self.headers.get("Range"), size=len(content))
        if span is None:
            self.send_response(HTTPStatus.REQUESTED_RANGE_NOT_SATISFIABLE)
            self.send_header("Content-Range", f"bytes */{len(content)}")
            self.send_header("Content-Length", "0")
            self.end_headers()
            return
        start, end = span
        is_complete = (start, end) == (0, len(content))
        self.send_response(HTTPStatus.OK if is_complete else HTTPStatus.PARTIAL_CONTENT)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(end - start))
        self.send_header("Accept-Ranges", "bytes")
        if not is_complete:
            self.send_header("Content-Range", f"bytes {start}-{end - 1}/{len(content)}")
        self.end_headers()
        if with_body:
            self.wfile.write(content[start : min(end, limit or end)])
            self.close_connection = self.close_connection or limit is not None


def _requested_range(header: str | None, *, size: int) -> tuple[int, int] | None:
    """Return start and end of the bytes that a Range header asks for; None when there are no such bytes."""
    match = re.fullmatch(r"bytes=(\d*)-(\d*)", header or "")
    if match is None or match[0] == "bytes=-":
        return 0, size
    # RFC 9110, 14.1.2, of 200 bytes: bytes=0-99 -> (0, 100); bytes=150- and bytes=-50, the last 50 -> (150, 200).
    first_byte, last_byte = match[1], match[2]
    start = int(first_byte) if first_byte else max(0, size - int(last_byte))
    end = min(size, int(last_byte) + 1) if first_byte and last_byte else size
    return (start, end) if start < end else None


if __name__ == "__main__":
    with suppress(KeyboardInterrupt), serve(Path(sys.argv[1]), int(sys.argv[2])):
        threading.Event().wait()
