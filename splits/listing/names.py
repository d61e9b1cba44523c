"""Names of clips as data sets write them: file names, ids of YouTube videos, and JHMDB's spelling of HMDB51's names.

JHMDB is cut out of HMDB51 and writes `@` where HMDB51 writes `#` (`Golf_Swing_@6Iron`, `Golf_Swing_#6Iron`) and
also where it writes `&` (`Goal_1_@_2`, `Goal_1_&_2`), while one name of HMDB51 holds a real `@`. So `@` does not
map back to one character: names are compared with all three written as `@`, and one that could be several is left
unmatched and reported.
"""

import re
from collections import Counter
from collections.abc import Collection, Mapping
from dataclasses import dataclass

from slateboard.canonical import site_video
from splits.listing.entries import stem

SPELLINGS: Mapping[str, str] = {"": "", "jhmdb": "#&"}
"""Name of a spelling -> characters that it writes as `@`."""

_ID = r"[A-Za-z0-9_-]{11}"
_CUT = re.compile(rf"({_ID})_\d{{6}}_\d{{6}}")
"""A piece of a video as Kinetics' crawlers and MMAction2 name it: id, start and end in seconds."""


@dataclass(frozen=True)
class Matching:
    """Names matched to listed names; every name is in exactly one of `listed_as`, `ambiguous` and `unlisted`."""

    listed_as: Mapping[str, str]
    """Name -> the listed name that it means."""
    respelt: Mapping[str, str]
    """Name -> the listed name, of those that are spelt differently."""
    ambiguous: Mapping[str, tuple[str, ...]]
    """Name -> listed names that it could be, sorted; also where another name could be the same single one."""
    unlisted: tuple[str, ...]
    """Names that the lists do not have, sorted."""
    absent: tuple[str, ...]
    """Listed names that no name was matched to, sorted."""


def match_names(names: Collection[str], listed: Collection[str], *, spelling: str = "") -> Matching:
    """Match names to listed names, as they are or as a spelling of SPELLINGS writes them.

    A name that is listed as it is means that one, unless it holds `@` and the spelling makes other listed
    names equal to it.
    """
    # Listed a#1, a&1 and b#2, spelling jhmdb. a@1 could be a#1 or a&1: ambiguous. b@2 is b#2: respelt, unless a second
    # name has b#2 as its only candidate too. a#1 is a#1: certain, as it holds no @.
    listed_names = set(listed)
    by_spelling: dict[str, list[str]] = {}
    for name in sorted(listed_names):
        by_spelling.setdefault(_respell(name, spelling), []).append(name)
    candidates = {name: tuple(by_spelling.get(_respell(name, spelling), ())) for name in sorted(set(names))}
    certain = {
        name for name, options in candidates.items() if name in listed_names and ("@" not in name or len(options) == 1)
    }
    claims = Counter(options[0] for name, options in candidates.items() if len(options) == 1 and name not in certain)
    respelt = {
        name: options[0]
        for name, options in candidates.items()
        if name not in certain and len(options) == 1 and claims[options[0]] == 1 and options[0] not in certain
    }
    listed_as = {name: respelt.get(name, name) for name in candidates if name in certain or name in respelt}
    return Matching(
        listed_as=listed_as,
        respelt=respelt,
        ambiguous={name: options for name, options in candidates.items() if options and name not in listed_as},
        unlisted=tuple(name for name, options in candidates.items() if not options),
        absent=tuple(sorted(listed_names - set(listed_as.values()))),
    )


def _respell(name: str, spelling: str) -> str:
    return name.translate({ord(sign): "@" for sign in SPELLINGS[spelling]})


def youtube_id(text: str) -> str | None:
    """Return the id of the video that an address of YouTube or a crawler's file name (`<id>_000417_000427`) means."""
    if cut := _CUT.fullmatch(stem(text)):
        return cut[1]
    video = site_video(text)
    return video.video_id if video is not None and video.site == "youtube" else None


def video_name(text: str) -> str:
    """Return the id of a YouTube video, else the file name without extension: the name that lists and sources share."""
    return youtube_id(text) or stem(text)
