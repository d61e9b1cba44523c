"""Contact sheets: rows of pictures with a title each, for people who would rather look than read."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageOps

from slateboard.files import atomic_write
from slateboard.lettering import draw_text

CELL = (144, 108)
"""Width and height of a picture on a sheet, pixels."""
_PAPER, _INK = (250, 250, 248), (30, 34, 40)


@dataclass(frozen=True)
class SheetRow:
    """One line of a sheet."""

    title: str
    pictures: Sequence[NDArray[np.uint8]]
    """RGB, [height, width, 3], of any size."""


def fitted(picture: NDArray[np.uint8], *, cell: tuple[int, int] = CELL) -> NDArray[np.uint8]:
    """Return an RGB picture of the size that it has in a cell of (width, height) pixels."""
    return np.asarray(ImageOps.contain(Image.fromarray(picture), cell))


def contact_sheet(path: Path, rows: Sequence[SheetRow], *, cell: tuple[int, int] = CELL, colours: int = 128) -> None:
    """Write a PNG with one row of pictures a line, each fitted into a cell of (width, height) pixels."""
    width, height = cell
    gap, label = 4, 150
    columns = max((len(row.pictures) for row in rows), default=0)
    sheet = Image.new("RGB", (label + columns * (width + gap) + gap, len(rows) * (height + gap) + gap), _PAPER)
    draw = ImageDraw.Draw(sheet)
    for line, row in enumerate(rows):
        top = gap + line * (height + gap)
        middle = (10, top + height // 2)
        draw_text(draw, middle, row.title, fill=_INK, anchor="lm", most_pixels=label - middle[0])
        for column, picture in enumerate(row.pictures):
            shown = Image.fromarray(fitted(picture, cell=cell))
            left = label + column * (width + gap)
            # Centred in its cell, whatever its aspect.
            sheet.paste(shown, (left + (width - shown.width) // 2, top + (height - shown.height) // 2))
    with atomic_write(path) as temporary:
        sheet.quantize(colours).save(temporary, format="PNG", optimize=True)
