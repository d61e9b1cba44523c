"""Look at the machine and at a workspace: what is missing, what is damaged, and how to mend it.

In a workspace it looks at the catalog and its backups, people's decisions, originals, observations, versions and what
killed commands left. `--repair` mends what it can: the newest sound backup takes the place of a damaged catalog, which
is kept aside, and what was decided since is taken from reviews/. Exit code 1 if anything is left to do.

Example: slateboard doctor
Example: slateboard doctor --repair -w seagames
"""

import os
import platform
import sqlite3
import sys
from importlib import metadata
from pathlib import Path
from typing import Annotated

import typer

from slateboard.errors import BadInput, Finding, MissingRequirement, Problem
from slateboard.json_output import JsonOutput
from slateboard.media import ffmpeg
from slateboard.packages import FOLDER, shared_names
from slateboard.progress import say, show
from slateboard.repair.examine import DamageRow, examine
from slateboard.settings import FILE
from slateboard.workspace import Workspace

NEEDED = (
    "av",
    "yt-dlp",
    "scenedetect-headless",
    "opencv-python-headless",
    "ffmpeg-python",
    "pandas",
    "scikit-learn",
    "torch",
    "torchvision",
)


def command(
    folder: Annotated[
        Path | None,
        typer.Option("--workspace", "-w", help="Workspace to look at; default: this folder, if it is one."),
    ] = None,
    repair: Annotated[bool, typer.Option("--repair", help="Mend what can be mended.")] = False,
) -> JsonOutput:
    """Print versions and programs, then what is wrong with the workspace; exit code 3 if something is missing."""
    facts, missing = _machine()
    for key, value in facts.items():
        show(f"{key:>22}  {value}")
    workspace = _workspace(folder, repair=repair)
    damages: list[DamageRow] = []
    if workspace is not None:
        facts["damages"] = damages = _examine_workspace(workspace, repair=repair)
    n_unmended = sum(not damage["mended"] for damage in damages)
    if missing:
        raise MissingRequirement(f"Missing: {', '.join(missing)}. Run `{sys.executable} -m pip install slateboard`.")
    for name, owners in shared_names().items():
        show(f"The name '{name}' is also that of {', '.join(owners)}: an environment of slateboard's own is safer.")
    show("All that is needed is here.")
    if n_unmended:
        mendable = sum(damage["mendable"] and not damage["mended"] for damage in damages)
        advice = (
            f" `slateboard doctor --repair -w {workspace.root}` mends {mendable}." if workspace and mendable else ""
        )
        raise Finding(f"{n_unmended} things are not as they should be.{advice}", outcome=facts)
    return facts


def _machine() -> tuple[dict[str, object], list[str]]:
    """Return versions of what is installed, and the names of missing requirements."""
    facts: dict[str, object] = {
        "python": platform.python_version(),
        "system": f"{platform.system()} {platform.machine()}",
        "cores": os.cpu_count(),
        "sqlite": sqlite3.sqlite_version,
        "packages": str(FOLDER),
    }
    # By distribution, as pip names it; a missing one is what pip must be given.
    missing = []
    for name in NEEDED:
        try:
            facts[name] = metadata.version(name)
        except metadata.PackageNotFoundError:
            missing.append(name)
    try:
        facts["ffmpeg"] = ffmpeg.program()
    except MissingRequirement as error:
        missing.append(str(error))
    return facts, missing


def _workspace(folder: Path | None, *, repair: bool) -> Workspace | None:
    """Return the workspace that is meant, if any is."""
    workspace = Workspace(folder or Path())
    marks = (workspace.root / FILE, workspace.catalog, workspace.root / "backups", workspace.reviews)
    if any(path.exists() for path in marks):
        return workspace
    if folder is not None or repair:
        where = str(workspace.root.resolve())
        raise BadInput([Problem(where, f"is no workspace (no {FILE}, no catalog.db).", "Name one with -w.")])
    return None


def _examine_workspace(workspace: Workspace, *, repair: bool) -> list[DamageRow]:
    """Print every damage; return them as plain values."""
    rows = []
    for examined in examine(workspace, repair=repair):
        rows.append(examined.row())
        say(f"{'mended: ' if examined.mended else ''}{examined.damage}")
    if not rows:
        show(f"Nothing is wrong in {workspace.root.absolute()}.")
    return rows
