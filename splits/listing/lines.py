"""Lines of list files and the blanks between them, so that a file that was read is written back byte for byte."""

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

_MARK = "\ufeff"
_QUOTE = '"'
_TEXT = re.compile(r"[^ \t\r\n](?:[^\n]*[^ \t\r\n])?")
"""A line from its first character to its last; blanks, line ends and blank lines lie between two of these."""


@dataclass(frozen=True)
class Style:
    r"""How one list file is written. UCF101 ends its lines with `\r\n`, HMDB51 with a blank and `\n`."""

    end: str = "\n"
    """What follows a line, at least a line feed."""
    byte_order_mark: bool = False
    lines: int = 0
    """Number of lines that the file had; `odd` holds for a text of so many lines only."""
    odd: tuple[tuple[int, str], ...] = ()
    """(place, gap) of gaps that are not `end`: place n is after line n, place 0 before line 1 (listed unless empty)."""
    columns: tuple[str, ...] = ()
    """Names of the columns of a table, in their order."""
    quoting: Literal["needed", "blanks", "all"] = "needed"
    """Which cells of a table stand in quotes: those that need it, those with a blank too, or all."""

    def text(self, lines: Sequence[str]) -> str:
        """Return lines as the text of one file."""
        odd = dict(self.odd) if len(lines) == self.lines else {}
        gaps = [odd.get(place, self.end) for place in range(1, len(lines) + 1)]
        body = "".join(f"{line}{gap}" for line, gap in zip(lines, gaps, strict=True))
        return (_MARK if self.byte_order_mark else "") + odd.get(0, "") + body

    def row(self, cells: Sequence[str]) -> str:
        """Return the cells of a table as a line."""
        return ",".join(f'"{cell.replace(_QUOTE, _QUOTE * 2)}"' if self._is_quoted(cell) else cell for cell in cells)

    def _is_quoted(self, cell: str) -> bool:
        # A cell that begins or ends with a blank would lose it, as lines are read without outer blanks.
        needs = any(sign in cell for sign in ',"') or cell != cell.strip()
        return self.quoting == "all" or needs or (self.quoting == "blanks" and " " in cell)


def split_lines(text: str) -> tuple[list[tuple[int, str]], Style]:
    """Return number (from 1) and text of each line that is not blank, and the style that writes them back.

    `style.text([line for _, line in lines])` is the text again, whatever it was.
    """
    # "a 1\r\nb 2\r\n\r\nc 3\r\n": lines 1, 2 and 4; gaps "", "\r\n", "\r\n\r\n", "\r\n" before, between and after them.
    # The most frequent end is "\r\n", so one gap is odd: (2, "\r\n\r\n").
    marked = text.startswith(_MARK)
    body = text[1:] if marked else text
    lines, gaps, number, last = [], [], 1, 0
    for match in _TEXT.finditer(body):
        gap = body[last : match.start()]
        number += gap.count("\n")
        gaps.append(gap)
        lines.append((number, match[0]))
        last = match.end()
    gaps.append(body[last:])
    ends = Counter(gap for gap in gaps[1:] if "\n" in gap)
    end = ends.most_common(1)[0][0] if ends else "\n"
    odd = tuple((place, gap) for place, gap in enumerate(gaps) if gap != (end if place else ""))
    return lines, Style(end, marked, len(lines), odd)
