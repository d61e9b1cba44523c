"""Text of people we do not know, made harmless for each form that it is written in: a function a form."""

from __future__ import annotations

import json
import re
import unicodedata
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from jinja2 import BaseLoader, Environment

# Control characters, halves of a character, line separators, signs that turn the direction of what follows, notes
# between lines, and tags, which spell a text that nobody sees: they hide, move or colour other text than their own.
_UNSEEN = (
    "\x00-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028\u2029\u202a-\u202e\u2066-\u206f\ud800-\udfff\ufeff\ufff9-\ufffb"
    "\U000e0001\U000e0020-\U000e007f"
)
# The flag of Scotland is a black flag and the tags `gbsct`: the one use of tags that is seen.
_FLAG = "\U0001f3f4[\U000e0030-\U000e0039\U000e0061-\U000e007a]{3,6}\U000e007f"
_INLINE = re.compile(rf"{_FLAG}|[{_UNSEEN}]")
# A pair that `isolated` puts around a name ends in its line and turns nothing beyond itself.
_PAIR = rf"\u2068[^{_UNSEEN}]*\u2069"
_TERMINAL = re.compile(rf"{_FLAG}|{_PAIR}|(?![\n\t])[{_UNSEEN}]")
_JSON = re.compile(rf"{_FLAG}|(?![\x00-\x1f])[{_UNSEEN}]")
# Signs of emphasis, code, links, HTML, tables, mathematics and entities anywhere; `//` and `www.`, of which GitHub
# makes links; signs of headings, rules and lists at the beginning of a line only: `-5` there, but `a-b` as it is.
_MARKDOWN = re.compile(r"[\\`*_{}\[\]<>|~$&]|(?<=:)//|(?i:(?<=www)\.)|^[#+=-]|^\d{1,9}[.)](?=\s|$)")
_ENTITIES = {"<": "&lt;", ">": "&gt;", "&": "&amp;"}
"""GitHub's cells and old converters know these better than backslashes."""
_LATEX: Mapping[int, str] = str.maketrans(
    {
        "\\": r"\textbackslash{}",
        "~": r"\textasciitilde{}",
        "^": r"\textasciicircum{}",
        "<": r"\textless{}",
        ">": r"\textgreater{}",
        "|": r"\textbar{}",
        "–": "--",
        **{letter: f"\\{letter}" for letter in "&%$#_{}"},
    }
)
_FORMULA = r"'*(?:\s*[=+\-@\uff1d\uff0b\uff0d\uff20]|[\t\r])"
"""Beginning of a cell that a spreadsheet runs as a formula; the wide signs come from East Asian keyboards."""
MOST_MARKS = 8
"""Marks that one letter keeps: Tibetan and pointed Hebrew have up to six; dozens reach over the lines around them."""
MOST_LETTERS, MOST_OF_A_SENTENCE = 500, 5000
"""Longest name, and longest sentence with names in it, that a page shows; the rest is cut off."""


def inline(text: object, *, most: int = MOST_LETTERS) -> str:
    """Return text as one line: line ends become blanks, invisible characters and piles of marks U+FFFD."""
    line = _INLINE.sub(_replacement, _without_piles(str(text)))
    return line if len(line) <= most else f"{line[: most - 1]}…"


def piles_marks(text: str) -> bool:
    """Return whether a letter of a text bears more than MOST_MARKS marks."""
    return _without_piles(text) != text


def isolated(text: str, *, ends: str = "\u2068\u2069") -> str:
    """Return a name for the midst of a line on a terminal: one written from right to left turns nothing but itself.

    `ends` are the signs before and after it: a first strong isolate and its end.
    """
    # Only where there is something to isolate: old terminals show these signs as boxes.
    turns = any(unicodedata.bidirectional(letter) in ("R", "AL", "AN") for letter in text)
    return f"{ends[0]}{text}{ends[1]}" if turns else text


def terminal_width(text: str) -> int:
    """Return how many columns a terminal gives a line of text: none to marks, two to Chinese letters and emoji."""
    from rich.cells import cell_len  # not needed where nothing is in columns

    return cell_len(text)


def column(text: object, width: int) -> str:
    """Return a name as a column of a terminal's table: one line, isolated, filled up with blanks."""
    shown = isolated(inline(text))
    return shown + " " * (width - terminal_width(shown))


def _replacement(match: re.Match[str]) -> str:
    if len(match[0]) > 1:
        return match[0]
    return " " if match[0].isspace() else "\ufffd"


def _without_piles(text: str) -> str:
    """Return text in which the marks of a letter past MOST_MARKS are one U+FFFD."""
    if text.isascii():
        return text
    signs, marks = [], 0
    for letter in text:
        marks = marks + 1 if unicodedata.category(letter) in ("Mn", "Me") else 0
        if marks <= MOST_MARKS + 1:
            signs.append("\ufffd" if marks > MOST_MARKS else letter)
    return "".join(signs)


def markdown(text: object, *, most: int = MOST_LETTERS) -> str:
    """Return text escaped so that Markdown shows it literally, in a line, table cell, heading or list item."""
    return _MARKDOWN.sub(_escaped_match, inline(text, most=most).strip())


def _escaped_match(match: re.Match[str]) -> str:
    if match[0][0].isdigit():
        return f"{match[0][:-1]}\\{match[0][-1]}"
    return _ENTITIES.get(match[0]) or "".join(f"\\{letter}" for letter in match[0])


def latex(text: object, *, most: int = MOST_LETTERS) -> str:
    """Return text as LaTeX shows it: nothing in it is a command, a comment or mathematics."""
    return inline(text, most=most).translate(_LATEX)


def csv_cell(text: str) -> str:
    """Return text for a CSV cell, with an apostrophe before a formula; `read_csv_cell` undoes it."""
    return f"'{text}" if re.match(_FORMULA, text) else text


def read_csv_cell(text: str) -> str:
    """Return the text of a cell that `csv_cell` wrote."""
    # =1+1 -> '=1+1 -> =1+1, and '=x, which a person wrote so, -> ''=x -> '=x: the pattern takes quotes before the sign
    # too.
    return text[1:] if re.match(f"'{_FORMULA}", text) else text


def terminal(text: object) -> str:
    """Return text for a terminal: what would move its cursor, colour it or hide a part is shown by its number."""
    return _TERMINAL.sub(_code, _without_piles(str(text)))


def json_line(text: str) -> str:
    """Return JSON that may be shown on a terminal: signs that JSON allows and a terminal obeys become escapes."""
    return _JSON.sub(lambda match: match[0] if len(match[0]) > 1 else json.dumps(match[0])[1:-1], text)


def _code(match: re.Match[str]) -> str:
    if len(match[0]) > 1:
        return match[0]
    number = ord(match[0])
    return f"\\x{number:02x}" if number < 256 else f"\\u{number:04x}" if number < 65536 else f"\\U{number:08x}"


def pages(loader: BaseLoader | None = None, **options: Any) -> Environment:
    """Return Jinja's environment for pages: every text that is put into one is escaped, and made `inline`."""
    # Imported here: progress needs this module, and nothing else does of that library.
    from jinja2 import Environment, StrictUndefined
    from markupsafe import Markup

    def finalize(value: Any) -> Any:
        is_text = isinstance(value, str) and not isinstance(value, Markup)
        return inline(value, most=MOST_OF_A_SENTENCE) if is_text else value

    return Environment(loader=loader, autoescape=True, undefined=StrictUndefined, finalize=finalize, **options)
