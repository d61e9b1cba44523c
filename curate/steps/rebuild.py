"""Make a release again from its recipe.toml and the tables beside it, and compare every file.

Originals are taken from this workspace by content hash, else fetched anew. Exit code 1 if anything differs or is
gone; each difference is named.

Example: slateboard curate rebuild releases/v1-list/recipe.toml --into again
"""

from collections import Counter
from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

from curate.release.rebuild import Difference, rebuild
from curate.release.tables import RECIPE
from slateboard.errors import Finding
from slateboard.json_output import JsonOutput
from slateboard.options import Processes
from slateboard.progress import say
from slateboard.workspace import Workspace

_SHOWN = 20


def command(
    workspace: Workspace,
    recipe: Annotated[Path, typer.Argument(help="recipe.toml of a release or of its list.")],
    into: Annotated[Path | None, typer.Option(help="New folder; default: rebuilt/<name>-<version>.")] = None,
    workers: Processes = None,
) -> JsonOutput:
    """Rebuild a release; a finding if it does not come out the same."""
    path = recipe / RECIPE if recipe.is_dir() else recipe
    result = rebuild(workspace, path, into=into, workers=workers)
    if result.other_originals:
        say(f"{result.other_originals} originals came with other bytes and the same pictures")
    if result.differences:
        _show(result.differences)
        counts = Counter(f"{difference.what} {difference.state}" for difference in result.differences)
        summary = ", ".join(f"{number} {name}" for name, number in sorted(counts.items()))
        raise Finding(f"Not the same release: {summary}, of {result.files} files.")
    say(f"{result.folder}: {result.files} files, each the same as released")
    return {"folder": str(result.folder), "files": result.files, "differences": list(map(asdict, result.differences))}


def _show(differences: tuple[Difference, ...]) -> None:
    for difference in differences[:_SHOWN]:
        say(f"  {difference.what} {difference.item}: {difference.state} {difference.reason}")
    if len(differences) > _SHOWN:
        say(f"  and {len(differences) - _SHOWN} more")
