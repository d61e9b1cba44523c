"""Effects: people are believed, machines are proposals unless accepted, unknown stays unknown."""

import pytest

from curate.label import has_effects, label
from slateboard.records.clip import Clip
from slateboard.records.source import Source

CLIP = Clip(
    clip_id="c", source_id="s", media_id="m", shot_id="m-s1", label="Squat", group="g", first_frame=0, last_frame=9,
    start_s=0, end_s=1, state="trimmed",
)  # fmt: skip
BARS = {"bars": {"m-s1": {"present": True, "reason": "12 px", "x": 0.0, "y": 0.1, "w": 1.0, "h": 0.8, "score": 1.0}}}
DOUBT = {"bars": {"m-s1": {"present": None, "reason": "one frame"}}}


def _source(effects: tuple[str, ...] | None) -> Source:
    return Source(source_id="s", line=2, url="u", label="Squat", effects=effects)


@pytest.mark.parametrize(
    ("hint", "verdicts", "accept", "found", "state"),
    [
        (None, {}, True, [], "unknown"),
        (None, DOUBT, True, [], "unknown"),
        ((), {}, True, [], "false"),
        (("text",), {}, False, [("text", "person", True)], "true"),
        (None, BARS, True, [("bars", "machine", True)], "true"),
        (None, BARS, False, [("bars", "machine", False)], "unknown"),
        ((), BARS, True, [("bars", "machine", False)], "false"),
        (("bars",), BARS, False, [("bars", "person", True)], "true"),
        (("text",), BARS, True, [("bars", "machine", True), ("text", "person", True)], "true"),
    ],
)
def test_who_decides_what(
    hint: tuple[str, ...] | None, verdicts: dict[str, dict[str, dict[str, object]]], accept: bool,
    found: list[tuple[str, str, bool]], state: str,
) -> None:  # fmt: skip
    effects = label(CLIP, _source(hint), ["m-s1"], verdicts, accept_machine=accept)
    assert [(effect.kind, effect.decided_by, effect.confirmed) for effect in effects] == found
    assert has_effects(_source(hint), effects) == state


def test_a_detector_adds_its_box_to_what_a_person_named() -> None:
    (effect,) = label(CLIP, _source(("bars",)), ["m-s1"], BARS, accept_machine=False)
    assert (effect.y, effect.h, effect.parameters) == (0.1, 0.8, {"reason": "12 px"})


def test_only_the_shots_of_the_clip_count() -> None:
    assert label(CLIP, _source(None), ["m-s2"], BARS, accept_machine=True) == []
