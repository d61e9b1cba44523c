"""The floor of the suite: command line, records, catalog, media; imports nothing of the other packages."""

from typing import Any

from slateboard.packages import install_finder

__version__ = "0.1.0"

install_finder()

_API = {
    "Workspace": "slateboard.workspace",
    "read_release": "slateboard.dataset",
    "decode": "slateboard.media.frames",
    "divide": "splits.division",
    "audit": "splits.audit.audit",
    "score": "leaderboards.score",
}
"""What `import slateboard as sb` offers, each loaded at its first use: sb.read_release, sb.score, ..."""


def __getattr__(name: str) -> Any:
    """Load a name of the interface; nobody who uses it needs to import a package with a generic name."""
    if name not in _API:
        raise AttributeError(f"module 'slateboard' has no attribute '{name}'. It offers: {', '.join(_API)}.")
    from slateboard.registry import import_module

    return getattr(import_module(_API[name]), name)
