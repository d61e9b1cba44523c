"""Edit a video by an ffmpeg filter graph: what evaluations use to make reposts of known clips."""

import subprocess
from collections.abc import Sequence
from pathlib import Path

from slateboard.errors import SlateboardError
from slateboard.files import atomic_write
from slateboard.media.containers import address, program_input
from slateboard.media.ffmpeg import program


def edit(
    source: Path,
    target: Path,
    *,
    graph: str,
    videos: Sequence[Path] = (),
    pictures: Sequence[Path] = (),
    crf: int = 23,
) -> None:
    """Write `source` through a filter graph as H.264 mp4 without audio; frames keep their times.

    `graph` takes `[0:v]` and, in order, more `videos` and then `pictures` (PNG) as `[1:v]`, `[2:v]`, ... and ends in
    `[out]`. One encoder thread and no dates: the same source gives the same bytes. Raises SlateboardError with
    ffmpeg's last words.
    """
    inputs = [word for path in (source, *videos) for word in program_input(path)]
    # Pictures are drawn by the caller, each under a name of its own.
    inputs += [word for path in pictures for word in ("-f", "png_pipe", "-i", address(path))]
    with atomic_write(target) as temporary:
        command = [program(), "-nostdin", "-v", "error", "-y", "-filter_complex_threads", "1", "-threads", "1", *inputs]
        command += ["-filter_complex", graph, "-map", "[out]", "-an", "-map_metadata", "-1", "-fps_mode", "vfr"]
        command += ["-c:v", "libx264", "-preset", "veryfast", "-crf", str(crf), "-pix_fmt", "yuv420p", "-threads", "1"]
        command += ["-x264-params", "mbtree=0", "-fflags", "+bitexact", "-flags:v", "+bitexact", "-f", "mp4"]
        command.append(address(temporary))
        process = subprocess.run(command, capture_output=True, text=True, errors="replace", check=False)
        if process.returncode:
            words = process.stderr.strip().splitlines()
            raise SlateboardError(f"ffmpeg could not edit {source}: {words[-1] if words else 'no message'}")
