"""Clips for measuring the speed of frames: folders of real ones, and drawn ones of UCF101's size and codec."""

from collections.abc import Sequence
from dataclasses import replace
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pandas as pd

from benchmark.frames.frames import Frames
from benchmark.frames.geometry import Geometry
from benchmark.frames.live import LIVE, live
from benchmark.frames.open_frames import open_store
from slateboard import engine
from slateboard.dataset import CLIP_COLUMNS, Dataset, dataset_of_table
from slateboard.errors import SlateboardError
from slateboard.files import atomic_write, sha256_of
from slateboard.progress import progress

_SIZE = 320, 240
_RATE_HZ = 25
_KEY_EVERY = 12
"""Frames from one key frame to the next; most files of UCF101 have 12."""
_QUALITY, _GRAIN = 5, 4
"""MPEG-4's quantiser, and the deviation in grey levels of the noise that a camera would add: 2.9 kB a frame, like the
2.7 of UCF101 (6.5 GB, 2.4 million frames); without noise drawn pictures have 0.6 kB."""
_GRAINS = 16
"""Different pictures of noise."""
_ENDINGS = (".avi", ".mp4", ".mkv", ".webm")


def of_folder(root: Path, *, name: str) -> Dataset:
    """Return the videos of <root>/<class>/<file> as a dataset."""
    files = sorted(path for path in root.glob("*/*") if path.suffix.lower() in _ENDINGS)
    classes = sorted({path.parent.name for path in files})
    columns: dict[str, Sequence[object]] = {
        "clip_id": [path.stem for path in files],
        "path": [path.relative_to(root).as_posix() for path in files],
        "label": [path.parent.name for path in files],
        "class_index": [classes.index(path.parent.name) + 1 for path in files],
        "group": [path.stem for path in files],
        "sha256": [sha256_of(path) for path in files],
    }
    table = pd.DataFrame({column: columns.get(column, [""] * len(files)) for column in CLIP_COLUMNS})
    return dataset_of_table(table, classes=classes, root=root, name=name, version="v1")


def draw_footage(
    root: Path, *, clips: int, frames: int, distinct: int | None = None, workers: int | None = None
) -> Dataset:
    """Return `clips` videos of 320 x 240 in Xvid's MPEG-4, drawn into `root` where they are not there yet.

    Where fewer are to be `distinct`, the others are links to those: files and clips of their own, with the same bytes.
    """
    originals = min(clips, distinct or clips)
    jobs = [(root, number, frames) for number in range(originals)]
    with progress(f"draw {originals} clips of {frames} frames", originals, unit="clips") as bar:
        paths: dict[int, Path] = {}
        for (_, number, _), path in engine.run(_draw, jobs, workers=workers):
            if isinstance(path, engine.Failure):
                raise SlateboardError(f"Clip {number} could not be drawn: {path.reason}")
            paths[number] = path
            bar.step()
    for number in range(originals, clips):
        path = paths[number % originals].with_name(f"v_{number:05}.avi")
        if not path.is_file():
            path.hardlink_to(paths[number % originals])
    return of_folder(root, name="drawn")


def _draw(job: tuple[Path, int, int]) -> Path:
    """Draw one video of the demo's plan at another size, in one take, with a camera's noise."""
    # Imported here: the demo is not part of the installed package.
    from examples.demo.plan import plan
    from examples.demo.render import draw

    root, number, frames = job
    videos = plan(0)
    video = videos[number % len(videos)]
    shot = replace(video.shots[0], frames=frames, seed=number)
    video = replace(video, shots=(shot,), effects=(), title=None, end=None, width=_SIZE[0], height=_SIZE[1])
    path = root / video.label.replace(" ", "") / f"v_{number:05}.avi"
    if path.is_file():
        return path
    path.parent.mkdir(parents=True, exist_ok=True)
    chance = np.random.default_rng(number)
    grains = chance.normal(0, _GRAIN, (_GRAINS, _SIZE[1], _SIZE[0], 1)).astype(np.int8)
    grey = np.zeros((_SIZE[1], _SIZE[0], 3), np.int16)
    with atomic_write(path) as temporary, av.open(str(temporary), "w", format="avi") as container:
        stream = container.add_stream("mpeg4", rate=_RATE_HZ)
        stream.width, stream.height = _SIZE
        stream.pix_fmt = "yuv420p"
        stream.codec_context.codec_tag = "XVID"
        stream.options = {"g": str(_KEY_EVERY), "qmin": str(_QUALITY), "qmax": str(_QUALITY), "threads": "1"}
        stream.codec_context.time_base = Fraction(1, _RATE_HZ)
        for picture in draw(video):
            np.add(picture, grains[chance.integers(_GRAINS)], out=grey)
            noisy = np.clip(grey, 0, 255).astype(np.uint8)
            container.mux(stream.encode(av.VideoFrame.from_ndarray(noisy, format="rgb24")))
        container.mux(stream.encode(None))
    return path


def frames_in(form: str, stores: Path, dataset: Dataset, geometry: Geometry, *, workers: int | None = None) -> Frames:
    """Return the frames of a dataset in one form: planes, video or live; built or counted where they are not yet."""
    if form == LIVE:
        return live(stores, dataset, geometry, place=engine.Place(workers))
    return open_store(stores, dataset, geometry, form=form, place=engine.Place(workers))
