"""Class names that are safe as folders and in lists, made of labels as people write them."""

import unicodedata
from collections import defaultdict
from collections.abc import Iterable

from slateboard.errors import BadInput, Problem

# Letters that Unicode does not decompose into a base letter and marks.
_PLAIN = str.maketrans({"đ": "d", "Đ": "D", "ø": "o", "Ø": "O", "ł": "l", "Ł": "L", "ß": "ss", "æ": "ae", "Æ": "Ae"})


def class_name(label: str) -> str:
    """Return `Jumping Jack` -> `JumpingJack`, `Đá cầu` -> `DaCau`: letters and digits alone, words capitalised.

    Scripts without Latin base letters are kept as they are; a label without letters or digits gives "".
    """
    plain = unicodedata.normalize("NFKD", label.translate(_PLAIN))
    plain = "".join(letter for letter in plain if not unicodedata.combining(letter))
    words = "".join(letter if letter.isalnum() else " " for letter in plain).split()
    return unicodedata.normalize("NFC", "".join(word[0].upper() + word[1:] for word in words))


def class_names(labels: Iterable[str], *, where: str) -> dict[str, str]:
    """Return label -> class name in alphabetical order of the class names; name all labels that collide."""
    by_name = defaultdict(set)
    for label in labels:
        by_name[class_name(label)].add(label)
    problems = [
        Problem(where, f"label {sorted(found)[0]!r} holds no letter or digit.", "Give the class a name.")
        for name, found in by_name.items()
        if not name
    ]
    problems += [
        Problem(
            where,
            f"labels {', '.join(map(repr, sorted(found)))} are one class {name!r}.",
            "Write it one way.",
        )
        for name, found in sorted(by_name.items())
        if name and len(found) > 1
    ]
    if problems:
        raise BadInput(problems)
    return {min(found): name for name, found in sorted(by_name.items())}
