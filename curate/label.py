"""Which effects a clip carries: what people said, what detectors raised, and what nobody knows."""

from collections.abc import Mapping, Sequence
from typing import Any, Literal

from slateboard.records.clip import Clip, Effect
from slateboard.records.source import Source

Verdicts = Mapping[str, Mapping[str, Mapping[str, Any]]]
"""Kind -> shot id -> fields of Verdict."""


def label(
    clip: Clip, source: Source, shots: Sequence[str], verdicts: Verdicts, *, accept_machine: bool
) -> list[Effect]:
    """Return every effect that a person named or a detector raised in the shots of a clip.

    A person's hint is confirmed by the person; a detector adds its box and score to it. What a detector raises
    alone is confirmed only with `accept_machine`, and never against a person who looked and saw none.
    """
    hinted = source.effects or ()
    raised = {}
    for kind, by_shot in verdicts.items():
        seen = [by_shot[shot] for shot in shots if by_shot.get(shot, {}).get("present")]
        if seen:
            raised[kind] = seen[0]
    return [
        Effect(
            clip_id=clip.clip_id,
            kind=kind,
            **{name: raised.get(kind, {}).get(name) for name in ("x", "y", "w", "h", "score")},
            decided_by="person" if kind in hinted else "machine",
            confirmed=kind in hinted or (accept_machine and source.effects != ()),
            parameters={"reason": raised[kind]["reason"]} if kind in raised else {},
        )
        for kind in sorted({*hinted, *raised})
    ]


def has_effects(source: Source, effects: Sequence[Effect]) -> Literal["true", "false", "unknown"]:
    """Return true if any effect is confirmed, false if a person looked and saw none, else unknown."""
    if any(effect.confirmed for effect in effects):
        return "true"
    return "false" if source.effects == () else "unknown"
