"""Probe media once more whose stream is not known: those of an older catalog, and those of which another is meant."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from slateboard import engine as engines
from slateboard.catalog.catalog import Catalog
from slateboard.limits import limited
from slateboard.media.errors import Unreadable
from slateboard.media.probe import probe, shows_otherwise
from slateboard.progress import progress
from slateboard.records.media import Media
from slateboard.records.source import State
from slateboard.settings import Limits
from slateboard.workspace import Workspace

_MEASURED = ("path", "frames", "duration_s", "variable_rate", "decode_errors", "frames_sha256")
"""Fields that a probe does not give."""


@dataclass(frozen=True)
class ProbeJob:
    """One media to probe again."""

    path: Path
    media: Media
    stream: int | None
    """The stream that its sources name."""
    limits: Limits


@dataclass(frozen=True)
class ProbeResult:
    """What a second probe gave."""

    media: Media
    is_changed: bool = False
    """Its pictures are others than those that an older version saw."""
    state: State = State.FETCHED
    error: str | None = None


def probe_media(job: ProbeJob) -> ProbeResult:
    """Probe one media. Runs in a worker process."""
    before = job.media
    try:
        with limited(job.limits):
            now = probe(job.path, media_id=before.media_id, relative=before.path, stream=job.stream)
            is_changed = before.frames is not None and shows_otherwise(job.path, before, now)
    except Unreadable as error:
        return ProbeResult(before, state=error.state, error=str(error))
    measured = {name: getattr(before, name) for name in _MEASURED}
    return ProbeResult(now.model_copy(update=measured), is_changed)


def probe_again(workspace: Workspace, catalog: Catalog, place: engines.Place) -> Iterator[str]:
    """Probe all media whose stream is not known, and yield a sentence on each kind of outcome.

    Media whose pictures are others now lose what was observed of them, so that they are analysed anew. What cannot be
    probed for another reason than a stream is left for the analysis to report.
    """
    unprobed = catalog.unprobed()
    if not unprobed:
        return
    limits = workspace.settings.limits
    jobs = [ProbeJob(workspace.root / media.path, media, stream, limits) for media, stream in unprobed]
    refused: dict[str, ProbeResult] = {}
    changed, cut = 0, 0
    with progress("probe again", len(jobs), unit="videos") as bar:
        for batch in engines.in_batches(place.run(probe_media, jobs)):
            results = [outcome for _, outcome in batch if isinstance(outcome, ProbeResult)]
            changed_ids = [result.media.media_id for result in results if result.is_changed]
            with catalog.together():
                cut += catalog.forget_pictures(changed_ids)
                catalog.probed_again([_unmeasured(result) for result in results if result.error is None])
            changed += len(changed_ids)
            refused |= {result.media.media_id: result for result in results if result.state == State.UNSUPPORTED}
            bar.step(len(batch))
    _refuse(catalog, refused)
    if changed:
        again = f"; {cut} clips of theirs were cut and are cut again: look at them" if cut else ""
        yield f"{changed} videos are seen otherwise than by the version before, and are analysed anew{again}"
    if refused:
        yield f"{len(refused)} videos do not have what is asked for: `slateboard curate status --all`"


def _unmeasured(result: ProbeResult) -> Media:
    """Return the media; one whose pictures changed has no measurements any more."""
    if not result.is_changed:
        return result.media
    return result.media.model_copy(update=dict.fromkeys(_MEASURED[1:]))


def _refuse(catalog: Catalog, refused: dict[str, ProbeResult]) -> None:
    sources = [source for source in catalog.sources(State.FETCHED) if source.media_id in refused] if refused else []
    results = [(source, refused[source.media_id or ""]) for source in sources]
    catalog.set_states(
        [source.model_copy(update={"state": result.state, "reason": result.error}) for source, result in results]
    )
