"""Decide on proposed clips: accept or reject by id, or accept all.

Example: slateboard curate review --accept-all
"""

import getpass
from typing import Annotated, Any

import typer

from slateboard.catalog.catalog import opened
from slateboard.errors import BadInput, Problem, did_you_mean
from slateboard.progress import say, show
from slateboard.workspace import Workspace


def command(
    workspace: Workspace,
    accept: Annotated[list[str] | None, typer.Option(help="Id of a clip to accept; may be repeated.")] = None,
    reject: Annotated[list[str] | None, typer.Option(help="Id of a clip to reject; may be repeated.")] = None,
    reason: Annotated[str, typer.Option(help="Why, for what is rejected.")] = "rejected in review",
    accept_all: Annotated[bool, typer.Option("--accept-all", help="Accept every other proposal unseen.")] = False,
) -> dict[str, Any]:
    """Record decisions; without any, list what waits for one."""
    with opened(workspace.catalog) as catalog:
        waiting = {clip.clip_id: clip for clip in catalog.clips("proposed")}
        chosen = [*(accept or []), *(reject or [])]
        problems = [
            Problem("review", f"no clip {name!r} waits for a decision.", did_you_mean(name, waiting))
            for name in chosen
            if name not in waiting
        ]
        if problems:
            raise BadInput(problems)
        if not chosen and not accept_all:
            for clip in waiting.values():
                show(f"{clip.clip_id}  {clip.label:<20} {clip.start_s:7.2f}-{clip.end_s:.2f} s  {clip.media_id[:12]}")
        person = getpass.getuser()
        decided = []
        for clip in waiting.values():
            if clip.clip_id in (reject or []):
                decided.append(clip.model_copy(update={"state": "rejected", "decided_by": person, "reason": reason}))
            elif clip.clip_id in (accept or []):
                decided.append(clip.model_copy(update={"state": "accepted", "decided_by": person}))
            elif accept_all:
                decided.append(clip.model_copy(update={"state": "accepted", "decided_by": "accept-all"}))
        catalog.write_clips(decided)
    accepted = sum(clip.state == "accepted" for clip in decided)
    say(f"{accepted} accepted, {len(decided) - accepted} rejected, {len(waiting) - len(decided)} wait")
    return {
        "accepted": accepted,
        "rejected": len(decided) - accepted,
        "waiting": [clip_id for clip_id in waiting if clip_id not in {clip.clip_id for clip in decided}],
    }
