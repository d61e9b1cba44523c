"""Edits that uploaders bake into their pictures: caption, sticker, bars, bw, duotone; and their cards."""

from collections.abc import Callable, Sequence
from functools import cache
from pathlib import Path

import cv2
import matplotlib
import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont

from examples.demo.backdrop import Picture
from examples.demo.looks import Colour, Look
from examples.demo.plan import Card

Edit = Callable[[Picture, float], Picture]
"""Changes a picture; the number is how much of the shot has passed, 0 to 1."""

CAPTIONS = (
    "leg day never ends", "3 sets x 12", "slow motion? no!", "keep your back straight", "so proud of this",
    "who else trains today?", "breathe and repeat", "week 4 of 8", "easy version first", "full video soon",
)  # fmt: skip
_BARS = ((0, 0, 0), (0, 0, 0), (255, 255, 255), (24, 40, 88), (150, 32, 44), (236, 200, 80))
_TONES = (
    ((38, 18, 8), (255, 232, 196)),
    ((20, 16, 84), (255, 176, 120)),
    ((8, 44, 60), (226, 255, 214)),
    ((70, 6, 60), (170, 240, 255)),
)
"""Dark and light end of a duotone; the first is sepia."""
_LUMA = np.array([0.2126, 0.7152, 0.0722])


def editor(kinds: Sequence[str], *, look: Look, seed: int, size: tuple[int, int]) -> Edit:
    """Return the edits of one video as one function; `size` is width, height."""
    rng = np.random.default_rng(seed)
    bars = _bar_sizes(rng, size) if "bars" in kinds else (0, 0)
    low = bool(rng.random() < 0.5)  # the caption; a sticker goes to the other end, so that both stay readable
    makers: dict[str, Callable[[], Edit]] = {
        "text": lambda: _caption(rng, look=look, size=size, bars=bars, low=low),
        "sticker": lambda: _sticker(rng, size=size, bars=bars, low=not low),
        "bars": lambda: _bars(rng, bars=bars),
        "bw": _bw,
        "duotone": lambda: _duotone(rng),
    }
    edits = [make() for kind, make in makers.items() if kind in kinds]

    def edit(picture: Picture, passed: float) -> Picture:
        for change in edits:
            picture = change(picture, passed)
        return picture

    return edit


def card_picture(card: Card, *, look: Look, size: tuple[int, int]) -> Picture:
    """Return a card: big words on one colour, a rule and the handle of the uploader below."""
    ground, letters, rule = look.card
    width, height = size
    image = Image.new("RGB", size, ground)
    draw = ImageDraw.Draw(image)
    font = _fitting(look.font, card.words, wide=0.84 * width, tall=0.56 * height / len(card.words))
    # 1.12 of the font's size from line to line; the block of lines is centred a little above the middle, at 0.46.
    line = 1.12 * font.size
    top = height * 0.46 - line * len(card.words) / 2
    for index, words in enumerate(card.words):
        draw.text((width / 2, top + line * (index + 0.5)), words, font=font, fill=letters, anchor="mm")
    y = round(top + line * len(card.words) + 0.05 * height)
    draw.rectangle((width // 2 - 22, y, width // 2 + 21, y + 3), fill=rule)
    small = _font(look.font, 11)
    draw.text((width / 2, y + 15), f"@{look.handle}", font=small, fill=letters, anchor="mm")
    return np.array(image, np.uint8)


@cache
def _font(name: str, pixels: int) -> ImageFont.FreeTypeFont:
    folder = Path(matplotlib.get_data_path()) / "fonts" / "ttf"
    return ImageFont.truetype(folder / name, pixels, layout_engine=ImageFont.Layout.BASIC)


def _fitting(name: str, lines: Sequence[str], *, wide: float, tall: float) -> ImageFont.FreeTypeFont:
    """Return the largest font in which every line fits."""
    for pixels in range(min(48, int(tall / 1.12)), 8, -1):
        font = _font(name, pixels)
        if max(font.getlength(line) for line in lines) <= wide:
            return font
    return _font(name, 8)


def _blend(layer: NDArray[np.uint8], *, x: int, y: int) -> Edit:
    """Return an edit that lays an RGBA picture over the video with its corner at x, y."""
    rows, columns = slice(y, y + layer.shape[0]), slice(x, x + layer.shape[1])
    # out = picture (1 - a) + layer a, with the second term worked out once for all frames.
    alpha = layer[..., 3:].astype(np.float32) / 255
    paint = layer[..., :3] * alpha

    def edit(picture: Picture, _: float) -> Picture:
        patch = picture[rows, columns]
        patch[:] = np.round(patch * (1 - alpha) + paint).astype(np.uint8)
        return picture

    return edit


def _caption(rng: np.random.Generator, *, look: Look, size: tuple[int, int], bars: tuple[int, int], low: bool) -> Edit:
    """Return a line of text at the top or the bottom, with a dark edge or on a plate."""
    width, height = size
    text = CAPTIONS[int(rng.integers(len(CAPTIONS)))]
    room = width - 2 * bars[0] - 12
    lines = (text,) if width > height else _halves(text)
    font = _fitting(look.font, lines, wide=room, tall=float(rng.integers(15, 19)))
    line = round(1.25 * font.size)
    wide = min(room + 8, int(max(font.getlength(row) for row in lines)) + 12)
    image = Image.new("RGBA", (wide, line * len(lines) + 4), (0, 0, 0, 0))
    draw = ImageDraw.Draw(image)
    plate = rng.random() < 0.5
    if plate:
        draw.rounded_rectangle((0, 0, image.width - 1, image.height - 1), 5, fill=(*look.card[0], 235))
    for index, row in enumerate(lines):
        place = (wide / 2, 2 + line * (index + 0.5))
        ink = look.card[1] if plate else (255, 255, 255)
        edge = 0 if plate else 2
        draw.text(place, row, font=font, fill=ink, anchor="mm", stroke_width=edge, stroke_fill=(0, 0, 0))
    free = bars[1] + 4 if width > height else bars[1] + 8
    y = height - free - image.height if low else free
    return _blend(np.array(image, np.uint8), x=(width - wide) // 2, y=y)


def _halves(text: str) -> tuple[str, ...]:
    """Return the words in two lines of about the same length."""
    words = text.split()
    # "ONE MORE SET NOW" -> "ONE MORE", "SET NOW": the cut whose longer line is the shortest.
    cuts = range(1, len(words))
    best = min(cuts, key=lambda cut: max(len(" ".join(words[:cut])), len(" ".join(words[cut:]))))
    return " ".join(words[:best]), " ".join(words[best:])


def _sticker(rng: np.random.Generator, *, size: tuple[int, int], bars: tuple[int, int], low: bool) -> Edit:
    """Return a star, heart or smile in a corner, which comes soon after the start and goes before the end."""
    side = int(rng.integers(26, 36))
    draw = (_star, _heart, _smile)[int(rng.integers(3))]
    # Drawn eight times as large and averaged over 8 x 8 pixels, which smooths its edges.
    big = draw(8 * side)
    layer = cv2.resize(big, (side, side), interpolation=cv2.INTER_AREA)
    inset = rng.integers(4, 12, 2)
    x, y = (int(a + b) for a, b in zip(inset, bars, strict=True))
    x = x if rng.random() < 0.5 else size[0] - x - side
    y = size[1] - y - side if low else y
    lay = _blend(np.asarray(layer, np.uint8), x=x, y=y)
    start, end = rng.uniform(0.05, 0.2), rng.uniform(0.8, 0.95)
    return lambda picture, passed: lay(picture, passed) if start <= passed < end else picture


def _layer(side: int, outline: NDArray[np.float64], paint: Colour) -> NDArray[np.uint8]:
    """Return an RGBA square with a filled outline (0-1) and a white edge."""
    layer = np.zeros((side, side, 4), np.uint8)
    points = [np.round(outline * side).astype(np.int32)]
    cv2.polylines(layer, points, True, (255, 255, 255, 255), side // 10)
    cv2.fillPoly(layer, points, (*paint, 255))
    return layer


def _star(side: int) -> NDArray[np.uint8]:
    turn = np.arange(10) * np.pi / 5
    reach = np.where(np.arange(10) % 2, 0.19, 0.44)
    outline = np.column_stack([0.5 + reach * np.sin(turn), 0.52 - reach * np.cos(turn)])
    return _layer(side, outline, (255, 205, 40))


def _heart(side: int) -> NDArray[np.uint8]:
    t = np.linspace(0, 2 * np.pi, 60)
    y = 13 * np.cos(t) - 5 * np.cos(2 * t) - 2 * np.cos(3 * t) - np.cos(4 * t)
    return _layer(side, np.column_stack([0.5 + 0.026 * 16 * np.sin(t) ** 3, 0.48 - 0.026 * y]), (235, 50, 90))


def _smile(side: int) -> NDArray[np.uint8]:
    t = np.linspace(0, 2 * np.pi, 60)
    layer = _layer(side, 0.5 + 0.43 * np.column_stack([np.cos(t), np.sin(t)]), (255, 214, 60))
    ink, middle = (60, 40, 20, 255), side // 2
    for x in (0.36, 0.64):
        cv2.circle(layer, (round(x * side), round(0.4 * side)), side // 14, ink, -1)
    cv2.ellipse(layer, (middle, round(0.54 * side)), (side // 4, side // 5), 0, 10, 170, ink, side // 14)
    return layer


def _bar_sizes(rng: np.random.Generator, size: tuple[int, int]) -> tuple[int, int]:
    """Return the width of bars at the sides and their height at top and bottom; one of them is 0."""
    axis = int(rng.integers(2))
    most = 13 if size[axis] <= size[1 - axis] else 36
    thick = int(rng.integers(9, most))
    return (thick, 0) if axis == 0 else (0, thick)


def _bars(rng: np.random.Generator, *, bars: tuple[int, int]) -> Edit:
    """Return two bars of one colour, left and right or top and bottom."""
    paint = _BARS[int(rng.integers(len(_BARS)))]
    across, down = bars

    def edit(picture: Picture, _: float) -> Picture:
        if across:
            picture[:, :across] = picture[:, -across:] = paint
        if down:
            picture[:down] = picture[-down:] = paint
        return picture

    return edit


def _bw() -> Edit:
    def edit(picture: Picture, _: float) -> Picture:
        grey = np.asarray(cv2.transform(picture, _LUMA[None]), np.uint8)
        return np.repeat(grey[..., None], 3, axis=2)

    return edit


def _duotone(rng: np.random.Generator) -> Edit:
    """Return an edit that makes the colour a function of the luma, with a trace of the old colour."""
    dark, light = np.array(_TONES[int(rng.integers(len(_TONES)))], np.float64)
    share = rng.uniform(0.92, 1.0)
    steps = np.linspace(0, 1, 256)[:, None]
    curve = (share * (dark + (light - dark) * steps)).astype(np.float32)

    def edit(picture: Picture, _: float) -> Picture:
        grey = cv2.transform(picture, _LUMA[None])
        toned = curve[grey] + np.float32(1 - share) * picture
        return np.asarray(np.round(toned).clip(0, 255), np.uint8)

    return edit
