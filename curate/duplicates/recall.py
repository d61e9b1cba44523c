"""How well near-duplicates are found: recall on edits of real clips, false matches among different uploads."""

import csv
import hashlib
import re
import tempfile
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TypedDict

from scipy.stats import binomtest

from curate.duplicates import edits
from slateboard.errors import BadInput, Problem
from slateboard.media.fingerprints import Fingerprint, fingerprint_of
from slateboard.records.media import Duplicate
from splits.near.candidates import sketch
from splits.near.duplicates import UndecidedPair, duplicates

VIDEOS = (".avi", ".mkv", ".mov", ".mp4", ".webm")
HALVES = ("tuning", "judging")
"""Groups are halved by the hash of their name; thresholds were chosen on the first half alone."""
FOUND, MISSED = "found", "missed"
_NUMBERED = re.compile(r"g\d+")


@dataclass(frozen=True)
class Clip:
    """One real clip and its group."""

    name: str
    """Path relative to the folder, with `/`."""
    path: Path
    group: str
    """Upload or person."""

    @property
    def half(self) -> str:
        """Which half of the groups it is in."""
        # By the group's hash, not the clip's: clips of one upload on both sides would let thresholds see the judges'
        # half.
        return HALVES[hashlib.sha256(self.group.encode()).digest()[0] % 2]


@dataclass(frozen=True)
class Trial:
    """One clip and the edits to make of it."""

    clip: Clip
    edits: tuple[str, ...]


def clips_in(folder: Path) -> list[Clip]:
    """Return the videos of a folder by name; clips.csv there says whose they are (file, group; if there, set, class).

    A file that clips.csv does not name is a group of its own. BadInput where there is no video.
    """
    groups: dict[str, str] = {}
    if (folder / "clips.csv").is_file():
        with (folder / "clips.csv").open(encoding="utf-8", newline="") as lines:
            for row in csv.DictReader(lines):
                # UCF101 numbers groups within a class: g01 of two classes is two uploads.
                within = f"{row.get('class', '')}/" if _NUMBERED.fullmatch(row["group"]) else ""
                groups[row["file"]] = f"{row.get('set', '')}/{within}{row['group']}"
    names = [path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.suffix.lower() in VIDEOS]
    if groups:
        names = [name for name in names if name in groups]
    if not names:
        raise BadInput([Problem(str(folder), "holds no video.", f"Give a folder with {', '.join(VIDEOS)} files.")])
    return [Clip(name, folder / name, groups.get(name, name)) for name in sorted(names)]


def sample_clips(clips: Sequence[Clip], count: int) -> list[Clip]:
    """Return `count` clips by the hash of their names, so that the choice depends on no order."""
    return sorted(clips, key=lambda clip: hashlib.sha256(clip.name.encode()).hexdigest())[:count]


def fingerprint_clip(clip: Clip) -> Fingerprint:
    """Return the fingerprint of a clip. Runs in a worker."""
    return fingerprint_of(clip.path)


def run_trial(trial: Trial) -> dict[str, str]:
    """Make the edits of a clip; return edit -> found, missed, or why it could not be decided. Runs in a worker."""
    outcomes = {}
    original = fingerprint_clip(trial.clip)
    with tempfile.TemporaryDirectory() as folder:
        for name in trial.edits:
            target = Path(folder) / "edit.mp4"
            edits.make(trial.clip.path, name, target, key=trial.clip.name)
            prints = {"a": original, "b": fingerprint_of(target)}
            sketches = {key: sketch(print_) for key, print_ in prints.items()}
            pair = next(iter(duplicates(["a"], ["b"], sketches, prints.__getitem__)), None)
            outcomes[name] = MISSED if pair is None else pair.reason if isinstance(pair, UndecidedPair) else FOUND
    return outcomes


class RecallRow(TypedDict):
    """How many edits of one kind are found in one half of the groups."""

    edit: str
    half: str
    clips: int
    found: int
    recall: float
    low: float
    """Of the 95 % interval, as `high`."""
    high: float
    undecided: int


class FalseMatch(TypedDict):
    """A match of clips of different groups: the fields of `Duplicate`, with names for media ids."""

    first: str
    second: str
    mirrored: bool
    first_start_s: float
    second_start_s: float
    seconds: float
    score: float
    """Likeness by the matcher's own measure, 0-1."""
    half: str
    """That of both groups, or "both"."""


class MatchCounts(TypedDict):
    """Matches among clips of different groups, and how many could have been."""

    pairs_of_different_groups: int
    false: list[FalseMatch]
    undecided: int
    within_groups: int


def recall_rows(trials: Sequence[Trial], outcomes: Iterable[Mapping[str, str]]) -> list[RecallRow]:
    """Return one row per edit and half: clips, found, recall with its 95 % Wilson interval, and misses by reason."""
    counts: dict[tuple[str, str], Counter[str]] = {}
    for trial, outcome in zip(trials, outcomes, strict=True):
        for name, verdict in outcome.items():
            counts.setdefault((name, trial.clip.half), Counter())[verdict] += 1
    rows: list[RecallRow] = []
    for (name, half), verdicts in sorted(counts.items(), key=lambda item: (edits.EDITS.index(item[0][0]), item[0][1])):
        total = verdicts.total()
        # Wilson: (p + z^2/2n +- z sqrt(p(1 - p)/n + z^2/4n^2)) / (1 + z^2/n), z = 1.96; 9 of 10 -> 0.60 to 0.98. It
        # stays inside 0 to 1 and has a width where all are found, as the normal approximation has not.
        interval = binomtest(verdicts[FOUND], total).proportion_ci(method="wilson")
        rows.append(
            {
                "edit": name,
                "half": half,
                "clips": total,
                "found": verdicts[FOUND],
                "recall": verdicts[FOUND] / total,
                "low": float(interval.low),
                "high": float(interval.high),
                "undecided": total - verdicts[FOUND] - verdicts[MISSED],
            }
        )
    return rows


def matches(clips: Sequence[Clip], fingerprints: Mapping[str, Fingerprint]) -> MatchCounts:
    """Compare all clips with each other: matches between different groups are false, those within one are counted."""
    clip_by_name = {clip.name: clip for clip in clips}
    sketches = {name: sketch(fingerprint) for name, fingerprint in fingerprints.items()}
    false: list[FalseMatch] = []
    within = undecided = 0
    for pair in duplicates(sorted(fingerprints), (), sketches, fingerprints.__getitem__):
        clip, match = clip_by_name[pair.first], clip_by_name[pair.second]
        if isinstance(pair, UndecidedPair):
            undecided += clip.group != match.group
        elif clip.group == match.group:
            within += 1
        else:
            halves = sorted({clip.half, match.half})
            false.append(_false_match(pair, half=halves[0] if len(halves) == 1 else "both"))
    # Pairs of different groups, of n clips in groups of n_g: (n^2 - sum n_g^2) / 2; groups of 2 and 1: (9 - 5) / 2 = 2.
    sizes = Counter(clip.group for clip in clips)
    pairs = (len(clips) ** 2 - sum(size**2 for size in sizes.values())) // 2
    return {"pairs_of_different_groups": pairs, "false": false, "undecided": undecided, "within_groups": within}


def _false_match(pair: Duplicate, *, half: str) -> FalseMatch:
    return {
        "first": pair.first,
        "second": pair.second,
        "mirrored": pair.mirrored,
        "first_start_s": pair.first_start_s,
        "second_start_s": pair.second_start_s,
        "seconds": pair.seconds,
        "score": pair.score,
        "half": half,
    }
