"""File names of released clips: the paper's running index, or UCF101's group and clip numbers."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Literal, Protocol

from slateboard.records.clip import Clip

Naming = Literal["seags", "ucf101"]

UCF101_DIGITS = 2
"""gNN and cNN in UCF101; a class with more than 99 groups or a group with more than 99 clips gets wider numbers."""


class Numbers(Protocol):
    """What naming needs of the catalog."""

    def number(self, wanted: Sequence[tuple[str, str]]) -> dict[str, int]:
        """Return item -> index within its scope, given once and for all versions."""


def paths(
    numbers: Numbers,
    clips: Sequence[Clip],
    *,
    class_of: Mapping[str, str],
    groups: Mapping[str, str],
    naming: Naming,
) -> dict[str, str]:
    """Return clip id -> videos/<Class>/<name>.mp4.

    An index is never used twice in a class, or in a group. A clip that was given another label or group is a new
    name there, and its old name is not used again.
    """
    names = _seags(numbers, clips, class_of) if naming == "seags" else _ucf101(numbers, clips, class_of, groups)
    return {
        clip.clip_id: f"videos/{class_of[clip.label]}/v_{class_of[clip.label]}_{names[clip.clip_id]}.mp4"
        for clip in clips
    }


def _seags(numbers: Numbers, clips: Sequence[Clip], class_of: Mapping[str, str]) -> dict[str, str]:
    item = {clip.clip_id: f"seags {class_of[clip.label]} {clip.clip_id}" for clip in clips}
    found = numbers.number([(item[clip.clip_id], class_of[clip.label]) for clip in clips])
    return {clip_id: str(found[name]) for clip_id, name in item.items()}


def _ucf101(
    numbers: Numbers, clips: Sequence[Clip], class_of: Mapping[str, str], groups: Mapping[str, str]
) -> dict[str, str]:
    key = {clip.clip_id: f"ucf101 group {class_of[clip.label]} {groups[clip.clip_id]}" for clip in clips}
    group = numbers.number([(key[clip.clip_id], f"{class_of[clip.label]} groups") for clip in clips])
    scope = {clip.clip_id: f"{class_of[clip.label]} group {group[key[clip.clip_id]]}" for clip in clips}
    item = {clip_id: f"ucf101 {name} {clip_id}" for clip_id, name in scope.items()}
    found = numbers.number([(item[clip.clip_id], scope[clip.clip_id]) for clip in clips])
    names = {clip.clip_id: (group[key[clip.clip_id]], found[item[clip.clip_id]]) for clip in clips}
    return {clip_id: f"g{one:0{UCF101_DIGITS}d}_c{other:0{UCF101_DIGITS}d}" for clip_id, (one, other) in names.items()}


def too_wide(names: Sequence[str]) -> list[str]:
    """Return the file names that do not fit UCF101's two digits, where that form is meant."""
    parts = [(name, name.removesuffix(".mp4").split("_")) for name in names]
    return [name for name, words in parts if max(len(words[-2]), len(words[-1])) > UCF101_DIGITS + 1]


def given_before(rows: Sequence[Mapping[str, Any]], naming: Naming) -> list[tuple[str, str, int]]:
    """Return (item, scope, index) of the clips of a version, by rows of its clips.csv: what `paths` gave them."""
    given = []
    for row in rows:
        label, name = str(row["label"]), Path(str(row["path"])).stem
        numbers = name.removeprefix(f"v_{label}_")
        if naming == "seags":
            given.append((f"seags {label} {row['clip_id']}", label, int(numbers)))
            continue
        group, clip = (int(part[1:]) for part in numbers.split("_"))
        scope = f"{label} group {group}"
        given.append((f"ucf101 group {label} {row['group']}", f"{label} groups", group))
        given.append((f"ucf101 {scope} {row['clip_id']}", scope, clip))
    return given
