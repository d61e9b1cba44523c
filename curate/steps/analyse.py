"""Analyse what was fetched: decode each media once; find shots, times, quality, camera and effects.

What was analysed by today's code and settings is not analysed again; a new version of one analyser runs that one alone.

Example: slateboard curate analyse --workers 2
"""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import Annotated

import typer

from curate.analysis import observations
from curate.analysis.decode_pass import (
    SHOTS,
    AnalyserVersions,
    DecodeJob,
    DecodeResult,
    analyse_and_write,
    current_versions,
    failed_result,
    stale_analysers,
)
from curate.analysis.probing import probe_again
from curate.duplicates.join import join
from curate.duplicates.sketches import FINGERPRINTS
from curate.fetching.presence import check_absence, look_for_originals
from curate.status import in_order, state_lines
from slateboard import engine as engines
from slateboard.catalog.catalog import Catalog, open_catalog
from slateboard.catalog.media import Analysed
from slateboard.files import digest
from slateboard.json_output import JsonOutput
from slateboard.observation_files import BrokenObservation
from slateboard.options import Processes, RayAddress, RetryFailures
from slateboard.progress import progress, say
from slateboard.records.failure import FailureRecord
from slateboard.records.media import Media, Shot
from slateboard.records.source import Source, State
from slateboard.records.stamp import Stamp
from slateboard.repair.observations import broken_observations, describe_broken
from slateboard.workspace import Workspace

STAGE = "analyse"
_OF_LIMITS = (State.ERROR, State.TOO_LONG, State.TOO_LARGE)
"""States that may change with other code or limits: such media are analysed again under those."""


def command(
    workspace: Workspace,
    workers: Processes = None,
    engine: Annotated[engines.Engine, typer.Option(help="Where work runs.")] = engines.Engine.LOCAL,
    address: RayAddress = None,
    retry: RetryFailures = False,
) -> JsonOutput:
    """Run the decode passes that are missing, then look for duplicates."""
    versions = current_versions(workspace.settings.analysers)
    budget = engines.Budget.of(workspace.settings.limits)
    place = engines.Place(workers, engine, address, budget, shared=(workspace.root,))
    with open_catalog(workspace.catalog) as catalog:
        broken = broken_observations(catalog, workspace.observations)
        catalog.forget_observations([(observation.media_id, observation.analyser) for observation in broken])
        for line in describe_broken(broken):
            say(f"made again: {line}")
        # A failure is kept with the digest of all that it depended on: another analyser version or limit gives another
        # key, under which the media is tried again without being asked.
        key = digest([versions, workspace.settings.limits.model_dump()], length=12)
        _try_again(catalog, key, everything=retry)
        presence = look_for_originals(catalog, workspace.root, media_ids=catalog.unobserved(versions))
        for line in presence.lines():
            say(line)
        for line in probe_again(workspace, catalog, place):
            say(line)
        missing = catalog.unobserved(versions)
        _analyse_all(workspace, catalog, versions, missing, key=key, place=place)
        version = versions[FINGERPRINTS][0]
        join_counts = join(catalog, workspace.observations, version=version, place=place, retry=retry)
        counts = in_order(catalog.source_counts())
        frames = catalog.frames()
    for line in state_lines(counts):
        say(line)
    if join_counts["failed"]:
        say(f"{join_counts['failed']} media or pairs could not be compared: `slateboard curate status --all`")
    return {"analysed": len(missing), "frames": frames, "states": counts, "duplicates": join_counts}


def _analyse_all(
    workspace: Workspace,
    catalog: Catalog,
    versions: AnalyserVersions,
    missing: Mapping[str, Sequence[str]],
    *,
    key: str,
    place: engines.Place,
) -> None:
    """Analyse each media by the analysers that it lacks, and record the results."""
    sources_by_media: dict[str, list[Source]] = defaultdict(list)
    for source in catalog.sources(State.FETCHED) if missing else ():
        sources_by_media[source.media_id or ""].append(source)
    media = catalog.media_of(missing)
    stamps = catalog.stamps({original.path for original in media.values()})

    def job_for(media_id: str, names: Sequence[str]) -> DecodeJob:
        original, sources = media[media_id], sources_by_media[media_id]
        return decode_job(workspace, original, versions, names, sources, stamp=stamps.get(original.path))

    jobs = (job_for(media_id, names) for media_id, names in missing.items())
    with progress(STAGE, len(missing), unit="videos") as bar:
        for batch in engines.in_batches(place.run(analyse_and_write, jobs)):
            results = [_result_and_code(job, outcome) for job, outcome in batch]
            # Media whose file exists come first: where the whole folder is gone, `check_absence` then ends the run.
            decoded = [(result, code) for result, code in results if result.state != State.MISSING]
            record_results(catalog, decoded, versions, sources_by_media, key=key)
            missing_files = [(result, code) for result, code in results if result.state == State.MISSING]
            for result, _ in missing_files:
                check_absence(workspace.root, result.media, stamp=stamps.get(result.media.path))
            record_results(catalog, missing_files, versions, sources_by_media, key=key)
            bar.step(len(batch))


def _result_and_code(job: DecodeJob, outcome: DecodeResult | engines.Failure) -> tuple[DecodeResult, str]:
    """Return (result of a media, code of its outcome), also where no worker could finish it."""
    if isinstance(outcome, engines.Failure):
        return failed_result(job, outcome.reason), outcome.code
    return outcome, outcome.state


def record_results(
    catalog: Catalog,
    results: Sequence[tuple[DecodeResult, str]],
    versions: AnalyserVersions,
    sources_by_media: Mapping[str, Sequence[Source]],
    *,
    key: str,
) -> None:
    """Record in one transaction which analysers have seen which media, and the states of their sources."""
    analysed = [
        Analysed(result.media, {name: versions[name] for name in result.written}, result.stamp, result.written)
        for result, _ in results
    ]
    with catalog.together():
        catalog.analysed_all(analysed)
        for result, code in results:
            if result.error is not None:
                _record_error(catalog, result, sources_by_media[result.media.media_id], code=code, key=key)


def _record_error(catalog: Catalog, result: DecodeResult, sources: Sequence[Source], *, code: str, key: str) -> None:
    reason = result.error or ""
    if result.state in _OF_LIMITS:
        item = result.media.media_id
        catalog.record_failures([FailureRecord.now(stage=STAGE, item=item, code=code, reason=reason, key=key)])
    catalog.set_states([source.model_copy(update={"state": result.state, "reason": reason}) for source in sources])


def _try_again(catalog: Catalog, key: str, *, everything: bool) -> None:
    """Reset media that failed under other code or settings, or all that failed, so that they are analysed again."""
    reasons = {row.item: row.reason for row in catalog.failures(STAGE) if everything or row.key != key}
    sources = [
        source.model_copy(update={"state": State.FETCHED, "reason": None})
        for source in (catalog.sources(*_OF_LIMITS) if reasons else ())
        if source.media_id is not None and reasons.get(source.media_id) == source.reason
    ]
    catalog.set_states(sources)


def decode_job(
    workspace: Workspace,
    media: Media,
    versions: AnalyserVersions,
    lacking: Sequence[str],
    sources: Sequence[Source],
    *,
    stamp: Stamp | None,
) -> DecodeJob:
    """Return the decode pass to run; known shots are read, so that other analysers run without finding them anew."""
    # Several sources may share a file, fetched from different hosts: the longest announced duration decides whether it
    # is truncated.
    announced = [source.provenance.get("duration_s") for source in sources if source.provenance]
    shots = _shots(workspace, media) if SHOTS not in lacking else None
    stale = stale_analysers(versions, lacking if shots is not None else [*lacking, SHOTS])
    return DecodeJob(
        path=workspace.root / media.path,
        media=media,
        versions=stale,
        shots=shots or (),
        announced_s=max((seconds for seconds in announced if seconds), default=None),
        limits=workspace.settings.limits,
        sha256=media.media_id,
        stamp=stamp,
        folder=workspace.observations,
    )


def _shots(workspace: Workspace, media: Media) -> tuple[Shot, ...] | None:
    """Return the recorded shots of a media; None where they cannot be read, so that they are found anew."""
    try:
        rows = observations.read(workspace.observations, media.media_id, SHOTS)
        return tuple(Shot.model_validate(row) for row in rows)
    except (BrokenObservation, ValueError):
        return None
