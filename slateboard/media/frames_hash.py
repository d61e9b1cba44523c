"""Hash of the decoded frames of a video, equal for files that differ but hold the same pictures."""

import hashlib
from collections.abc import Callable, Iterable, Iterator
from functools import partial
from pathlib import Path
from typing import Any, TypeVar

import xxhash

from slateboard.media.frames import Frame, decode
from slateboard.media.pyramid import Pyramid

T = TypeVar("T")


class FramesHash:
    """SHA-256 over the XXH3-128 checksums (big endian) of all frames, each over its planes Y, U and V.

    SHA-256 over the planes themselves takes half as long as decoding them. The checksum of a frame is no protection
    against somebody who makes two pictures of one checksum on purpose; one pixel changed would serve him as well.
    """

    def __init__(self) -> None:
        self._frames = hashlib.sha256()

    def pyramids(self, frames: Iterable[Frame]) -> Iterator[Pyramid]:
        """Hash the frames as they pass, and yield a pyramid of each."""
        for frame in frames:
            yield self._hashed(partial(Pyramid.passing, frame))

    def see(self, frame: Frame) -> None:
        """Take the next frame."""
        self._hashed(partial(_show, frame))

    def hexdigest(self) -> str:
        """Return the hash of all frames that have passed."""
        return self._frames.hexdigest()

    def _hashed(self, shown: Callable[[Callable[[Any], None]], T]) -> T:
        """Hash one frame whose planes `shown` shows; return what that gives."""
        # SHA-256(XXH3(y0 u0 v0) | XXH3(y1 u1 v1) | ...): 16 bytes a frame instead of 1.4 million at 720p.
        checksum = xxhash.xxh3_128()
        result = shown(checksum.update)
        self._frames.update(checksum.digest())
        return result


def _show(frame: Frame, see: Callable[[Any], None]) -> None:
    for plane in (frame.y, frame.u, frame.v):
        see(plane.data)


def frames_sha256(path: Path, *, stream: int | None = None) -> str:
    """Return the hash of all frames of a file that decode, as the decode pass records it; raises Unreadable."""
    pictures = FramesHash()
    for frame in decode(path, on_error=lambda _: None, stream=stream):
        pictures.see(frame)
    return pictures.hexdigest()
