"""Files that cannot be written for the disk's sake: it is full, over its quota, or read-only."""

import errno
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

UNWRITABLE = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EROFS})
"""Numbers of OSError that end a run: every other item would meet them as well."""

_LEAST_BYTES = 256 * 1024
"""Programs and libraries have words of their own for a full disk; with less room than this, that is what they mean."""


class Unwritable(OSError):
    """Nothing can be written into a folder: disk full, over quota or read-only."""


@contextmanager
def raises_unwritable(folder: Path, *, least_bytes: int = _LEAST_BYTES) -> Iterator[None]:
    """Raise Unwritable where a full or read-only disk makes the block fail, whatever a library makes of that.

    That is an OSError and none of ours, so that nothing which catches the failures of one item keeps it.
    """
    try:
        yield
    except Unwritable:
        raise
    except Exception as error:
        number = _errno_of(error, folder, least_bytes)
        if number is None:
            raise
        raise Unwritable(number, os.strerror(number), str(folder)) from error


def explain_unwritable(error: BaseException) -> str | None:
    """Return what a person can do about an error of UNWRITABLE or a lack of rights; None for all others."""
    for link in error_chain(error):
        if isinstance(link, OSError) and link.errno in UNWRITABLE:
            file = link.filename2 or link.filename
            if link.errno == errno.EROFS:
                place = file or "The file system"
                return f"{place} is read-only. Make it writable and run the same command again."
            place = f"the disk of {file}" if file else "the disk"
            return f"No space is left on {place}. Make room and run the same command again."
        if isinstance(link, PermissionError) and link.filename:
            rights = "Give this user the right to it and run the same command again."
            return f"{link.filename} may not be used: {link.strerror}. {rights}"
    return None


def _errno_of(error: Exception, folder: Path, least_bytes: int) -> int | None:
    """Return the number of UNWRITABLE that an error in writing below a folder comes from."""
    links = list(error_chain(error))
    for link in links:
        if isinstance(link, OSError) and link.errno in UNWRITABLE:
            return link.errno
    while not folder.exists():
        folder = folder.parent
    denied = any(isinstance(link, PermissionError) or "readonly database" in str(link) for link in links)
    if denied and not os.access(folder, os.W_OK):
        return errno.EROFS
    full = any("disk is full" in str(link) for link in links)
    return errno.ENOSPC if full or shutil.disk_usage(folder).free < least_bytes else None


def error_chain(error: BaseException) -> Iterator[BaseException]:
    """Yield an error, what caused it, and so on."""
    link: BaseException | None = error
    while link is not None:
        yield link
        # As Python's traceback does: `raise ... from` goes before what was being handled.
        link = link.__cause__ or (None if link.__suppress_context__ else link.__context__)
