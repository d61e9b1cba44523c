"""How others read frames of a file: OpenCV, PyAV, decord and TorchCodec, each as its own documentation shows it.

Every reader takes a path, 0-based frame numbers that only rise, width and height, and returns RGB uint8
[T, height, width, 3]. Each seeks to the first frame wanted, decodes with one thread, and scales with its own means.
"""

from collections.abc import Callable
from importlib import metadata, util
from pathlib import Path
from typing import Any

import av
import cv2
import numpy as np
from av.video.reformatter import VideoReformatter
from numpy.typing import NDArray

from benchmark.frames.frames import Indices
from benchmark.models import vision

Pictures = NDArray[np.uint8]
Reader = Callable[[Path, Indices, int, int], Pictures]


def opencv(path: Path, indices: Indices, width: int, height: int) -> Pictures:
    """Read with cv2.VideoCapture, scale by area."""
    cv2.setNumThreads(1)
    video = cv2.VideoCapture(str(path), cv2.CAP_FFMPEG, [cv2.CAP_PROP_N_THREADS, 1])
    try:
        start = int(indices[0])
        if start:
            video.set(cv2.CAP_PROP_POS_FRAMES, start)
        pictures = {}
        requested = set(indices.tolist())
        for index in range(start, int(indices[-1]) + 1):
            if index not in requested:
                video.grab()
                continue
            is_read, picture = video.read()
            if not is_read:
                raise ValueError(f"{path.name} gives no frame {index}")
            picture = cv2.resize(picture, (width, height), interpolation=cv2.INTER_AREA)
            pictures[index] = cv2.cvtColor(picture, cv2.COLOR_BGR2RGB)
    finally:
        video.release()
    return np.stack([pictures[index] for index in indices.tolist()])


def pyav(path: Path, indices: Indices, width: int, height: int) -> Pictures:
    """Read with av.open, seek by time, scale and convert in one step.

    One scaler serves all frames: a new one for each, as `frame.reformat` makes it, takes 0.4 ms more. With
    B-frames packed as Xvid does, times are out of order (15 of 60 files of UCF101): there it counts from the beginning.
    """
    requested = set(indices.tolist())
    pictures, scaler = {}, VideoReformatter()
    with av.open(str(path)) as container:
        stream = container.streams.video[0]
        stream.codec_context.thread_count = 1
        assert stream.time_base is not None and stream.average_rate is not None
        # Ticks of the time base in a frame: 1/12800 s and 25 frames/s -> 512, so frame 40 has PTS 20,480. With B-frames
        # the first PTS need not be 0, so there frames are counted.
        ticks = 1 / (stream.time_base * stream.average_rate)
        in_order = not stream.codec_context.has_b_frames
        if indices[0] and in_order:
            container.seek(round(int(indices[0]) * ticks), stream=stream)
        for count, frame in enumerate(container.decode(stream)):
            index = round((frame.pts or 0) / ticks) if in_order else count
            if index in requested:
                pictures[index] = scaler.reformat(frame, width, height, "rgb24", interpolation="AREA").to_ndarray()
            if index >= indices[-1]:
                break
    return np.stack([pictures[index] for index in indices.tolist()])


def decord(path: Path, indices: Indices, width: int, height: int) -> Pictures:
    """Read with decord.VideoReader, which scales while it decodes."""
    import decord as library  # type: ignore[import-not-found]

    video = library.VideoReader(str(path), width=width, height=height, num_threads=1)
    pictures: Pictures = video.get_batch(indices.tolist()).asnumpy()
    return pictures


def torchcodec(path: Path, indices: Indices, width: int, height: int) -> Pictures:
    """Read with torchcodec's VideoDecoder, without a scan of the file first, and scale while it decodes."""
    # Its transforms import torchvision, which beside a CPU build of torch has to be loaded by us.
    vision.load()
    import torchcodec.decoders  # type: ignore[import-not-found]
    import torchcodec.transforms  # type: ignore[import-not-found]

    decoder: Any = torchcodec.decoders.VideoDecoder(
        str(path),
        dimension_order="NHWC",
        num_ffmpeg_threads=1,
        seek_mode="approximate",
        transforms=[torchcodec.transforms.Resize((height, width))],
    )
    pictures: Pictures = decoder.get_frames_at(indices.tolist()).data.numpy()
    return pictures


READERS: dict[str, tuple[Reader, tuple[str, ...]]] = {
    "opencv": (opencv, ("opencv-python-headless", "opencv-python")),
    "pyav": (pyav, ("av",)),
    "decord": (decord, ("eva-decord", "decord")),
    "torchcodec": (torchcodec, ("torchcodec",)),
}
"""Each with the distributions that bring it."""


def readers() -> tuple[dict[str, Reader], list[str]]:
    """Return the readers that work here by name and version, and a line about each that does not."""
    available, absent = {}, []
    for name, (reader, distributions) in READERS.items():
        installed = [distribution for distribution in distributions if _version(distribution)]
        if not installed:
            absent.append(f"{name}: not installed")
        elif name == "torchcodec" and (why := _fails_to_load()):
            absent.append(f"{name} {_version(installed[0])}: {why}")
        else:
            available[f"{name} {_version(installed[0])}"] = reader
    return available, absent


def _version(distribution: str) -> str:
    try:
        return metadata.version(distribution)
    except metadata.PackageNotFoundError:
        return ""


def _fails_to_load() -> str:
    """Return why torchcodec does not load, or nothing: it wants FFmpeg's shared libraries, which it does not bring."""
    if util.find_spec("torchcodec") is None:
        return "not importable"
    try:
        import torchcodec.decoders  # noqa: F401
    except (RuntimeError, OSError) as error:
        return f"does not load: {str(error).strip().splitlines()[0]}"
    return ""
