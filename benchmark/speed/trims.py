"""How fast clips are trimmed, beside PySceneDetect's `split-video` on the same cut lists, in one run.

Two sets: the videos of shots/ with their hand-checked cuts, one PySceneDetect command each, and four of them joined
to one longer video of 720p. Ours cuts, decodes every clip again and compares it with the source; theirs only cuts.
Sizes and PSNR to the source (brightness, mean over frames) stand beside the times, and how many clips are exact.

Example: python -m benchmark.speed.trims ../shared/realdata --workers 2
"""

import argparse
import csv
import os
import resource
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

import numpy as np

from slateboard.catalog.catalog import open_catalog
from slateboard.files import csv_text, digest
from slateboard.media.ffmpeg import program
from slateboard.media.frames import Plane, decode
from slateboard.media.luma import decode_with_luma, luma_by_seeking
from slateboard.records.clip import Clip, clip_id
from slateboard.workspace import Workspace

COLUMNS = "url,label,start,end,group,licence,effects,note\n"
JOINED = ("bw_faces.mp4", "bbb_0_30.webm", "psd_testvideo.mp4", "bikes.mp4")
_RATE_HZ = 30
_PSNR_EVERY = 10
"""Frames, for the PSNR."""


@dataclass(frozen=True)
class Video:
    """A video and where it is cut."""

    path: Path
    pts: tuple[int, ...]
    starts: tuple[int, ...]
    """First frame of each scene, the first one 0."""

    @property
    def scenes(self) -> list[tuple[int, int]]:
        """First and last frames."""
        return [(start, end - 1) for start, end in pairwise([*self.starts, len(self.pts)])]


@dataclass(frozen=True)
class Trimmed:
    """The clips that one program cut of a set, and how long it took."""

    seconds: float
    cpu_seconds: float
    files: dict[tuple[Path, int], Path]
    """The clip of each video and first frame."""


def main() -> None:
    """Cut both sets by both and print a table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("realdata", type=Path)
    parser.add_argument("--workers", type=int, default=2)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        short = _read_cuts(arguments.realdata / "shots")
        for title, videos in (("shots", short), ("joined 720p", [_join(short, folder / "joined.mp4")])):
            ours = _ours(videos, folder / f"own {title}", workers=arguments.workers)
            theirs = _theirs(videos, folder / f"other {title}")
            clips, frames = sum(len(video.scenes) for video in videos), sum(len(video.pts) for video in videos)
            print(f"{title}: {len(videos)} videos, {frames} frames, {clips} clips, {arguments.workers} workers")
            _print_outcome("slateboard curate trim (proved)", ours, videos, clips)
            _print_outcome("scenedetect split-video", theirs, videos, clips)
            print(f"  ratio of clips a second: {theirs.seconds / ours.seconds:.2f}")


def _read_cuts(folder: Path) -> list[Video]:
    """Read the hand-checked cuts and the times of every frame."""
    cuts: dict[str, list[int]] = {}
    with (folder / "handchecked_cuts.csv").open(encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file):
            if row["kind"] != "none":
                cuts.setdefault(row["video"], [])
                if row["kind"] == "cut" and row["confidence"] == "high":
                    cuts[row["video"]].append(int(row["frame"]))
    return [_video(folder / name, sorted(frames)) for name, frames in sorted(cuts.items())]


def _video(path: Path, cuts: list[int]) -> Video:
    pts = tuple(frame.pts for frame in decode(path, short_side=16))
    return Video(path, pts, (0, *cuts))


def _join(videos: list[Video], target: Path) -> Video:
    """Join four videos at 1280x720 and 30 frames a second; their cuts and joints are its cuts."""
    sources = [video for name in JOINED for video in videos if video.path.name == name]
    inputs = [word for video in sources for word in ("-i", str(video.path))]
    graph = "".join(f"[{number}:v]scale=1280:720,setsar=1,fps={_RATE_HZ}[v{number}];" for number in range(len(sources)))
    graph += "".join(f"[v{number}]" for number in range(len(sources))) + f"concat=n={len(sources)}[out]"
    command = [program(), "-nostdin", "-v", "error", "-y", *inputs, "-filter_complex", graph, "-map", "[out]"]
    subprocess.run([*command, "-c:v", "libx264", "-preset", "veryfast", "-crf", "22", str(target)], check=True)
    cuts, before = [], 0
    for video in sources:
        times = [frame.seconds for frame in decode(video.path, short_side=16)]
        cuts += [before + round(times[start] * _RATE_HZ) for start in video.starts]
        # A video of n frames lasts until its last frame ends: its last time and one step, times[1] - 0.
        before += round((times[-1] + times[1]) * _RATE_HZ)
    return _video(target, cuts[1:])


def _ours(videos: list[Video], root: Path, *, workers: int) -> Trimmed:
    """Bring the videos through the real commands, accept the listed cuts, and time `trim`."""
    root.mkdir()
    workspace = Workspace(root)
    (root / "slateboard.toml").write_text('name = "trims"\n', "utf-8")
    rows = [{"url": str(video.path.resolve()), "label": "Cut"} for video in videos]
    workspace.sources.write_text(csv_text(rows, COLUMNS.strip().split(",")), "utf-8")
    for words in (["fetch", "--allow-local"], ["analyse", "--workers", str(workers)]):
        _slateboard(root, *words)
    files = {}
    with open_catalog(workspace.catalog) as catalog:
        for source in catalog.sources():
            video = next(video for video in videos if str(video.path.resolve()) == source.url)
            media_id = source.media_id or ""
            for start, last in video.scenes:
                name = clip_id(media_id, start, last)
                files[(video.path, start)] = workspace.clips / f"{name}.mp4"
                clip = Clip(
                    clip_id=name, source_id=source.source_id, media_id=media_id, shot_id=None, label="Cut", group="g",
                    first_frame=start, last_frame=last, start_s=0, end_s=0, state="accepted",
                )  # fmt: skip
                catalog.write_clips([clip])
    before = _cpu_seconds()
    seconds = _slateboard(root, "trim", "--workers", str(workers))
    return Trimmed(seconds, _cpu_seconds() - before, files)


def _slateboard(root: Path, *words: str) -> float:
    started = time.perf_counter()
    command = [sys.executable, "-m", "slateboard", "curate", *words, "-w", str(root), "--quiet"]
    subprocess.run(command, check=True)
    return time.perf_counter() - started


def _cpu_seconds() -> float:
    """Return what ended child processes have used."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def _theirs(videos: list[Video], folder: Path) -> Trimmed:
    """Run PySceneDetect's own command on each video, the same ffmpeg first on its PATH."""
    programs = folder / "programs"
    programs.mkdir(parents=True)
    (programs / "ffmpeg").symlink_to(program())
    environment = {**os.environ, "PATH": f"{programs}{os.pathsep}{os.environ['PATH']}"}
    seconds, before = 0.0, _cpu_seconds()
    files: dict[tuple[Path, int], Path] = {}
    for video in videos:
        into = folder / digest(str(video.path), length=8)
        into.mkdir()
        # PySceneDetect counts frames from 1.
        rows = [{"Scene Number": number, "Start Frame": start + 1} for number, start in enumerate(video.starts, 1)]
        scenes = into / "scenes.csv"
        scenes.write_text(csv_text(rows, ["Scene Number", "Start Frame"]), "utf-8")
        command = [str(Path(sys.executable).with_name("scenedetect")), "-q", "-i", str(video.path)]
        started = time.perf_counter()
        subprocess.run(
            [*command, "load-scenes", "-i", str(scenes), "split-video", "-q", "-o", str(into)],
            check=True, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
        )  # fmt: skip
        seconds += time.perf_counter() - started
        clips = sorted(into.glob("*.mp4"))
        files |= {(video.path, start): path for start, path in zip(video.starts, clips, strict=False)}
    return Trimmed(seconds, _cpu_seconds() - before, files)


def _print_outcome(title: str, outcome: Trimmed, videos: list[Video], clips: int) -> None:
    psnrs, exact, size = [], 0, 0
    for video in videos:
        for start, last in video.scenes:
            path = outcome.files.get((video.path, start))
            if path is None or not path.is_file():
                continue
            size += path.stat().st_size
            frames = range(start, last + 1)
            sampled = range(0, len(frames), _PSNR_EVERY)
            decoded = decode_with_luma(path, sampled)
            source = luma_by_seeking(video.path, [frames[number] for number in sampled], video.pts)
            exact += decoded.frames == len(frames)
            psnrs += [_psnr_db(decoded.luma[number], source[frames[number]]) for number in sampled
                     if number in decoded.luma]  # fmt: skip
    print(
        f"  {title}: {outcome.seconds:.1f} s, {outcome.cpu_seconds:.1f} s of CPU, "
        f"{clips / outcome.seconds:.2f} clips/s, {size / 1e6:.2f} MB, "
        f"{np.mean(psnrs):.2f} dB, {exact} of {clips} clips with the frames wanted"
    )


def _psnr_db(luma: Plane, source: Plane) -> float:
    # 10 log10(255^2 / MSE); the floor of 0.001 makes equal pictures 78.1 dB in place of infinite.
    error = float(np.mean((luma.astype(np.float32) - source) ** 2))
    return float(10 * np.log10(255**2 / max(error, 1e-3)))


if __name__ == "__main__":
    main()
