"""Effect detectors inside the decode pass: each gets stacks of its own size, every shot gets its verdicts."""

from collections.abc import Callable, Iterable, Sequence
from typing import Any, Protocol

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


class Detectors:
    """Runs the detectors of some kinds shot by shot, so that only the running shot is kept in memory."""

    def __init__(self, kinds: Iterable[str]) -> None:
        self._detects: dict[Demand, dict[str, Detect]] = {}
        for kind in kinds:
            module = EFFECTS.load(kind)
            self._detects.setdefault((module.SIZE, module.FRAMES), {})[kind] = module.detect
        self._samplers = {demand: Sampler(demand[1]) for demand in self._detects}
        self._found: dict[str, list[tuple[int, Verdict]]] = {kind: [] for kind in kinds}

    def see(self, pyramid: Pyramid, index: int) -> None:
        """Look at one frame, at the sizes of those detectors that want it."""
        for demand, sampler in self._samplers.items():
            if sampler.wants(index):
                self._judge(demand, sampler.see(pyramid.at(demand[0])), part=True)

    def close(self, end: int) -> None:
        """Judge the shot that ends before frame `end`."""
        for demand, sampler in self._samplers.items():
            divided = sampler.divided
            self._judge(demand, sampler.close(end), part=divided)

    def rows(self, shots: Sequence[Shot]) -> dict[str, list[dict[str, Any]]]:
        """Return kind -> rows: the shot's id and the fields of a verdict, at least one of each shot."""
        return {
            kind: [
                {"shot_id": shot.shot_id, **verdict.row()}
                for shot in shots
                for verdict in _joined([seen for at, seen in found if shot.first_frame <= at <= shot.last_frame])
            ]
            for kind, found in self._found.items()
        }

    def _judge(self, demand: Demand, frames: list[Frame], *, part: bool) -> None:
        if not frames:
            return
        pile = stack(frames)
        for kind, detect in self._detects[demand].items():
            found = detect(pile)
            if part:
                found = [_spanned(verdict, pile) for verdict in found]
            self._found[kind] += [(frames[0].index, verdict) for verdict in found]


def _spanned(verdict: Verdict, part: Stack) -> Verdict:
    """Return what is present throughout a part of a shot with the part's times."""
    if not verdict.present or verdict.start_s is not None:
        return verdict
    return verdict.model_copy(update={"start_s": float(part.times[0]), "end_s": float(part.times[-1])})


def _joined(verdicts: list[Verdict]) -> list[Verdict]:
    """Return what is present; else one verdict, undecided if any part is undecided."""
    if not verdicts:
        return [Verdict(present=None, reason="no frame")]
    present = [verdict for verdict in verdicts if verdict.present]
    undecided = [verdict for verdict in verdicts if verdict.present is None]
    return present or [*undecided, *verdicts][:1]
