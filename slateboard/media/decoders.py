"""Decoders beside PyAV, with the same interface: they show how much a result depends on the decoder."""

import os
import subprocess
from collections.abc import Callable, Iterator, Sequence
from fractions import Fraction
from importlib import metadata
from pathlib import Path

import cv2
import ffmpeg
import imageio_ffmpeg
import numpy as np

from slateboard.errors import SlateboardError, did_you_mean
from slateboard.media import containers
from slateboard.media.display import display_of
from slateboard.media.errors import Unreadable
from slateboard.media.filters import shower_of
from slateboard.media.frames import Frame, Plane, decode, one_thread, raw_pictures
from slateboard.media.probe import open_container
from slateboard.media.scale import scaled_size
from slateboard.records.source import State

PYAV, OPENCV, FFMPEG = "pyav", "opencv", "ffmpeg"
DECODERS = (PYAV, OPENCV, FFMPEG)
"""pyav: what everything else uses; opencv: BGR pictures of cv2.VideoCapture, as most training code reads them; ffmpeg:
the program that imageio-ffmpeg brings, another version of FFmpeg than PyAV's."""


def decoder_function(decoder: str) -> Callable[..., Iterator[Frame]]:
    """Return a function (path, *, short_side) that yields the frames of a file as `decode` does, decoded by this one.

    Frames are numbered as that decoder gives them, which may be more or fewer than another gives.
    """
    functions = {PYAV: decode, OPENCV: _by_opencv, FFMPEG: _by_ffmpeg}
    if decoder not in functions:
        raise SlateboardError(f"Unknown decoder '{decoder}'. {did_you_mean(decoder, DECODERS)}")
    return functions[decoder]


def decoder_version(decoder: str) -> str:
    """Return a decoder's name and version, as runs record it."""
    if decoder == OPENCV:
        return f"opencv {cv2.__version__}"
    if decoder == FFMPEG:
        return f"ffmpeg {imageio_ffmpeg.get_ffmpeg_version()}"
    return f"av {metadata.version('av')}"


def _by_opencv(path: Path, *, short_side: int) -> Iterator[Frame]:
    """Yield frames of cv2.VideoCapture: BGR as it converts them, scaled by area, to BT.601 planes by cv2.cvtColor."""
    with open_container(path):
        os.environ["OPENCV_FFMPEG_CAPTURE_OPTIONS"] = containers.opencv_options()
        # Its other backends would take a name with a % for a sequence of pictures.
        video = cv2.VideoCapture(containers.address(path), cv2.CAP_FFMPEG)
    try:
        if not video.isOpened():
            raise Unreadable(f"{path.name} does not open in OpenCV.", State.UNSUPPORTED)
        across, down = video.get(cv2.CAP_PROP_SAR_NUM), video.get(cv2.CAP_PROP_SAR_DEN)
        aspect = across / down if across > 0 and down > 0 else 1.0
        turned = video.get(cv2.CAP_PROP_ORIENTATION_META) % 180 == 90
        index = 0
        while True:
            has_frame, picture = video.read()
            if not has_frame:
                break
            height, width = picture.shape[:2]
            # The pixel aspect is of the coded picture; OpenCV has turned it already, so that a quarter swaps the sides.
            width, height = (width, height * aspect) if turned else (width * aspect, height)
            picture = cv2.resize(
                picture, scaled_size(width, height, short_side=short_side), interpolation=cv2.INTER_AREA
            )
            planes = np.asarray(cv2.cvtColor(picture, cv2.COLOR_BGR2YUV_I420), np.uint8).reshape(-1)
            y, u, v = _planes(planes, *picture.shape[:2])
            yield Frame(index, index, Fraction(1, 1000), 0.0, y, u, v, "bt601", False)
            index += 1
    finally:
        video.release()
    if index == 0:
        raise Unreadable(f"{path.name} holds no frame that OpenCV decodes.", State.NOT_VIDEO)


def _by_ffmpeg(path: Path, *, short_side: int) -> Iterator[Frame]:
    """Yield frames of the ffmpeg program, scaled by it to the size and range of PyAV's first frame."""
    first_frame = next(decode(path, short_side=short_side))
    height, width = first_frame.y.shape
    with open_container(path) as (container, stream):
        one_thread(stream)
        display = display_of(next(raw_pictures(path, container, stream)), name=path.name)
        index_of_stream = str(stream.index)
    with shower_of(display, tone_map=True) as shower:
        inputs = {"noautorotate": None, "threads": 1, **containers.program_options()}
        video = ffmpeg.input(containers.address(path), **inputs)[index_of_stream]
        video = shower.scaled(shower.toned(shower.oriented(video)), (width, height))
        video = shower.colours(first_frame.matrix, full_range=first_frame.full_range).filtered(video)
        output = ffmpeg.output(video, "-", format="rawvideo", fps_mode="passthrough")
        command = output.global_args("-nostdin", "-v", "error").compile(cmd=imageio_ffmpeg.get_ffmpeg_exe())
        yield from _raw_frames(path, command, first_frame)


def _raw_frames(path: Path, command: Sequence[str], first_frame: Frame) -> Iterator[Frame]:
    """Yield the frames that a command of the ffmpeg program writes, of the size of PyAV's first one."""
    height, width = first_frame.y.shape
    # yuv420p: height x width of luma and two planes of a quarter each, one frame after the other without a gap.
    size = height * width * 3 // 2
    index = 0
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL) as process:
        assert process.stdout is not None
        try:
            while len(data := process.stdout.read(size)) == size:
                y, u, v = _planes(np.frombuffer(data, np.uint8), height, width)
                yield Frame(index, index, Fraction(1, 1000), 0.0, y, u, v, first_frame.matrix, first_frame.full_range)
                index += 1
        finally:
            process.stdout.close()
            process.kill()
    if index == 0:
        raise Unreadable(f"{path.name} holds no frame that ffmpeg decodes.", State.NOT_VIDEO)


def _planes(picture: Plane, height: int, width: int) -> tuple[Plane, Plane, Plane]:
    """Return luma [height, width], U and V of an I420 picture in one piece."""
    luma, chroma, half = height * width, height * width // 4, (height // 2, width // 2)
    return (
        picture[:luma].reshape(height, width),
        picture[luma : luma + chroma].reshape(half),
        picture[luma + chroma :].reshape(half),
    )
