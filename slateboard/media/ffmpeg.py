"""Run ffmpeg: the only place that starts a process. Cuts are exact because they re-encode chosen frames."""

import shutil
import subprocess
from collections.abc import Mapping
from contextlib import ExitStack
from dataclasses import dataclass
from fractions import Fraction
from functools import cache
from math import ceil
from pathlib import Path
from typing import Any, Literal

import ffmpeg
import imageio_ffmpeg

from slateboard.errors import MissingRequirement, SlateboardError
from slateboard.files import atomic_write
from slateboard.limits import current_limits
from slateboard.media import bounds
from slateboard.media.containers import address, program_options
from slateboard.media.display import Matrix, display_of
from slateboard.media.encode import STEADY
from slateboard.media.errors import Unreadable
from slateboard.media.filters import Shower, shower_of
from slateboard.media.frames import one_thread, raw_pictures
from slateboard.media.probe import open_container
from slateboard.records.source import State
from slateboard.settings import Limits

_QUICK = "aq-mode=0:scenecut=0:b-adapt=0:weightp=0"
"""No bits moved about to please the eye, no search for cuts (a clip lies inside a shot), B-frames at fixed places,
no fades weighed.

600 frames of 720p, preset superfast, crf 24: 4.1 s of one core and 46.9 dB in 2.47 MB; with these three on 5.0 s and
46.8 dB in 2.76 MB; x264 as PySceneDetect calls it (veryfast, crf 22) 7.4 s and 46.7 dB in 2.21 MB. Fades: of 720
frames at crf 25, 2.9 s of encoding against 3.2 s, 45.2 dB in 2.65 MB either way.
"""

_ONE_THREAD = ("-filter_complex_threads", "1")


@cache
def program() -> str:
    """Return ffmpeg on PATH, else the one that imageio-ffmpeg brings."""
    on_path = shutil.which("ffmpeg")
    if on_path:
        return on_path
    try:
        return str(imageio_ffmpeg.get_ffmpeg_exe())
    except RuntimeError as error:
        raise MissingRequirement("No ffmpeg: install it, or `pip install imageio-ffmpeg`.") from error


@cache
def version() -> str:
    """Return the version that the program states of itself."""
    words = subprocess.run([program(), "-version"], capture_output=True, text=True, check=True).stdout.split()
    return words[words.index("version") + 1] if "version" in words else "unknown"


@cache
def _encoder_help() -> str:
    command = [program(), "-hide_banner", "-h", "encoder=libx264"]
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout


def _require_10_bit() -> None:
    """Raise MissingRequirement where the program's x264 writes 8 bit alone, as it was built before 2018."""
    if "yuv420p10le" not in _encoder_help():
        raise MissingRequirement(
            f"The libx264 of {program()} writes no 10 bit, which [clips] tone_map = false needs for HDR: take another "
            "ffmpeg, or set tone_map = true."
        )


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
    """Width and height in pixels, upright, if the pictures are to be scaled; None: as they are."""
    matrix: Matrix
    full_range: bool
    crf: int
    preset: str = "superfast"
    """Of x264."""
    spacing_hz: Fraction | None = None
    """Rate at which the source's frames follow each other; None: the rate of the result, so that each stays once."""
    own_times: bool = False
    """The source's frames come at their own times, not at `spacing_hz`."""
    frames: int | None = None
    """How many frames the result has if frames are doubled or dropped to reach its rate; None: every frame once."""
    pts: tuple[int, int] | None = None
    """PTS of the first and the last frame, by which they are found after a seek."""
    deinterlace: Literal["top_first", "bottom_first"] | None = None
    """Interlaced pictures keep the older of their fields, this one, and the lines between are interpolated."""
    tone_map: bool = True
    """HDR pictures become BT.709, 8 bit; else they keep 10 bit and their own transfer."""


def trim(source: Path, target: Path, cut: Cut) -> None:
    """Write one cut, found by counting frames from the start of the source."""
    trim_all(source, {target: cut})


def trim_all(
    source: Path,
    cuts: Mapping[Path, Cut],
    *,
    from_seconds: float | None = None,
    limits: Limits | None = None,
    stream: int | None = None,
) -> None:
    """Write cuts of one source in one pass, as H.264 mp4: constant rate, upright, square pixels, no audio.

    `from_seconds` is a time in the file's own clock at or before the first cut; decoding begins at the key frame
    before it, and frames are found by their PTS. Without it they are counted from the start. `stream` is the index of
    the video stream; None: the one that a player would show.
    One encoder thread, no macroblock-tree rate control (its decisions varied from run to run) and no dates in the
    file: the same source gives the same bytes, however cuts are put together.
    """
    limits = limits or current_limits()
    how: dict[str, str | int | None] = {
        "threads": 1,
        **program_options(),
        **bounds.demuxer_options(limits),
        **bounds.decoder_options(limits),
    }
    if from_seconds is not None:
        # Rounded up: a hair too early, and ffmpeg would begin a whole group of pictures before.
        # In the file's own clock, which may start at 1.4 s; -copyts keeps it, so that `trim` finds PTS as decoded.
        how |= {
            "ss": f"{ceil(from_seconds * 1e6) / 1e6:.6f}",
            "seek_timestamp": 1,
            "noaccurate_seek": None,
            "copyts": None,
        }
    with open_container(source, limits=limits, stream=stream) as (container, video_stream):
        one_thread(video_stream)
        first_picture = next(raw_pictures(source, container, video_stream, lambda _: None, limits=limits), None)
        if first_picture is None:
            raise Unreadable(f"{source.name} holds no frame that decodes.", State.NOT_VIDEO)
        display = display_of(first_picture, name=source.name)
        if display.hdr is not None and not all(cut.tone_map for cut in cuts.values()):
            _require_10_bit()
        # Our own filters turn and mirror, by the same matrix as in PyAV: other versions of the program do it otherwise.
        video = ffmpeg.input(address(source), noautorotate=None, **how)[str(video_stream.index)]
    branches = video.filter_multi_output("split", len(cuts))
    with ExitStack() as stack:
        showers = {
            tone_map: stack.enter_context(shower_of(display, tone_map=tone_map))
            for tone_map in {cut.tone_map for cut in cuts.values()}
        }
        outputs = [
            _output(
                branches[number],
                cut,
                stack.enter_context(atomic_write(target)),
                by_pts=from_seconds is not None,
                shower=showers[cut.tone_map],
            )
            for number, (target, cut) in enumerate(cuts.items())
        ]
        try:
            command = ffmpeg.merge_outputs(*outputs).global_args("-nostdin", "-v", "error", *_ONE_THREAD)
            command.run(cmd=program(), capture_stdout=True, capture_stderr=True, overwrite_output=True)
        except ffmpeg.Error as error:
            words = error.stderr.decode("utf-8", "replace").strip().splitlines()
            raise SlateboardError(f"ffmpeg could not cut {source}: {words[-1] if words else 'no message'}") from error


def _output(video: Any, cut: Cut, temporary: Path, *, by_pts: bool, shower: Shower) -> Any:
    # `trim` keeps start <= x < end, so the end is the last frame or PTS plus one: frames 10-12 -> start 10, end 13.
    if by_pts and cut.pts is not None:
        video = video.filter("trim", start_pts=cut.pts[0], end_pts=cut.pts[1] + 1)
    else:
        video = video.filter("trim", start_frame=cut.first_frame, end_frame=cut.last_frame + 1)
    if cut.deinterlace is not None:
        # One picture for each; what is progressive passes.
        parity = "tff" if cut.deinterlace == "top_first" else "bff"
        video = video.filter("bwdif", mode="send_frame", parity=parity, deint="interlaced")
    video = shower.oriented(_set_times(video, cut))
    video = shower.scaled(shower.toned(video), cut.size)
    colours = shower.colours(cut.matrix, full_range=cut.full_range)
    video = video.filter("crop", "trunc(iw/2)*2", "trunc(ih/2)*2", 0, 0)
    return ffmpeg.output(
        colours.filtered(video),
        address(temporary),
        format="mp4",
        vcodec="libx264",
        preset=cut.preset,
        crf=cut.crf,
        fps_mode="passthrough",
        threads=1,
        **{"x264-params": f"{STEADY}:{_QUICK}"},
        map_metadata=-1,
        movflags="+faststart",
        fflags="+bitexact",
        **{"flags:v": "+bitexact"},
        **colours.options(),
    )


def _set_times(video: Any, cut: Cut) -> Any:
    """Give the frames of a cut their times: their own from 0, or evenly spaced; then reach a constant rate if asked."""
    if cut.own_times:
        video = video.filter("setpts", "PTS-STARTPTS")
    else:
        # Time base 1 / rate and PTS = N, the frame's number: at 30000/1001 Hz frame 90 is at 90 x 1001/30000 = 3.003 s.
        spacing = cut.spacing_hz or cut.frame_rate
        video = video.filter("settb", f"{spacing.denominator}/{spacing.numerator}").filter("setpts", "N")
    # `fps` repeats or drops frames to reach the rate, `tpad` then repeats the last one for ever and `trim` cuts at the
    # count: 25 -> 30 Hz, 5 frames at 0, .04 ... .16 s -> 0 1 2 2 3 4, and what the count wants beyond is frame 4.
    if cut.frames is not None:
        rate = f"{cut.frame_rate.numerator}/{cut.frame_rate.denominator}"
        video = video.filter("fps", fps=rate, round="near", start_time=0)
        video = video.filter("tpad", stop_mode="clone", stop=-1).filter("trim", end_frame=cut.frames)
    return video
