"""Identity of a file: it is hashed again only where its size, times or inode differ from the recorded stamp."""

import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from slateboard.files import sha256_of
from slateboard.media.errors import Unreadable
from slateboard.records.source import State
from slateboard.records.stamp import Stamp

_SETTLED_NS = 2_000_000_000
"""A file that was written less than this before it was hashed may change without another time: FAT counts in 2 s."""

_INODE_BITS = 2**63 - 1


@contextmanager
def unchanged(path: Path, *, name: str, sha256: str | None, recorded: Stamp | None = None) -> Iterator[Stamp]:
    """Check that a file has the bytes it must have before a block reads it, and that it did not change meanwhile.

    `sha256` None: any bytes, so long as they stay. `recorded` is its stamp when it was last hashed. Raises
    Unreadable, with state `missing`, for a file that is not there or is another one.
    """
    stamp = (
        identify(path, name=name, sha256=sha256, recorded=recorded) if sha256 else stamp_of(path, name=name, sha256="")
    )
    yield stamp
    if stamp_of(path, name=name, sha256=stamp.sha256) != stamp:
        raise Unreadable(f"{path.name} changed while it was read. Run it again.", State.MISSING)


def identify(path: Path, *, name: str, sha256: str, recorded: Stamp | None = None) -> Stamp:
    """Return the stamp of a file that has these bytes; raise Unreadable, with state `missing`, if it has others."""
    stamp = stamp_of(path, name=name, sha256=sha256)
    # Size, mtime, ctime and inode as recorded: the bytes are those that were hashed then, without reading them.
    if recorded is not None and recorded == stamp:
        return stamp
    try:
        digest = sha256_of(path)
    except OSError as error:
        raise Unreadable(f"{path.name} cannot be read: {error.strerror}.", State.MISSING) from None
    # Looked at again: a file that somebody writes to while it is hashed has no hash.
    if digest != sha256 or stamp_of(path, name=name, sha256=sha256) != stamp:
        raise Unreadable(
            f"{path.name} holds other bytes than it did (SHA-256 {digest[:12]}..., was {sha256[:12]}...): "
            "`slateboard curate fetch` gets the original again.",
            State.MISSING,
        )
    return stamp


def stamp_of(path: Path, *, name: str, sha256: str) -> Stamp:
    """Return size, times and inode of a file as a stamp of `name`, with `sha256` taken on trust."""
    try:
        status = os.stat(path)  # noqa: PTH116 (100,000 times: a third of the time of Path.stat)
    except OSError:
        raise Unreadable(
            f"{path.name} is not there: bring it back, or `slateboard curate fetch` gets it again.", State.MISSING
        ) from None
    return Stamp(
        path=name, sha256=sha256, bytes=status.st_size, mtime_ns=status.st_mtime_ns, ctime_ns=status.st_ctime_ns,
        inode=status.st_ino & _INODE_BITS,
    )  # fmt: skip


def is_settled(stamp: Stamp) -> bool:
    """Return whether any later change of a file would show against this stamp, so that it is worth keeping."""
    return time.time_ns() - stamp.mtime_ns > _SETTLED_NS
