"""Trim the accepted clips: exact to the frame, proved by decoding, several at a time.

Example: slateboard curate trim --workers 2
"""

from typing import Annotated, Any

import typer

from curate.trim import Job, cut
from slateboard import engine
from slateboard.catalog.catalog import opened
from slateboard.progress import progress, say
from slateboard.workspace import Workspace


def command(
    workspace: Workspace,
    workers: Annotated[int | None, typer.Option(help="Processes; default: one a core.")] = None,
) -> dict[str, Any]:
    """Cut what is accepted and not cut yet."""
    with opened(workspace.catalog) as catalog:
        media = {item.media_id: item for item in catalog.media()}
        waiting = catalog.clips("accepted", "failed")
        lost = [clip for clip in catalog.clips("trimmed") if not (workspace.root / (clip.path or "")).is_file()]
        jobs = [
            Job(
                clip=clip,
                media=media[clip.media_id],
                source=workspace.root / media[clip.media_id].path,
                target=workspace.clips / f"{clip.clip_id}.mp4",
                relative=f"clips/{clip.clip_id}.mp4",
                crf=workspace.settings.clips.crf,
            )
            for clip in [*waiting, *lost]
        ]
        failed = []
        with progress("trim", len(jobs), unit="clips") as bar:
            for clip in engine.run(cut, jobs, workers=workers):
                catalog.write_clips([clip])
                if clip.state == "failed":
                    failed.append(clip)
                bar.step()
        trimmed = len(catalog.clips("trimmed"))
    say(f"{trimmed} clips are trimmed and proved, {len(failed)} failed")
    for clip in failed:
        say(f"  {clip.clip_id} ({clip.label}): {clip.reason}")
    return {
        "trimmed": trimmed,
        "failed": [{"clip_id": clip.clip_id, "reason": clip.reason} for clip in failed],
    }
