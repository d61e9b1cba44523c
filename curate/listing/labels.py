"""Class names that are safe as folders and in lists, made of labels as people write them."""

import re
import unicodedata
from collections import defaultdict
from collections.abc import Iterable
from functools import lru_cache

from slateboard.errors import BadInput, Problem
from slateboard.files import digest
from slateboard.scripts import is_invisible, quoted, script_of

MOST_BYTES = 255 - len("v__g123456789_c123456789.mp4")
"""Of a class name as UTF-8: a file system takes 255 of a name, and the class is part of its clips' names."""

# Letters that Unicode does not decompose into a base letter and marks.
_PLAIN = str.maketrans({"đ": "d", "Đ": "D", "ø": "o", "Ø": "O", "ł": "l", "Ł": "L", "ß": "ss", "æ": "ae", "Æ": "Ae"})
_BARE = ("Latin", "Greek")
"""Scripts whose letters lose their accents: `Bóng rổ` -> `BongRo`."""
_STRESSED = frozenset("ЁёЀѐЍѝ")
"""Of Cyrillic: words are written with or without these points and strokes; й, ї and ў are letters of their own."""
_OPTIONAL = (*_BARE, "Cyrillic", "Arabic", "Hebrew", "Syriac", "")
"""Scripts whose loose marks are accents, or vowel points that a text may leave out: كُتُب is written كتب."""
# Thai น้ำ: NFKC would tear the vowel ำ (U+0E33) into a ring and า; people type it in either way, with the tone before or
# between. Lao has the same vowel. Written here as one letter after the tone, as keyboards do.
_AM = re.compile("\u0e4d([\u0e48-\u0e4b]*)\u0e32|\u0ecd([\u0ec8-\u0ecb]*)\u0eb2")
_RESERVED = re.compile(r"con|prn|aux|nul|(?:com|lpt)\d", re.IGNORECASE | re.ASCII)
"""Names that Windows keeps for devices, with any ending: no folder is called so."""
# What may differ between two spellings of one word: blanks, hyphens, strokes, points, apostrophes.
_BETWEEN = re.compile(r"[\s_\-\u2010-\u2015/.,:'\u2019\"]+")


@lru_cache(maxsize=10_000)
def class_name(label: str) -> str:
    """Return a label as class name, letters and digits alone, words capitalised: `Đá cầu` -> `DaCau`.

    Latin and Greek letters lose their accents, Arabic and Hebrew their vowel points; other scripts keep the marks that
    are vowels and tones in them: `ดึง`. A label without letters or digits gives "". No name is one that Windows
    reserves, and none has more than MOST_BYTES bytes; a longer one ends in a hash of the whole.
    """
    name = _whole_name(label)
    return _shortened(f"{name}Class" if _RESERVED.fullmatch(name) else name)


def class_key(label: str) -> str:
    """Return what two labels share whose class names are one folder on some system: capitals and widths ignored."""
    return unicodedata.normalize("NFKC", class_name(label).casefold())


def describe_change(label: str) -> str:
    """Return a sentence where a class cannot be called what its label gives; '' for all others."""
    name, full_name = class_name(label), _whole_name(label)
    if name == full_name:
        return ""
    if _RESERVED.fullmatch(full_name):
        return (
            f"Class {label!r} is {name!r}: Windows keeps {full_name!r} for a device, and makes no folder of that name."
        )
    size = len(full_name.encode("utf-8"))
    return f"Class {label[:40]!r}... is {name!r}: its {size} bytes are more than file systems take in names of clips."


def clash(label: str, earlier: str, where: str) -> tuple[str, str]:
    """Return why a label cannot stand beside an earlier one of the same key, the end of a sentence; and the remedy."""
    if _is_same_word(label, earlier):
        return f"is spelt {quoted(earlier)} in {where}.", "Write it one way."
    return f"gives the class name {class_name(label)!r}, as {quoted(earlier)} in {where} does.", _TELL_APART


def is_other_word(label: str, earlier: str) -> bool:
    """Return whether labels of one key differ in more than capitals and blanks: they may be two classes."""
    return class_key(label) == class_key(earlier) and not _is_same_word(label, earlier)


def class_names(labels: Iterable[str], *, where: str) -> dict[str, str]:
    """Return label -> class name in alphabetical order of the class names; raises BadInput with all that collide.

    Names that differ only in case collide too: case-insensitive file systems make one folder of them.
    """
    by_key = defaultdict(set)
    for label in labels:
        by_key[class_key(label)].add(label)
    problems = []
    for _, spellings in sorted(by_key.items()):
        ordered, name = sorted(spellings), class_name(min(spellings))
        shown = ", ".join(map(quoted, ordered))
        if not name:
            problems.append(
                Problem(where, f"label {quoted(ordered[0])} holds no letter or digit.", "Give the class a name.")
            )
        elif len(spellings) > 1 and all(_is_same_word(ordered[0], label) for label in ordered):
            problems.append(Problem(where, f"labels {shown} are one class {name!r}.", "Write it one way."))
        elif len(spellings) > 1:
            problems.append(Problem(where, f"labels {shown} give one class name {name!r}.", _TELL_APART))
    if problems:
        raise BadInput(problems)
    named = {min(spellings): class_name(min(spellings)) for spellings in by_key.values()}
    return dict(sorted(named.items(), key=lambda pair: pair[1]))


_TELL_APART = (
    "A class name has no accents, vowel points, signs or invisible characters: if both are one class, write it one "
    "way; if they are two, give one of them another word or a number."
)


def _whole_name(label: str) -> str:
    """Return the class name as the letters give it, be it reserved or too long."""
    words = "".join(_kept(label)).split()
    return unicodedata.normalize("NFC", "".join(word[0].upper() + word[1:] for word in words))


def _kept(label: str) -> Iterable[str]:
    """Yield the letters, digits and marks of a label that its class name keeps, and blanks for the rest."""
    keeps_marks = False
    for letter in _composed(label.translate(_PLAIN)):
        if is_invisible(letter):
            # A joiner may stand between a letter and its mark: Bengali র‍্য keeps its sign.
            yield " "
        elif unicodedata.category(letter)[0] == "M":
            if keeps_marks and unicodedata.category(letter) != "Me":
                yield letter
            elif not unicodedata.combining(letter):
                yield " "
        elif letter.isalnum():
            script = script_of(letter)
            keeps_marks = script not in _OPTIONAL
            yield _bare(letter) if script in _BARE or letter in _STRESSED else letter
        else:
            keeps_marks = False
            yield " "


def _composed(label: str) -> str:
    """Return a label with letters and marks in one form, wide letters and ligatures as plain ones (NFKC)."""
    one_letter = _AM.sub(lambda match: f"{match[1]}\u0e33" if match[1] is not None else f"{match[2]}\u0eb3", label)
    return "".join(
        piece if piece in ("\u0e33", "\u0eb3") else unicodedata.normalize("NFKC", piece)
        for piece in re.split("([\u0e33\u0eb3])", one_letter)
    )


def _bare(letter: str) -> str:
    signs = unicodedata.normalize("NFD", letter)
    return "".join(piece for piece in signs if not unicodedata.combining(piece))


def _shortened(name: str) -> str:
    """Return a name of at most MOST_BYTES bytes, the same for the same name: a longer one is cut before a hash."""
    if len(name.encode("utf-8")) <= MOST_BYTES:
        return name
    # The hash is of the whole name, so that two that begin alike stay two, and a later version finds the same one.
    ending = digest(name, length=12)
    shortened = name.encode("utf-8")[: MOST_BYTES - len(ending)].decode("utf-8", "ignore")
    # No letter loses its own marks: cut before the letter to which the first mark left out belongs.
    while unicodedata.category(name[len(shortened)])[0] == "M":
        shortened = shortened[:-1]
    return shortened + ending


def _is_same_word(label: str, second_label: str) -> bool:
    return _spelling(label) == _spelling(second_label)


def _spelling(label: str) -> str:
    return _BETWEEN.sub("", _composed(label).casefold())
