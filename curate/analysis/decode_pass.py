"""The decode pass: each media is decoded once, and every analyser and effect detector that wants it looks on."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cache
from pathlib import Path
from typing import Any, Protocol

import numpy as np

from curate.analysis import observations
from curate.analysis.effects_pass import EFFECTS, EffectsPass, VersionedModule
from slateboard.limits import current_limits
from slateboard.media.errors import Unreadable
from slateboard.media.frames import Frame, decode
from slateboard.media.frames_hash import FramesHash
from slateboard.media.identity import is_settled, unchanged
from slateboard.media.pyramid import Pyramid
from slateboard.observation_files import Size
from slateboard.records.media import Media, Shot
from slateboard.records.observation import Observation
from slateboard.records.source import State
from slateboard.records.stamp import Stamp
from slateboard.registry import Registry
from slateboard.settings import Limits


class Watcher(Protocol):
    """Looks at the frames of one media, in order."""

    def see(self, frame: Frame) -> Sequence[int] | None:
        """Look at one frame; `shots` alone returns the first frames of shots that became certain."""

    def rows(self, shots: Sequence[Shot]) -> list[dict[str, Any]]:
        """Return the rows of the observation, when the media has ended."""


class AnalyserModule(VersionedModule, Protocol):
    """What a file of curate/analysers defines. One whose rows do not speak of shots says `PER_SHOT = False`."""

    @property
    def RATE(self) -> float | None:
        """Most frames a second that it sees, by presentation time; None: every frame."""

    def start(self, media: Media, parameters: Mapping[str, Any]) -> Watcher:
        """Begin to watch one media; `parameters` are all of the CARD's."""


class SettlingModule(AnalyserModule, Protocol):
    """What an analyser defines whose parameters depend on each other."""

    def settle(self, overrides: Mapping[str, Any], *, where: str) -> dict[str, Any]:
        """Return all parameters, `overrides` over the defaults; `where` is part of an error."""


ANALYSERS = Registry("curate.analysers", AnalyserModule)
_SETTLING = Registry("curate.analysers", SettlingModule)

SHOTS = "shots"
"""The analyser that divides a media; what the others say of shots is made anew when it is."""

ENOUGH = 0.9
"""A file that decodes for less than this part of the duration announced is truncated."""

Wanted = dict[str, tuple[int, dict[str, Any]]]
"""Name of an analyser or effect -> version and parameters."""


@dataclass(frozen=True)
class Job:
    """One decode pass to make."""

    path: Path
    media: Media
    wanted: Wanted
    """Analysers and effects to run, a part of all."""
    shots: tuple[Shot, ...] = ()
    """The shots found by an earlier pass; used where `shots` itself is not wanted."""
    announced_s: float | None = None
    """Duration that the host announced, in seconds; None: it announced none."""
    sha256: str | None = None
    """Of the file, as it must be; None: whatever it holds."""
    stamp: Stamp | None = None
    """What the file looked like when it was last hashed."""
    limits: Limits = field(default_factory=current_limits)
    folder: Path | None = None
    """Where `observe` writes what was observed."""


@dataclass(frozen=True)
class Pass:
    """What one decode pass found."""

    media: Media
    """With frames, duration and decode errors filled in."""
    observations: tuple[Observation, ...]
    state: State
    """fetched if it decodes to its end, else truncated, corrupt, not_video, missing or error."""
    error: str | None
    stamp: Stamp | None = None
    """What the file looks like, where that is worth keeping."""
    written: Mapping[str, Size] = field(default_factory=dict)
    """Analyser or effect whose observation is written already -> what its file looks like."""


def wanted_of(parameters: Mapping[str, Mapping[str, Any]]) -> Wanted:
    """Return what every analyser and effect detector would be run with today."""
    found: Wanted = {}
    registries: tuple[Registry[VersionedModule], ...] = (ANALYSERS, EFFECTS)
    for registry in registries:
        for name in registry.names():
            module = registry.load(name)
            # An analyser whose parameters depend on each other settles them itself.
            is_settling = registry is ANALYSERS and _SETTLING.offers(name)
            settle = _SETTLING.load(name).settle if is_settling else module.CARD.settle
            found[name] = (module.VERSION, settle(parameters.get(name, {}), where=f"[analysers.{name}]"))
    return found


def lacking(wanted: Wanted, names: Iterable[str]) -> Wanted:
    """Return what to run where these lack: with new shots also everything that speaks of shots."""
    missing = set(names)
    if SHOTS in missing:
        missing |= {name for name in wanted if _speaks_of_shots(name)}
    return {name: wanted[name] for name in wanted if name in missing}


@cache
def _speaks_of_shots(name: str) -> bool:
    return name not in ANALYSERS.names() or getattr(ANALYSERS.load(name), "PER_SHOT", True)


def failed(job: Job, reason: str) -> Pass:
    """Return the pass of a media that no worker could finish: a row that asks for a look."""
    return Pass(job.media, (), State.ERROR, f"analysis: {reason}")


def observe(job: Job) -> Pass:
    """Analyse one media and write its observations into the job's folder. Runs in a worker, wherever that is."""
    done = analyse(job)
    assert job.folder is not None
    written = {one.analyser: observations.write(job.folder, one) for one in done.observations}
    return replace(done, observations=(), written=written)


def analyse(job: Job) -> Pass:
    """Decode one media to its end. Touches neither catalog nor disk."""
    try:
        with unchanged(job.path, name=job.media.path, sha256=job.sha256, recorded=job.stamp) as stamp:
            done = _pass(job)
        return replace(done, stamp=stamp if job.sha256 and is_settled(stamp) else None)
    except Unreadable as error:
        return Pass(job.media, (), error.state, str(error))


def _pass(job: Job) -> Pass:
    audience = _Audience(job)
    times: list[float] = []
    errors: list[str] = []
    hashed = FramesHash()
    for pyramid in hashed.pyramids(decode(job.path, beside=True, on_error=errors.append, limits=job.limits)):
        times.append(pyramid.at(0).seconds)
        audience.see(pyramid)
    found = _measured(job.media, times, errors, hashed.hexdigest())
    observed = tuple(
        Observation(
            media_id=job.media.media_id,
            analyser=name,
            version=job.wanted[name][0],
            parameters=job.wanted[name][1],
            rows=rows,
        )
        for name, rows in audience.rows(len(times)).items()
    )
    state, reason = _ending(found, errors, job.announced_s)
    return Pass(found, observed, state, reason)


class _Seat:
    """One analyser, its size, and its rate by presentation time."""

    def __init__(self, job: Job, name: str) -> None:
        module = ANALYSERS.load(name)
        self.size = module.SIZE
        self._rate = module.RATE
        self._slot = -1
        self.watcher = module.start(job.media, job.wanted[name][1])

    def wants(self, seconds: float) -> bool:
        """Tell whether a frame is the first in its slot of time; a thousandth of a slot allows for rounding."""
        if self._rate is None:
            return True
        slot = int(seconds * self._rate + 1e-3)
        if slot == self._slot:
            return False
        self._slot = slot
        return True


class _Audience:
    """All that look on: shots first, whose cuts the detectors follow, then the others."""

    def __init__(self, job: Job) -> None:
        self._shots = _Seat(job, SHOTS) if SHOTS in job.wanted else None
        self._known = job.shots
        self._cuts = {shot.first_frame for shot in job.shots if shot.first_frame}
        self._closed = 0
        self._seats = {name: _Seat(job, name) for name in ANALYSERS.names() if name in job.wanted and name != SHOTS}
        self._detectors = EffectsPass([name for name in EFFECTS.names() if name in job.wanted])

    def see(self, pyramid: Pyramid) -> None:
        """Look at one frame."""
        frame = pyramid.at(0)
        if self._shots is not None:
            for cut in self._shots.watcher.see(pyramid.at(self._shots.size)) or ():
                self._close(cut)
        elif frame.index in self._cuts:
            self._close(frame.index)
        for seat in self._seats.values():
            if seat.wants(frame.seconds):
                seat.watcher.see(pyramid.at(seat.size))
        self._detectors.see(pyramid, frame.index)

    def rows(self, frames: int) -> dict[str, list[dict[str, Any]]]:
        """Return the rows of each analyser and effect after the last frame."""
        found: dict[str, list[dict[str, Any]]] = {}
        shots: Sequence[Shot] = self._known
        if self._shots is not None:
            found[SHOTS] = self._shots.watcher.rows(())
            shots = [Shot.model_validate(row) for row in found[SHOTS]]
        for cut in [shot.first_frame for shot in shots if shot.first_frame > self._closed]:
            self._close(cut)
        self._detectors.close(frames)
        found |= {name: seat.watcher.rows(shots) for name, seat in self._seats.items()}
        return found | self._detectors.rows(shots)

    def _close(self, cut: int) -> None:
        self._detectors.close(cut)
        self._closed = cut
        for seat in self._seats.values():
            if hasattr(seat.watcher, "close"):
                seat.watcher.close(cut)


def _measured(media: Media, times: list[float], errors: list[str], digest: str) -> Media:
    steps = np.diff(times)
    nominal = 1 / media.fps
    return media.model_copy(
        update={
            "frames": len(times),
            "duration_s": times[-1] + nominal,
            "variable_rate": bool((np.abs(steps - nominal) > nominal / 10).any()),
            "decode_errors": len(errors),
            "frames_sha256": digest,
        }
    )


def _ending(media: Media, errors: list[str], announced_s: float | None) -> tuple[State, str | None]:
    """Tell a file that ends early from one with a scratch in the middle.

    Headers lie by a few frames (every JHMDB clip does), so the header's duration counts only together with an
    error; what the host announced counts alone.
    """
    seconds = media.duration_s or 0.0
    if announced_s is not None and seconds < ENOUGH * announced_s:
        return State.TRUNCATED, f"decodes {seconds:.2f} s of {announced_s:.2f} s that its host announced"
    if not errors:
        return State.FETCHED, None
    header = media.header_duration_s
    if header and seconds < ENOUGH * header:
        return State.TRUNCATED, f"decodes {seconds:.2f} s of {header:.2f} s announced: {errors[0]}"
    return State.FETCHED, f"{len(errors)} decoding errors, frames there: {errors[0]}"
