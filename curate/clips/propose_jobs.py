"""Propose clips of many sources in worker processes: broken observations cost only the source that needs them."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from curate.analysis import observations
from curate.clips.propose import propose, with_summary
from slateboard.engine import Failure
from slateboard.errors import SlateboardError
from slateboard.records.clip import Clip
from slateboard.records.media import Media, Shot
from slateboard.records.source import Source
from slateboard.settings import ClipSettings
from slateboard.workers.outcome import RunEnds, attempt

_AT_ONCE = 64
"""Sources in one job: each is a few milliseconds of reading."""


@dataclass(frozen=True)
class ProposeJob:
    """Sources with their media, a chunk for one worker."""

    items: tuple[tuple[Source, Media], ...]
    folder: Path
    """Holds the observations."""
    settings: ClipSettings

    def divide(self) -> "list[ProposeJob]":
        """Return a job for each source."""
        return [replace(self, items=(item,)) for item in self.items] if len(self.items) > 1 else []


def propose_jobs(items: Sequence[tuple[Source, Media]], *, folder: Path, settings: ClipSettings) -> list[ProposeJob]:
    """Divide sources into jobs of at most 64."""
    starts = range(0, len(items), _AT_ONCE)
    return [ProposeJob(tuple(items[start : start + _AT_ONCE]), folder, settings) for start in starts]


def propose_all(job: ProposeJob) -> list[list[Clip] | Failure]:
    """Return the clips of each source, or why there are none."""
    outcomes = []
    for item in job.items:
        outcome = attempt(_Proposer(job), item)
        if isinstance(outcome, RunEnds):
            raise outcome.error
        outcomes.append(outcome)
    return outcomes


@dataclass(frozen=True)
class _Proposer:
    job: ProposeJob

    def __call__(self, item: tuple[Source, Media]) -> list[Clip]:
        source, media = item
        folder, media_id = self.job.folder, media.media_id

        def is_there(name: str) -> bool:
            return observations.path_of(folder, media_id, name).is_file()

        shot_rows = observations.read(folder, media_id, "shots") if is_there("shots") else []
        timeline = observations.read(folder, media_id, "timeline") if is_there("timeline") else []
        camera = observations.read(folder, media_id, "camera") if is_there("camera") else []
        quality = observations.read(folder, media_id, "quality") if is_there("quality") else []
        for name in ("timeline",) if self.job.settings.rule == "whole" else ("timeline", "shots"):
            if not is_there(name):
                path = observations.path_of(folder, media_id, name)
                raise SlateboardError(f"{path} is not there. Run `slateboard curate analyse`.")
        shots = [Shot.model_validate(row) for row in shot_rows]
        times = [row["seconds"] for row in timeline]
        clips = propose(source, media, shots, times, self.job.settings)
        return [with_summary(clip, camera=camera, quality=quality) for clip in clips]
