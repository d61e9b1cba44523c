"""Show where the sources and clips stand, by state, host and class, and what to do about what is not done.

Example: slateboard curate status --all
"""

from typing import Annotated, Any

import typer

from curate.fetching.policy import POLICIES
from curate.status import by_class, by_host, group_lines, in_order, state_lines
from slateboard.addresses import public, scrubbed
from slateboard.catalog.catalog import Catalog, opened
from slateboard.progress import show
from slateboard.records.source import Source, State
from slateboard.workspace import Workspace

_HOSTS_SHOWN = 20


def command(
    workspace: Workspace,
    every: Annotated[
        bool, typer.Option("--all", help="List every source that is not fetched and every failure, with the reason.")
    ] = False,
) -> dict[str, Any]:
    """Count sources by state, host and class, clips by state, and what stages could not do."""
    with opened(workspace.catalog) as catalog:
        standing, clips = catalog.standing(), catalog.clip_counts()
        counts = in_order(catalog.source_counts())
        undone = _undone(catalog) if every else None
        failed, failures = catalog.failure_counts(), catalog.failures() if every else []
    hosts, classes = by_host(standing), by_class(standing)
    show(f"{len(standing)} sources")
    for line in state_lines(counts):
        show(line)
    most = None if every else _HOSTS_SHOWN
    for line in (*group_lines(hosts, title="by host", most=most), *group_lines(classes, title="by class", most=most)):
        show(line)
    show(
        f"{sum(clips.values())} clips: " + (", ".join(f"{number} {state}" for state, number in clips.items()) or "none")
    )
    if failed:
        stages = ", ".join(f"{number} in {stage}" for stage, number in failed.items())
        show(f"{sum(failed.values())} items failed: {stages}" + ("" if every else " (--all lists them)"))
    for row in undone or []:
        again = f", again at {row['again_at']}" if row["again_at"] else ""
        show(
            f"line {row['line']}  {row['state']}  {row['url']}\n    {row['attempts']} attempts{again}: {row['reason']}"
        )
    for one in failures:
        show(f"{one.stage}  {one.item}  {one.code}: {one.reason}")
    outcome = {"sources": counts, "hosts": hosts, "classes": classes, "clips": clips, "failures": failed}
    if undone is None:
        return outcome
    return {**outcome, "undone": undone, "failed": [one.row() for one in failures]}


def _shown(source: Source) -> dict[str, Any]:
    """Return the row of a source as it may be shown to others: people paste such lines."""
    reason = scrubbed(source.reason or "", known=[source.url]) or None
    return {**source.row(), "url": public(source.url), "reason": reason}


def _undone(catalog: Catalog) -> list[dict[str, Any]]:
    """Return every source that is not fetched: its row, how often it was tried, and when it is asked for again."""
    tries = catalog.attempt_counts()
    sources = catalog.sources(*(state for state in State if state != State.FETCHED))
    return [
        {**_shown(source), "attempts": tries.get(source.source_id, 0), "again": POLICIES[source.state].again.value}
        for source in sources
    ]
