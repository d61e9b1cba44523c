"""Which effects a clip carries, and when: what people said, what detectors raised, and what nobody knows."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Literal

from slateboard.records.clip import Clip, Effect
from slateboard.records.media import Shot
from slateboard.records.source import Source

Verdicts = Mapping[str, Sequence[Mapping[str, Any]]]
"""Kind -> rows of all shots of the media: shot_id and the fields of Verdict."""

_ROUNDING_S = 1e-6
_BOX = ("x", "y", "w", "h", "score")


def label(
    clip: Clip, source: Source, shots: Sequence[Shot], verdicts: Verdicts, *, accept_machine: bool
) -> list[Effect]:
    """Return every effect that a person named or a detector raised in the shots of a clip.

    A person's hint is confirmed by the person; a detector adds its box, times and score to it. What a detector
    raises alone is confirmed only with `accept_machine`, and never against a person who looked and saw none.
    """
    hinted = source.effects or ()
    raised = {kind: found for kind, rows in verdicts.items() if (found := list(_raised(clip, shots, rows)))}
    nothing: list[dict[str, Any]] = [{"parameters": {}}]
    return [
        Effect(
            clip_id=clip.clip_id,
            kind=kind,
            **fields,
            decided_by="person" if kind in hinted else "machine",
            confirmed=kind in hinted or (accept_machine and source.effects != ()),
        )
        for kind in sorted({*hinted, *raised})
        for fields in raised.get(kind, nothing)
    ]


def _raised(clip: Clip, shots: Sequence[Shot], rows: Sequence[Mapping[str, Any]]) -> Iterator[dict[str, Any]]:
    """Yield box, reason and times in the clip of what is present; None where it reaches over the clip's end."""
    length = clip.end_s - clip.start_s
    spans: list[tuple[float, float, Mapping[str, Any], bool]] = []
    for shot in shots:
        for row in rows:
            if row["shot_id"] != shot.shot_id or not row["present"]:
                continue
            throughout = row.get("start_s") is None
            start = (shot.start_s if throughout else row["start_s"]) - clip.start_s
            end = (shot.end_s if row.get("end_s") is None else row["end_s"]) - clip.start_s
            if spans and throughout and spans[-1][3] and abs(spans[-1][1] - start) < _ROUNDING_S:
                # It lasts on from shot to shot of a clip that holds several.
                spans[-1] = (spans[-1][0], end, spans[-1][2], True)
            else:
                spans.append((start, end, row, throughout))
    for start, end, row, _ in spans:
        if start < length and end > 0:
            yield {
                **{name: row.get(name) for name in _BOX},
                "start_s": start if start > _ROUNDING_S else None,
                "end_s": end if end < length - _ROUNDING_S else None,
                "parameters": {"reason": row["reason"]},
            }


def has_effects(source: Source, effects: Sequence[Effect]) -> Literal["true", "false", "unknown"]:
    """Return true if any effect is confirmed, false if a person looked and saw none, else unknown."""
    if any(effect.confirmed for effect in effects):
        return "true"
    return "false" if source.effects == () else "unknown"
