"""Draw the planned videos into a folder, several at a time; a video that is whole is kept.

python -m examples.demo.render FOLDER
"""

import json
import multiprocessing
import os
import sys
import threading
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor, as_completed
from pathlib import Path

import cv2

from examples.demo.backdrop import Picture
from examples.demo.effects import card_picture, editor
from examples.demo.looks import LOOKS
from examples.demo.plan import FRAME_RATE_HZ, VERSION, Video, cut_short, plan
from examples.demo.scene import draw_shot
from slateboard.files import PART, digest, write_json
from slateboard.media.encode import write_video
from slateboard.progress import progress

VIDEOS, PLAN = "videos", "plan.json"
"""Names inside the folder: where the videos lie, and the note of what they were drawn from."""


def render(folder: Path, *, seed: int, workers: int) -> list[Video]:
    """Draw all videos that are not there yet to folder/videos/NAME.mp4; return the planned ones.

    The video that is cut short on its way (`plan.cut_short`) is drawn too, but not returned.
    """
    _make_ready(folder, seed=seed)
    videos = plan(seed)
    missing = [video for video in [*videos, cut_short(seed)] if not _path(folder, video).exists()]
    # Long videos first, so that no process works alone at the end.
    missing.sort(key=lambda video: -video.frames)
    with progress("draw videos", len(missing), unit="videos") as bar:
        for _ in _draw_all(folder, missing, workers=workers):
            bar.step()
    return videos


def draw(video: Video) -> Iterator[Picture]:
    """Give all pictures of a video: title card, shots with their effects, end card."""
    look, size = LOOKS[video.uploader], (video.width, video.height)
    edit = editor(video.effects, look=look, seed=video.seed, size=size)
    if video.title:
        yield from [card_picture(video.title, look=look, size=size)] * video.title.frames
    for shot in video.shots:
        for frame, picture in enumerate(draw_shot(shot, label=video.label, look=look, size=size)):
            yield edit(picture, frame / shot.frames)
    if video.end:
        yield from [card_picture(video.end, look=look, size=size)] * video.end.frames


def render_video(video: Video, path: Path) -> None:
    """Draw one video and write it."""
    cv2.setNumThreads(1)
    write_video(path, draw(video), frame_rate_hz=FRAME_RATE_HZ)


def _path(folder: Path, video: Video) -> Path:
    return folder / VIDEOS / f"{video.name}.mp4"


def _make_ready(folder: Path, *, seed: int) -> None:
    """Remove what another plan or an interrupted run has left, then note the plan."""
    note = folder / PLAN
    fingerprint = {"fingerprint": digest({"seed": seed, "version": VERSION})}
    previous = json.loads(note.read_text("utf-8")) if note.exists() else None
    for path in sorted((folder / VIDEOS).glob("*")) + sorted((folder / VIDEOS).glob(f".*{PART}")):
        if previous != fingerprint or path.suffix == PART:
            path.unlink(missing_ok=True)
    if previous != fingerprint:
        write_json(note, fingerprint)


def _draw_all(folder: Path, videos: list[Video], *, workers: int) -> Iterator[None]:
    """Draw the videos and give a sign after each one."""
    if workers == 1:
        for video in videos:
            render_video(video, _path(folder, video))
            yield
        return
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(workers, mp_context=context, initializer=_end_with_parent) as pool:
        waiting = [pool.submit(render_video, video, _path(folder, video)) for video in videos]
        for future in as_completed(waiting):
            future.result()
            yield


def _end_with_parent() -> None:
    """End this process when the one that started it is killed; otherwise it would wait for work for ever."""

    def watch() -> None:
        parent = multiprocessing.parent_process()
        if parent is not None:
            parent.join()
            os._exit(1)

    threading.Thread(target=watch, daemon=True).start()


if __name__ == "__main__":
    render(Path(sys.argv[1]), seed=0, workers=os.cpu_count() or 1)
