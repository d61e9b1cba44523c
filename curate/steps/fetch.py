"""Fetch what the list names: download (yt-dlp) or take over, hash, look at the first frame.

Each source ends in one state; done ones are not fetched again. Hosts are asked slowly, as [fetch] says, and left
alone once they refuse us as a whole. A rate-limited source is asked for again when its time has come.

Example: slateboard curate fetch --retry network,truncated
"""

from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Annotated

import typer

from curate.fetching.fetch import fetch
from curate.fetching.holders import settle_duplicates
from curate.fetching.pacing import AbandonedHost
from curate.fetching.policy import POLICIES, Again
from curate.fetching.presence import check_local_files, look_for_originals
from curate.listing.label_overlaps import label_overlaps, overlap_lines, windows_of_sources
from curate.listing.local import ALLOW, check_local
from curate.listing.sources import list_key, read_list
from curate.status import in_order, state_lines
from slateboard.addresses import public_address, scrub
from slateboard.catalog.catalog import Catalog, open_catalog
from slateboard.errors import BadInput, Problem, did_you_mean
from slateboard.json_output import JsonOutput
from slateboard.progress import progress, say
from slateboard.records.source import Source, State
from slateboard.workspace import Workspace

_NOTES_SHOWN = 10
_NEEDS = (Again.COOKIES, Again.PROXY)


def command(
    workspace: Workspace,
    retry: Annotated[str, typer.Option(help="States to try again, joined by commas: network,rate_limited.")] = "",
    allow_local: Annotated[
        bool, typer.Option(ALLOW, help="Take local files from outside the workspace too, if you know the list.")
    ] = False,
) -> JsonOutput:
    """Read the list if it changed, fetch what is new, due or to be retried, and count the states."""
    again = _states(retry)
    settings = workspace.settings.fetch
    if not (settings.cookies or settings.proxy) and any(POLICIES[state].again in _NEEDS for state in again):
        say("[fetch] names neither cookies nor a proxy: what asked for a login will ask again.")
    abandoned: list[AbandonedHost] = []
    noted: list[str] = []
    if not workspace.catalog.exists():
        # Problems of the list are reported before anything is written.
        _check_local(workspace, read_list(workspace), allow_local)
    with open_catalog(workspace.catalog) as catalog:
        presence = look_for_originals(catalog, workspace.root, all_may_be_lost=State.MISSING in again)
        unlisted = _unlisted(workspace, catalog, allow_local)
        overlaps = label_overlaps(windows_of_sources(catalog.windows()))
        for line in overlap_lines(overlaps):
            say(line)
        freed = settle_duplicates(catalog, unlisted=unlisted)
        due = catalog.due(*again, now=datetime.now(UTC))
        queued = [source for source in due if source.source_id not in unlisted]
        _check_local(workspace, queued, allow_local)
        check_local_files(queued, workspace.root)
        for line in presence.lines():
            say(line)
        with progress("fetch", len(queued), unit="sources") as bar:
            for source in fetch(
                queued,
                root=workspace.root,
                ledger=catalog,
                settings=settings,
                limits=workspace.settings.limits,
                refused={media_id for takedown in workspace.taken_down() for media_id in takedown.media},
                on_abandoned=abandoned.append,
                allow_local=allow_local,
            ):
                bar.step(note=f"{source.state} {public_address(source.url)}" if source.state != State.FETCHED else "")
                if source.state == State.FETCHED and source.reason is not None:
                    noted.append(f"line {source.line}: {source.reason}")
        counts = in_order(catalog.source_counts())
        listed_overlaps = overlaps
        if queued:
            overlaps = label_overlaps(windows_of_sources(catalog.windows()))
    for note in noted[:_NOTES_SHOWN]:
        say(note)
    if len(noted) > _NOTES_SHOWN:
        say(f"{len(noted) - _NOTES_SHOWN} more files are like these: `slateboard curate status --all`")
    if freed:
        say(f"{len(freed)} duplicates are other windows of their files: they are sources of their own now")
    for host in abandoned:
        say(f"{host.host} was left alone, {host.unasked} addresses not asked for. It said: {scrub(host.reason)}")
    for line in state_lines(counts):
        say(line)
    # Said again where the files showed that more addresses are of one video.
    for line in overlap_lines(overlaps) if len(overlaps) != len(listed_overlaps) else []:
        say(line)
    left_alone = {host.host: {"reason": scrub(host.reason), "addresses": host.unasked} for host in abandoned}
    return {"tried": len(queued), "states": counts, "overlaps": len(overlaps), "left_alone": left_alone}


def _check_local(workspace: Workspace, sources: Iterable[Source], allow_local: bool) -> None:
    """Refuse files from outside the workspace, which is the folder of its list, unless they are allowed."""
    if not allow_local:
        named = [(f"{workspace.sources.name} line {source.line}", source.url) for source in sources]
        check_local(named, root=workspace.root, folders=[workspace.root])


def _unlisted(workspace: Workspace, catalog: Catalog, allow_local: bool) -> set[str]:
    """Record the list's sources unless it is unchanged; return the ids of sources that it no longer holds."""
    # Reading a list of 100,000 rows checks each local path on disk; the digest of an unchanged list saves that.
    key = list_key(workspace)
    if catalog.listed(key):
        return set()
    # Only when the list is read anew is it told how it was understood.
    listed = read_list(workspace, on_note=say)
    fetched_ids = {source.source_id for source in catalog.sources() if source.state != State.NEW}
    _check_local(workspace, [source for source in listed if source.source_id not in fetched_ids], allow_local)
    unlisted = catalog.list_sources(listed)
    if unlisted:
        say(f"{len(unlisted)} sources of the catalog are no longer in {workspace.sources.name}; they stay as they are.")
    else:
        # Only a list that names every source of the catalog need not be read again.
        catalog.list_sources(listed, key=key)
    return {source.source_id for source in unlisted}


def _states(text: str) -> list[State]:
    names = [name.strip() for name in text.split(",") if name.strip()]
    # Every state but taken_down: what was removed on request is not fetched again by anybody's wish.
    retryable = [state.value for state in State if state != State.TAKEN_DOWN]
    problems = [
        Problem("--retry", f"unknown state '{name}'.", did_you_mean(name, retryable))
        for name in names
        if name not in retryable
    ]
    if problems:
        raise BadInput(problems)
    return [State(name) for name in names]
