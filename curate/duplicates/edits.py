"""Make the edits that are common in reposts of short videos, with ffmpeg, for `curate eval duplicates`."""

import hashlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from slateboard.media.edit import edit
from slateboard.media.frames import decode
from slateboard.media.probe import read_claims

_WORDS = ("wait for it", "so clean", "this is how you do it", "day 12 of 30", "watch until the end", "unreal", "no way")
_COLOURS = ("white", "yellow", "cyan", "#ff5070")


@dataclass(frozen=True)
class Clip:
    """What an edit needs to know of the clip it changes."""

    width: int
    """Pixels."""
    height: int
    duration_s: float
    random: np.random.Generator
    """Of this clip and edit alone."""
    folder: Path
    """For pictures that are laid over it."""


@dataclass(frozen=True)
class FfmpegEdit:
    """What ffmpeg is run with to make an edit."""

    graph: str
    """From [0:v] (and [1:v], the picture) to [out]."""
    crf: int = 23
    picture: Path | None = None


def recompress(clip: Clip) -> FfmpegEdit:
    """x264 at crf 35."""
    return FfmpegEdit("[0:v]null[out]", crf=35)


def half_size(clip: Clip) -> FfmpegEdit:
    """Half the width and height."""
    return FfmpegEdit("[0:v]scale=iw/2:ih/2:flags=area[out]")


def colour(clip: Clip) -> FfmpegEdit:
    """Brightness, contrast and saturation changed by up to 0.1, 0.3 and 0.6, up or down."""
    strength = clip.random.uniform(0.5, 1, 3) * clip.random.choice((-1, 1), 3)
    brightness, contrast, saturation = strength * (0.1, 0.3, 0.6)
    eq = f"brightness={brightness:.3f}:contrast={1 + contrast:.3f}:saturation={1 + saturation:.3f}"
    return FfmpegEdit(f"[0:v]eq={eq}[out]")


def caption(clip: Clip) -> FfmpegEdit:
    """One or two lines of outlined text over 80 % of the width, in the upper, middle or lower third."""
    words = [str(clip.random.choice(_WORDS)) for _ in range(int(clip.random.integers(1, 3)))]
    picture = Image.new("RGBA", (clip.width, clip.height))
    draw = ImageDraw.Draw(picture)
    width = min(0.8 * clip.width, 1.2 * clip.height)
    size = width / max(draw.textlength(line, font=ImageFont.load_default(100)) for line in words) * 100
    font = ImageFont.load_default(size=min(size, clip.height / 8))
    draw.multiline_text(
        (clip.width / 2, clip.height * float(clip.random.choice((0.15, 0.5, 0.85)))),
        "\n".join(words),
        fill=str(clip.random.choice(_COLOURS)),
        font=font,
        anchor="mm",
        align="center",
        stroke_width=max(1, clip.height // 100),
        stroke_fill="black",
    )
    return _overlay(clip, picture)


def sticker(clip: Clip) -> FfmpegEdit:
    """An opaque face of a quarter of the shorter side, anywhere."""
    side = min(clip.width, clip.height) // 4
    x = int(clip.random.integers(0, clip.width - side))
    top = int(clip.random.integers(0, clip.height - side))
    picture = Image.new("RGBA", (clip.width, clip.height))
    draw = ImageDraw.Draw(picture)
    colours = [str(colour) for colour in clip.random.permutation(_COLOURS)]
    draw.ellipse((x, top, x + side, top + side), fill=colours[0], outline="black", width=2)
    for position in (0.25, 0.6):
        eye = (x + position * side, top + 0.3 * side)
        draw.ellipse((*eye, eye[0] + 0.15 * side, eye[1] + 0.15 * side), fill="black")
    draw.arc((x + 0.2 * side, top + 0.3 * side, x + 0.8 * side, top + 0.8 * side), 20, 160, "black", 2)
    return _overlay(clip, picture)


def flip(clip: Clip) -> FfmpegEdit:
    """The mirror image."""
    return FfmpegEdit("[0:v]hflip[out]")


def letterbox(clip: Clip) -> FfmpegEdit:
    """Black bars above and below, a quarter to the whole of the clip's height together; half the time in white."""
    # 640 x 360 with share 1.5 -> 640 x 540: the clip in the middle, 90 pixels of bar above and below.
    share = clip.random.uniform(1.25, 2)
    tone = clip.random.choice(("black", "white"))
    return FfmpegEdit(f"[0:v]pad=iw:trunc(ih*{share:.3f}/2)*2:0:(oh-ih)/2:color={tone}[out]")


def blurred_fill(clip: Clip) -> FfmpegEdit:
    """A portrait frame of 9:16 with the clip in its middle, and the clip enlarged and blurred behind it."""
    # 640 x 360 -> 640 x 1138, as phones show landscape clips: the background is enlarged to cover, cropped and blurred.
    width = clip.width
    height = round(width * 16 / 9 / 2) * 2
    return FfmpegEdit(
        f"[0:v]split[a][b];[a]scale={width}:{height}:force_original_aspect_ratio=increase,crop={width}:{height},"
        f"gblur=sigma={width / 20:.1f}[c];[c][b]overlay=(W-w)/2:(H-h)/2[out]"
    )


def crop(clip: Clip) -> FfmpegEdit:
    """A tenth of the width and of the height cut away, on whichever sides."""
    across, down = clip.random.uniform(0, 1, 2)
    return FfmpegEdit(f"[0:v]crop=trunc(iw*0.9/2)*2:trunc(ih*0.9/2)*2:(iw-ow)*{across:.3f}:(ih-oh)*{down:.3f}[out]")


def half_length(clip: Clip) -> FfmpegEdit:
    """Half of the duration, from the start, the middle or the second half."""
    start = float(clip.random.choice((0, 0.25, 0.5))) * clip.duration_s
    return FfmpegEdit(f"[0:v]trim=start={start:.3f}:duration={clip.duration_s / 2:.3f},setpts=PTS-STARTPTS[out]")


SINGLE: Mapping[str, Callable[[Clip], FfmpegEdit]] = {
    "recompress": recompress,
    "scale": half_size,
    "colour": colour,
    "caption": caption,
    "sticker": sticker,
    "flip": flip,
    "letterbox": letterbox,
    "blurred_fill": blurred_fill,
    "crop": crop,
    "half_length": half_length,
}
PAIRS = ("crop+flip", "caption+recompress", "letterbox+caption", "blurred_fill+sticker", "half_length+colour")
EDITS = (*SINGLE, *PAIRS)
"""Names of all edits; `a+b` is b done to the result of a, each encoded anew."""


def make(source: Path, name: str, target: Path, *, key: str) -> None:
    """Write an edit of `source` to `target`; what is random in it depends on `key` and `name` alone."""
    before = source
    for step, single in enumerate(name.split("+")):
        # A seed of its own for each clip, edit and step: adding an edit to the list changes none of the others.
        seed = int.from_bytes(hashlib.sha256(f"{key} {name} {step}".encode()).digest()[:8], "big")
        after = target.with_name(f"{target.stem}-{step}.mp4")
        claimed = read_claims(before)
        clip = Clip(
            claimed.width // 2 * 2,
            claimed.height // 2 * 2,
            max(frame.seconds for frame in decode(before)) + 1 / claimed.fps,
            np.random.default_rng(seed),
            target.parent,
        )
        run = SINGLE[single](clip)
        # x264 with 4:2:0 takes even sides only: cropped to even ones before the edit, scaled to even ones after it.
        graph = f"[0:v]crop=trunc(iw/2)*2:trunc(ih/2)*2[even];{run.graph.replace('[0:v]', '[even]')}"
        graph = graph.replace("[out]", "[edited];[edited]scale=trunc(iw/2)*2:trunc(ih/2)*2[out]")
        pictures = [] if run.picture is None else [run.picture]
        edit(before, after, graph=graph, pictures=pictures, crf=run.crf)
        for path in pictures if step == 0 else [*pictures, before]:
            path.unlink()
        before = after
    before.replace(target)


def _overlay(clip: Clip, picture: Image.Image) -> FfmpegEdit:
    path = clip.folder / f"{clip.random.integers(2**62):x}.png"
    picture.save(path)
    return FfmpegEdit("[0:v][1:v]overlay=0:0[out]", picture=path)
