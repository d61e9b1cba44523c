"""Stamp: size, times and inode of a file when it was hashed, so that it need not be hashed again."""

from slateboard.records.base import Record


class Stamp(Record):
    """Size, times and number of a file whose bytes are known; another file, or a changed one, has others."""

    path: str
    """Relative to the workspace."""
    sha256: str
    bytes: int
    mtime_ns: int
    """When its bytes last changed."""
    ctime_ns: int
    """When anything of it last changed, its times included: nobody can set this one."""
    inode: int
    """The file system's number of the file, cut to 63 bits."""
