"""Bytes of a list to text: UTF-8, or UTF-16 as Excel's "Unicode Text" is; anything else is refused by its name."""

import codecs
import re
import unicodedata
from collections.abc import Sequence

from slateboard.errors import BadInput, Problem

SAVE_AS_UTF8 = (
    "Save it as UTF-8: in Excel as `CSV UTF-8 (Comma delimited)`, in LibreOffice with the character set Unicode "
    "(UTF-8), in an editor by its encoding."
)
_SAVE_AS_CSV = "Open it, save that sheet as `CSV UTF-8 (Comma delimited)`, and give that file."
_NAMED = 9
"""Lines with the same fault that are listed one by one; the rest is counted."""
# The longer mark first: UTF-32's begins with UTF-16's.
_MARKS = (
    (codecs.BOM_UTF8, "utf-8-sig", "UTF-8"),
    (codecs.BOM_UTF32_LE, "utf-32", "UTF-32"),
    (codecs.BOM_UTF32_BE, "utf-32", "UTF-32"),
    (codecs.BOM_UTF16_LE, "utf-16", "UTF-16"),
    (codecs.BOM_UTF16_BE, "utf-16", "UTF-16"),
)
_WORKBOOKS = (
    (b"[Content_Types].xml", "an Excel workbook (.xlsx)"),
    (b"mimetypeapplication/vnd.oasis.opendocument", "an OpenDocument spreadsheet (.ods)"),
)
_BINARY = (
    (b"\xd0\xcf\x11\xe0", "an old Excel workbook (.xls)", _SAVE_AS_CSV),
    (b"PK\x03\x04", "a ZIP archive", "Unpack it, and give the file in it."),
    (b"\x1f\x8b", "compressed by gzip", "Unpack it, and give the file in it."),
    (b"%PDF", "a PDF", "Copy its table into a spreadsheet, and save that as CSV."),
)
_CODECS = (
    ("cp1252", "Windows-1252 (Western Europe)", "LATIN"),
    ("cp1258", "Windows-1258 (Vietnamese)", "LATIN"),
    ("cp1250", "Windows-1250 (Central Europe)", "LATIN"),
    ("cp1254", "Windows-1254 (Turkish)", "LATIN"),
    ("cp1251", "Windows-1251 (Cyrillic)", "CYRILLIC"),
    ("cp1253", "Windows-1253 (Greek)", "GREEK"),
    ("cp874", "Windows-874 (Thai)", "THAI"),
    ("cp932", "Shift JIS (Japanese)", "CJK|HIRAGANA|KATAKANA"),
    ("gb18030", "GB 18030 (Chinese)", "CJK"),
    ("big5", "Big5 (Chinese)", "CJK"),
    ("cp949", "EUC-KR (Korean)", "HANGUL"),
    ("mac_roman", "Mac OS Roman", "LATIN"),
)
"""What spreadsheets save a `CSV` in, by the language of the system, and the script that is expected in it."""
_ENOUGH = 0.9
"""Share of the letters beyond ASCII that must be of the script: one word in ten may be foreign."""


def decode(content: bytes, *, name: str) -> tuple[str, str]:
    """Return (text without a byte order mark, the encoding); raises BadInput with every line that is in none.

    UTF-16 without a mark is read where its first line is ASCII, which it can be in one order of bytes alone.
    """
    for mark, codec, form in _MARKS:
        if content.startswith(mark) and codec != "utf-8-sig":
            return _strictly(content, codec, form, name=name), form
    _refuse_binary(content, name=name)
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError:
        text = None
    order = _order_without_mark(content) if text is None or "\0" in text else None
    if order is not None:
        return _strictly(content, order, "UTF-16", name=name), "UTF-16"
    if content[:1000].count(0) > len(content[:1000]) // 5:
        what = "holds a zero beside most letters: it looks like UTF-16 without its byte order mark."
        raise BadInput([Problem(name, what, SAVE_AS_UTF8)])
    if text is None:
        raise BadInput(_not_utf8(name, content))
    return text, "UTF-8"


def _strictly(content: bytes, codec: str, form: str, *, name: str) -> str:
    try:
        return content.decode(codec)
    except UnicodeDecodeError as error:
        what = f"begins as {form} and is damaged at byte {error.start}."
        raise BadInput([Problem(name, what, SAVE_AS_UTF8)]) from None


def _refuse_binary(content: bytes, *, name: str) -> None:
    # A workbook is a ZIP archive whose first entry says which.
    workbook = next((what for mark, what in _WORKBOOKS if mark in content[:4096]), None)
    if content.startswith(b"PK") and workbook is not None:
        raise BadInput([Problem(name, f"is {workbook}, no text.", _SAVE_AS_CSV)])
    for sign, what, remedy in _BINARY:
        if content.startswith(sign):
            raise BadInput([Problem(name, f"is {what}, no text.", remedy)])


def _order_without_mark(content: bytes) -> str | None:
    """Return the codec of UTF-16 without a mark; None where it is none for certain."""
    # "url" is 75 00 72 00 6c 00 in little-endian order; the other way round that is U+7500 U+7200 U+6C00, no ASCII.
    if len(content) % 2:
        return None
    for codec in ("utf-16-le", "utf-16-be"):
        start = content[:2000].decode(codec, "ignore")
        first_line = re.split(r"[\r\n]", start, maxsplit=1)[0]
        if len(first_line) >= 3 and first_line.isascii() and (first_line.isprintable() or "\t" in first_line):
            return codec
    return None


def _not_utf8(name: str, content: bytes) -> list[Problem]:
    """Return what the encoding looks like, and a problem for each line with the first byte that is wrong."""
    problems: list[Problem] = []
    wrong_lines: list[bytes] = []
    for number, line in enumerate(re.split(rb"\r\n|\n|\r", content), 1):
        try:
            line.decode("utf-8")
        except UnicodeDecodeError as error:
            what = f"byte 0x{line[error.start]:02x} is not UTF-8."
            problems.append(Problem(f"{name} line {number}", what, "Save the file as UTF-8."))
            wrong_lines.append(line)
    if len(problems) > _NAMED:
        what = f"has {len(problems) - _NAMED} more lines that are not UTF-8."
        problems[_NAMED:] = [Problem(name, what, "Save the file as UTF-8.")]
    guesses = _looks_like(wrong_lines)
    looks = f"; it looks like {' or '.join(guesses)}" if guesses else ""
    return [Problem(name, f"is not UTF-8{looks}.", SAVE_AS_UTF8), *problems]


def _looks_like(lines: Sequence[bytes]) -> list[str]:
    """Return up to three encodings in which the letters of some lines make words, each with such a word."""
    sample = b"\n".join(lines[:200])
    guesses: list[tuple[float, str, str]] = []
    for codec, title, script in _CODECS:
        try:
            text = unicodedata.normalize("NFC", sample.decode(codec))
        except UnicodeDecodeError:
            continue
        foreign = [at for at, letter in enumerate(text) if not letter.isascii() and letter not in "“”‘’–…°¿¡«»\xa0"]
        share = sum(_is_at_home(text, at, script) for at in foreign) / max(len(foreign), 1)
        word = next((word for word in re.split(r"[^\w\u0300-\u036f]+", text) if not word.isascii()), "")
        if share >= _ENOUGH and word and word not in [guessed_word for _, _, guessed_word in guesses]:
            guesses.append((-share, f"{title}: {word[:30]!r}", word))
    return [title for _, title, _ in sorted(guesses, key=lambda guess: guess[0])[:3]]


def _is_at_home(text: str, at: int, script: str) -> bool:
    """Return whether a letter is one of the script and stands beside letters of its own case and kind."""
    letter, before = text[at], text[at - 1] if at else " "
    named = unicodedata.name(letter, "")
    if unicodedata.combining(letter):
        # Windows-1258 writes Vietnamese tones behind their vowel; NFC has joined those that fit.
        return script == "THAI" and "THAI" in named
    if not re.match(script, named) or not (letter.isalpha() or script == "THAI"):
        return False
    word = re.split(r"\W", text[:at])[-1] + re.split(r"\W", text[at:])[0]
    if script == "LATIN" and len(word) > 3 and sum(map(str.isascii, word)) * 4 < len(word):
        return False  # "Ôóòáîë" is Cyrillic: words of Latin letters are ASCII in part
    # "kÉrate": a capital within a word of small letters, or a Cyrillic letter behind a Latin one, is the wrong table.
    is_mixed = script != "LATIN" and before.isascii() and before.isalpha()
    return not is_mixed and not (letter.isupper() and before.islower())
