"""Installed fonts that have the letters of a text, for figures and sheets to fall back to; says once what none has."""

import unicodedata
from collections.abc import Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from functools import cache, lru_cache
from itertools import groupby

from matplotlib import font_manager
from matplotlib.ft2font import FT2Font

from slateboard.progress import say
from slateboard.scripts import clusters, is_invisible, script_of

PLAIN = "DejaVu Sans"
"""matplotlib brings this font everywhere: Latin, Greek, Cyrillic, Arabic and Hebrew letters, many signs."""
_SHOWS_NOTHING = ("Last Resort", "LastResort", "Adobe Blank")
"""Fonts that have every letter and show none."""
_PACKAGES = dict.fromkeys(("CJK", "Hiragana", "Katakana", "Hangul", "Bopomofo"), "fonts-noto-cjk")
_BOX = "\u25a1"
_told: set[str] = set()


@dataclass(frozen=True)
class FontFile:
    """One font that is installed."""

    path: str
    family: str
    letters: frozenset[int]
    """Code points that it has."""

    def has(self, text: str) -> bool:
        """Return whether every letter of a text that shows anything is in this font."""
        return all(ord(letter) in self.letters or is_invisible(letter) for letter in text)


@cache
def plain_font() -> FontFile:
    """Return the font of all texts that it has the letters of."""
    path = font_manager.findfont(PLAIN)
    return FontFile(path, PLAIN, frozenset(FT2Font(path).get_charmap()))


@cache
def installed_fonts() -> tuple[FontFile, ...]:
    """Return the fonts of this machine as they are now, those of plain letters without serifs first."""
    # Not matplotlib's own list: it is kept in a file, and lacks what somebody installs because we asked for it.
    fonts = []
    for path in font_manager.findSystemFonts():
        # What FreeType cannot open is no font to draw with; pictures of one size (colour emoji) fit no figure.
        with suppress(RuntimeError, OSError):
            font = FT2Font(path)
            if font.scalable and not font.family_name.startswith(_SHOWS_NOTHING):
                order = (font.style_name != "Regular", " Sans" not in font.family_name, len(font.family_name))
                fonts.append((order, FontFile(path, font.family_name, frozenset(font.get_charmap()))))
    return tuple(font for _, font in sorted(fonts, key=lambda pair: (pair[0], pair[1].family, pair[1].path)))


def fallbacks(text: str) -> tuple[FontFile, ...]:
    """Return the fonts that a text needs beside the plain one, one a script; says once what scripts no font has."""
    return _fallbacks(frozenset(_missing(text)))


@lru_cache(maxsize=1000)
def _fallbacks(missing: frozenset[tuple[str, str]]) -> tuple[FontFile, ...]:
    fonts: dict[FontFile, None] = {}
    for script, pairs in groupby(sorted(missing), key=lambda pair: pair[0]):
        letters = [letter for _, letter in pairs]
        # The font that has the most of them: one that lacks a rare sign is better than none.
        best = max(
            installed_fonts(), key=lambda font: sum(ord(letter) in font.letters for letter in letters), default=None
        )
        lacking = [letter for letter in letters if best is None or ord(letter) not in best.letters]
        if best is not None and len(lacking) < len(letters):
            fonts[best] = None
        if lacking:
            _tell(script, lacking)
    return tuple(fonts)


def runs(text: str) -> list[tuple[str, FontFile]]:
    """Return a line as pieces with the font of each; a letter and its marks are never in two."""
    chain = (plain_font(), *fallbacks(text))
    pieces: list[tuple[str, FontFile]] = []
    for cluster in clusters(text):
        # Blanks, digits and points between two Thai words stay in the font of the words.
        preferred = [pieces[-1][1]] if pieces and not script_of(cluster[0]) else []
        font = next((font for font in (*preferred, *chain) if font.has(cluster)), chain[0])
        if pieces and pieces[-1][1] is font:
            pieces[-1] = (pieces[-1][0] + cluster, font)
        else:
            pieces.append((cluster, font))
    return pieces


def drawable(text: str) -> str:
    """Return a text with one box for each letter and its marks that no installed font has, which is said once."""
    # Without a Thai font each mark of `ปั่น` would be a box of its own: five instead of three, and 40 letters a line.
    chain = (plain_font(), *fallbacks(text))
    return "".join(
        cluster if cluster.isspace() or any(font.has(cluster) for font in chain) else _BOX for cluster in clusters(text)
    )


def needs_shaping(text: str) -> bool:
    """Return whether letters of a text change their form or place: marks on letters, writing from right to left."""
    return any(
        unicodedata.category(letter)[0] == "M" or unicodedata.bidirectional(letter) in ("R", "AL") for letter in text
    )


def begins_at_right(text: str) -> bool:
    """Return whether the first letter of a text that has a direction is written from right to left."""
    directions = (unicodedata.bidirectional(letter) for letter in text)
    return next((way != "L" for way in directions if way in ("L", "R", "AL")), False)


def tell_unshaped(library: str) -> None:
    """Say once that a library draws letters one by one, which some scripts are not written in."""
    if library not in _told:
        _told.add(library)
        say(f"{library} draws letters one after another: marks and right-to-left scripts may look wrong in pictures.")


def _missing(text: str) -> Iterator[tuple[str, str]]:
    """Yield (script, letter) of what the plain font lacks; signs have the script ''."""
    script = ""
    for letter in text:
        script = script_of(letter) or (script if unicodedata.category(letter)[0] == "M" else "")
        if ord(letter) not in plain_font().letters and not letter.isspace() and not is_invisible(letter):
            yield script, letter


def _tell(script: str, letters: Iterable[str]) -> None:
    """Say once for each script that nothing here can draw it."""
    if script in _told:
        return
    _told.add(script)
    example = min(letters)
    what = f"{script} letters" if script else f"signs such as U+{ord(example):04X}"
    package = _PACKAGES.get(script, "fonts-noto-core" if script else "fonts-symbola")
    say(f"No installed font has {what}: figures and sheets show boxes for them. Install one, e.g. {package}.")
