"""Analyse what was fetched: decode each media once; find shots, times, quality, camera and effects.

What was analysed by today's code and settings is not analysed again; a new version of one analyser runs it alone.

Example: slateboard curate analyse --workers 2
"""

from collections import defaultdict
from collections.abc import Sequence
from typing import Annotated, Any

import typer

from curate.analysis import observations
from curate.analysis.decode_pass import SHOTS, Job, Wanted, analyse, failed, lacking, wanted_of
from curate.duplicates.join import FINGERPRINTS, join
from curate.fetching.presence import look_for_originals
from curate.status import in_order, state_lines
from slateboard import engine as engines
from slateboard.catalog.catalog import opened
from slateboard.options import Processes, RayAddress
from slateboard.progress import progress, say
from slateboard.records.media import Media, Shot
from slateboard.records.source import Source, State
from slateboard.workspace import Workspace


def command(
    workspace: Workspace,
    workers: Processes = None,
    engine: Annotated[engines.Engine, typer.Option(help="Where work runs.")] = engines.Engine.LOCAL,
    address: RayAddress = None,
) -> dict[str, Any]:
    """Make the decode passes that are missing."""
    wanted = wanted_of(workspace.settings.analysers)
    with opened(workspace.catalog) as catalog:
        catalog.forget_observations(observations.media_ids(workspace.observations))
        seen = look_for_originals(catalog, workspace.root, media_ids=catalog.unobserved(wanted))
        for line in seen.lines():
            say(line)
        missing = catalog.unobserved(wanted)
        by_media: dict[str, list[Source]] = defaultdict(list)
        for source in catalog.sources(State.FETCHED) if missing else ():
            by_media[source.media_id or ""].append(source)
        media = catalog.media_of(missing)
        jobs = (
            _job(workspace, media[media_id], wanted, names, by_media[media_id]) for media_id, names in missing.items()
        )
        with progress("analyse", len(missing), unit="videos") as bar:
            limits = engines.Budget.of(workspace.settings.limits)
            for job, outcome in engines.run(
                analyse, jobs, workers=workers, engine=engine, address=address, budget=limits
            ):
                done = failed(job, outcome.reason) if isinstance(outcome, engines.Failure) else outcome
                for observation in done.observations:
                    observations.write(workspace.observations, observation)
                catalog.analysed(done.media, {one.analyser: wanted[one.analyser] for one in done.observations})
                if done.error is not None:
                    told = {"state": done.state, "reason": done.error}
                    catalog.set_states([source.model_copy(update=told) for source in by_media[done.media.media_id]])
                bar.step()
        joined = join(catalog, workspace.observations, version=wanted[FINGERPRINTS][0])
        counts = in_order(catalog.source_counts())
        frames = catalog.frames()
    for line in state_lines(counts):
        say(line)
    return {"analysed": len(missing), "frames": frames, "states": counts, "duplicates": joined}


def _job(workspace: Workspace, media: Media, wanted: Wanted, names: Sequence[str], sources: Sequence[Source]) -> Job:
    """Return the pass to make; shots that stand are read, so that others can run without finding them again."""
    announced = [source.provenance.get("duration_s") for source in sources if source.provenance]
    stored = observations.path_of(workspace.observations, media.media_id, SHOTS).is_file()
    todo = lacking(wanted, names if stored else [*names, SHOTS])
    rows = observations.read(workspace.observations, media.media_id, SHOTS) if SHOTS not in todo else []
    return Job(
        path=workspace.root / media.path,
        media=media,
        wanted=todo,
        shots=tuple(Shot.model_validate(row) for row in rows),
        announced_s=max((seconds for seconds in announced if seconds), default=None),
    )
