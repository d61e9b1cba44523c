"""Compare two versions of a dataset: a pure function of their tables, splits and sums."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import pandas as pd

from curate.release.list_only import RELEASE_SUMS
from curate.release.tables import Tables, read_tables
from slateboard.errors import SlateboardError
from slateboard.sums import SUMS, read_sums


@dataclass(frozen=True)
class ReleaseVersion:
    """What is compared of one version."""

    tables: Tables
    subsets: dict[str, dict[str, str]]
    """<protocol>-<number> -> clip id -> train, test or unused."""
    sums: dict[str, str]


@dataclass(frozen=True)
class Change:
    """One value that differs between two versions."""

    item: str
    old: str
    new: str


ChangeRows = dict[str, tuple[str | dict[str, str], ...]]
"""Kind of change -> paths or ids, or the item, old and new of each change."""


@dataclass(frozen=True)
class Changes:
    """All differences. Clips are identified by their id: media, first and last frame."""

    added: tuple[str, ...]
    """Paths of clips that only the newer version has."""
    removed: tuple[str, ...]
    """Paths of clips that only the older version has."""
    relabelled: tuple[Change, ...]
    regrouped: tuple[Change, ...]
    renamed: tuple[Change, ...]
    recut: tuple[Change, ...]
    """Clips whose file changed; the hashes are of the files."""
    moved: tuple[Change, ...]
    """`split clip` that changed sides."""
    effects: tuple[Change, ...]
    """Confirmed kinds, or whether there are any."""
    described: tuple[Change, ...]
    """`column clip`: camera, quality, licence, proposed effects."""
    files: tuple[Change, ...]
    """Documents and tables whose bytes differ; an empty hash: the file does not exist."""
    settings: tuple[Change, ...]
    tools: tuple[Change, ...]
    taken_down: tuple[str, ...]
    """Ids of sources that only the newer version lists as taken down."""

    def counts(self) -> dict[str, int]:
        """Return kind of change -> number, without kinds of no change."""
        return {name: len(items) for name, items in vars(self).items() if items}

    def row(self) -> ChangeRows:
        """Return plain JSON values."""
        return asdict(self)


_DESCRIBED = ("camera", "quality", "licence", "proposed_effects")
_LISTED = ("videos/",)


def read_version(folder: Path) -> ReleaseVersion:
    """Read a release or a list; raises SlateboardError for a folder that is neither."""
    sums = next((folder / name for name in (RELEASE_SUMS, SUMS) if (folder / name).is_file()), None)
    if sums is None:
        raise SlateboardError(f"{folder} is not a whole release (no {SUMS}).")
    subsets = {}
    for path in sorted(folder.glob("splits/*/*/parts.parquet")):
        table = pd.read_parquet(path)
        name = f"{path.parent.parent.name}-{path.parent.name}"
        subsets[name] = dict(zip(table["clip_id"], table["part"], strict=True))
    return ReleaseVersion(read_tables(folder), subsets, read_sums(sums))


def compare_versions(old: ReleaseVersion, new: ReleaseVersion) -> Changes:
    """Return the differences, clips in the order of the newer version's table."""
    # A clip id is the hash of media, first and last frame, so that the same id is the same footage: what changed about
    # it is its label, group, name, file or part. A clip that was cut at another frame is one removed and one added.
    old_clips, new_clips = (_by_id(version.tables.clips) for version in (old, new))
    shared_ids = [clip_id for clip_id in new_clips if clip_id in old_clips]

    def differ(column: str) -> tuple[Change, ...]:
        pairs = [
            (new_clips[clip]["path"], str(old_clips[clip][column]), str(new_clips[clip][column])) for clip in shared_ids
        ]
        return tuple(Change(*pair) for pair in pairs if pair[1] != pair[2])

    effects = [
        Change(new_clips[clip]["path"], _effects(old_clips[clip]), _effects(new_clips[clip])) for clip in shared_ids
    ]
    return Changes(
        added=tuple(row["path"] for clip, row in new_clips.items() if clip not in old_clips),
        removed=tuple(row["path"] for clip, row in old_clips.items() if clip not in new_clips),
        relabelled=differ("label"),
        regrouped=differ("group"),
        renamed=differ("path"),
        recut=differ("sha256"),
        moved=_moved(old.subsets, new.subsets, {clip: row["path"] for clip, row in new_clips.items()}),
        effects=tuple(change for change in effects if change.old != change.new),
        described=tuple(
            Change(f"{name} {change.item}", change.old, change.new) for name in _DESCRIBED for change in differ(name)
        ),
        files=_changed(
            *({k: v for k, v in version.sums.items() if not k.startswith(_LISTED)} for version in (old, new))
        ),
        settings=_changed(*(_flat(_stated(version.tables)) for version in (old, new))),
        tools=_changed(old.tables.release.tools, new.tables.release.tools),
        taken_down=tuple(sorted({*new.tables.takedowns["source_id"]} - {*old.tables.takedowns["source_id"]})),
    )


def summary(changes: Changes, *, most: int = 10) -> list[str]:
    """Return the changes as lines: for each kind the count, then the first `most` of them."""
    if not changes.counts():
        return ["nothing differs"]
    lines = []
    for name, number in changes.counts().items():
        lines.append(f"{name.replace('_', ' ')}: {number}")
        items = getattr(changes, name)
        lines += [f"  {_line(item)}" for item in items[:most]]
        if number > most:
            lines.append(f"  and {number - most} more (--json lists all)")
    return lines


def _line(item: Change | str) -> str:
    return item if isinstance(item, str) else f"{item.item}: {_short(item.old)} -> {_short(item.new)}"


def _short(value: str) -> str:
    """Return the first 12 digits of a SHA-256, any other value whole, and "none" for an empty one."""
    return value[:12] if len(value) == 64 else value or "none"


def _by_id(clips: pd.DataFrame) -> dict[str, dict[Any, Any]]:
    return {str(row["clip_id"]): row for row in clips.to_dict("records")}


def _effects(row: Mapping[Any, Any]) -> str:
    return str(row["effects"]) if row["has_effects"] == "true" else {"false": "none"}.get(row["has_effects"], "unknown")


def _moved(
    old: Mapping[str, Mapping[str, str]], new: Mapping[str, Mapping[str, str]], paths: Mapping[str, str]
) -> tuple[Change, ...]:
    return tuple(
        Change(f"{split} {paths[clip]}", old[split][clip], subset)
        for split in sorted(old.keys() & new.keys())
        for clip, subset in new[split].items()
        if clip in old[split] and old[split][clip] != subset
    )


def _stated(tables: Tables) -> dict[str, object]:
    record = tables.release
    names = ("title", "licence", "naming", "protocol", "classes", "motion_pairs", "settings")
    return {name: getattr(record, name) for name in names}


def _flat(value: Mapping[str, object], prefix: str = "") -> dict[str, str]:
    """Return nested settings as dotted names."""
    # {"split": {"seed": 0, "test_share": 0.3}} -> {"split.seed": "0", "split.test_share": "0.3"}
    flat: dict[str, str] = {}
    for key, item in value.items():
        flat |= _flat(item, f"{prefix}{key}.") if isinstance(item, Mapping) else {f"{prefix}{key}": str(item)}
    return flat


def _changed(old: Mapping[str, str], new: Mapping[str, str]) -> tuple[Change, ...]:
    names = sorted(old.keys() | new.keys())
    return tuple(Change(k, old.get(k, ""), new.get(k, "")) for k in names if old.get(k) != new.get(k))
