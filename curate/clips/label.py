"""Which effects a clip has, and when: from people's hints and detectors' verdicts; also its `has_effects`."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Literal, TypedDict

from curate.analysis.rows import VerdictRow
from slateboard.records.clip import Clip, Effect
from slateboard.records.media import Shot
from slateboard.records.source import Source

Verdicts = Mapping[str, Sequence[VerdictRow]]
"""Kind of effect -> rows of all shots of the media."""

_ROUNDING_S = 1e-6


class _Detection(TypedDict, total=False):
    """Fields of an effect that a detector gives; a person's hint has none but empty parameters."""

    x: float | None
    y: float | None
    w: float | None
    h: float | None
    score: float | None
    start_s: float | None
    """Seconds in the clip, as end_s; None: the effect reaches over the clip's end."""
    end_s: float | None
    parameters: dict[str, str]


def effects_of(
    clip: Clip, source: Source, shots: Sequence[Shot], verdicts: Verdicts, *, accept_machine: bool
) -> list[Effect]:
    """Return every effect that a person named or a detector found in the shots of a clip.

    A person's hint is confirmed; a detector adds its box, times and score to it. What a detector finds alone is
    confirmed only with `accept_machine`, and never against a person who looked and saw none (`effects` is ()).
    """
    hints = source.effects or ()
    detections = {kind: spans for kind, rows in verdicts.items() if (spans := list(_raised(clip, shots, rows)))}
    without_box: list[_Detection] = [{"parameters": {}}]
    return [
        Effect(
            clip_id=clip.clip_id,
            kind=kind,
            **fields,
            decided_by="person" if kind in hints else "machine",
            confirmed=kind in hints or (accept_machine and source.effects != ()),
        )
        for kind in sorted({*hints, *detections})
        for fields in detections.get(kind, without_box)
    ]


def _raised(clip: Clip, shots: Sequence[Shot], rows: Sequence[VerdictRow]) -> Iterator[_Detection]:
    """Yield box, reason and times of what is present; a time is None where the effect reaches over the clip's end."""
    # Times of the media minus the clip's start: text from 4 to 9 s, clip from 5 to 12 s -> start -1 (None), end 4 s.
    duration_s = clip.end_s - clip.start_s
    spans: list[tuple[float, float, VerdictRow, bool]] = []
    for shot in shots:
        for row in rows:
            if row["shot_id"] != shot.shot_id or not row["present"]:
                continue
            row_start_s, row_end_s = row.get("start_s"), row.get("end_s")
            is_throughout = row_start_s is None
            start = (shot.start_s if row_start_s is None else row_start_s) - clip.start_s
            end = (shot.end_s if row_end_s is None else row_end_s) - clip.start_s
            if spans and is_throughout and spans[-1][3] and abs(spans[-1][1] - start) < _ROUNDING_S:
                # Present throughout two adjacent shots of one clip: one effect, not two.
                spans[-1] = (spans[-1][0], end, spans[-1][2], True)
            else:
                spans.append((start, end, row, is_throughout))
    for start, end, row, _ in spans:
        if start < duration_s and end > 0:
            yield {
                "x": row.get("x"),
                "y": row.get("y"),
                "w": row.get("w"),
                "h": row.get("h"),
                "score": row.get("score"),
                "start_s": start if start > _ROUNDING_S else None,
                "end_s": end if end < duration_s - _ROUNDING_S else None,
                "parameters": {"reason": row["reason"]},
            }


def has_effects(source: Source, effects: Sequence[Effect]) -> Literal["true", "false", "unknown"]:
    """Return true if any effect is confirmed, false if a person looked and saw none, else unknown."""
    if any(effect.confirmed for effect in effects):
        return "true"
    return "false" if source.effects == () else "unknown"
