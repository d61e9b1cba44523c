"""Freeze the trimmed clips into the next version: UCF101-style folders, lists, tables, datasheet, sums.

Example: slateboard curate release
"""

from typing import Annotated, Any

import typer

from curate.release.release import release
from slateboard.catalog.catalog import opened
from slateboard.progress import say
from slateboard.workspace import Workspace


def command(
    workspace: Workspace,
    version: Annotated[str | None, typer.Option(help="v1, v2, ...; default: the next one.")] = None,
) -> dict[str, Any]:
    """Write a release, unless the newest one is already the same."""
    with opened(workspace.catalog) as catalog:
        made = release(workspace, catalog, version=version)
    if made is None:
        newest = workspace.versions()[-1]
        say(f"{newest} holds exactly this already; nothing to do.")
        return {"version": newest, "made": False}
    record, line = made
    say(f"{workspace.releases / record.version}: {record.clips} clips, {len(record.classes)} classes")
    say(line)
    return {"version": record.version, "made": True, "clips": record.clips, "audit": line}
