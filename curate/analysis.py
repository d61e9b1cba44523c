"""The decode pass: each media is decoded once, and every analyser and effect detector that wants it looks on."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from dataclasses import replace as replaced
from pathlib import Path
from typing import Any

import numpy as np

from curate.stack import Sampler, Stack
from slateboard.media.errors import Unreadable
from slateboard.media.frames import Frame, decode, scaled_size
from slateboard.media.scale import scale
from slateboard.records.media import Media
from slateboard.records.observation import Observation
from slateboard.records.source import State
from slateboard.registry import Registry

ANALYSERS = Registry("curate.analysers", ("CARD", "VERSION", "start"))
EFFECTS = Registry("curate.effects", ("CARD", "VERSION", "detect"))

SHORT_SIDE = 256
"""Analysers see pictures of at most this shorter side, in pixels."""

Wanted = dict[str, tuple[int, dict[str, Any]]]
"""Name of an analyser or effect -> version and parameters."""


@dataclass(frozen=True)
class Job:
    """One decode pass to make."""

    path: Path
    media: Media
    wanted: Wanted


@dataclass(frozen=True)
class Pass:
    """What one decode pass found."""

    media: Media
    """With frames, duration and decode errors filled in."""
    observations: tuple[Observation, ...]
    state: State
    """fetched if it decodes to its end, else truncated, corrupt or not_video."""
    error: str | None


def wanted_of(parameters: Mapping[str, Mapping[str, Any]]) -> Wanted:
    """Return what every analyser and effect detector would be run with today."""
    found: Wanted = {}
    for registry in (ANALYSERS, EFFECTS):
        for name in registry.names():
            module = registry.load(name)
            # An analyser whose parameters depend on each other settles them itself.
            settle = getattr(module, "settle", module.CARD.settle)
            found[name] = (module.VERSION, settle(parameters.get(name, {}), where=f"[analysers.{name}]"))
    return found


def analyse(job: Job) -> Pass:
    """Decode one media to its end. Runs in a worker process; touches neither catalog nor disk."""
    media = job.media
    watchers = {
        name: ANALYSERS.load(name).start(media, job.wanted[name][1]) for name in ANALYSERS.names() if name in job.wanted
    }
    kinds = [name for name in EFFECTS.names() if name in job.wanted]
    sampler, stacks = Sampler(), []
    times: list[float] = []
    errors: list[str] = []
    pixels = hashlib.sha256()
    try:
        for frame in decode(job.path, on_error=errors.append):
            times.append(frame.seconds)
            for plane in (frame.y, frame.u, frame.v):
                pixels.update(plane.data)
            small = _small(frame)
            for name, watcher in watchers.items():
                cuts = watcher.see(small)
                if name == "shots":
                    stacks += [sampler.close(cut) for cut in cuts]
            sampler.see(small)
    except Unreadable as error:
        return Pass(media, (), error.state, str(error))
    stacks.append(sampler.close(len(times)))
    rows = {name: watcher.rows() for name, watcher in watchers.items()}
    for kind in kinds:
        rows[kind] = _verdicts(kind, rows["shots"], [stack for stack in stacks if stack is not None])
    found = _measured(media, times, errors, pixels.hexdigest())
    observations = tuple(
        Observation(
            media_id=media.media_id,
            analyser=name,
            version=job.wanted[name][0],
            parameters=job.wanted[name][1],
            rows=seen,
        )
        for name, seen in rows.items()
    )
    state, reason = _ending(found, errors)
    return Pass(found, observations, state, reason)


def _small(frame: Frame) -> Frame:
    """Return a frame of at most SHORT_SIDE pixels on its shorter side, scaled by area."""
    height, width = frame.y.shape
    if min(height, width) <= SHORT_SIDE:
        return frame
    size = scaled_size(width, height, short_side=SHORT_SIDE)
    half = (size[0] // 2, size[1] // 2)
    return replaced(frame, y=scale(frame.y, size), u=scale(frame.u, half), v=scale(frame.v, half))


def _verdicts(kind: str, shots: list[dict[str, Any]], stacks: list[Stack]) -> list[dict[str, Any]]:
    """Return one verdict per shot."""
    detect = EFFECTS.load(kind).detect
    return [{"shot_id": shot["shot_id"], **detect(seen).row()} for shot, seen in zip(shots, stacks, strict=True)]


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


def _ending(media: Media, errors: list[str]) -> tuple[State, str | None]:
    """Tell a file that ends early from one with a scratch in the middle.

    Headers lie by a few frames (every JHMDB clip does), so only an error together with a tenth of the
    announced duration missing is called truncated.
    """
    if not errors:
        return State.FETCHED, None
    announced = media.header_duration_s
    if announced and media.duration_s is not None and media.duration_s < 0.9 * announced:
        return (
            State.TRUNCATED,
            f"decodes {media.duration_s:.2f} s of {announced:.2f} s announced: {errors[0]}",
        )
    return State.FETCHED, f"{len(errors)} decoding errors, frames there: {errors[0]}"
