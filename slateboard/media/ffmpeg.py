"""Run ffmpeg: the only place that starts a process. Cuts are exact because they re-encode chosen frames."""

import shutil
import subprocess
from dataclasses import dataclass
from fractions import Fraction
from functools import cache
from pathlib import Path

import ffmpeg
import imageio_ffmpeg

from slateboard.errors import MissingRequirement, SlateboardError
from slateboard.files import whole
from slateboard.media.frames import Matrix

_TAGS = {"bt601": "smpte170m", "bt709": "bt709", "bt2020": "bt2020nc"}


@cache
def program() -> str:
    """Return ffmpeg on PATH, else the one that imageio-ffmpeg brings."""
    found = shutil.which("ffmpeg")
    if found:
        return found
    try:
        return str(imageio_ffmpeg.get_ffmpeg_exe())
    except RuntimeError as error:
        raise MissingRequirement("No ffmpeg: install it, or `pip install imageio-ffmpeg`.") from error


@cache
def version() -> str:
    """Return the version that the program states of itself."""
    words = subprocess.run([program(), "-version"], capture_output=True, text=True, check=True).stdout.split()
    return words[words.index("version") + 1] if "version" in words else "unknown"


@dataclass(frozen=True)
class Cut:
    """Which frames of a source to keep, and how to write them."""

    first_frame: int
    """0-based index among decoded frames."""
    last_frame: int
    """Inclusive."""
    frame_rate: Fraction
    """Constant rate of the result, in frames per second."""
    size: tuple[int, int] | None
    """Width and height in pixels if pixels must be made square, before rotation; None: as they are."""
    matrix: Matrix
    full_range: bool
    crf: int


def trim(source: Path, target: Path, cut: Cut) -> None:
    """Write frames first..last as H.264 mp4: every one once, at a constant rate, upright, square pixels, no audio.

    One thread, no macroblock-tree rate control (its decisions varied from run to run) and no dates in the file:
    the same source gives the same bytes.
    """
    video = ffmpeg.input(str(source)).video
    video = video.filter("trim", start_frame=cut.first_frame, end_frame=cut.last_frame + 1)
    video = video.filter("settb", f"{cut.frame_rate.denominator}/{cut.frame_rate.numerator}").filter("setpts", "N")
    if cut.size is not None:
        video = video.filter("scale", *cut.size, flags="area").filter("setsar", "1")
    video = video.filter("crop", "trunc(iw/2)*2", "trunc(ih/2)*2", 0, 0)
    with whole(target) as temporary:
        command = ffmpeg.output(
            video,
            str(temporary),
            format="mp4",
            vcodec="libx264",
            preset="veryfast",
            crf=cut.crf,
            pix_fmt="yuvj420p" if cut.full_range else "yuv420p",
            colorspace=_TAGS[cut.matrix],
            color_range="pc" if cut.full_range else "tv",
            fps_mode="passthrough",
            threads=1,
            **{"x264-params": "mbtree=0"},
            map_metadata=-1,
            movflags="+faststart",
            fflags="+bitexact",
            **{"flags:v": "+bitexact"},
        )
        try:
            command.run(cmd=program(), capture_stdout=True, capture_stderr=True, overwrite_output=True)
        except ffmpeg.Error as error:
            words = error.stderr.decode("utf-8", "replace").strip().splitlines()
            raise SlateboardError(f"ffmpeg could not cut {source}: {words[-1] if words else 'no message'}") from error
