"""Kinds of effects that a person or a detector may name: a word each, what it means, and the other words for it."""

import re
import unicodedata
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from functools import lru_cache

KINDS: Mapping[str, str] = {
    "bars": "border of one colour on one to four sides: letterbox, pillarbox, frame",
    "blur": "the picture, or a part of it, made unsharp on purpose",
    "blurfill": "border filled with an enlarged, blurred copy of the picture",
    "boomerang": "a passage played forth and back",
    "bw": "black and white: no colour",
    "cut": "change of shot within one frame; a jump cut or punch-in too",
    "dissolve": "two shots blended into each other",
    "duotone": "all colours made of two: sepia, cyanotype",
    "fade": "to or from a single colour",
    "filter": "colours altered as a whole: warm, cool, faded, contrast",
    "flash": "the picture turns white for a moment",
    "freeze": "one frame held while the video runs on",
    "loop": "a passage repeated",
    "overlay": "logo or other picture laid over the video for the whole clip, fixed or moving",
    "pip": "a second video in a rectangle: picture in picture",
    "pixelate": "the picture, or a part of it, shown in coarse squares",
    "reverse": "played backwards",
    "slide": "one shot pushes the other out of the picture",
    "slow": "slower than it happened, by repeated or blended frames",
    "speed": "faster than it happened",
    "split": "two or more videos side by side",
    "sticker": "picture or emoji laid over the video for a part of the clip",
    "text": "captions, titles and other writing laid over the video",
    "vignette": "corners darker than the middle",
    "watermark": "mark of a site or of whoever made the video, fixed or jumping from corner to corner",
    "wipe": "a border moves across the picture from one shot to the next",
    "zoom": "enlarged or reduced while it plays, after it was filmed",
}
"""Kind -> definition for people: the taxonomy that detectors are measured against."""

_OTHER_WORDS: Mapping[str, str] = {
    "bars": "bar, letterbox, letterboxed, letter box, pillarbox, pillarboxed, pillar box, black bars, border, borders",
    "blur": "blurred, blurring",
    "blurfill": "blur fill, blurred fill, blurred background, blurred bars",
    "boomerang": "boomerangs, back and forth",
    "bw": "b&w, b & w, b/w, b w, b and w, black and white, black & white, black white, black/white, grayscale, "
    "greyscale, gray scale, grey scale, monochrome, no colour, no color",
    "cut": "cuts, hard cut, hard cuts, jump cut, jump cuts, jumpcut, punch in, punch ins",
    "dissolve": "dissolves, cross dissolve, crossfade, cross fade",
    "duotone": "sepia, tint, tinted",
    "fade": "fades, fade in, fade out, fade to black",
    "filter": "filters, colour filter, color filter, colour grading, color grading, warm, cool, faded, contrast",
    "flash": "flashes, white flash",
    "freeze": "freeze frame, frozen frame, still frame",
    "loop": "loops, looped",
    "overlay": "overlays, logo, logos",
    "pip": "picture in picture, inset",
    "pixelate": "pixelated, pixelation, pixellate, mosaic, censored",
    "reverse": "reversed, backwards, backward",
    "slide": "slides",
    "slow": "slow motion, slowmotion, slow mo, slowmo",
    "speed": "speed up, sped up, speedup, fast forward, time lapse, timelapse",
    "split": "split screen, splitscreen",
    "sticker": "stickers, emoji, emojis",
    "text": "texts, caption, captions, subtitle, subtitles, title, titles, subs, karaoke, lower third, lower thirds",
    "vignette": "vignetting",
    "watermark": "watermarks, water mark, channel mark",
    "wipe": "wipes",
    "zoom": "zooms, zoom in, zoom out",
}
ALIASES: Mapping[str, str] = {word: kind for kind, words in _OTHER_WORDS.items() for word in words.split(", ")}
"""Other words for a kind, in lower case, words parted by one blank."""
FAMILIES = ("color", "colour", "layout", "time", "transition")
"""What may stand before a kind and a point: `transition.cut` is a cut."""

NOTHING_SEEN = "none"
NOTHING = frozenset(
    {NOTHING_SEEN, "no", "n", "0", "false", "nothing", "clean", "no effect", "no effects", "without", "without effects"}
    | {"falsch", "nein", "keine", "faux", "non", "aucun", "falso", "không", "không có", "ไม่มี"}
)
"""Words of somebody who looked and saw no effect; FALSCH and FAUX are a spreadsheet's false."""
_SOMETHING = frozenset(
    {"yes", "y", "true", "1", "x", "effect", "effects", "with effects", "some"}
    | {"wahr", "ja", "vrai", "oui", "verdadero", "vero", "sí", "si", "có", "มี"}
)
_NOBODY_LOOKED = frozenset({"n/a", "na", "nan", "null", "unknown", "?", "??", "unsure", "maybe", "not checked", "todo"})
_PART = re.compile(r"[a-z0-9_]+(?:\.[a-z0-9_]+)*\Z")
LIST_THEM = "`slateboard ls effects` says what each kind is"


@dataclass(frozen=True, slots=True)
class BadKind:
    """A word that is no kind of effect."""

    what: str
    """The word, as it stands there."""
    why: str
    remedy: str


def kind_of(word: str) -> str | None:
    """Return the kind that a word means, `text.overlay` for its sub-kinds; None where it means none.

    Capitals, and whether words are parted by blanks, hyphens or underscores, make no difference.
    """
    # "Black-and-White" -> "black and white" -> bw; "Captions.Karaoke" -> "text.karaoke"; "transition.cut" -> "cut";
    # "text.no way" -> None.
    plain = _plain(word)
    if plain in KINDS or plain in ALIASES:
        return ALIASES.get(plain, plain)
    head, point, rest = plain.partition(".")
    if head in FAMILIES and point:
        return kind_of(rest)
    kind = ALIASES.get(head, head)
    piece = rest.replace(" ", "_")
    return f"{kind}.{piece}" if kind in KINDS and _PART.match(piece) else None


@lru_cache(maxsize=10_000)
def read_kinds(cell: str) -> tuple[tuple[str, ...], tuple[BadKind, ...]]:
    """Return (the kinds that a cell names, in alphabetical order, what is wrong with it); () twice: it says `none`.

    Kinds are parted by `|`, `,` or `;`; by `+`, `/` or `&` where each part is one: `b/w` is one kind, `text/bars` two.
    """
    words = [word.strip() for word in re.split(r"[|,;\n]", cell) if word.strip()]
    pieces = [piece for word in words for piece in _parts(word)]
    nothing = [piece for piece in pieces if _plain(piece) in NOTHING]
    bad_kinds = [_bad_kind(piece) for piece in pieces if piece not in nothing and kind_of(piece) is None]
    if nothing and len(pieces) > len(nothing):
        bad_kinds.insert(0, BadKind("effects", f"says {nothing[0]!r} beside other kinds.", "Keep one of them."))
    if not pieces:
        bad_kinds.append(BadKind(f"effects {cell!r}", "names no kind.", f"Name the kinds, or write none: {LIST_THEM}."))
    return tuple(sorted({kind for piece in pieces if (kind := kind_of(piece)) is not None})), tuple(bad_kinds)


def nearest_kind(word: str) -> str:
    """Return the remedy for a word that is no kind: the nearest, or all of them."""
    plain = _plain(word)
    close = get_close_matches(plain, [*KINDS, *ALIASES], n=1, cutoff=0.8) or [
        piece for piece in re.split(r"[ .]", plain) if kind_of(piece) is not None
    ]
    if close:
        kind = kind_of(close[0])
        return f"Did you mean '{kind}'? {LIST_THEM[0].upper()}{LIST_THEM[1:]}."
    return f"There is: {', '.join(KINDS)}, or none; {LIST_THEM}."


def unknown_kinds(kinds: Iterable[str]) -> list[str]:
    """Return those that are no kind as they are written, in alphabetical order: `no` and `captions` of an old list."""
    return sorted({kind for kind in kinds if kind_of(kind) != kind})


def _parts(word: str) -> list[str]:
    """Return a word, or the kinds that it is made of where it is none itself and each of its parts is."""
    if kind_of(word) is not None or _plain(word) in NOTHING | _SOMETHING | _NOBODY_LOOKED:
        return [word]
    # Signs between blanks divide first: "text & b&w" -> text, b&w, which is a kind; "text/bars" -> text, bars.
    for sign in (r"\s+[+/&]\s+", r"[+/&]"):
        pieces = [piece.strip() for piece in re.split(sign, word)]
        if len(pieces) > 1 and all(pieces) and any(kind_of(piece) is not None for piece in pieces):
            return [divided for piece in pieces for divided in _parts(piece)]
    return [word]


def _bad_kind(word: str) -> BadKind:
    plain, what = _plain(word), f"effect {word[:60]!r}"
    if plain in _SOMETHING:
        why = "says that there are effects and not which."
        return BadKind(what, why, f"Name their kinds, such as text|sticker: {LIST_THEM}.")
    if plain in _NOBODY_LOOKED:
        why = "is no kind."
        return BadKind(what, why, "Leave the cell empty where nobody looked; write none where somebody saw none.")
    return BadKind(what, "is no kind.", nearest_kind(word))


def _plain(word: str) -> str:
    """Return a word in lower case, with one blank where blanks, hyphens or underscores stood."""
    return re.sub(r"[\s_-]+", " ", unicodedata.normalize("NFKC", word).casefold()).strip(" .!'\"")
