"""The tables of a release: one row a clip, one an effect, one a source."""

from collections.abc import Mapping, Sequence

import pandas as pd

from curate.label import has_effects
from slateboard.dataset import CLIP_COLUMNS
from slateboard.records.clip import Clip, Effect
from slateboard.records.release import ReleasedClip
from slateboard.records.source import Source

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


def clips_table(
    clips: Sequence[Clip],
    *,
    paths: Mapping[str, str],
    classes: Sequence[str],
    class_of: Mapping[str, str],
    sources: Mapping[str, Source],
    effects: Mapping[str, Sequence[Effect]],
) -> pd.DataFrame:
    """Return clips.csv as a table, ordered by class and path."""
    rows = []
    for clip in clips:
        source, found = sources[clip.source_id], effects.get(clip.clip_id, ())
        known = {name: getattr(clip, name) for name in CLIP_COLUMNS if hasattr(clip, name)}
        row = {
            **known,
            "path": paths[clip.clip_id],
            "label": class_of[clip.label],
            "class_index": classes.index(class_of[clip.label]) + 1,
            "source_url": source.url,
            "quality": "|".join(clip.quality),
            "effects": "|".join(sorted({effect.kind for effect in found if effect.confirmed})),
            "has_effects": has_effects(source, found),
            "proposed_effects": "|".join(sorted({effect.kind for effect in found if not effect.confirmed})),
            "licence": source.licence or "",
            "shot_id": clip.shot_id or "",
            "twin_of": "",
        }
        rows.append(ReleasedClip.checked(row, where=f"clip {clip.clip_id}").row())
    table = pd.DataFrame(rows, columns=list(CLIP_COLUMNS))
    return table.sort_values(["class_index", "path"], key=_natural).reset_index(drop=True)


def _natural(column: "pd.Series[str]") -> "pd.Series[str]":
    """Sort v_Squat_2 before v_Squat_10."""
    if column.name != "path":
        return column
    return column.str.replace(r"\d+", lambda digits: digits[0].zfill(8), regex=True)


def effect_rows(effects: Sequence[Effect]) -> list[dict[str, object]]:
    """Return the rows of effects.csv: confirmed effects, by clip and kind."""
    confirmed = sorted((effect for effect in effects if effect.confirmed), key=lambda one: (one.clip_id, one.kind))
    return [
        {
            **effect.row(),
            "parameters": "; ".join(f"{key}={value}" for key, value in effect.parameters.items()),
        }
        for effect in confirmed
    ]


def source_rows(sources: Sequence[Source]) -> list[dict[str, object]]:
    """Return the rows of the release's sources.csv: every source, the ones that gave nothing included."""
    return [
        {**source.row(), "effects": None if source.effects is None else "|".join(source.effects) or "none"}
        for source in sources
    ]
