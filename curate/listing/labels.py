"""Class names that are safe as folders and in lists, made of labels as people write them."""

import unicodedata
from collections import defaultdict
from collections.abc import Iterable
from functools import lru_cache

from slateboard.errors import BadInput, Problem

# Letters that Unicode does not decompose into a base letter and marks.
_PLAIN = str.maketrans({"đ": "d", "Đ": "D", "ø": "o", "Ø": "O", "ł": "l", "Ł": "L", "ß": "ss", "æ": "ae", "Æ": "Ae"})


@lru_cache(maxsize=10_000)
def class_name(label: str) -> str:
    """Return a label as class name, letters and digits alone, words capitalised: `Đá cầu` -> `DaCau`.

    Scripts without Latin base letters are kept as they are; a label without letters or digits gives "".
    """
    # NFKD splits a letter from its marks (á -> a + U+0301), which are dropped; NFC joins what is left, as Hangul.
    plain = unicodedata.normalize("NFKD", label.translate(_PLAIN))
    plain = "".join(letter for letter in plain if not unicodedata.combining(letter))
    words = "".join(letter if letter.isalnum() else " " for letter in plain).split()
    return unicodedata.normalize("NFC", "".join(word[0].upper() + word[1:] for word in words))


def class_names(labels: Iterable[str], *, where: str) -> dict[str, str]:
    """Return label -> class name in alphabetical order of the class names; raises BadInput with all that collide.

    Names that differ only in case collide too: case-insensitive file systems make one folder of them.
    """
    by_name = defaultdict(set)
    for label in labels:
        by_name[class_name(label).casefold()].add(label)
    problems = []
    for _, spellings in sorted(by_name.items()):
        ordered, name = sorted(spellings), class_name(min(spellings))
        if not name:
            problems.append(Problem(where, f"label {ordered[0]!r} holds no letter or digit.", "Give the class a name."))
        elif len(spellings) > 1:
            what = f"labels {', '.join(map(repr, ordered))} are one class {name!r}."
            problems.append(Problem(where, what, "Write it one way."))
    if problems:
        raise BadInput(problems)
    named = {min(spellings): class_name(min(spellings)) for spellings in by_name.values()}
    return dict(sorted(named.items(), key=lambda pair: pair[1]))
