"""The decode pass: decode each media once, and hand its frames to every analyser and effect detector that is due."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cache
from pathlib import Path
from typing import Protocol

import numpy as np

from curate.analysis import observations
from curate.analysis.effects_pass import EFFECTS, EffectsPass, VersionedModule
from curate.analysis.ending import final_state, last_seconds
from curate.analysis.rows import ObservationRows
from slateboard.limits import current_limits
from slateboard.media.errors import Unreadable
from slateboard.media.frames import Frame, decode
from slateboard.media.frames_hash import FramesHash
from slateboard.media.identity import is_settled, unchanged
from slateboard.media.pyramid import Pyramid
from slateboard.media.rates import in_order
from slateboard.observation_files import Size
from slateboard.records.media import FieldOrder, Media, Shot
from slateboard.records.observation import Observation
from slateboard.records.source import State
from slateboard.records.stamp import Stamp
from slateboard.registry import Parameters, Registry
from slateboard.settings import Limits


class Watcher(Protocol):
    """Receives the frames of one media, in order."""

    def see(self, frame: Frame) -> Sequence[int] | None:
        """Take one frame; only the analyser `shots` returns something: first frames of shots that became certain."""

    def rows(self, shots: Sequence[Shot]) -> ObservationRows:
        """Return the rows of the observation, when the media has ended."""


class AnalyserModule(VersionedModule, Protocol):
    """What a file of curate/analysers defines. One whose rows do not refer to shots sets `PER_SHOT = False`."""

    @property
    def RATE(self) -> float | None:
        """Most frames a second that it sees, by presentation time; None: every frame."""

    def start(self, media: Media, parameters: Parameters) -> Watcher:
        """Begin to watch one media; `parameters` are all of the CARD's."""


class SettlingModule(AnalyserModule, Protocol):
    """What an analyser defines whose parameters depend on each other."""

    def settle(self, overrides: Parameters, *, where: str) -> Parameters:
        """Return all parameters, `overrides` over the defaults; `where` is part of an error."""


ANALYSERS = Registry("curate.analysers", AnalyserModule)
_SETTLING = Registry("curate.analysers", SettlingModule)

SHOTS = "shots"
"""The analyser that divides a media into shots; rows of other analysers that refer to shots depend on it."""

_INTERLACED_SHARE = 0.1

AnalyserVersions = dict[str, tuple[int, Parameters]]
"""Name of an analyser or effect -> version and parameters."""


@dataclass(frozen=True)
class DecodeJob:
    """One decode pass to make."""

    path: Path
    media: Media
    versions: AnalyserVersions
    """Analysers and effects to run."""
    shots: tuple[Shot, ...] = ()
    """Shots of an earlier pass, used where the analyser `shots` is not run."""
    announced_s: float | None = None
    """Duration that the host announced, in seconds; None: it announced none."""
    sha256: str | None = None
    """Expected hash of the file; None: not checked."""
    stamp: Stamp | None = None
    """Size and times of the file when it was last hashed."""
    limits: Limits = field(default_factory=current_limits)
    folder: Path | None = None
    """Where `analyse_and_write` writes the observations."""


@dataclass(frozen=True)
class DecodeResult:
    """Result of one decode pass."""

    media: Media
    """With frames, duration and decode errors filled in."""
    observations: tuple[Observation, ...]
    state: State
    """fetched if it decodes to its end, else truncated, corrupt, not_video, missing or error."""
    error: str | None
    stamp: Stamp | None = None
    """Size and times of the file, once its hash was verified."""
    written: Mapping[str, Size] = field(default_factory=dict)
    """Analyser or effect -> size and time of its observation's file, of those that are written."""


def current_versions(parameters: Mapping[str, Parameters]) -> AnalyserVersions:
    """Return version and parameters of every analyser and effect detector, by today's code and settings."""
    versions: AnalyserVersions = {}
    registries: tuple[Registry[VersionedModule], ...] = (ANALYSERS, EFFECTS)
    for registry in registries:
        for name in registry.names():
            module = registry.load(name)
            # An analyser whose parameters depend on each other settles them itself.
            is_settling = registry is ANALYSERS and _SETTLING.offers(name)
            settle = _SETTLING.load(name).settle if is_settling else module.CARD.settle
            versions[name] = (module.VERSION, settle(parameters.get(name, {}), where=f"[analysers.{name}]"))
    return versions


def stale_analysers(current: AnalyserVersions, names: Iterable[str]) -> AnalyserVersions:
    """Return what to run for a media that lacks these: with new shots also everything that refers to shots."""
    # Lacks `camera` -> camera alone; lacks `shots` -> shots and all whose rows name a shot, but not `timeline`.
    missing = set(names)
    if SHOTS in missing:
        missing |= {name for name in current if _refers_to_shots(name)}
    return {name: current[name] for name in current if name in missing}


@cache
def _refers_to_shots(name: str) -> bool:
    return name not in ANALYSERS.names() or getattr(ANALYSERS.load(name), "PER_SHOT", True)


def failed_result(job: DecodeJob, reason: str) -> DecodeResult:
    """Return the result of a media that no worker could finish: state `error`, with the reason."""
    return DecodeResult(job.media, (), State.ERROR, f"analysis: {reason}")


def analyse_and_write(job: DecodeJob) -> DecodeResult:
    """Analyse one media and write its observations into the job's folder. Runs in a worker process."""
    result = analyse(job)
    assert job.folder is not None
    written = {observation.analyser: observations.write(job.folder, observation) for observation in result.observations}
    return replace(result, observations=(), written=written)


def analyse(job: DecodeJob) -> DecodeResult:
    """Decode one media to its end. Writes neither into the catalog nor to disk."""
    try:
        with unchanged(job.path, name=job.media.path, sha256=job.sha256, recorded=job.stamp) as stamp:
            result = _decode_once(job)
        return replace(result, stamp=stamp if job.sha256 and is_settled(stamp) else None)
    except Unreadable as error:
        return DecodeResult(job.media, (), error.state, str(error))


def _decode_once(job: DecodeJob) -> DecodeResult:
    subscribers = _Subscribers(job)
    times: list[float] = []
    last: Frame | None = None
    errors: list[str] = []
    interlaced = 0
    hashed = FramesHash()
    frames = decode(job.path, beside=True, on_error=errors.append, limits=job.limits, stream=job.media.stream)
    for pyramid in hashed.pyramids(frames):
        last = pyramid.at(0)
        times.append(last.seconds)
        interlaced += last.is_interlaced
        subscribers.see(pyramid)
    assert last is not None  # `decode` raises where no frame decodes.
    media = _with_measurements(job.media, times, last, errors, hashed.hexdigest())
    media = media.model_copy(update={"field_order": _field_order(media, interlaced=interlaced, frames=len(times))})
    observations_made = tuple(
        Observation(
            media_id=job.media.media_id,
            analyser=name,
            version=job.versions[name][0],
            parameters=job.versions[name][1],
            rows=rows,
        )
        for name, rows in subscribers.rows(len(times)).items()
    )
    state, reason = final_state(media, errors, job.announced_s)
    return DecodeResult(media, observations_made, state, reason)


class _Subscription:
    """One analyser, with the frame size and the frame rate that it asks for."""

    def __init__(self, job: DecodeJob, name: str) -> None:
        module = ANALYSERS.load(name)
        self.size = module.SIZE
        self._rate = module.RATE
        self._slot = -1
        self.watcher = module.start(job.media, job.versions[name][1])

    def wants(self, seconds: float) -> bool:
        """Return whether the frame at this time is the first of its slot."""
        # slot = floor(t * rate + 1e-3). Rate 5 Hz, frames at 0, 0.04, ... 0.16, 0.2 s -> slots 0 0 0 0 0 1: those at 0
        # and 0.2 s are taken. The thousandth of a slot keeps 0.2 - 1e-9 s, a rounded presentation time, in slot 1.
        if self._rate is None:
            return True
        slot = int(seconds * self._rate + 1e-3)
        if slot == self._slot:
            return False
        self._slot = slot
        return True


class _Subscribers:
    """All that receive frames: the shot detector first, whose cuts close shots for the others."""

    def __init__(self, job: DecodeJob) -> None:
        self._shots = _Subscription(job, SHOTS) if SHOTS in job.versions else None
        self._known_shots = job.shots
        self._cuts = {shot.first_frame for shot in job.shots if shot.first_frame}
        self._closed = 0
        self._start_s = 0.0
        names = [name for name in ANALYSERS.names() if name in job.versions and name != SHOTS]
        self._subscriptions = {name: _Subscription(job, name) for name in names}
        self._effects = EffectsPass([name for name in EFFECTS.names() if name in job.versions])

    def see(self, pyramid: Pyramid) -> None:
        """Hand one frame to all."""
        frame = pyramid.at(0)
        if frame.index == 0:
            # Frames are sampled from the first on, so that the same pictures are seen whenever they begin.
            self._start_s = frame.seconds
        if self._shots is not None:
            for cut in self._shots.watcher.see(pyramid.at(self._shots.size)) or ():
                self._close(cut)
        elif frame.index in self._cuts:
            self._close(frame.index)
        for subscription in self._subscriptions.values():
            if subscription.wants(frame.seconds - self._start_s):
                subscription.watcher.see(pyramid.at(subscription.size))
        self._effects.see(pyramid, frame.index)

    def rows(self, frames: int) -> dict[str, ObservationRows]:
        """Return the rows of each analyser and effect after the last frame."""
        rows_by_name: dict[str, ObservationRows] = {}
        shots: Sequence[Shot] = self._known_shots
        if self._shots is not None:
            rows_by_name[SHOTS] = self._shots.watcher.rows(())
            shots = [Shot.model_validate(row) for row in rows_by_name[SHOTS]]
        for cut in [shot.first_frame for shot in shots if shot.first_frame > self._closed]:
            self._close(cut)
        self._effects.close(frames)
        rows_by_name |= {name: subscription.watcher.rows(shots) for name, subscription in self._subscriptions.items()}
        return rows_by_name | self._effects.rows(shots)

    def _close(self, cut: int) -> None:
        self._effects.close(cut)
        self._closed = cut
        for subscription in self._subscriptions.values():
            if hasattr(subscription.watcher, "close"):
                subscription.watcher.close(cut)


def _with_measurements(media: Media, times: list[float], last: Frame, errors: list[str], digest: str) -> Media:
    # 250 frames at 25 Hz that begin at 2 s end at 2 + 9.96 + 0.04 = 12 s and last 10 s. The rate varies if any step is
    # off by more than a tenth: at 25 Hz 44.1 ms, while Matroska's whole milliseconds pass.
    ordered = in_order(times)
    steps = np.diff(ordered)
    nominal_step = 1 / media.fps
    return media.model_copy(
        update={
            "frames": len(times),
            "start_s": ordered[0],
            "duration_s": ordered[-1] - ordered[0] + last_seconds(media, ordered, last),
            "variable_rate": bool((np.abs(steps - nominal_step) > nominal_step / 10).any()),
            "decode_errors": len(errors),
            "frames_sha256": digest,
        }
    )


def _field_order(media: Media, *, interlaced: int, frames: int) -> FieldOrder:
    """Return the order of fields by the frames that decoded; where headers state none, the top one is the older."""
    # A broadcast that mixes both is interlaced from a tenth of its frames on; a damaged header makes single ones so.
    if interlaced < _INTERLACED_SHARE * frames:
        return "unknown" if media.field_order == "unknown" else "progressive"
    return media.field_order if media.field_order in ("top_first", "bottom_first") else "top_first"
