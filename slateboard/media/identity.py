"""Is a file still the one whose hash is known? It is hashed again where its size or times changed, and not else."""

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
def unchanged(path: Path, *, name: str, sha256: str | None, known: Stamp | None = None) -> Iterator[Stamp]:
    """Hold a file to the bytes it must have, before a block reads it and while it does.

    `sha256` None: any bytes, so long as they stay. `known` is what it looked like when it was last hashed. Raises
    Unreadable, with state `missing`, for a file that is not there or is another one.
    """
    stamp = identify(path, name=name, sha256=sha256, known=known) if sha256 else look(path, name=name, sha256="")
    yield stamp
    if look(path, name=name, sha256=stamp.sha256) != stamp:
        raise Unreadable(f"{path.name} changed while it was read. Run it again.", State.MISSING)


def identify(path: Path, *, name: str, sha256: str, known: Stamp | None = None) -> Stamp:
    """Return the stamp of a file that has these bytes; raise Unreadable, with state `missing`, if it has others."""
    seen = look(path, name=name, sha256=sha256)
    if known is not None and known == seen:
        return seen
    try:
        found = sha256_of(path)
    except OSError as error:
        raise Unreadable(f"{path.name} cannot be read: {error.strerror}.", State.MISSING) from None
    if found != sha256 or look(path, name=name, sha256=sha256) != seen:
        raise Unreadable(
            f"{path.name} holds other bytes than it did (SHA-256 {found[:12]}..., was {sha256[:12]}...): "
            "`slateboard curate fetch` gets the original again.",
            State.MISSING,
        )
    return seen


def look(path: Path, *, name: str, sha256: str) -> Stamp:
    """Return what a file looks like now, as the stamp of `name` with a hash that is taken as given."""
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
    """Is a stamp that was just made worth keeping, since any later change would show?"""
    return time.time_ns() - stamp.mtime_ns > _SETTLED_NS
