"""Propose clips: shots without title and end cards, long videos in 2-4 segments (MEI paper 4.1.2).

Only sources that are new, changed or analysed anew are looked at; clips that somebody decided on stay as they are.

Example: slateboard curate propose
"""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TypedDict

from curate.clips.chunks import run_in_chunks
from curate.clips.propose import VERSION
from curate.clips.propose_source import SourceProposer
from curate.clips.shortened_windows import shortened_windows, window_lines, window_rows
from curate.clips.single_group import RELEASABLE, single_group_classes
from curate.listing.label_overlaps import label_overlaps, overlap_lines, windows_of_sources
from slateboard import engine as engines
from slateboard.catalog.catalog import Catalog, open_catalog
from slateboard.catalog.reviews import clips_as_decided, read_reviews
from slateboard.files import digest
from slateboard.json_output import JsonOutput
from slateboard.options import Processes, RetryFailures
from slateboard.progress import progress, say
from slateboard.records.clip import Clip
from slateboard.records.failure import FailureRecord
from slateboard.records.media import Media
from slateboard.records.source import Source
from slateboard.repair.observations import broken_observations, describe_broken
from slateboard.workspace import Workspace

_AT_ONCE = 5000
"""Sources in one transaction: each transaction reads all clips of the catalog and holds its own in memory."""

STAGE = "propose"

_SHOWN = 20
"""Most windows that are named in the output."""


class ClipCounts(TypedDict):
    """Clips of the whole catalog."""

    proposed: int
    """Waiting for a decision."""
    decided: int
    """Accepted, trimmed or failed to be trimmed."""
    left_out: dict[str, int]
    """Why a rule rejected them -> how many."""


def command(workspace: Workspace, workers: Processes = None, retry: RetryFailures = False) -> JsonOutput:
    """Propose clips of every analysed source; decided ones stay as they are."""
    key = digest([VERSION, workspace.settings.clips.model_dump()], length=12)
    totals = _Totals()
    with open_catalog(workspace.catalog) as catalog:
        failed_ids = set() if retry else catalog.failed_under(STAGE, key)
        sources = [source for source in catalog.unproposed(key) if source.source_id not in failed_ids]
        media_ids = {source.media_id or "" for source in sources}
        broken = broken_observations(catalog, workspace.observations, media_ids=media_ids) if sources else []
        lost_media = {observation.media_id for observation in broken}
        waiting = [source for source in sources if source.media_id in lost_media]
        sources = [source for source in sources if source.media_id not in lost_media]
        with progress("propose", len(sources), unit="sources") as bar:
            for batch in _batches(sources):
                clips, failures = totals.take(_proposed(workspace, catalog, batch, workers=workers), bar.step)
                new, withdrawn = _record(catalog, batch, clips, failures, key=key)
                totals.added, totals.withdrawn = totals.added + new, totals.withdrawn + withdrawn
        counts = _counts(catalog)
        lines = {source.line for source in sources}
        windows = {
            line: sentence for line, sentence in shortened_windows(catalog.video_windows()).items() if line in lines
        }
        single_group = single_group_classes(catalog, *RELEASABLE) if sources else []  # Reads every clip.
        # Reads the window of every source.
        overlaps = label_overlaps(windows_of_sources(catalog.windows())) if sources else []
        decided_before = clips_as_decided(catalog, read_reviews(workspace.reviews)) if totals.added else []
    for outside_line, _ in totals.outside:
        windows.pop(outside_line, None)
    _tell(counts, totals, windows, examined=len(sources))
    for line in [*overlap_lines(overlaps), *describe_broken(broken)]:
        say(line)
    if waiting:
        say(f"{len(waiting)} sources wait for these: run `slateboard curate analyse`, which makes them again.")
    if decided_before:
        say(f"{len(decided_before)} of them were decided on before: `slateboard doctor --repair` takes that over.")
    for problem in single_group:
        say(str(problem))
    return {
        **counts,
        "added": totals.added,
        "withdrawn": totals.withdrawn,
        "outside": [line for line, _ in totals.outside],
        "shortened": window_rows(windows),
        "twice": totals.twice,
        "overlaps": len(overlaps),
        "failed": totals.failed,
        "waiting": len(waiting),
        "lone_classes": [problem.where for problem in single_group],
    }


@dataclass
class _Totals:
    """Counts over all examined sources."""

    added: int = 0
    withdrawn: int = 0
    failed: int = 0
    twice: int = 0
    """Segments that lie in two sources of one video."""
    outside: list[tuple[int, float]] = field(default_factory=list)
    """(line, end of the video in seconds) of sources whose range holds no frame."""
    owners: dict[str, str] = field(default_factory=dict)

    def take(
        self, proposed: Iterable[tuple[Source, Media, list[Clip] | engines.Failure]], step: Callable[[], None]
    ) -> tuple[dict[str, Clip], dict[str, engines.Failure]]:
        """Count what is proposed; return clip id -> clip, and source id -> failure."""
        clips: dict[str, Clip] = {}
        failures: dict[str, engines.Failure] = {}
        for source, media, outcome in proposed:
            step()
            if isinstance(outcome, engines.Failure):
                failures[source.source_id] = outcome
                continue
            if not outcome:
                self.outside.append((source.line, media.start_s + (media.duration_s or 0.0)))
            # A clip id is the hash of media and frames: two sources with overlapping spans of one video may propose the
            # very same clip, which is kept once, for the source that came first.
            for clip in outcome:
                self.twice += self.owners.setdefault(clip.clip_id, source.source_id) != source.source_id
                clips.setdefault(clip.clip_id, clip)
        self.failed += len(failures)
        return clips, failures


def _batches(sources: Sequence[Source]) -> Iterator[Sequence[Source]]:
    """Yield batches of sources; one empty batch if there are none, which withdraws clips that lost their source."""
    for start in range(0, max(len(sources), 1), _AT_ONCE):
        yield sources[start : start + _AT_ONCE]


def _proposed(
    workspace: Workspace, catalog: Catalog, sources: Sequence[Source], *, workers: int | None
) -> Iterator[tuple[Source, Media, list[Clip] | engines.Failure]]:
    """Yield (source, its media, its clips or the failure) in the order of the sources."""
    media = catalog.media_of(sorted({source.media_id for source in sources if source.media_id}))
    items = [(source, media[source.media_id or ""]) for source in sources]
    proposer = SourceProposer(workspace.observations, workspace.settings.clips)
    budget = engines.Budget.of(workspace.settings.limits)
    results = run_in_chunks(proposer, items, workers=workers, budget=budget)
    outcomes = {source.source_id: outcome for (source, _), outcome in results}
    for source, source_media in items:
        yield source, source_media, outcomes[source.source_id]


def _record(
    catalog: Catalog,
    batch: Sequence[Source],
    clips: Mapping[str, Clip],
    failures: Mapping[str, engines.Failure],
    *,
    key: str,
) -> tuple[int, int]:
    """Record what is proposed and what failed; clips of a source that failed stay as they are."""
    rows = [
        FailureRecord.now(stage=STAGE, item=source_id, code=failure.code, reason=failure.reason, key=key)
        for source_id, failure in failures.items()
    ]
    if rows:
        catalog.record_failures(rows)
    succeeded = [source for source in batch if source.source_id not in failures]
    counts = catalog.propose(succeeded, list(clips.values()), key=key)
    catalog.forget_failures(STAGE, [source.source_id for source in succeeded])
    return counts


def _counts(catalog: Catalog) -> ClipCounts:
    """Count the clips of the whole catalog, whenever they were proposed."""
    states = catalog.clip_counts()
    rejected_by_rule = Counter(_kind(clip) for clip in catalog.clips("rejected") if clip.decided_by == "rule")
    return {
        "proposed": states.get("proposed", 0),
        "decided": sum(states.get(state, 0) for state in ("accepted", "trimmed", "failed")),
        "left_out": dict(sorted(rejected_by_rule.items())),
    }


def _kind(clip: Clip) -> str:
    return "too short" if clip.reason and "<" in clip.reason else clip.reason or ""


def _tell(counts: ClipCounts, totals: _Totals, windows: dict[int, str], *, examined: int) -> None:
    say(f"{examined} sources looked at: {totals.added} clips are new, {totals.withdrawn} withdrawn")
    say(f"{counts['proposed']} clips wait for a decision, {counts['decided']} are accepted")
    for reason, number in counts["left_out"].items():
        say(f"{number:>7}  left out: {reason}")
    for line, seconds in totals.outside:
        say(f"line {line}: no frame lies between start and end; the video has {seconds:.2f} s.")
    for sentence in window_lines(windows, most=_SHOWN):
        say(sentence)
    if totals.twice:
        say(f"{totals.twice} clips lie in two sources of one video and are proposed once.")
    if totals.failed:
        say(f"{totals.failed} sources could not be looked at: `slateboard curate status --all`")
