"""Say what changed between two versions: clips, labels, groups, sides, effects, files, settings, tools.

Example: slateboard curate diff v1 v2
"""

from pathlib import Path
from typing import Annotated

import typer

from curate.release.diff import compare_versions, read_version, summary
from slateboard.errors import SlateboardError, did_you_mean
from slateboard.json_output import JsonOutput
from slateboard.progress import show
from slateboard.workspace import Workspace


def command(
    workspace: Workspace,
    old: Annotated[str, typer.Argument(help="v1, or the folder of a release or list.")],
    new: Annotated[str, typer.Argument(help="v2, or the folder of a release or list.")],
) -> JsonOutput:
    """Print the changes, kind by kind."""
    differences = compare_versions(*(read_version(_folder(workspace, name)) for name in (old, new)))
    for line in summary(differences):
        show(line)
    return {"old": old, "new": new, "counts": differences.counts(), **differences.row()}


def _folder(workspace: Workspace, name: str) -> Path:
    # A version of the workspace before a folder of the same name in the current directory.
    if (workspace.releases / name).is_dir():
        return workspace.releases / name
    if Path(name).is_dir():
        return Path(name)
    raise SlateboardError(f"Unknown release '{name}'. {did_you_mean(name, workspace.versions())}")
