"""Which effects a clip has, and when: from people's hints and detectors' verdicts; also its `has_effects`."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Literal

from slateboard.records.clip import Clip, Effect
from slateboard.records.media import Shot
from slateboard.records.source import Source

Verdicts = Mapping[str, Sequence[Mapping[str, Any]]]
"""Kind of effect -> rows of all shots of the media: shot_id and the fields of Verdict."""

_ROUNDING_S = 1e-6
_BOX = ("x", "y", "w", "h", "score")


def effects_of(
    clip: Clip, source: Source, shots: Sequence[Shot], verdicts: Verdicts, *, accept_machine: bool
) -> list[Effect]:
    """Return every effect that a person named or a detector found in the shots of a clip.

    A person's hint is confirmed; a detector adds its box, times and score to it. What a detector finds alone is
    confirmed only with `accept_machine`, and never against a person who looked and saw none (`effects` is ()).
    """
    hints = source.effects or ()
    detections = {kind: spans for kind, rows in verdicts.items() if (spans := list(_raised(clip, shots, rows)))}
    without_box: list[dict[str, Any]] = [{"parameters": {}}]
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


def _raised(clip: Clip, shots: Sequence[Shot], rows: Sequence[Mapping[str, Any]]) -> Iterator[dict[str, Any]]:
    """Yield box, reason and times of what is present; a time is None where the effect reaches over the clip's end."""
    # Times of the media minus the clip's start: text from 4 to 9 s, clip from 5 to 12 s -> start -1 (None), end 4 s.
    duration_s = clip.end_s - clip.start_s
    spans: list[tuple[float, float, Mapping[str, Any], bool]] = []
    for shot in shots:
        for row in rows:
            if row["shot_id"] != shot.shot_id or not row["present"]:
                continue
            is_throughout = row.get("start_s") is None
            start = (shot.start_s if is_throughout else row["start_s"]) - clip.start_s
            end = (shot.end_s if row.get("end_s") is None else row["end_s"]) - clip.start_s
            if spans and is_throughout and spans[-1][3] and abs(spans[-1][1] - start) < _ROUNDING_S:
                # Present throughout two adjacent shots of one clip: one effect, not two.
                spans[-1] = (spans[-1][0], end, spans[-1][2], True)
            else:
                spans.append((start, end, row, is_throughout))
    for start, end, row, _ in spans:
        if start < duration_s and end > 0:
            yield {
                **{name: row.get(name) for name in _BOX},
                "start_s": start if start > _ROUNDING_S else None,
                "end_s": end if end < duration_s - _ROUNDING_S else None,
                "parameters": {"reason": row["reason"]},
            }


def has_effects(source: Source, effects: Sequence[Effect]) -> Literal["true", "false", "unknown"]:
    """Return true if any effect is confirmed, false if a person looked and saw none, else unknown."""
    if any(effect.confirmed for effect in effects):
        return "true"
    return "false" if source.effects == () else "unknown"
