"""Divide a version as the one before it was divided: what had a side keeps it, and what that costs is told.

What is needed for it is carried in the release (former.parquet), so that a rebuild asks for no other version.
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
from slateboard.settings import Splitting
from slateboard.workspace import Workspace
from splits.audit.audit import audit
from splits.division import PROTOCOLS, divide, extendable, requested_parameters, settle_parameters
from splits.extension import Previous, fix_groups
from splits.folder import numbered
from splits.groups import LINKS
from splits.parts import PARTS, few, short

_SHOWN = 5
"""Clips that are named where some changed sides."""


@dataclass(frozen=True)
class Sides:
    """How a version is divided."""

    splits: tuple[Split, ...]
    extends: str
    """Version whose split is kept; empty: drawn anew."""
    former: pd.DataFrame | None
    """former.parquet: that version's clips and parts; None where drawn anew."""
    notes: tuple[str, ...]
    """Sentences on what was kept, what was not, and at what cost."""


def check_protocol(name: str, *, where: str = "release.protocol") -> None:
    """Raise SlateboardError for a protocol that no release can be frozen by: an unknown one, or one of other files."""
    parameters = PROTOCOLS.load(name).CARD.parameters
    files = [key for key, parameter in parameters.items() if parameter.unit == "path"]
    if files:
        what = f"is '{name}', which reads `{files[0]}`: a release is made again from its own tables alone."
        remedy = (
            "Freeze another protocol, as seags, and write this one's splits beside the release: "
            f"`slateboard split make {name} --param {files[0]}=FOLDER`."
        )
        raise BadInput([Problem(where, what, remedy)])


def sides(workspace: Workspace, record: Release, dataset: Dataset) -> Sides:
    """Divide a version that is to be released, extending the newest older one where nothing else was asked for."""
    former = _newest(workspace, record.version)
    anew = None if former is None else _why_anew(former, record)
    if former is None or anew is not None:
        splits = tuple(divide(dataset, protocol=record.protocol, settings=splitting(record)))
        notes = () if former is None else _told_anew(former, splits, dataset, str(anew))
        return Sides(splits, "", None, notes)
    table = _carried(former)
    version = former.record.version
    previous = _previous(table, record.model_copy(update={"extends": version}))
    try:
        extended = divide(dataset, protocol=record.protocol, settings=splitting(record), previous=previous)
    except BadInput:
        raise
    except SlateboardError as error:
        raise SlateboardError(
            f"The split of {version} cannot be kept: {error} Another `seed` under [split] in slateboard.toml draws "
            "a new split."
        ) from None
    return Sides(tuple(extended), version, table, _told(former, previous, extended, dataset, record))


def frozen_splits(tables: Tables, dataset: Dataset) -> list[Split]:
    """Divide a release as it was divided, from its own tables alone."""
    record = tables.release
    previous = _previous(tables.former, record) if record.extends else None
    return divide(dataset, protocol=record.protocol, settings=splitting(record), previous=previous)


def splitting(record: Release) -> Splitting:
    """Return how a release was divided, as its recipe says."""
    try:
        return Splitting.model_validate(record.settings.get("split", {}))
    except ValidationError as error:
        problem = Problem(
            "recipe.toml: settings.split", f"{error}.", "It was made by another slateboard: install that."
        )
        raise BadInput([problem]) from None


@dataclass(frozen=True)
class _Version:
    """An older version: its recipe, clips and frozen splits."""

    record: Release
    clips: pd.DataFrame
    splits: tuple[Split, ...]
    before: pd.DataFrame
    """Its own former.parquet: clips that it lacks may come back, to the side that they had."""


def _newest(workspace: Workspace, version: str) -> _Version | None:
    """Return the newest version but this one, from its folder, its list, or what a takedown has left of it."""
    names = {path.parent.name.removesuffix("-list") for path in workspace.releases.glob(f"v*/{RECIPE}")}
    numbers = {int(name[1:]) for name in names - {version} if name[1:].isdigit()}
    for number in sorted(numbers, reverse=True):
        for folder in (workspace.releases / f"v{number}", workspace.releases / f"v{number}-list"):
            found = _read(folder) if (folder / CLIPS).is_file() and (folder / RECIPE).is_file() else None
            if found is not None and found.splits and len(found.clips):
                return found
    return None


def _read(folder: Path) -> _Version:
    tables = read_tables(folder)
    record = tables.release
    paths = numbered(inside(folder, f"splits/{record.protocol}"))
    return _Version(record, tables.clips, tuple(map(Split.read, paths)), tables.former)


def _why_anew(former: _Version, record: Release) -> str | None:
    """Return what asks for a new division: another protocol, parameters or seed; None: nothing."""
    if former.record.protocol != record.protocol:
        return f"its protocol was {former.record.protocol} and is {record.protocol}"
    if record.protocol not in extendable():
        return f"the groups of {record.protocol} cannot keep their part"
    settings, (first, *_) = splitting(record), former.splits
    now = {**settle_parameters(record.protocol, settings=settings), "seed": settings.seed}
    then = {**requested_parameters(first), "seed": first.seed}
    changed = [f"{name} was {then.get(name)} and is {now[name]}" for name in now if then.get(name) != now[name]]
    return ", ".join(changed) or None


def _carried(version: _Version) -> pd.DataFrame:
    """Return the clips and parts of a version, then those of its own former table that it lacks."""
    known = [_part_of(split) for split in version.splits]
    parts = ["|".join(part.get(clip, "") for part in known) for clip in version.clips["clip_id"]]
    own = version.clips[["clip_id", *LINKS]].assign(parts=parts)
    gone = version.before[~version.before["clip_id"].isin(own["clip_id"])]
    return pd.concat([own, gone], ignore_index=True) if len(gone) else own


def _part_of(split: Split) -> dict[str, str]:
    return {clip: part for part in PARTS for clip in getattr(split, part)}


def _previous(former: pd.DataFrame, record: Release) -> Previous:
    """Return what a release extends, from the table that it carries."""
    parts = former["parts"].str.split("|", expand=True)
    settings = splitting(record)
    key = f"{record.name}-{record.extends}"
    splits = tuple(
        Split(
            dataset=key, dataset_sha256="", protocol=record.protocol, number=number, seed=settings.seed,
            parameters=settle_parameters(record.protocol, settings=settings), safe=True,
            **{part: tuple(former["clip_id"][in_split == part]) for part in PARTS},
        )
        for number, (_, in_split) in enumerate(parts.items(), start=1)
    )  # fmt: skip
    return Previous(key, former, splits)


def _told(
    former: _Version, previous: Previous, splits: Sequence[Split], dataset: Dataset, record: Release
) -> tuple[str, ...]:
    """Say what was kept and placed, what could not be kept, and how much nearer a new division would come."""
    moved = _moved(former.splits, splits)
    known = set(former.clips["clip_id"])
    new = sum(clip not in known for clip in dataset.clips["clip_id"])
    kept = len(dataset.clips) - new - len(moved)
    sentences = [f"The split extends that of {former.record.version}: {kept} clips keep their side, {new} are new."]
    if moved:
        sentences.append(f"{len(moved)} clips changed sides: {_paths(dataset, moved)}.")
    sentences += [short(sentence) for sentence in fix_groups(dataset, previous).report]
    anew = divide(dataset, protocol=record.protocol, settings=splitting(record))
    sentences.append(f"{_balance(dataset, splits)}; drawn anew: {_balance(dataset, anew)}.")
    return tuple(sentences)


def _told_anew(former: _Version, splits: Sequence[Split], dataset: Dataset, why: str) -> tuple[str, ...]:
    moved = _moved(former.splits, splits)
    both = len(set(former.clips["clip_id"]) & set(dataset.clips["clip_id"]))
    return (
        f"The split is drawn anew and does not extend that of {former.record.version}: {why}. "
        f"{len(moved)} of {both} clips changed sides; figures of the two versions cannot be compared.",
    )


def _moved(old: Sequence[Split], new: Sequence[Split]) -> list[str]:
    """Return the clips of both whose part differs in any split, in the order of the newer one's parts."""
    found: dict[str, None] = {}
    for before, after in zip(old, new, strict=False):
        was = _part_of(before)
        found |= {clip: None for clip, part in _part_of(after).items() if was.get(clip, part) != part}
    return list(found)


def _paths(dataset: Dataset, clips: Iterable[str]) -> str:
    path_of: Mapping[str, str] = dict(zip(dataset.clips["clip_id"], dataset.clips["path"], strict=True))
    return few([path_of[clip].removeprefix("videos/") for clip in clips], most=_SHOWN)


def _balance(dataset: Dataset, splits: Sequence[Split]) -> str:
    """Return the class share for testing that is furthest from the wanted one, over all splits, or their range."""
    reports = [audit(dataset, split) for split in splits]
    shares = [share for report in reports for share in report.class_shares.values()]
    wanted = reports[0].wanted_share
    if wanted is None:
        return f"class shares {min(shares):.1%} to {max(shares):.1%}".replace("%", " %")
    worst = max(shares, key=lambda share: (abs(share - wanted), share))
    return f"worst class share {worst:.1%} for {wanted:.1%}".replace("%", " %")
