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

from slateboard.media.bounds import pixel_aspect
from slateboard.media.conversion import Converter, plane_of
from slateboard.media.display import Display
from slateboard.media.errors import Unreadable
from slateboard.media.frames import Frame, frame_of, one_thread, raw_pictures
from slateboard.media.probe import open_container
from slateboard.records.source import State

_LEAST_APART = 16
"""Frames between two starts: opening and seeking costs about as much as decoding so many small ones."""

PictureKey = tuple[int | None, int]
"""PTS of a picture, and the XXH3-64 of its luma: two decodes gave the same frame if both are equal."""


@dataclass(frozen=True)
class Start:
    """A key frame from which decoding gives the same frames as a full decode."""

    index: int
    pts: int


@dataclass(frozen=True)
class Survey:
    """Number, size and seek points of a file's frames, from one full decode."""

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
    with open_container(path) as (container, stream):
        one_thread(stream)
        aspect = pixel_aspect(stream)
        keys_of_frames: list[PictureKey] = []
        keys: list[int] = []
        converter = Converter(path.name)
        display: Display | None = None
        for picture in raw_pictures(path, container, stream):
            display = converter.display(picture, len(keys_of_frames))
            if picture.key_frame and len(keys_of_frames) - (keys[-1] if keys else 0) >= _LEAST_APART:
                keys.append(len(keys_of_frames))
            keys_of_frames.append(_picture_key(picture))
        if display is None:
            raise Unreadable(f"{path.name} holds no frame that decodes.", State.NOT_VIDEO)
        starts = _exact_starts(path, container, stream, keys_of_frames, keys)
    return Survey(
        len(keys_of_frames),
        display.width * aspect,
        display.height,
        display.orientation.turns % 2 == 1,
        display.matrix,
        display.full_range,
        starts,
    )


def _exact_starts(
    path: Path,
    container: av.container.InputContainer,
    stream: av.VideoStream,
    keys_of_frames: Sequence[PictureKey],
    keys: Sequence[int],
) -> tuple[Start, ...]:
    """Return the key frames from which a decode repeats every frame up to the next key frame."""
    times = [pts for pts, _ in keys_of_frames]
    starts = []
    # Keys 0, 30, 60 of 80 frames: 30 is kept if a decode from its PTS gives frames 30 to 59 as the whole decode did.
    # Two frames of one PTS cannot be told apart after a seek: no start there.
    for index, end in pairwise([*keys, len(keys_of_frames)]):
        pts = times[index]
        if pts is None or times.count(pts) > 1:
            continue
        try:
            pictures = _seek_to(path, container, stream, pts)
            again = [_picture_key(picture) for picture in islice(pictures, end - index)]
        except Unreadable:
            continue
        if again == list(keys_of_frames[index:end]):
            starts.append(Start(index, pts))
    return tuple(starts)


def _picture_key(picture: av.VideoFrame) -> PictureKey:
    return picture.pts, xxhash.xxh3_64_intdigest(np.ascontiguousarray(plane_of(picture, 0)).data)


def _seek_to(
    path: Path, container: av.container.InputContainer, stream: av.VideoStream, pts: int
) -> Iterator[av.VideoFrame]:
    """Yield the pictures from the one with this PTS on; raises Unreadable where it does not come."""
    try:
        container.seek(pts, stream=stream)
    except av.FFmpegError as error:
        raise Unreadable(f"{path.name}: no seeking to {pts}: {error}.", State.CORRUPT) from error
    is_reached = False
    for picture in raw_pictures(path, container, stream):
        is_reached = is_reached or picture.pts == pts
        if is_reached:
            yield picture
    if not is_reached:
        raise Unreadable(f"{path.name}: seeking to {pts} did not find it.", State.CORRUPT)


def frames_at(path: Path, indices: Collection[int], *, short_side: int, starts: Sequence[Start]) -> Iterator[Frame]:
    """Yield the frames of these indices in order, scaled as by `decode`; others are decoded only to reach them.

    Raises Unreadable where the file gives fewer frames.
    """
    rest = sorted(set(indices))
    with open_container(path) as (container, stream):
        one_thread(stream)
        converter = Converter(path.name, aspect=pixel_aspect(stream), short_side=short_side)
        # `at` is the index of the next picture. indices 5, 70, starts 30, 60: decode 0-5, seek to 60, decode 60-70.
        at = 0
        pictures = raw_pictures(path, container, stream)
        for index in rest:
            start = _last_start(starts, index)
            if start is not None and start.index > at:
                at, pictures = start.index, _seek_to(path, container, stream, start.pts)
            for picture in pictures:
                at += 1
                if at > index:
                    time_base = picture.time_base or stream.time_base
                    assert time_base is not None
                    yield frame_of(picture, index, time_base, 0.0, converter)
                    break
            else:
                raise Unreadable(f"{path.name} ends before frame {index}: it is not the file it was.", State.CORRUPT)


def _last_start(starts: Sequence[Start], index: int) -> Start | None:
    """Return the last start at or before a frame."""
    place = bisect_right(starts, index, key=lambda start: start.index)
    return starts[place - 1] if place else None
