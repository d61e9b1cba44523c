"""Small videos with time stamps of one's own, whose pictures carry their number; and clips of windows of them."""

import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import numpy as np
from numpy.typing import NDArray
from PIL import Image

from curate.analysis import observations
from curate.analysis.decode_pass import DecodeJob, analyse, current_versions
from curate.clips.propose import propose
from curate.clips.trim import TrimJob, cut
from slateboard.media.ffmpeg import program
from slateboard.media.frames import decode
from slateboard.media.probe import probe
from slateboard.records.clip import Clip
from slateboard.records.media import Media
from slateboard.records.source import Source
from slateboard.settings import ClipSettings

BITS, SIZE = 8, (64, 48)


def numbered(count: int) -> list[NDArray[np.uint8]]:
    """Return RGB pictures that show their number in eight upright bars: white is 1, the first bar is 128."""
    pictures = []
    for number in range(count):
        bars = [255 if number >> bit & 1 else 0 for bit in reversed(range(BITS))]
        row = np.repeat(np.array(bars, np.uint8), SIZE[0] // BITS)
        pictures.append(np.repeat(np.tile(row, (SIZE[1], 1))[..., None], 3, axis=2))
    return pictures


def numbers_in(path: Path) -> list[int]:
    """Return the numbers that the pictures of a video show."""
    bars = [frame.y.reshape(SIZE[1], BITS, -1).mean(axis=(0, 2)) > 128 for frame in decode(path)]
    return [int(sum(1 << BITS - 1 - place for place, white in enumerate(row) if white)) for row in bars]


def run(*words: object) -> None:
    """Run ffmpeg."""
    subprocess.run([program(), "-v", "error", "-y", *map(str, words)], check=True)


def steady(path: Path, count: int = 100, *, rate: str = "25", options: Sequence[str] = ()) -> Path:
    """Write numbered pictures at a constant rate as H.264 with B-frames."""
    width, height = SIZE
    words = ["-f", "rawvideo", "-pix_fmt", "rgb24", "-s", f"{width}x{height}", "-r", rate, "-i", "-"]
    words += ["-c:v", "libx264", "-g", "25", "-bf", "2", "-crf", "12", "-pix_fmt", "yuv420p", "-threads", "1"]
    data = b"".join(picture.tobytes() for picture in numbered(count))
    subprocess.run([program(), "-v", "error", "-y", *words, *options, str(path)], input=data, check=True)
    return path


def stamped(
    path: Path, ticks: Sequence[int], *, time_base: Fraction, rate: int = 25, decoding: Sequence[int] | None = None
) -> Path:
    """Write numbered pictures with these time stamps; `decoding` are other ones for decoding."""
    with av.open(str(path), "w") as container:
        stream = container.add_stream("mpeg4", rate=rate)
        stream.width, stream.height, stream.pix_fmt, stream.bit_rate = *SIZE, "yuv420p", 2_000_000
        stream.options = {"g": "1"}
        packets = []
        for index, picture in enumerate(numbered(len(ticks))):
            frame = av.VideoFrame.from_ndarray(picture, format="rgb24")
            frame.pts = index
            packets += stream.encode(frame)
        packets += stream.encode(None)
        stream.time_base = time_base
        for packet, tick, decoded in zip(packets, ticks, decoding or ticks, strict=True):
            packet.pts, packet.dts = tick, decoded
            packet.time_base = time_base
            container.mux(packet)
    return path


@dataclass(frozen=True)
class Timed:
    """What the road makes of one video."""

    media: Media
    seconds: list[float]
    """Of every frame, on the player's clock."""
    clips: list[Clip]
    numbers: list[list[int]]
    """Of the pictures in each clip."""


def brought(path: Path, root: Path, *windows: tuple[float | None, float | None], **settings: Any) -> Timed:
    """Probe, analyse, propose and trim a window each of one video, whole; (None, None) is all of it."""
    chosen = ClipSettings.model_validate({"rule": "whole", "crf": 12, **settings})
    versions = {name: version for name, version in current_versions({}).items() if name in ("timeline", "shots")}
    media = probe(path, media_id="m", relative="m")
    result = analyse(DecodeJob(path, media, versions))
    assert result.error is None, result.error
    for observation in result.observations:
        observations.write(root / "observations", observation)
    seconds = [row["seconds"] for row in observations.read(root / "observations", "m", "timeline")]
    media = result.media.model_copy(update={"path": str(path)})
    clips = []
    for start_s, end_s in windows:
        source = Source(source_id="s", line=2, url="u", label="Squat", start_s=start_s, end_s=end_s)
        (clip,) = propose(source, media, [], seconds, chosen)
        clips.append(clip.model_copy(update={"state": "accepted", "shot_id": None}))
    job = TrimJob(tuple(clips), media, root, root / "clips", root / "observations", chosen)
    done = list(cut(job))
    failed = [clip.reason for clip in done if clip.state != "trimmed"]
    assert not failed, failed
    return Timed(media, seconds, done, [numbers_in(root / (clip.path or "")) for clip in done])


def gif(path: Path, delays: Sequence[int]) -> Path:
    """Write numbered pictures as a GIF with these delays, in hundredths of a second."""
    pictures = [Image.fromarray(picture) for picture in numbered(len(delays))]
    durations = [10 * delay for delay in delays]
    pictures[0].save(path, save_all=True, append_images=pictures[1:], duration=durations, loop=0)
    return path
