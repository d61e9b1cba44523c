"""The tables of a release: made from the catalog's rows, written, and read back from its folder."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from curate.clips.label import has_effects
from curate.release.publishing import PublicForms
from slateboard.dataset import CLIP_COLUMNS
from slateboard.errors import BadInput, Problem
from slateboard.files import atomic_write, csv_text, write_text
from slateboard.paths import ID, Text
from slateboard.records.clip import Clip, Effect
from slateboard.records.media import Duplicate, Media
from slateboard.records.release import IN_ORDER, Release, ReleasedClip, Takedown
from slateboard.records.source import Source
from slateboard.tables import Column, columns_of, read_checked_table
from splits.groups import LINKS

EFFECT_COLUMNS = (
    "clip_id",
    "kind",
    "x",
    "y",
    "w",
    "h",
    "start_s",
    "end_s",
    "score",
    "decided_by",
    "parameters",
)
SOURCE_COLUMNS = (
    "source_id", "url", "label", "start_s", "end_s", "group", "licence", "effects", "state", "reason", "media_id",
)  # fmt: skip
WITHHELD = "withheld"
"""Column of sources.csv, present if any address was shortened."""
ORIGINAL_COLUMNS = tuple(name for name in Media.model_fields if name != "path")
DUPLICATE_COLUMNS = tuple(Duplicate.model_fields)
TAKEDOWN_COLUMNS = ("source_id", "date", "reason", "clips")

PREVIOUS_SPLIT_COLUMNS = ("clip_id", *LINKS, "parts")
_COUNT = Text("count", "[0-9]{1,9}", "a number of clips", 9)


def _ids(columns: Sequence[str], *ids: str) -> dict[str, Column]:
    """Return the columns of a text table; those named in `ids` must hold ids."""
    return {name: Column(text=ID) if name in ids else Column(may_lack=True) for name in columns}


CLIPS, ORIGINALS = "clips.parquet", "originals.parquet"
PREVIOUS_SPLIT, PREVIOUS_SPLIT_OLD_NAME = "previous_split.parquet", "former.parquet"
"""In a release that extends the split of another: the clips of that one, and the parts that they had."""
RECIPE = "recipe.toml"
FILES = (
    RECIPE, CLIPS, "clips.csv", "effects.csv", "sources.csv", ORIGINALS, "originals.csv", "duplicates.csv",
    "takedowns.csv", PREVIOUS_SPLIT, PREVIOUS_SPLIT_OLD_NAME,
)  # fmt: skip
"""The tables of a release; with the videos they determine every other file in it."""


_COLUMNS: dict[str, dict[str, Column]] = {
    CLIPS: columns_of(ReleasedClip),
    "effects.csv": _ids(EFFECT_COLUMNS, "clip_id"),
    "sources.csv": {
        **_ids(SOURCE_COLUMNS, "source_id"),
        "media_id": Column(text=ID, may_lack=True),
        WITHHELD: Column(is_needed=False),
    },
    ORIGINALS: columns_of(Media, *ORIGINAL_COLUMNS),
    "duplicates.csv": _ids(DUPLICATE_COLUMNS, "first", "second"),
    "takedowns.csv": {**_ids(TAKEDOWN_COLUMNS, "source_id"), "clips": Column(text=_COUNT)},
    PREVIOUS_SPLIT: _ids(PREVIOUS_SPLIT_COLUMNS, "clip_id"),
    PREVIOUS_SPLIT_OLD_NAME: _ids(PREVIOUS_SPLIT_COLUMNS, "clip_id"),
}
"""File name -> what its columns must hold; CSV files are read as text, since a spreadsheet may have rewritten them."""


@dataclass(frozen=True)
class Tables:
    """The tables of one release: `clips`, `originals` and `previous_split` are typed, the others are text of a CSV."""

    release: Release
    clips: pd.DataFrame
    """Columns of ReleasedClip."""
    effects: pd.DataFrame
    sources: pd.DataFrame
    originals: pd.DataFrame
    """Columns of Media but for the path; a row for each file from which a clip was cut."""
    duplicates: pd.DataFrame
    takedowns: pd.DataFrame
    previous_split: pd.DataFrame
    """Columns of PREVIOUS_SPLIT_COLUMNS: clips of the version whose split is extended; `parts` in the order of the
    splits, joined by `|`."""


def read_tables(folder: Path) -> Tables:
    """Read the tables of a release, a list or an unfinished release; tables that older ones lack are empty."""
    problems: list[Problem] = []

    def read(name: str) -> pd.DataFrame:
        path, columns = folder / name, _COLUMNS[name]
        if name != CLIPS and not path.is_file():
            return pd.DataFrame(columns=list(columns), dtype=str if path.suffix == ".csv" else object)
        try:
            return read_checked_table(path, columns, ordered=IN_ORDER if name == CLIPS else ())
        except BadInput as error:
            problems.extend(error.problems)
            return pd.DataFrame()

    release = Release.read(folder / RECIPE)
    has_old_name = (folder / PREVIOUS_SPLIT_OLD_NAME).is_file() and not (folder / PREVIOUS_SPLIT).is_file()
    previous_split = PREVIOUS_SPLIT_OLD_NAME if has_old_name else PREVIOUS_SPLIT
    # In the order of the fields of Tables; every table is read before any problem is raised.
    names = (CLIPS, "effects.csv", "sources.csv", ORIGINALS, "duplicates.csv", "takedowns.csv", previous_split)
    tables = [read(name) for name in names]
    if problems:
        raise BadInput(problems)
    return Tables(release, *tables)


def read_names(folder: Path) -> list[dict[str, str]]:
    """Return clip_id, label, path and group of a release's clips: a fraction of what all its tables take to read."""
    columns = {name: _COLUMNS[CLIPS][name] for name in ("clip_id", "label", "path", "group")}
    table = read_checked_table(folder / CLIPS, columns)
    return [dict(zip(columns, row, strict=True)) for row in table[list(columns)].itertuples(index=False)]


def write_clips(folder: Path, clips: pd.DataFrame) -> None:
    """Write clips.parquet and clips.csv."""
    _write_parquet_and_csv(folder / CLIPS, clips)


def write_originals(folder: Path, originals: pd.DataFrame) -> None:
    """Write originals.parquet and originals.csv."""
    _write_parquet_and_csv(folder / ORIGINALS, originals)


def write_previous_split(folder: Path, previous_split: pd.DataFrame) -> None:
    """Write previous_split.parquet."""
    with atomic_write(folder / PREVIOUS_SPLIT) as temporary:
        previous_split.to_parquet(temporary, index=False)


def _write_parquet_and_csv(path: Path, table: pd.DataFrame) -> None:
    # Twins: Parquet keeps types and is what is read back; the CSV beside it is for people and other tools.
    rows = table.astype(object).where(table.notna(), None).to_dict("records")
    write_text(path.with_suffix(".csv"), csv_text(rows, [str(name) for name in table.columns]))
    with atomic_write(path) as temporary:
        table.to_parquet(temporary, index=False)


def clips_table(
    clips: Sequence[Clip],
    *,
    paths: Mapping[str, str],
    groups: Mapping[str, str],
    frames_sha256: Mapping[str, str],
    classes: Sequence[str],
    class_of: Mapping[str, str],
    sources: Mapping[str, Source],
    effects: Mapping[str, Sequence[Effect]],
    forms: PublicForms,
) -> pd.DataFrame:
    """Return clips.csv as a table, ordered by class and path; mappings are by clip id, `sources` by source id."""
    rows = []
    for clip in clips:
        source, clip_effects = sources[clip.source_id], effects.get(clip.clip_id, ())
        fields = {name: getattr(clip, name) for name in CLIP_COLUMNS if hasattr(clip, name)}
        # Effects that nobody confirmed are listed apart: `effects` and `has_effects` speak of confirmed ones only.
        row = {
            **fields,
            "path": paths[clip.clip_id],
            "label": class_of[clip.label],
            "class_index": classes.index(class_of[clip.label]) + 1,
            "source_url": forms.address(source.url),
            "group": forms.group(groups[clip.clip_id]),
            "quality": "|".join(clip.quality),
            "effects": "|".join(sorted({effect.kind for effect in clip_effects if effect.confirmed})),
            "has_effects": has_effects(source, clip_effects),
            "proposed_effects": "|".join(sorted({effect.kind for effect in clip_effects if not effect.confirmed})),
            "licence": forms.text(source.licence, url=source.url) or "",
            "frames_sha256": frames_sha256[clip.clip_id],
            "shot_id": clip.shot_id or "",
            "twin_of": "",
        }
        rows.append(ReleasedClip.checked(row, where=f"clip {clip.clip_id}").row())
    table = pd.DataFrame(rows, columns=list(CLIP_COLUMNS))
    return table.sort_values(["class_index", "path"], key=_natural).reset_index(drop=True)


def _natural(column: "pd.Series[str]") -> "pd.Series[str]":
    """Return the sort key of natural order: v_Squat_2 before v_Squat_10."""
    if column.name != "path":
        return column
    # v_Squat_2 -> v_Squat_00000002, v_Squat_10 -> v_Squat_00000010: as text "10" would come before "2".
    return column.str.replace(r"\d+", lambda digits: digits[0].zfill(8), regex=True)


def originals_table(media: Sequence[Media]) -> pd.DataFrame:
    """Return the files that the clips were cut from, by content hash."""
    rows = [original.row() for original in sorted(media, key=lambda original: original.media_id)]
    return pd.DataFrame(rows, columns=list(ORIGINAL_COLUMNS))


def effects_text(effects: Sequence[Effect]) -> str:
    """Return effects.csv: confirmed effects, by clip and kind."""
    confirmed = sorted(
        (effect for effect in effects if effect.confirmed), key=lambda row: (row.clip_id, row.kind, row.start_s or 0)
    )
    rows = [
        {**effect.row(), "parameters": "; ".join(f"{key}={value}" for key, value in effect.parameters.items())}
        for effect in confirmed
    ]
    return csv_text(rows, EFFECT_COLUMNS)


def sources_text(sources: Sequence[Source], forms: PublicForms) -> str:
    """Return sources.csv: every source, including those of no clip.

    The column `withheld` names what was removed from an address; it is absent where nothing was.
    """
    rows = [_source_row(source, forms) for source in sources]
    columns = [*SOURCE_COLUMNS, WITHHELD] if any(row[WITHHELD] for row in rows) else SOURCE_COLUMNS
    return csv_text(rows, columns)


def _source_row(source: Source, forms: PublicForms) -> dict[str, object]:
    url = source.url
    return {
        **source.row(),
        "url": forms.address(url),
        "group": forms.group(source.group) if source.group else source.group,
        "licence": forms.text(source.licence, url=url),
        "effects": None if source.effects is None else "|".join(source.effects) or "none",
        "reason": forms.text(source.reason, url=url),
        WITHHELD: forms.withheld(url),
    }


def duplicates_text(duplicates: Sequence[Duplicate]) -> str:
    """Return duplicates.csv: pairs of originals that show the same footage."""
    return csv_text([pair.row() for pair in duplicates], DUPLICATE_COLUMNS)


def takedowns_text(takedowns: Sequence[Takedown]) -> str:
    """Return takedowns.csv: a line for each source that was removed on request, without its address."""
    rows = [
        {"source_id": source_id, "date": takedown.at.date().isoformat(), "reason": takedown.reason, "clips": clips}
        for takedown in takedowns
        for source_id, clips in takedown.sources.items()
    ]
    return csv_text(sorted(rows, key=lambda row: (str(row["date"]), str(row["source_id"]))), TAKEDOWN_COLUMNS)
