"""Fetch what sources.csv lists: download (yt-dlp) or take over, hash, look at the first frame.

Each source ends in one state; done ones are not fetched again.

Example: slateboard curate fetch --retry network,truncated
"""

from datetime import UTC, datetime
from typing import Annotated, Any

import typer

from curate.fetching.fetch import fetch
from curate.listing import list_key, read_list
from curate.status import count_states, state_lines
from slateboard.catalog.catalog import opened
from slateboard.errors import BadInput, Problem, did_you_mean
from slateboard.progress import progress, say
from slateboard.records.source import State
from slateboard.workspace import Workspace


def command(
    workspace: Workspace,
    retry: Annotated[str, typer.Option(help="States to try again, joined by commas: network,rate_limited.")] = "",
) -> dict[str, Any]:
    """Read sources.csv, fetch what is new or to be retried, and count the states."""
    again = _states(retry)
    listed, key = read_list(workspace), list_key(workspace)
    with opened(workspace.catalog) as catalog:
        unlisted = catalog.list_sources(listed, key=key)
        ids = {source.source_id for source in listed}
        everything = catalog.sources()
        if unlisted:
            say(f"{len(unlisted)} sources of the catalog are no longer in sources.csv; they stay as they are.")
        known = {
            source.media_id: source
            for source in reversed(everything)
            if source.media_id is not None and source.state == State.FETCHED
        }
        wanted = [source for source in catalog.due(*again, now=datetime.now(UTC)) if source.source_id in ids]
        with progress("fetch", len(wanted), unit="sources") as bar:
            for source in fetch(
                wanted, known=known, root=workspace.root, ledger=catalog, settings=workspace.settings.fetch
            ):
                bar.step(note=f"{source.state} {source.url}" if source.state != State.FETCHED else "")
        counts = count_states(catalog.sources())
    for line in state_lines(counts):
        say(line)
    return {"tried": len(wanted), "states": counts}


def _states(text: str) -> list[State]:
    names = [name.strip() for name in text.split(",") if name.strip()]
    known = [state.value for state in State]
    problems = [
        Problem("--retry", f"unknown state '{name}'.", did_you_mean(name, known)) for name in names if name not in known
    ]
    if problems:
        raise BadInput(problems)
    return [State(name) for name in names]
