"""File names of released clips: the paper's running index, or UCF101's group and clip numbers."""

import re
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Literal, Protocol

from slateboard.records.clip import Clip

Naming = Literal["seags", "ucf101"]

UCF101_DIGITS = 2
"""gNN and cNN in UCF101; a class with more than 99 groups or a group with more than 99 clips gets wider numbers."""

_SEAGS = re.compile(r"v_.*_([0-9]{1,9})")
_UCF101 = re.compile(r"v_.*_g([0-9]{1,9})_c([0-9]{1,9})")


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


def assigned_indices(
    rows: Sequence[Mapping[str, str]], naming: Naming, *, group_of: Callable[[str], str]
) -> list[tuple[str, str, int]]:
    """Return (item, scope, index) of a version's clips, read from the names that `paths` made of them.

    `group_of` gives the catalog's name of a group that the version names. A name of another form has no index.
    """
    indices = []
    for row in rows:
        label, clip_id, name = row["label"], row["clip_id"], Path(row["path"]).stem
        if naming == "seags" and (match := _SEAGS.fullmatch(name)):
            indices.append((f"seags {label} {clip_id}", label, int(match[1])))
        elif naming == "ucf101" and (match := _UCF101.fullmatch(name)):
            scope = f"{label} group {int(match[1])}"
            indices.append((f"ucf101 group {label} {group_of(row['group'])}", f"{label} groups", int(match[1])))
            indices.append((f"ucf101 {scope} {clip_id}", scope, int(match[2])))
    return indices
