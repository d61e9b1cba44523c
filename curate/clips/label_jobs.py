"""Label clips in worker processes: broken observations cost only the clips that need them."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from pathlib import Path

from curate.analysis import observations
from curate.analysis.effects_pass import EFFECTS
from curate.clips.label import effects_of
from slateboard.engine import Failure
from slateboard.records.clip import Clip, Effect
from slateboard.records.media import Shot
from slateboard.records.source import Source
from slateboard.workers.outcome import RunEnds, attempt

_AT_ONCE = 64


@dataclass(frozen=True)
class LabelJob:
    """Clips with their sources, a chunk for one worker."""

    items: tuple[tuple[Clip, Source], ...]
    folder: Path
    """Holds the observations."""
    accept_machine: bool

    def divide(self) -> "list[LabelJob]":
        """Return a job for each clip."""
        return [replace(self, items=(item,)) for item in self.items] if len(self.items) > 1 else []


def label_jobs(items: Iterable[tuple[Clip, Source]], *, folder: Path, accept_machine: bool) -> list[LabelJob]:
    """Divide clips into jobs of at most 64."""
    labelled = tuple(items)
    return [
        LabelJob(labelled[start : start + _AT_ONCE], folder, accept_machine)
        for start in range(0, len(labelled), _AT_ONCE)
    ]


def label_all(job: LabelJob) -> list[list[Effect] | Failure]:
    """Return the effects of each clip, or why they are not known."""
    # 64 clips at a time, since reading observations takes milliseconds; where a clip ends its worker, the engine
    # divides the job (`divide`), so that the clip fails alone.
    outcomes = []
    for item in job.items:
        outcome = attempt(_Labeller(job), item)
        if isinstance(outcome, RunEnds):
            raise outcome.error
        outcomes.append(outcome)
    return outcomes


@dataclass(frozen=True)
class _Labeller:
    job: LabelJob

    def __call__(self, item: tuple[Clip, Source]) -> list[Effect]:
        (clip, source), folder = item, self.job.folder
        shots = [Shot.model_validate(row) for row in observations.read(folder, clip.media_id, "shots")]
        inside = [shot for shot in shots if shot.first_frame <= clip.last_frame and shot.last_frame >= clip.first_frame]
        verdicts = {kind: observations.read_verdicts(folder, clip.media_id, kind) for kind in EFFECTS.names()}
        return effects_of(clip, source, inside, verdicts, accept_machine=self.job.accept_machine)
