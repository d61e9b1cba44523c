"""Analyse what was fetched: decode each media once; find shots, times and effects.

What was analysed by today's code and settings is not analysed again.

Example: slateboard curate analyse --workers 2
"""

from typing import Annotated, Any

import typer

from curate import observations
from curate.analysis import Job, analyse, wanted_of
from curate.status import count_states, state_lines
from slateboard import engine
from slateboard.catalog.catalog import opened
from slateboard.progress import progress, say
from slateboard.records.source import State
from slateboard.workspace import Workspace


def command(
    workspace: Workspace,
    workers: Annotated[int | None, typer.Option(help="Processes; default: one a core.")] = None,
) -> dict[str, Any]:
    """Make the decode passes that are missing."""
    wanted = wanted_of(workspace.settings.analysers)
    with opened(workspace.catalog) as catalog:
        by_media: dict[str, list[Any]] = {}
        for source in catalog.sources(State.FETCHED):
            by_media.setdefault(source.media_id or "", []).append(source)
        missing = catalog.unobserved(wanted)
        jobs = [
            Job(workspace.root / media.path, media, wanted) for media in catalog.media() if media.media_id in missing
        ]
        with progress("analyse", len(jobs), unit="videos") as bar:
            for done in engine.run(analyse, jobs, workers=workers):
                for observation in done.observations:
                    observations.write(workspace.observations, observation)
                catalog.analysed(done.media, wanted)
                if done.error is not None:
                    told = {"state": done.state, "reason": done.error}
                    catalog.set_states([source.model_copy(update=told) for source in by_media[done.media.media_id]])
                bar.step()
        counts = count_states(catalog.sources())
        frames = sum(media.frames or 0 for media in catalog.media())
    for line in state_lines(counts):
        say(line)
    return {"analysed": len(jobs), "frames": frames, "states": counts}
