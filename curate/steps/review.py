"""Decide on proposed clips: accept or reject by id, or accept all.

Example: slateboard curate review --accept-all
"""

import getpass
from typing import Annotated, Any

import typer

from slateboard.catalog.catalog import opened
from slateboard.errors import BadInput, Problem, did_you_mean
from slateboard.progress import say, show
from slateboard.records.clip import Clip
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
                show(_line(clip))
        person = getpass.getuser()
        refused, wanted = set(reject or ()), set(accept or ())
        decided = {}
        for name, clip in waiting.items():
            if name in refused:
                told = {"state": "rejected", "decided_by": person, "reason": reason}
                decided[name] = clip.model_copy(update=told)
            elif name in wanted:
                decided[name] = clip.model_copy(update={"state": "accepted", "decided_by": person})
            elif accept_all:
                decided[name] = clip.model_copy(update={"state": "accepted", "decided_by": "accept-all"})
        catalog.write_clips(decided.values())
    accepted = sum(clip.state == "accepted" for clip in decided.values())
    say(f"{accepted} accepted, {len(decided) - accepted} rejected, {len(waiting) - len(decided)} wait")
    return {
        "accepted": accepted,
        "rejected": len(decided) - accepted,
        "waiting": [name for name in waiting if name not in decided],
    }


def _line(clip: Clip) -> str:
    """Return what a person wants to know of a proposal before deciding on it."""
    seconds = f"{clip.start_s:7.2f}-{clip.end_s:.2f} s"
    return (
        f"{clip.clip_id}  {clip.label:<20} {seconds}  {clip.media_id[:12]}  {clip.camera:<7}  {', '.join(clip.quality)}"
    )
