"""Resume a download with bytes of the same file alone: what its host called the first part lies beside it.

RFC 9110, 13.1.5: a request with `If-Range` and `Range` is answered with the rest (206) where the file is still the one
named, else with the whole of it (200). Where a host named nothing by which a file is known, it is asked for whole.
"""

import copy
import json
import re
from collections.abc import Callable
from contextlib import suppress
from glob import escape
from pathlib import Path
from typing import Any, NamedTuple, Self

from yt_dlp.networking.exceptions import HTTPError

from curate.fetching.pacing import http_date

_RANGE_NOT_SATISFIABLE, _PARTIAL = 416, 206


class Validators(NamedTuple):
    """What an answer says of the version of a file; empty where it says nothing."""

    etag: str = ""
    modified: str = ""
    """Last-Modified, as it was sent."""
    is_dated: bool = False
    """Whether `modified` names one version: the answer was made at least a second later (RFC 9110, 8.8.2.2)."""
    length: int | None = None
    """Bytes of the whole file."""

    @classmethod
    def of(cls, response: Any) -> Self:
        """Return the validators of an answer; none where its bytes are packed, as a range would be of packed ones."""
        headers = response.headers
        if headers.get("Content-Encoding", "identity").strip().lower() not in ("", "identity"):
            return cls()
        modified = headers.get("Last-Modified", "")
        changed, answered = http_date(modified), http_date(headers.get("Date"))
        is_dated = changed is not None and answered is not None and (answered - changed).total_seconds() >= 1
        # "bytes 500-999/1000" -> 1000; "bytes 500-999/*" -> unknown.
        total = headers.get("Content-Range", "").rpartition("/")[2] or headers.get("Content-Length", "")
        length = int(total) if re.fullmatch(r"[0-9]{1,18}", total.strip()) else None
        return cls(headers.get("ETag", "").strip(), modified.strip(), is_dated, length)

    @property
    def condition(self) -> str:
        """Value of If-Range: a strong ETag, else a Last-Modified that names one version; empty: neither is known."""
        # W/"ab" is weak: it stays when bytes change that mean the same.
        if self.etag.startswith('"'):
            return self.etag
        return self.modified if self.is_dated else ""

    def contradicts(self, newer: Self) -> bool:
        """Return whether two answers cannot be of one file; what one of them lacks contradicts nothing."""
        pairs = (
            (self.etag.removeprefix("W/"), newer.etag.removeprefix("W/")),
            (self.modified, newer.modified),
            (self.length, newer.length),
        )
        return any(ours and theirs and ours != theirs for ours, theirs in pairs)


class PartFile:
    """The part of one file that earlier attempts downloaded, and the validators that it came with."""

    def __init__(self, file: str) -> None:
        self._part, self._note = Path(f"{file}.part"), Path(f"{file}.part.validators")
        self._validators: Validators | None = self._read()
        if self._validators is None or not self._validators.condition:
            self._part.unlink(missing_ok=True)
            self._validators = None

    def open(self, request: Any, send: Callable[[Any], Any]) -> Any:
        """Send a request for the file; an answer to a range is of the file that the part is of, else it is whole."""
        begins_at = _range_start(request)
        expected = self._validators if begins_at else None
        if expected is not None and expected.condition:
            request.headers["If-Range"] = expected.condition
        try:
            response = send(request)
        except HTTPError as error:
            if error.status != _RANGE_NOT_SATISFIABLE or not begins_at:
                raise
            # The file is no longer than the part. yt-dlp would take the part for the whole of one that is up to
            # 100 bytes shorter.
            error.close()
            response, expected = send(_whole(request)), None
        # Some hosts answer a range whatever If-Range says, some with one that begins at a block's beginning: yt-dlp
        # would keep that tail alone.
        if begins_at and response.status == _PARTIAL and not _continues(response, begins_at, expected):
            response.close()
            response, expected = send(_whole(request)), None
        if expected is None or response.status != _PARTIAL:
            self._begin(Validators.of(response))
        return response

    def _begin(self, validators: Validators) -> None:
        # In this order: a kill between never leaves validators of one file beside bytes of another. Not flushed to the
        # disk, as the part is not; a note that a power cut tore is none.
        self._part.unlink(missing_ok=True)
        self._note.write_text(json.dumps(validators), "utf-8")
        self._validators = validators

    def _read(self) -> Validators | None:
        with suppress(OSError, ValueError, TypeError):
            etag, modified, is_dated, length = json.loads(self._note.read_text("utf-8"))
            return Validators(str(etag), str(modified), bool(is_dated), length if isinstance(length, int) else None)
        return None


def remove_fragments(file: str) -> None:
    """Remove what an attempt left of a stream in fragments.

    yt-dlp keeps the number of the next fragment alone: where the playlist has changed since, or a kill came between a
    fragment and its number, it would join what does not belong together.
    """
    path = Path(file)
    for leftover in [*path.parent.glob(f"{escape(path.name)}.part*"), Path(f"{file}.ytdl")]:
        leftover.unlink(missing_ok=True)


def _range_start(request: Any) -> int:
    match = re.match(r"bytes=(\d+)-", request.headers.get("Range") or "")
    return int(match[1]) if match else 0


def _continues(response: Any, begins_at: int, expected: Validators | None) -> bool:
    """Return whether an answer to a range is the rest of the file that a part of `begins_at` bytes is of."""
    asked = (response.headers.get("Content-Range") or "").strip().lower().startswith(f"bytes {begins_at}-")
    return asked and (expected is None or not expected.contradicts(Validators.of(response)))


def _whole(request: Any) -> Any:
    """Return the request for the whole file."""
    complete = copy.copy(request)
    complete.headers = copy.copy(request.headers)
    for name in ("Range", "If-Range"):
        complete.headers.pop(name, None)
    return complete
