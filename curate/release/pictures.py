"""The hash of what a video shows: files that differ byte by byte may still hold the same pictures."""

import hashlib
from pathlib import Path

from slateboard.media.frames import decode


def frames_sha256(path: Path) -> str:
    """Return the SHA-256 over the planes (Y, U, V) of all frames that decode, as the decode pass records it."""
    pixels = hashlib.sha256()
    for frame in decode(path, on_error=lambda _: None):
        for plane in (frame.y, frame.u, frame.v):
            pixels.update(plane.data)
    return pixels.hexdigest()
