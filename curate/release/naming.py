"""File names of released clips: the MEI paper's running index, or UCF101's group and clip numbers."""

import re
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Literal, Protocol

from curate.listing.labels import describe_change
from slateboard.records.clip import Clip
from slateboard.records.release import Release

Naming = Literal["seags", "ucf101"]

UCF101_DIGITS = 2
"""gNN and cNN in UCF101; a class with more than 99 groups or a group with more than 99 clips gets wider numbers."""

_SEAGS = re.compile(r"v_.*_([0-9]{1,9})")
_UCF101 = re.compile(r"v_.*_g([0-9]{1,9})_c([0-9]{1,9})")


class IndexRegistry(Protocol):
    """Interface of the catalog, as far as naming needs it."""

    def number(self, items: Sequence[tuple[str, str]]) -> dict[str, int]:
        """Return item -> index within its scope, assigned once for all versions; `items` are (item, scope)."""


def clip_paths(
    registry: IndexRegistry,
    clips: Sequence[Clip],
    *,
    class_of: Mapping[str, str],
    groups: Mapping[str, str],
    naming: Naming,
) -> dict[str, str]:
    """Return clip id -> videos/<Class>/<name>.mp4.

    An index is never used twice in a class, or in a group. A clip that got another label or group gets a new name
    there, and its old name is not used again.
    """
    # seags: v_Squat_17.mp4, 17 counts the clips of the class; ucf101: v_Squat_g03_c02.mp4, 3 counts the groups of the
    # class, 2 the clips of the group.
    names = _seags(registry, clips, class_of) if naming == "seags" else _ucf101(registry, clips, class_of, groups)
    return {
        clip.clip_id: f"videos/{class_of[clip.label]}/v_{class_of[clip.label]}_{names[clip.clip_id]}.mp4"
        for clip in clips
    }


def _seags(registry: IndexRegistry, clips: Sequence[Clip], class_of: Mapping[str, str]) -> dict[str, str]:
    item = {clip.clip_id: f"seags {class_of[clip.label]} {clip.clip_id}" for clip in clips}
    index_by_item = registry.number([(item[clip.clip_id], class_of[clip.label]) for clip in clips])
    return {clip_id: str(index_by_item[name]) for clip_id, name in item.items()}


def _ucf101(
    registry: IndexRegistry, clips: Sequence[Clip], class_of: Mapping[str, str], groups: Mapping[str, str]
) -> dict[str, str]:
    # First the groups of each class are numbered, then the clips of each numbered group. Items of the registry: "ucf101
    # group Squat uploader-7" in the scope "Squat groups", "ucf101 Squat group 3 <clip id>" in "Squat group 3".
    group_item = {clip.clip_id: f"ucf101 group {class_of[clip.label]} {groups[clip.clip_id]}" for clip in clips}
    group_index = registry.number([(group_item[clip.clip_id], f"{class_of[clip.label]} groups") for clip in clips])
    scope = {clip.clip_id: f"{class_of[clip.label]} group {group_index[group_item[clip.clip_id]]}" for clip in clips}
    item = {clip_id: f"ucf101 {name} {clip_id}" for clip_id, name in scope.items()}
    clip_index = registry.number([(item[clip.clip_id], scope[clip.clip_id]) for clip in clips])
    return {
        clip_id: f"g{group_index[group_item[clip_id]]:0{UCF101_DIGITS}d}_c{clip_index[item[clip_id]]:0{UCF101_DIGITS}d}"
        for clip_id in scope
    }


def describe_classes(record: Release, previous: Release | None) -> list[str]:
    """Return sentences on classes whose name is not what their label gives, or not that of the version before."""
    notes = [change for label in record.labels if (change := describe_change(label))]
    before = dict(zip(previous.labels, previous.classes, strict=False)) if previous else {}
    # 'ดึง' was the class ดง until names kept vowel signs: its clips lie in another folder now and count from 1 there,
    # while a class ดง would go on after the last index that it had.
    notes += [
        f"Class {label!r} was {before[label]!r} in {previous.version} and is {name!r}: its clips have new names."
        for label, name in zip(record.labels, record.classes, strict=True)
        if previous and before.get(label, name) != name
    ]
    return notes


def names_too_wide(names: Sequence[str]) -> list[str]:
    """Return the file names, of UCF101's form, whose group or clip number has more than two digits."""
    words_by_name = [(name, name.removesuffix(".mp4").split("_")) for name in names]
    return [name for name, words in words_by_name if max(len(words[-2]), len(words[-1])) > UCF101_DIGITS + 1]


def assigned_indices(
    rows: Sequence[Mapping[str, str]], naming: Naming, *, group_of: Callable[[str], str]
) -> list[tuple[str, str, int]]:
    """Return (item, scope, index) of a version's clips, parsed from the names that `clip_paths` made.

    `group_of` maps a group's public name to the catalog's. A name of another form has no index.
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
