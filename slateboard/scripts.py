"""Letters of the world's scripts: which script one is of, what leaves no ink, and where a name may be cut."""

import re
import unicodedata
from collections.abc import Iterator
from functools import lru_cache

# What a name says after the script: THAI CHARACTER SARA I, DEVANAGARI VOWEL SIGN AA, NEW TAI LUE LETTER HIGH QA.
_KIND = re.compile(
    r" (?:CAPITAL|SMALL|LETTER|CHARACTER|VOWEL|CONSONANT|INDEPENDENT|SUBJOINED|SIGN|TONE|MARK|SYLLABLES?|SYLLABICS|"
    r"DIGIT|HEAD|UNIFIED|COMPATIBILITY|IDEOGRAPH|LIGATURE|POINT|ACCENT|NUMBER|FATHA\w*|DAMMA\w*|KASRA\w*|SHADDA|SUKUN|HAMZA|"
    r"MADDAH|TATWEEL|FILLER|VOICED|ITERATION|PROLONGED|JUNGSEONG|CHOSEONG|JONGSEONG)\b.*"
)
# Letters and marks that show nothing: fillers of Hangul, inherent vowels of Khmer, joiners and selectors of variants.
# Hangul's are letters to Python (isalnum), Khmer's and the selectors marks.
_BLANK = "\u034f\u115f\u1160\u17b4\u17b5\u180b-\u180f\u3164\uffa0\ufe00-\ufe0f\U000e0100-\U000e01ef"
_BLANKS = re.compile(f"[{_BLANK}]")


def is_invisible(letter: str) -> bool:
    """Return whether a character leaves no ink and is no blank: formats (Cf), fillers, selectors."""
    return unicodedata.category(letter) == "Cf" or _BLANKS.match(letter) is not None


@lru_cache(maxsize=10_000)
def script_of(letter: str) -> str:
    """Return the script of a letter or mark by its Unicode name: `Thai`, `Devanagari`, `Latin`, `CJK`; else ''."""
    if unicodedata.category(letter)[0] not in "LM":
        return ""
    name = unicodedata.name(letter, "").removeprefix("FULLWIDTH ").removeprefix("HALFWIDTH ")
    script = _KIND.sub("", name)
    if script.startswith(("COMBINING", "VARIATION", "MODIFIER")):
        return ""
    return script if script == "CJK" else script.title()


def quoted(text: str) -> str:
    """Return text in quotation marks as `repr` has it, and each sign that leaves no ink by its number."""
    return "".join(ascii(letter)[1:-1] if is_invisible(letter) else letter for letter in repr(text))


def clusters(text: str) -> Iterator[str]:
    """Yield each letter of a text with the marks, joiners and selectors that follow it."""
    start = 0
    for place, letter in enumerate(text):
        if place > start and unicodedata.category(letter)[0] != "M" and not is_invisible(letter):
            yield text[start:place]
            start = place
    if text:
        yield text[start:]


def shortened(name: str, most: int) -> str:
    """Return a name of at most `most` letters with their marks: the middle of a longer one becomes `…`."""
    # Names of classes that were cut differ at their ends alone, in a hash: a third is kept of it, 13 of 40.
    letters = list(clusters(name))
    if len(letters) <= most:
        return name
    tail = most // 3
    return "".join([*letters[: most - tail - 1], "…", *letters[-tail:]])


def wrapped(line: str, most: int) -> list[str]:
    """Return a line as lines of at most `most` letters: broken at blanks, and within a longer word between letters."""
    lines: list[list[str]] = [[]]
    for word in line.split():
        letters = list(clusters(word))
        if lines[-1] and len(lines[-1]) + 1 + len(letters) <= most:
            lines[-1] += [" ", *letters]
            continue
        rows = [letters[start : start + most] for start in range(0, len(letters), most)]
        lines += rows if lines[-1] else rows[1:]
        lines[-len(rows)] = rows[0]
    return ["".join(letters) for letters in lines]
