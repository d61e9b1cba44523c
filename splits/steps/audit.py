"""Check a split for leaks and contradictions; the exit code is 1 if there are any.

Example: slateboard split audit --protocol seags --split 1 --release v1
"""

from dataclasses import asdict
from typing import Annotated, Any

import typer

from slateboard.errors import Finding
from slateboard.progress import say
from slateboard.workspace import Workspace
from splits.audit import Audit, audit, audit_line
from splits.folder import find_split


def command(
    workspace: Workspace,
    protocol: Annotated[str | None, typer.Option(help="Protocol of the split; the settings' unless named.")] = None,
    split: Annotated[int, typer.Option(help="Number of the split or fold.")] = 1,
    release: Annotated[str | None, typer.Option(help="Version of the dataset; the newest unless named.")] = None,
) -> dict[str, Any]:
    """Print a line for each check, with the first examples."""
    dataset = workspace.dataset(release)
    name = protocol or workspace.settings.release.protocol
    found = find_split(workspace, dataset, protocol=name, number=split)
    report = audit(dataset, found)
    _table(report)
    for sentence in found.report:
        say(f"  {sentence}")
    if report.leaks or report.contradictions:
        raise Finding(f"{audit_line(report)}. Do not quote results on this split as if nothing were shared.")
    say(audit_line(report))
    return {"line": audit_line(report), **asdict(report)}


def _table(report: Audit) -> None:
    width = max(len(check.name) for check in report.checks)
    for check in report.checks:
        examples = f"  {', '.join(check.examples)}" if check.examples else ""
        say(f"  {check.name:<{width}}  {check.count:>5}  {check.kind}{examples}")
