"""Small odd videos, made by the ffmpeg program."""

import subprocess
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from slateboard.media.colour import rgb
from slateboard.media.ffmpeg import program
from slateboard.media.frames import Frame

PATCHES = [(255, 255, 255), (0, 0, 0), (255, 0, 0), (0, 255, 0), (0, 0, 255), (128, 128, 128), (200, 150, 100)]
GREYS = [(255, 255, 255), (0, 0, 0), (128, 128, 128), (64, 64, 64)]


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


def patches(folder: Path, colours: list[tuple[int, int, int]]) -> list[str]:
    """Return the words of an input of three equal pictures, with a stripe of 16 pixels for each colour."""
    picture = np.concatenate([np.full((48, 16, 3), colour, np.uint8) for colour in colours], axis=1)
    Image.fromarray(picture).save(folder / "patches.png")
    return ["-loop", "1", "-i", str(folder / "patches.png"), "-frames:v", "3"]


def shown(frame: Frame, count: int) -> NDArray[np.int64]:
    """Return the colour in the middle of each stripe."""
    return rgb(frame)[24, 8 : 16 * count : 16].astype(np.int64)
