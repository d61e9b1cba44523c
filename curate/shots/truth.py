"""Truth about shots: changes of picture that a person marked, read from a table of one row each.

Columns: video, frame, kind (cut, fade, dissolve, flash, wipe, none), confidence (high, low), note. `frame` is the
0-based index, in order of decoding, of the first frame of the new shot, or the middle of a gradual change; `none`
without a frame says that a video has no change. A note may give the span: `205-235`, `370 +-8`, `ends about 340`.
"""

import csv
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from curate.shots.boundaries import Boundary
from slateboard.errors import BadInput, Problem, did_you_mean

COLUMNS = ("video", "frame", "kind", "confidence", "note")
KINDS = ("cut", "fade", "dissolve", "flash", "wipe", "none")
_GRADUAL = ("fade", "dissolve", "flash", "wipe")
# Frames on both sides of a change without a span of its own in which a boundary does not count: half a second of a
# gradual one, and what a codec smears of a doubtful cut.
_AROUND_GRADUAL, _AROUND_CUT = 15, 2


@dataclass(frozen=True)
class Change:
    """One marked change."""

    frame: int
    kind: str
    sure: bool
    first_frame: int
    """First frame of its span; for a cut the frame itself."""
    last_frame: int
    """Last frame of its span."""

    @property
    def is_required(self) -> bool:
        """True for a sure cut, which a detector must find; others are optional."""
        return self.kind == "cut" and self.sure


Truth = dict[str, tuple[Change, ...]]
"""Video as named in the table -> its changes in order; none for a video without a change."""


def read_truth(path: Path) -> Truth:
    """Read a table of changes; raises BadInput with all its problems."""
    rows = _read_rows(path, columns=COLUMNS[:4])
    problems: list[Problem] = []
    changes_of: dict[str, list[Change]] = {}
    for line, row in enumerate(rows, 2):
        faults = _check_row(row)
        problems += [Problem(f"{path}:{line}", what, remedy) for what, remedy in faults]
        if faults:
            continue
        changes = changes_of.setdefault(row["video"], [])
        if row["kind"] != "none":
            changes.append(_change(row))
    problems += [
        Problem(f"{path}: {video}", "has a frame marked twice.", "Keep one row of each.")
        for video, changes in changes_of.items()
        if len({change.frame for change in changes}) < len(changes)
    ]
    if problems:
        raise BadInput(problems)
    return {video: tuple(sorted(changes, key=lambda change: change.frame)) for video, changes in changes_of.items()}


def read_detections(path: Path, truth: Truth) -> dict[str, list[Boundary]]:
    """Read the first frames of shots (video,frame) that a program detected; a video without a row has none."""
    detections: dict[str, list[Boundary]] = {video: [] for video in truth}
    problems = []
    for line, row in enumerate(_read_rows(path, columns=("video", "frame")), 2):
        if row["video"] not in detections:
            problems.append(Problem(f"{path}:{line}", f"unknown video '{row['video']}'.", "Name it as TRUTH does."))
        elif not (row["frame"] or "").isdecimal():
            problems.append(Problem(f"{path}:{line}", f"'{row['frame']}' is no frame.", "Give an index, from 0."))
        else:
            frame = int(row["frame"])
            detections[row["video"]].append(Boundary(frame, "cut", 1.0, frame, frame - 1))
    if problems:
        raise BadInput(problems)
    return detections


def _read_rows(path: Path, *, columns: Sequence[str]) -> list[dict[str, str]]:
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            reader = csv.DictReader(file)
            rows, names = list(reader), reader.fieldnames or ()
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise BadInput([Problem(str(path), f"cannot be read: {error}.", "Give a CSV file in UTF-8.")]) from None
    missing = [name for name in columns if name not in names]
    if missing:
        raise BadInput([Problem(str(path), f"lacks {', '.join(missing)}.", f"Columns: {','.join(columns)}.")])
    return rows


def _check_row(row: dict[str, str]) -> list[tuple[str, str]]:
    """Return the faults of a row, each with its remedy."""
    faults = []
    if not row["video"]:
        faults.append(("names no video.", "Give its path."))
    if row["kind"] not in KINDS:
        faults.append((f"unknown kind '{row['kind']}'.", did_you_mean(row["kind"] or "", KINDS)))
    elif row["kind"] != "none" and not (row["frame"] or "").isdecimal():
        faults.append((f"'{row['frame']}' is no frame.", "Give the index of a frame, from 0."))
    if row["confidence"] not in ("high", "low"):
        faults.append((f"unknown confidence '{row['confidence']}'.", "Use high or low."))
    return faults


def _change(row: dict[str, str]) -> Change:
    frame, kind, sure = int(row["frame"]), row["kind"], row["confidence"] == "high"
    if kind == "cut" and sure:
        return Change(frame, kind, sure, frame, frame)
    around = _AROUND_GRADUAL if kind in _GRADUAL else _AROUND_CUT
    return Change(frame, kind, sure, *span_of(row.get("note") or "", frame=frame, around=around))


def span_of(note: str, *, frame: int, around: int) -> tuple[int, int]:
    """Return the span (first, last frame) that a note gives to a change, else so many frames around it."""
    for start, end in re.findall(r"(\d+)-(\d+)", note):
        if int(start) <= frame <= int(end):
            return int(start), int(end)
    for middle, margin in re.findall(r"(\d+) \+-(\d+)", note):
        if int(middle) == frame:
            return frame - int(margin), frame + int(margin)
    match = re.search(r"ends about (\d+)", note)
    if match and int(match[1]) >= frame:
        return frame - around, int(match[1])
    return frame - around, frame + around
