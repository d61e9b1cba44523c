"""Text on pictures by Pillow: in any script that an installed font has, cut where it is too wide."""

from functools import cache

from matplotlib import font_manager
from PIL import ImageDraw, ImageFont, features

from slateboard.escaping import inline
from slateboard.fonts import PLAIN, begins_at_right, needs_shaping, plain_font, runs, tell_unshaped
from slateboard.scripts import clusters

SIZE = 14
"""Pixels of a letter on sheets."""
_LINE = 19
"""Pixels from one line to the next."""


def draw_text(
    draw: ImageDraw.ImageDraw, place: tuple[float, float], text: str, *, fill: tuple[int, int, int], anchor: str = "la",
    most_pixels: float | None = None,
) -> None:  # fmt: skip
    """Draw lines of text at a place: `la` is their upper left corner, `lm` the middle of their left side.

    What would turn or hide other text is shown as U+FFFD; a line wider than `most_pixels` ends in `…`.
    """
    lines = [_fitted(inline(line), most_pixels) for line in text.split("\n")]
    shown = "\n".join(lines)
    if needs_shaping(shown) and not features.check("raqm"):
        tell_unshaped("Pillow without raqm")
    if plain_font().has(shown.replace("\n", "")):
        draw.text(place, shown, fill=fill, font=_font(font_manager.findfont(PLAIN)), anchor=anchor)
        return
    left, top = place
    top -= len(lines) * _LINE / 2 if anchor == "lm" else 0
    for number, line in enumerate(lines):
        right = left
        # The whole line begins where its first letter does: a word in Thaana, then `ab`, has `ab` at its left.
        for piece, font in reversed(runs(line)) if begins_at_right(line) else runs(line):
            # Fonts of two scripts have their letters on one base line.
            draw.text((right, top + number * _LINE + SIZE), piece, fill=fill, font=_font(font.path), anchor="ls")
            right += _font(font.path).getlength(piece)


def _fitted(line: str, most_pixels: float | None) -> str:
    if most_pixels is None or _width(line) <= most_pixels:
        return line
    letters = list(clusters(line))
    while letters and _width("".join(letters) + "…") > most_pixels:
        letters.pop()
    return "".join(letters) + "…"


def _width(line: str) -> float:
    return sum(_font(font.path).getlength(piece) for piece, font in runs(line))


@cache
def _font(path: str) -> ImageFont.FreeTypeFont:
    return ImageFont.truetype(path, SIZE)
