"""Assign the clips of a version to train and test, keeping the assignment of the version before where it can be kept.

The previous assignment is stored in the release (previous_split.parquet), so that a rebuild needs no other version.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import pandas as pd
from pydantic import ValidationError

from curate.release.tables import CLIPS, RECIPE, Tables, read_tables
from slateboard.dataset import Dataset
from slateboard.errors import BadInput, Problem, SlateboardError
from slateboard.paths import inside
from slateboard.records.release import Release
from slateboard.records.split import Split
from slateboard.settings import SplitSettings
from slateboard.workspace import Workspace
from splits.audit.audit import audit
from splits.division import PROTOCOLS, divide, extendable, requested_parameters, settle_parameters
from splits.extension import Previous, fix_groups
from splits.folder import numbered
from splits.groups import LINKS
from splits.parts import PARTS, few, short

_SHOWN = 5
"""Most clips that are named where some changed sides."""


@dataclass(frozen=True)
class SplitAssignment:
    """The splits of a version, and what they extend."""

    splits: tuple[Split, ...]
    extends: str
    """Version whose split is kept; empty: drawn anew."""
    previous_split: pd.DataFrame | None
    """Content of previous_split.parquet: clips and parts of the version that is extended; None where drawn anew."""
    notes: tuple[str, ...]
    """Sentences on what was kept, what was not, and what that costs in balance."""


def check_protocol(name: str, *, where: str = "release.protocol") -> None:
    """Raise SlateboardError for a protocol that no release can use: an unknown one, or one that reads other files."""
    parameters = PROTOCOLS.load(name).CARD.parameters
    # A protocol with a parameter of unit `path` reads files that are not in the release, and could not be rebuilt.
    files = [key for key, parameter in parameters.items() if parameter.unit == "path"]
    if files:
        what = f"is '{name}', which reads `{files[0]}`: a release is made again from its own tables alone."
        remedy = (
            "Freeze another protocol, as seags, and write this one's splits beside the release: "
            f"`slateboard split make {name} --param {files[0]}=FOLDER`."
        )
        raise BadInput([Problem(where, what, remedy)])


def assign_splits(workspace: Workspace, record: Release, dataset: Dataset) -> SplitAssignment:
    """Divide a new version, extending the newest older one unless protocol, parameters or seed changed."""
    # v1: A, B in train, C in test. v2 adds D and E: A, B and C keep their part, and only D and E are placed, as well as
    # that goes. Figures of models on v1 and v2 can be compared: no clip that v1 trained on is tested in v2.
    previous_version = _newest(workspace, record.version)
    reason_anew = None if previous_version is None else _reason_to_draw_anew(previous_version, record)
    if previous_version is None or reason_anew is not None:
        splits = tuple(divide(dataset, protocol=record.protocol, settings=split_settings(record)))
        notes = (
            () if previous_version is None else _describe_new_draw(previous_version, splits, dataset, str(reason_anew))
        )
        return SplitAssignment(splits, "", None, notes)
    table = _previous_split_table(previous_version)
    version = previous_version.record.version
    previous = _previous(table, record.model_copy(update={"extends": version}))
    try:
        extended = divide(dataset, protocol=record.protocol, settings=split_settings(record), previous=previous)
    except BadInput:
        raise
    except SlateboardError as error:
        raise SlateboardError(
            f"The split of {version} cannot be kept: {error} Another `seed` under [split] in slateboard.toml draws "
            "a new split."
        ) from None
    return SplitAssignment(
        tuple(extended), version, table, _describe_extension(previous_version, previous, extended, dataset, record)
    )


def frozen_splits(tables: Tables, dataset: Dataset) -> list[Split]:
    """Return the splits of a release, from its own tables alone: division is deterministic."""
    record = tables.release
    previous = _previous(tables.previous_split, record) if record.extends else None
    return divide(dataset, protocol=record.protocol, settings=split_settings(record), previous=previous)


def split_settings(record: Release) -> SplitSettings:
    """Return the [split] settings in a release's recipe."""
    try:
        return SplitSettings.model_validate(record.settings.get("split", {}))
    except ValidationError as error:
        problem = Problem(
            "recipe.toml: settings.split", f"{error}.", "It was made by another slateboard: install that."
        )
        raise BadInput([problem]) from None


@dataclass(frozen=True)
class _OlderVersion:
    """An older version: its recipe, clips and frozen splits."""

    record: Release
    clips: pd.DataFrame
    splits: tuple[Split, ...]
    previous_split: pd.DataFrame
    """Its own previous_split.parquet: clips that it lacks may come back, to the part that they had."""


def _newest(workspace: Workspace, version: str) -> _OlderVersion | None:
    """Return the newest version but this one, from its folder, its list, or what a takedown has left of it."""
    # v10 is newer than v9: numbers are compared, not names. A list is enough, since it holds the tables and splits.
    names = {path.parent.name.removesuffix("-list") for path in workspace.releases.glob(f"v*/{RECIPE}")}
    numbers = {int(name[1:]) for name in names - {version} if name[1:].isdigit()}
    for number in sorted(numbers, reverse=True):
        for folder in (workspace.releases / f"v{number}", workspace.releases / f"v{number}-list"):
            candidate = _read(folder) if (folder / CLIPS).is_file() and (folder / RECIPE).is_file() else None
            if candidate is not None and candidate.splits and len(candidate.clips):
                return candidate
    return None


def _read(folder: Path) -> _OlderVersion:
    tables = read_tables(folder)
    record = tables.release
    paths = numbered(inside(folder, f"splits/{record.protocol}"))
    return _OlderVersion(record, tables.clips, tuple(map(Split.read, paths)), tables.previous_split)


def _reason_to_draw_anew(previous_version: _OlderVersion, record: Release) -> str | None:
    """Return why the old splits cannot be extended (other protocol, parameters or seed); None: they can."""
    if previous_version.record.protocol != record.protocol:
        return f"its protocol was {previous_version.record.protocol} and is {record.protocol}"
    if record.protocol not in extendable():
        return f"the groups of {record.protocol} cannot keep their part"
    settings, (first_split, *_) = split_settings(record), previous_version.splits
    parameters_now = {**settle_parameters(record.protocol, settings=settings), "seed": settings.seed}
    parameters_then = {**requested_parameters(first_split), "seed": first_split.seed}
    changed = [
        f"{name} was {parameters_then.get(name)} and is {parameters_now[name]}"
        for name in parameters_now
        if parameters_then.get(name) != parameters_now[name]
    ]
    return ", ".join(changed) or None


def _previous_split_table(version: _OlderVersion) -> pd.DataFrame:
    """Return the clips of a version with their parts, then the rows of its own previous_split.parquet that it lacks."""
    # `parts` has a part for each split: a clip that is in train of split 1 and in test of split 2 -> "train|test".
    split_parts = [_part_by_clip(split) for split in version.splits]
    joined = ["|".join(part_by_clip.get(clip, "") for part_by_clip in split_parts) for clip in version.clips["clip_id"]]
    own_rows = version.clips[["clip_id", *LINKS]].assign(parts=joined)
    lost_rows = version.previous_split[~version.previous_split["clip_id"].isin(own_rows["clip_id"])]
    return pd.concat([own_rows, lost_rows], ignore_index=True) if len(lost_rows) else own_rows


def _part_by_clip(split: Split) -> dict[str, str]:
    return {clip: subset for subset in PARTS for clip in getattr(split, subset)}


def _previous(previous_split: pd.DataFrame, record: Release) -> Previous:
    """Return the splits that a release extends, from its previous_split.parquet."""
    part_columns = previous_split["parts"].str.split("|", expand=True)
    settings = split_settings(record)
    key = f"{record.name}-{record.extends}"
    splits = tuple(
        Split(
            dataset=key, dataset_sha256="", protocol=record.protocol, number=number, seed=settings.seed,
            parameters=settle_parameters(record.protocol, settings=settings), safe=True,
            **{subset: tuple(previous_split["clip_id"][in_split == subset]) for subset in PARTS},
        )
        for number, (_, in_split) in enumerate(part_columns.items(), start=1)
    )  # fmt: skip
    return Previous(key, previous_split, splits)


def _describe_extension(
    previous_version: _OlderVersion, previous: Previous, splits: Sequence[Split], dataset: Dataset, record: Release
) -> tuple[str, ...]:
    """Return sentences: what was kept and placed, what could not be kept, and how balanced a new draw would be."""
    moved = _moved(previous_version.splits, splits)
    previous_ids = set(previous_version.clips["clip_id"])
    new_clips = sum(clip not in previous_ids for clip in dataset.clips["clip_id"])
    kept_clips = len(dataset.clips) - new_clips - len(moved)
    version = previous_version.record.version
    sentences = [f"The split extends that of {version}: {kept_clips} clips keep their side, {new_clips} are new."]
    if moved:
        sentences.append(f"{len(moved)} clips changed sides: {_paths(dataset, moved)}.")
    sentences += [short(sentence) for sentence in fix_groups(dataset, previous).report]
    drawn_anew = divide(dataset, protocol=record.protocol, settings=split_settings(record))
    sentences.append(f"{_balance(dataset, splits)}; drawn anew: {_balance(dataset, drawn_anew)}.")
    return tuple(sentences)


def _describe_new_draw(
    previous_version: _OlderVersion, splits: Sequence[Split], dataset: Dataset, why: str
) -> tuple[str, ...]:
    moved = _moved(previous_version.splits, splits)
    shared = len(set(previous_version.clips["clip_id"]) & set(dataset.clips["clip_id"]))
    return (
        f"The split is drawn anew and does not extend that of {previous_version.record.version}: {why}. "
        f"{len(moved)} of {shared} clips changed sides; figures of the two versions cannot be compared.",
    )


def _moved(old: Sequence[Split], new: Sequence[Split]) -> list[str]:
    """Return the clips of both versions whose part differs in any split, in the order of the newer splits."""
    moved: dict[str, None] = {}
    for earlier, later in zip(old, new, strict=False):
        part_before = _part_by_clip(earlier)
        moved |= {
            clip: None for clip, part_now in _part_by_clip(later).items() if part_before.get(clip, part_now) != part_now
        }
    return list(moved)


def _paths(dataset: Dataset, clips: Iterable[str]) -> str:
    path_of: Mapping[str, str] = dict(zip(dataset.clips["clip_id"], dataset.clips["path"], strict=True))
    return few([path_of[clip].removeprefix("videos/") for clip in clips], most=_SHOWN)


def _balance(dataset: Dataset, splits: Sequence[Split]) -> str:
    """Return a phrase: the class share in test that is furthest from the target, over all splits, or the range."""
    # Share of class c: |test clips of c| / |clips of c|. Target 30 %: of 29.4, 30.1 and 33.3 % the worst is 33.3 %.
    reports = [audit(dataset, split) for split in splits]
    shares = [share for report in reports for share in report.class_shares.values()]
    target = reports[0].wanted_share
    if target is None:
        return f"class shares {min(shares):.1%} to {max(shares):.1%}".replace("%", " %")
    worst_share = max(shares, key=lambda share: (abs(share - target), share))
    return f"worst class share {worst_share:.1%} for {target:.1%}".replace("%", " %")
