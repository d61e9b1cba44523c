"""Freeze the trimmed clips into the next version: UCF101-style folders, lists, tables, datasheet, sums.

A list without media (v1-list: addresses, times, hashes) is written beside each version. The split extends that of the
version before, unless protocol, share or seed were changed in the settings.

Example: slateboard curate release --naming ucf101
"""

from typing import Annotated, get_args

import typer

from curate.release.naming import Naming
from curate.release.release import release
from slateboard.catalog.catalog import open_catalog
from slateboard.engine import Budget, Engine, Place
from slateboard.errors import BadInput, Problem, did_you_mean
from slateboard.json_output import JsonOutput
from slateboard.options import Processes, RayAddress
from slateboard.progress import say
from slateboard.workspace import Workspace


def command(
    workspace: Workspace,
    version: Annotated[str | None, typer.Option(help="v1, v2, ...; default: the next one.")] = None,
    naming: Annotated[str | None, typer.Option(help="seags or ucf101; default: the settings'.")] = None,
    workers: Processes = None,
    engine: Annotated[Engine, typer.Option(help="Where work runs.")] = Engine.LOCAL,
    address: RayAddress = None,
) -> JsonOutput:
    """Write a release, unless the newest one is already the same."""
    place = Place(workers, engine, address, Budget.of(workspace.settings.limits), shared=(workspace.root,))
    with open_catalog(workspace.catalog) as catalog:
        report = release(workspace, catalog, version=version, naming=_naming(naming), place=place)
    if report is None:
        newest = workspace.versions()[-1]
        say(f"{newest} holds exactly this already; nothing to do.")
        return {"version": newest, "made": False}
    say(f"{workspace.releases / report.version}: {report.clips} clips, {report.classes} classes")
    say(report.audit)
    for note in report.notes:
        say(note)
    return {
        "version": report.version,
        "made": True,
        "clips": report.clips,
        "audit": report.audit,
        "notes": list(report.notes),
    }


def _naming(name: str | None) -> Naming | None:
    names: tuple[Naming, ...] = get_args(Naming)
    if name is None:
        return None
    for choice in names:
        if choice == name:
            return choice
    raise BadInput([Problem("--naming", f"unknown naming '{name}'.", did_you_mean(name, names))])
