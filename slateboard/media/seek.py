"""Read some frames of a file without the others, by the numbers that a full decode gives them.

Headers lie about counts, and time stamps have holes: frames are counted by decoding once, and the key frames from which
decoding gave the same pictures again are remembered.
"""

from bisect import bisect_right
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice, pairwise
from pathlib import Path

import av
import numpy as np
import xxhash
from av.video.reformatter import VideoReformatter

from slateboard.media.bounds import pixel_aspect
from slateboard.media.errors import Unreadable
from slateboard.media.frames import Frame, decode, frame_of, one_thread, plane_of, raw_pictures
from slateboard.media.probe import opened
from slateboard.records.source import State

_LEAST_APART = 16
"""Frames between two starts: opening and seeking costs about as much as decoding so many small ones."""

Seen = tuple[int | None, int]
"""Presentation time of a picture, and the XXH3-64 of its luma."""


@dataclass(frozen=True)
class Start:
    """A key frame from which decoding gives what a full decode gives."""

    index: int
    pts: int


@dataclass(frozen=True)
class Survey:
    """What one full decode tells of a file."""

    frames: int
    width: float
    """Pixels, as if they were square, before the picture is turned upright."""
    height: int
    turned: bool
    """By a quarter, either way."""
    matrix: str
    full_range: bool
    starts: tuple[Start, ...]
    """In order; the first frame is none of them, since nothing needs to be sought for it."""


def survey(path: Path) -> Survey:
    """Decode a file once, and from each of its key frames again; raises Unreadable."""
    first = next(decode(path))
    with opened(path) as (container, stream):
        one_thread(stream)
        aspect = pixel_aspect(stream)
        seen: list[Seen] = []
        keys: list[int] = []
        size: tuple[int, int, bool] | None = None
        for picture in raw_pictures(path, container, stream):
            here = (picture.width, picture.height, round(picture.rotation / 90) % 2 == 1)
            if here != (size or here):
                raise Unreadable(
                    f"{path.name}: the size of its pictures changes at frame {len(seen)}.", State.UNSUPPORTED
                )
            size = here
            if picture.key_frame and len(seen) - (keys[-1] if keys else 0) >= _LEAST_APART:
                keys.append(len(seen))
            seen.append(_seen(picture))
        assert size is not None
        starts = _proven(path, container, stream, seen, keys)
    return Survey(len(seen), size[0] * aspect, size[1], size[2], first.matrix, first.full_range, starts)


def _proven(
    path: Path,
    container: av.container.InputContainer,
    stream: av.VideoStream,
    seen: Sequence[Seen],
    keys: Sequence[int],
) -> tuple[Start, ...]:
    """Return the key frames from which every frame up to the next one comes again as it was."""
    times = [pts for pts, _ in seen]
    found = []
    for index, end in pairwise([*keys, len(seen)]):
        pts = times[index]
        if pts is None or times.count(pts) > 1:
            continue
        try:
            pictures = _sought(path, container, stream, pts)
            again = [_seen(picture) for picture in islice(pictures, end - index)]
        except Unreadable:
            continue
        if again == list(seen[index:end]):
            found.append(Start(index, pts))
    return tuple(found)


def _seen(picture: av.VideoFrame) -> Seen:
    return picture.pts, xxhash.xxh3_64_intdigest(np.ascontiguousarray(plane_of(picture, 0)).data)


def _sought(
    path: Path, container: av.container.InputContainer, stream: av.VideoStream, pts: int
) -> Iterator[av.VideoFrame]:
    """Yield the pictures from the one of this time on; raises Unreadable where it does not come."""
    try:
        container.seek(pts, stream=stream)
    except av.FFmpegError as error:
        raise Unreadable(f"{path.name}: no seeking to {pts}: {error}.", State.CORRUPT) from error
    there = False
    for picture in raw_pictures(path, container, stream):
        there = there or picture.pts == pts
        if there:
            yield picture
    if not there:
        raise Unreadable(f"{path.name}: seeking to {pts} did not find it.", State.CORRUPT)


def frames_at(path: Path, wanted: Collection[int], *, short_side: int, starts: Sequence[Start]) -> Iterator[Frame]:
    """Yield the wanted frames in order, scaled as `decode` scales; the others are decoded only where they must be.

    Raises Unreadable where the file gives fewer frames.
    """
    rest = sorted(set(wanted))
    with opened(path) as (container, stream):
        one_thread(stream)
        aspect = pixel_aspect(stream)
        reformatter = VideoReformatter()
        at = 0
        pictures = raw_pictures(path, container, stream)
        for index in rest:
            start = _before(starts, index)
            if start is not None and start.index > at:
                at, pictures = start.index, _sought(path, container, stream, start.pts)
            for picture in pictures:
                at += 1
                if at > index:
                    time_base = picture.time_base or stream.time_base
                    assert time_base is not None
                    yield frame_of(
                        picture, index, time_base, 0.0, short_side=short_side, aspect=aspect, reformatter=reformatter
                    )
                    break
            else:
                raise Unreadable(f"{path.name} ends before frame {index}: it is not the file it was.", State.CORRUPT)


def _before(starts: Sequence[Start], index: int) -> Start | None:
    """Return the last start at or before a frame."""
    place = bisect_right(starts, index, key=lambda start: start.index)
    return starts[place - 1] if place else None
