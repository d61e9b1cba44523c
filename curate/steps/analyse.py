"""Analyse what was fetched: decode each media once; find shots, times, quality, camera and effects.

What was analysed by today's code and settings is not analysed again; a new version of one analyser runs it alone.

Example: slateboard curate analyse --workers 2
"""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import Annotated, Any

import typer

from curate.analysis import observations
from curate.analysis.decode_pass import SHOTS, Job, Pass, Wanted, failed, lacking, observe, wanted_of
from curate.duplicates.join import join
from curate.duplicates.sketches import FINGERPRINTS
from curate.fetching.presence import check_absence, look_for_originals
from curate.status import in_order, state_lines
from slateboard import engine as engines
from slateboard.catalog.catalog import Catalog, opened
from slateboard.catalog.media import Analysed
from slateboard.files import digest
from slateboard.observation_files import BrokenObservation
from slateboard.options import Processes, RayAddress, RetryFailures
from slateboard.progress import progress, say
from slateboard.records.failure import Failed
from slateboard.records.media import Media, Shot
from slateboard.records.source import Source, State
from slateboard.records.stamp import Stamp
from slateboard.repair.observations import broken_observations, describe_broken
from slateboard.workspace import Workspace

STAGE = "analyse"
_OF_LIMITS = (State.ERROR, State.TOO_LONG, State.TOO_LARGE)
"""States that other code or other limits may change: such a media is analysed again under them."""


def command(
    workspace: Workspace,
    workers: Processes = None,
    engine: Annotated[engines.Engine, typer.Option(help="Where work runs.")] = engines.Engine.LOCAL,
    address: RayAddress = None,
    retry: RetryFailures = False,
) -> dict[str, Any]:
    """Make the decode passes that are missing."""
    wanted = wanted_of(workspace.settings.analysers)
    place: dict[str, Any] = {
        "workers": workers,
        "engine": engine,
        "address": address,
        "budget": engines.Budget.of(workspace.settings.limits),
        "shared": (workspace.root,),
    }
    with opened(workspace.catalog) as catalog:
        lost = broken_observations(catalog, workspace.observations)
        catalog.forget_observations([(one.media_id, one.analyser) for one in lost])
        for line in describe_broken(lost):
            say(f"made again: {line}")
        key = digest([wanted, workspace.settings.limits.model_dump()], length=12)
        _try_again(catalog, key, everything=retry)
        seen = look_for_originals(catalog, workspace.root, media_ids=catalog.unobserved(wanted))
        for line in seen.lines():
            say(line)
        missing = catalog.unobserved(wanted)
        _analyse_all(workspace, catalog, wanted, missing, key=key, place=place)
        joined = join(catalog, workspace.observations, version=wanted[FINGERPRINTS][0], retry=retry, **place)
        counts = in_order(catalog.source_counts())
        frames = catalog.frames()
    for line in state_lines(counts):
        say(line)
    if joined["failed"]:
        say(f"{joined['failed']} media or pairs could not be compared: `slateboard curate status --all`")
    return {"analysed": len(missing), "frames": frames, "states": counts, "duplicates": joined}


def _analyse_all(
    workspace: Workspace,
    catalog: Catalog,
    wanted: Wanted,
    missing: Mapping[str, Sequence[str]],
    *,
    key: str,
    place: Mapping[str, Any],
) -> None:
    """Analyse media by the analysers that they lack, and record what came of each."""
    by_media: dict[str, list[Source]] = defaultdict(list)
    for source in catalog.sources(State.FETCHED) if missing else ():
        by_media[source.media_id or ""].append(source)
    media = catalog.media_of(missing)
    stamps = catalog.stamps({one.path for one in media.values()})
    jobs = (
        job_of(workspace, media[media_id], wanted, names, by_media[media_id], stamp=stamps.get(media[media_id].path))
        for media_id, names in missing.items()
    )
    with progress(STAGE, len(missing), unit="videos") as bar:
        for batch in engines.in_batches(engines.run(observe, jobs, **place)):
            ended = [_ended(job, outcome) for job, outcome in batch]
            # Those first whose file is there: a folder that is gone as a whole ends the run at the first that is not.
            record_passes(catalog, [one for one in ended if one[0].state != State.MISSING], wanted, by_media, key=key)
            absent = [one for one in ended if one[0].state == State.MISSING]
            for done, _ in absent:
                check_absence(workspace.root, done.media, stamp=stamps.get(done.media.path))
            record_passes(catalog, absent, wanted, by_media, key=key)
            bar.step(len(batch))


def _ended(job: Job, outcome: Pass | engines.Failure) -> tuple[Pass, str]:
    """Return the pass of a media, also where no worker could finish it, and the code of how it ended."""
    if isinstance(outcome, engines.Failure):
        return failed(job, outcome.reason), outcome.code
    return outcome, outcome.state


def record_passes(
    catalog: Catalog,
    ended: Sequence[tuple[Pass, str]],
    wanted: Wanted,
    by_media: Mapping[str, Sequence[Source]],
    *,
    key: str,
) -> None:
    """Write down who has seen which media, and give their sources the states that the passes ended in; all at once."""
    passes = [
        Analysed(done.media, {name: wanted[name] for name in done.written}, done.stamp, done.written)
        for done, _ in ended
    ]
    with catalog.together():
        catalog.analysed_all(passes)
        for done, code in ended:
            if done.error is not None:
                _record_error(catalog, done, by_media[done.media.media_id], code=code, key=key)


def _record_error(catalog: Catalog, done: Pass, sources: Sequence[Source], *, code: str, key: str) -> None:
    reason = done.error or ""
    if done.state in _OF_LIMITS:
        item = done.media.media_id
        catalog.record_failures([Failed.now(stage=STAGE, item=item, code=code, reason=reason, key=key)])
    catalog.set_states([source.model_copy(update={"state": done.state, "reason": reason}) for source in sources])


def _try_again(catalog: Catalog, key: str, *, everything: bool) -> None:
    """Let media be analysed again that failed under other code or settings, or whenever they did."""
    reasons = {row.item: row.reason for row in catalog.failures(STAGE) if everything or row.key != key}
    sources = [
        source.model_copy(update={"state": State.FETCHED, "reason": None})
        for source in (catalog.sources(*_OF_LIMITS) if reasons else ())
        if source.media_id is not None and reasons.get(source.media_id) == source.reason
    ]
    catalog.set_states(sources)


def job_of(
    workspace: Workspace,
    media: Media,
    wanted: Wanted,
    names: Sequence[str],
    sources: Sequence[Source],
    *,
    stamp: Stamp | None,
) -> Job:
    """Return the pass to make; shots that stand are read, so that others can run without finding them again."""
    announced = [source.provenance.get("duration_s") for source in sources if source.provenance]
    shots = _shots(workspace, media) if SHOTS not in names else None
    todo = lacking(wanted, names if shots is not None else [*names, SHOTS])
    return Job(
        path=workspace.root / media.path,
        media=media,
        wanted=todo,
        shots=shots or (),
        announced_s=max((seconds for seconds in announced if seconds), default=None),
        limits=workspace.settings.limits,
        sha256=media.media_id,
        stamp=stamp,
        folder=workspace.observations,
    )


def _shots(workspace: Workspace, media: Media) -> tuple[Shot, ...] | None:
    """Return the shots of a media as they stand; None where they cannot be read: they are found anew."""
    try:
        rows = observations.read(workspace.observations, media.media_id, SHOTS)
        return tuple(Shot.model_validate(row) for row in rows)
    except (BrokenObservation, ValueError):
        return None
