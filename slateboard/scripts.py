"""Which script a letter is of, and which signs leave no ink: Unicode as Python's own tables have it."""

import re
import unicodedata
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
