"""Effect detectors in the decode pass: each gets stacks of the size it asks for, every shot gets its verdicts."""

from collections.abc import Callable, Iterable, Sequence
from typing import Protocol

from curate.analysis.rows import ObservationRows
from curate.analysis.stack import Sampler, Stack, stack
from slateboard.media.frames import Frame
from slateboard.media.pyramid import Pyramid
from slateboard.records.media import Shot
from slateboard.records.observation import Verdict
from slateboard.registry import Extension, Registry


class VersionedModule(Extension, Protocol):
    """What analysers and effect detectors have in common."""

    @property
    def VERSION(self) -> int:
        """Raised when the code changes: what the older one observed is observed anew."""

    @property
    def SIZE(self) -> int:
        """Pixels of the shorter side of the pictures that it sees; 0: as decoded."""


class EffectModule(VersionedModule, Protocol):
    """What a file of curate/effects defines."""

    @property
    def FRAMES(self) -> int | None:
        """Frames of a shot that it sees, spread over the shot; None: every frame."""

    def detect(self, stack: Stack) -> list[Verdict]:
        """Return at least one verdict of one shot, or of a part of a long one."""


EFFECTS = Registry("curate.effects", EffectModule)

Detect = Callable[[Stack], list[Verdict]]
Demand = tuple[int, int | None]
"""Shorter side in pixels, and number of frames (None: every frame)."""


class EffectsPass:
    """Runs the detectors of some kinds shot by shot; only frames of the current shot are kept in memory."""

    def __init__(self, kinds: Iterable[str]) -> None:
        self._detects: dict[Demand, dict[str, Detect]] = {}
        for kind in kinds:
            module = EFFECTS.load(kind)
            self._detects.setdefault((module.SIZE, module.FRAMES), {})[kind] = module.detect
        self._samplers = {demand: Sampler(demand[1]) for demand in self._detects}
        self._verdicts: dict[str, list[tuple[int, Verdict]]] = {kind: [] for kind in kinds}

    def see(self, pyramid: Pyramid, index: int) -> None:
        """Take one frame, at the size of each detector that samples it."""
        for demand, sampler in self._samplers.items():
            if sampler.wants(index):
                self._detect(demand, sampler.see(pyramid.at(demand[0])), is_partial=True)

    def close(self, end: int) -> None:
        """Run the detectors on the shot that ends before frame `end`."""
        for demand, sampler in self._samplers.items():
            divided = sampler.divided
            self._detect(demand, sampler.close(end), is_partial=divided)

    def rows(self, shots: Sequence[Shot]) -> dict[str, ObservationRows]:
        """Return kind -> rows: the shot's id and the fields of a verdict, at least one of each shot."""
        return {
            kind: [
                {"shot_id": shot.shot_id, **verdict.row()}
                for shot in shots
                for verdict in _joined([v for frame, v in detections if shot.first_frame <= frame <= shot.last_frame])
            ]
            for kind, detections in self._verdicts.items()
        }

    def _detect(self, demand: Demand, frames: list[Frame], *, is_partial: bool) -> None:
        if not frames:
            return
        frame_stack = stack(frames)
        for kind, detect in self._detects[demand].items():
            verdicts = detect(frame_stack)
            if is_partial:
                verdicts = [_spanned(verdict, frame_stack) for verdict in verdicts]
            self._verdicts[kind] += [(frames[0].index, verdict) for verdict in verdicts]


def _spanned(verdict: Verdict, chunk: Stack) -> Verdict:
    """Return a verdict of a chunk of a long shot with the chunk's times, where it holds throughout the chunk."""
    # A verdict without times speaks of the whole shot: text found in the chunk 0 to 36 s of a shot of 60 s gets
    # start_s 0 and end_s 36, else it would be taken for all 60 s.
    if not verdict.present or verdict.start_s is not None:
        return verdict
    return verdict.model_copy(update={"start_s": float(chunk.times[0]), "end_s": float(chunk.times[-1])})


def _joined(verdicts: list[Verdict]) -> list[Verdict]:
    """Return the verdicts that say present; else a single one, undecided if any chunk is undecided."""
    if not verdicts:
        return [Verdict(present=None, reason="no frame")]
    present = [verdict for verdict in verdicts if verdict.present]
    undecided_verdicts = [verdict for verdict in verdicts if verdict.present is None]
    return present or [*undecided_verdicts, *verdicts][:1]
