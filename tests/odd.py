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


def hdr10_plus(path: Path) -> Path:
    """Write PQ as raw HEVC whose first picture has an SEI message of SMPTE ST 2094-40 with one window."""
    states = "format=yuv420p10le,setparams=color_primaries=bt2020:color_trc=smpte2084:colorspace=bt2020nc:range=tv"
    run_ffmpeg(*source(seconds=0.2), "-vf", states, "-c:v", "libx265", "-f", "hevc", path)
    fields = [(1, 2), (10000, 27), (0, 1), *[(100, 17)] * 4, (0, 4), (0, 10), (0, 1), (0, 1), (0, 1)]
    bits = "".join(f"{value:0{width}b}" for value, width in fields)
    bits += "0" * (-len(bits) % 8)
    # Country, provider, its code, application 4 in version 1; then the bits.
    payload = bytes.fromhex("b5003c00010401") + int(bits, 2).to_bytes(len(bits) // 8, "big")
    message = bytes([4, len(payload)]) + payload + b"\x80"
    for place in range(len(message), 2, -1):
        # No start code within.
        if message[place - 3 : place - 1] == b"\0\0" and message[place - 1] <= 3:
            message = message[: place - 1] + b"\3" + message[place - 1 :]
    content = path.read_bytes()
    # Before the first picture (NAL types 16 to 21, key frames), after its headers.
    at = next(n for n in range(len(content)) if content[n : n + 3] == b"\0\0\1" and 16 <= content[n + 3] >> 1 <= 21)
    path.write_bytes(content[:at] + b"\0\0\1\x4e\1" + message + content[at:])
    return path
