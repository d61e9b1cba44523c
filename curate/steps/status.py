"""Count sources and clips by state, host and class, and say what to do about those that are not done.

Example: slateboard curate status --all
"""

from typing import Annotated

import typer

from curate.clips.shortened_windows import shortened_windows, window_lines, window_rows
from curate.fetching.policy import POLICIES
from curate.listing.label_overlaps import SHOWN, label_overlaps, overlap_lines, windows_of_sources
from curate.status import by_class, by_host, group_lines, in_order, state_lines
from slateboard.addresses import public_address, scrub
from slateboard.catalog.catalog import Catalog, open_catalog
from slateboard.catalog.pictures import StreamChoice
from slateboard.json_output import JsonObject, JsonOutput
from slateboard.progress import show
from slateboard.records.source import Source, State
from slateboard.workspace import Workspace

_HOSTS_SHOWN = 20
_WINDOWS_SHOWN = 10


def command(
    workspace: Workspace,
    every: Annotated[
        bool, typer.Option("--all", help="List every source that is not fetched and every failure, with the reason.")
    ] = False,
) -> JsonOutput:
    """Count sources by state, host and class, clips by state, and what stages could not do."""
    with open_catalog(workspace.catalog) as catalog:
        standing, clips, choices = catalog.standing(), catalog.clip_counts(), catalog.stream_choices()
        counts = in_order(catalog.source_counts())
        windows = shortened_windows(catalog.video_windows())
        unfinished = _undone(catalog) if every else None
        overlaps = label_overlaps(windows_of_sources(catalog.windows()))
        failed, failures = catalog.failure_counts(), catalog.failures() if every else []
    hosts, classes = by_host(standing), by_class(standing)
    show(f"{len(standing)} sources")
    for line in state_lines(counts):
        show(line)
    most_shown = None if every else _HOSTS_SHOWN
    for title, groups in (("by host", hosts), ("by class", classes)):
        for line in group_lines(groups, title=title, most=most_shown):
            show(line)
    show(
        f"{sum(clips.values())} clips: " + (", ".join(f"{number} {state}" for state, number in clips.items()) or "none")
    )
    if failed:
        stages = ", ".join(f"{number} in {stage}" for stage, number in failed.items())
        show(f"{sum(failed.values())} items failed: {stages}" + ("" if every else " (--all lists them)"))
    if choices:
        show(f"{len(choices)} files have several video streams and the list names none:")
        show(f"line {_shown_choice(choices[0])}")
    for choice in choices[1:] if every else []:
        show(f"line {_shown_choice(choice)}")
    for line in overlap_lines(overlaps, most=None if every else SHOWN):
        show(line)
    if windows:
        show(f"{len(windows)} windows are not all there:")
        for line in window_lines(windows, most=None if every else _WINDOWS_SHOWN):
            show(line)
    for row in unfinished or []:
        retry_note = f", again at {row['again_at']}" if row["again_at"] else ""
        show(f"line {row['line']}  {row['state']}  {row['url']}")
        show(f"    {row['attempts']} attempts{retry_note}: {row['reason']}")
    for failure in failures:
        show(f"{failure.stage}  {failure.item}  {failure.code}: {failure.reason}")
    counted = {
        "sources": counts,
        "hosts": hosts,
        "classes": classes,
        "clips": clips,
        "failures": failed,
        "shortened": window_rows(windows),
        "overlaps": len(overlaps),
    }
    if unfinished is None:
        return counted
    sentences = [overlap.sentence for overlap in overlaps]
    return {
        **counted,
        "undone": unfinished,
        "failed": [failure.row() for failure in failures],
        "overlapping": sentences,
    }


def _shown_choice(choice: StreamChoice) -> str:
    return f"{choice.line}: stream {choice.stream} of {choice.streams} was taken, {public_address(choice.url)}"


def _shown(source: Source) -> JsonObject:
    """Return the row of a source without logins and signatures: people paste such lines into reports."""
    reason = scrub(source.reason or "", addresses=[source.url]) or None
    return {**source.row(), "url": public_address(source.url), "reason": reason}


def _undone(catalog: Catalog) -> list[JsonObject]:
    """Return the row of every source that is not fetched, with its attempts and when it is asked for again."""
    tries = catalog.attempt_counts()
    sources = catalog.sources(*(state for state in State if state != State.FETCHED))
    return [
        {**_shown(source), "attempts": tries.get(source.source_id, 0), "again": POLICIES[source.state].again.value}
        for source in sources
    ]
