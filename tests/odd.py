"""Small odd videos, made by the ffmpeg program."""

import subprocess
from pathlib import Path

from slateboard.media.ffmpeg import program


def run_ffmpeg(*words: str | Path) -> None:
    """Run the ffmpeg program; the last word is the file to write."""
    subprocess.run([program(), "-nostdin", "-v", "error", "-y", *map(str, words)], check=True)


def source(size: str = "64x48", *, seconds: float = 1, rate: int = 10, kind: str = "testsrc2") -> list[str]:
    """Return the words of an input that ffmpeg draws itself."""
    return ["-f", "lavfi", "-i", f"{kind}=size={size}:rate={rate}:duration={seconds}"]


def several_streams(path: Path, *sizes: str, default: int | None = None) -> Path:
    """Write a video with a stream of each size, of 10 frames; `default` has the default flag."""
    inputs = [word for size in sizes for word in source(size)]
    maps = [word for number in range(len(sizes)) for word in ("-map", f"{number}:v")]
    flags = [
        word
        for number in range(len(sizes))
        for word in (f"-disposition:v:{number}", "default" if number == default else "0")
    ]
    run_ffmpeg(*inputs, *maps, *flags, "-c:v", "libx264", "-g", "5", "-pix_fmt", "yuv420p", path)
    return path
